/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* openocd:HOST:PORT?target=NAME&reset=LINE: the memory of a chip behind an
 * openocd, through its Tcl port. */
#ifndef SFI_TRANSPORT_OPENOCD_OPENOCD_H
#define SFI_TRANSPORT_OPENOCD_OPENOCD_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "transport/base/uri.h"

sfi_status sfi__openocd_open(sfi_ctx *ctx, const struct uri *uri,
                             sfi_transport **out);

/* openocd_tcl.c: what is said, without who says it. */

/* Ends a command and an answer. */
#define OPENOCD_END 0x1a
/* Words of one command. */
#define OPENOCD_WORDS 256u
/* The longest command or answer: "0x12345678 " per word, and what is around
 * them. */
#define OPENOCD_TEXT_MAX (OPENOCD_WORDS * 11u + 512u)

/* An answer to a command wrapped by sfi__openocd_command(): "0 result" or "1
 * message", the second a Tcl word. */
struct openocd_answer {
    bool failed;
    const char *text;
    size_t len;
};

/* A command whose answer has that form; false: it does not fit. */
bool sfi__openocd_command(char out[OPENOCD_TEXT_MAX], const char *command);
bool sfi__openocd_read(char out[OPENOCD_TEXT_MAX], const char *target,
                       uint32_t address, size_t count);
bool sfi__openocd_write(char out[OPENOCD_TEXT_MAX], const char *target,
                        uint32_t address, const uint32_t *words, size_t count);
/* false: not of that form. */
bool sfi__openocd_take(struct openocd_answer *a, const char *text);
/* Exactly `count` numbers 0x0 to 0xffffffff, a blank between them. */
bool sfi__openocd_take_words(const struct openocd_answer *a, uint32_t *words,
                             size_t count);
/* The n-th of its words; false: there are fewer, or it is no plain name. */
bool sfi__openocd_take_name(const struct openocd_answer *a, size_t n, char *out,
                            size_t cap);
/* A name that can be put into a command as it is. */
bool sfi__openocd_is_name(const char *text);

#endif
