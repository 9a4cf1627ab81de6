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

/* The value of each digit plus HEX_DIGIT; 0 for other characters. */
#define HEX_DIGIT 0x100u
extern const uint16_t sfi__hex_digits[256];

/* Decode 2*len characters, all of which must be there, and add the bytes to
 * `sum`.  false when one is not a digit: then both are nonsense. */
static inline bool
sfi__hex_decode_sum(uint8_t *out, size_t len, const uint8_t *text, uint8_t *sum)
{
    unsigned marks = HEX_DIGIT;
    unsigned total = *sum;

    for (size_t i = 0; i < len; i++) {
        unsigned high = sfi__hex_digits[text[2 * i]];
        unsigned low = sfi__hex_digits[text[2 * i + 1]];

        marks &= high & low;
        out[i] = (uint8_t)(high << 4 | low);
        total += high << 4 | low;
    }
    *sum = (uint8_t)total;
    return marks != 0;
}

#endif
