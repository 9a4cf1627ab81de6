/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The serial number of a board: a text, its bytes in the flash, and a counter
 * that is kept in a file. */
#ifndef EXAMPLES_LINE_SERIAL_H
#define EXAMPLES_LINE_SERIAL_H

#include "cli/cli.h"

#define SERIAL_TEXT_MAX 128u /* with its end */
#define SERIAL_FIELD_MAX 64u /* bytes in the flash */

/* Where the number is written, and how: "0x0801ffe0=ascii:16". */
struct serial_field {
    uint32_t address;
    size_t size;
    unsigned format; /* serial.c's */
};

/* NULL, or what is wrong with the text. */
const char *serial_field_parse(const char *text, struct serial_field *out);
/* The bytes of a number; NULL, or why the field cannot have it. */
const char *serial_encode(const struct serial_field *f, const char *serial,
                          uint8_t out[SERIAL_FIELD_MAX]);
/* NULL, or why this cannot be a serial number: visible ASCII without blanks. */
const char *serial_check(const char *serial);

/* Take the next number of a file: a line of digits, made with 1.  It is on the
 * disk before it is used, so no number is used twice. */
sfi_status serial_take_next(sfi_ctx *ctx, const char *path,
                            char out[SERIAL_TEXT_MAX]);

#endif
