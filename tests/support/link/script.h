/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A serial link that plays a script: the bytes that the host must send (`>`)
 * and those it receives (`<`), in hex; `fe*1027` is a repetition and `#` a
 * comment.  The first byte that differs fails the test, with its line.  A read
 * where the script expects the host to send times out; time is that of the fake
 * clock. */
#ifndef SFI_TESTS_SCRIPT_H
#define SFI_TESTS_SCRIPT_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "util/clock.h"

struct script {
    const char *at; /* position in the text */
    const char *text;
    char direction;
    uint8_t byte;    /* the byte that is repeated */
    unsigned repeat; /* how often it still follows */
    unsigned resets;
    int into_boot;        /* of the last one */
    sfi_status reset_st;  /* the result of a reset */
    sfi_status broken_st; /* result of calls after the script's end; SFI_OK:
                             time-out */
};

extern const struct clock script_clock;
/* Milliseconds since the test began. */
extern uint64_t script_now;

/* Open a link that plays `text`; the test's context gets the fake clock. */
void script_open(struct script *s, const char *text, sfi_transport **out);
/* Continue with another text when the first is at its end. */
void script_then(struct script *s, const char *text);
/* Fails the test when part of the text was not used. */
void script_done(struct script *s);

#endif
