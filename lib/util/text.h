/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bounded text: always terminated, never longer than its buffer. */
#ifndef SFI_UTIL_TEXT_H
#define SFI_UTIL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#if defined(__MINGW32__) /* formats of C, not those of Windows' printf() */
#define SFI_PRINTF(fmt, args) __attribute__((format(gnu_printf, fmt, args)))
#elif defined(__GNUC__)
#define SFI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define SFI_PRINTF(fmt, args)
#endif

/* Format; text that does not fit is cut off. */
void sfi__text_format(char *out, size_t cap, const char *fmt, ...)
    SFI_PRINTF(3, 4);
void sfi__text_vformat(char *out, size_t cap, const char *fmt, va_list args)
    SFI_PRINTF(3, 0);
/* Copy; false (and cut off) when it does not fit. */
bool sfi__text_copy(char *out, size_t cap, const char *text);
/* Are both texts equal, ignoring case (ASCII)? */
bool sfi__text_same(const char *a, const char *b);
/* The text after `prefix`; NULL when `text` does not begin with it. */
const char *sfi__text_after(const char *text, const char *prefix);
/* An untrusted byte for a message: 'x', or 0x07 when it is not a visible
 * character.  Returns `out`. */
#define TEXT_BYTE_MAX 8
const char *sfi__text_byte(char out[TEXT_BYTE_MAX], uint8_t byte);
/* Foreign text for a message or a terminal, the one place that decides what is
 * shown: UTF-8 stays as it is, but control characters, marks for the direction
 * of writing, characters that cannot be seen, and bytes that are no UTF-8
 * become escapes such as "\x1b".  Text that does not fit is cut off between two
 * characters.  To apply it twice changes nothing. */
void sfi__text_visible(char *out, size_t cap, const char *text);
/* Append a JSON string, quotes and all: valid UTF-8 whatever the text is (RFC
 * 8259, 7 and 8.1).  What would control a terminal is written by its number, so
 * a machine reads it as it was.  False: no memory. */
bool sfi__text_to_json(struct buf *out, const char *text);
/* Number of edits between two names; for "did you mean". */
size_t sfi__text_distance(const char *a, const char *b);
/* Parse a number up to `max`, decimal or with 0x, that is the whole text. */
bool sfi__text_to_u64(const char *text, uint64_t max, uint64_t *out);

#endif
