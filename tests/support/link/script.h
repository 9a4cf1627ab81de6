/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A bus that knows every byte: a text says what the host must send (`>`) and
 * what comes back (`<`), in hex, `fe*1027` being repetition and `#` a comment.
 * The first byte that differs fails the test and is shown with its line.  A
 * read where the script waits for the host hears silence; time is the fake
 * clock's. */
#ifndef SFI_TESTS_SCRIPT_H
#define SFI_TESTS_SCRIPT_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "util/clock.h"

struct script {
    const char *at; /* where in the text */
    const char *text;
    char direction;
    uint8_t byte;    /* being repeated */
    unsigned repeat; /* how often it still comes */
    unsigned resets;
    sfi_status reset_st;  /* what reset() returns */
    sfi_status broken_st; /* what follows at the script's end, else silence */
};

extern const struct clock script_clock;
/* Milliseconds since the test began. */
extern uint64_t script_now;

/* A link that plays `text`; it is set on the test's context with the clock. */
void script_open(struct script *s, const char *text, sfi_transport **out);
/* Go on with another text when the first is at its end. */
void script_then(struct script *s, const char *text);
/* Was all of it used? */
void script_done(struct script *s);

#endif
