/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Hexadecimal digits to bytes and back. */
#ifndef SFI_UTIL_HEX_H
#define SFI_UTIL_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value of one hexadecimal digit, or -1. */
int sfi__hex_digit(int c);
/* Two digits a byte, lower case, with a final NUL: `out` holds 2*len+1. */
void sfi__hex_encode(char *out, const uint8_t *data, size_t len);
/* Exactly 2*len digits; false when one is not a digit. */
bool sfi__hex_decode(uint8_t *out, size_t len, const char *text);

#endif
