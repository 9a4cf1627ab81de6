/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* openocd:HOST:PORT?target=NAME&reset=LINE: the memory of a chip that OpenOCD
 * is connected to, through its Tcl server. */
#ifndef SFI_TRANSPORT_OPENOCD_OPENOCD_H
#define SFI_TRANSPORT_OPENOCD_OPENOCD_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "transport/base/uri.h"

sfi_status sfi__openocd_open(sfi_ctx *ctx, const struct uri *uri,
                             sfi_transport **out);

/* ---- tcl.c: commands and replies as text, without a connection ---- */

/* Ends a command and a reply. */
#define OPENOCD_END 0x1a
/* Words of memory in one command. */
#define OPENOCD_WORDS 256u
/* The longest command or reply: "0x12345678 " for each word, and the rest. */
#define OPENOCD_TEXT_MAX (OPENOCD_WORDS * 11u + 512u)

/* The reply to a command of sfi__openocd_format_command(): "0 result" or "1
 * message", where the second part may be a Tcl word in braces. */
struct openocd_reply {
    bool failed;
    const char *text;
    size_t len;
};

/* Wrap a command, so that its reply has that form; false: it is too long.  The
 * message is what OpenOCD logged meanwhile and the command's own words: for
 * most failures these say less than the log. */
bool sfi__openocd_format_command(char out[OPENOCD_TEXT_MAX],
                                 const char *command);
bool sfi__openocd_format_read(char out[OPENOCD_TEXT_MAX], const char *target,
                              uint32_t address, size_t count);
bool sfi__openocd_format_write(char out[OPENOCD_TEXT_MAX], const char *target,
                               uint32_t address, const uint32_t *words,
                               size_t count);
/* False: the text does not have that form. */
bool sfi__openocd_parse_reply(struct openocd_reply *a, const char *text);
/* Exactly `count` numbers 0x0 to 0xffffffff, separated by blanks. */
bool sfi__openocd_parse_words(const struct openocd_reply *a, uint32_t *words,
                              size_t count);
/* The n-th of its names; false: there are fewer, or it is not a plain name. */
bool sfi__openocd_parse_name(const struct openocd_reply *a, size_t n, char *out,
                             size_t cap);
/* Can this name be part of a command without quotes? */
bool sfi__openocd_is_name(const char *text);

#endif
