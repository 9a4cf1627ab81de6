/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bounded text: always terminated, never written past its end. */
#ifndef SFI_UTIL_TEXT_H
#define SFI_UTIL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SFI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define SFI_PRINTF(fmt, args)
#endif

/* Format; cut off what does not fit. */
void sfi__text_format(char *out, size_t cap, const char *fmt, ...)
    SFI_PRINTF(3, 4);
void sfi__text_vformat(char *out, size_t cap, const char *fmt, va_list args)
    SFI_PRINTF(3, 0);
/* Copy; false (and cut off) when it does not fit. */
bool sfi__text_copy(char *out, size_t cap, const char *text);
/* Same text, upper and lower case being one (ASCII). */
bool sfi__text_same(const char *a, const char *b);
/* What follows `prefix` in `text`; NULL when it does not begin so. */
const char *sfi__text_after(const char *text, const char *prefix);
/* A byte of somebody's file, to be shown: 'x', or 0x07 for what is no visible
 * character.  Returns `out`. */
#define TEXT_BYTE_MAX 8
const char *sfi__text_byte(char out[TEXT_BYTE_MAX], uint8_t byte);
/* Somebody's name, to be shown: what is no visible ASCII character (or a space)
 * becomes "\x1b", so that it neither drives a terminal nor pretends to be
 * another one.  Cut off what does not fit. */
void sfi__text_visible(char *out, size_t cap, const char *text);
/* How many edits lead from one to the other; for "did you mean". */
size_t sfi__text_distance(const char *a, const char *b);
/* A whole number, decimal or 0x-prefixed, nothing before or after it. */
bool sfi__text_to_u64(const char *text, uint64_t max, uint64_t *out);

#endif
