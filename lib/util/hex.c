/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Hexadecimal digits to bytes and back. */
#include "util/hex.h"

#define DIGIT 0x10u

/* The value of each digit plus the mark DIGIT; 0 for other characters. */
static const uint8_t digits[256] = {
    ['0'] = DIGIT | 0,  ['1'] = DIGIT | 1,  ['2'] = DIGIT | 2,
    ['3'] = DIGIT | 3,  ['4'] = DIGIT | 4,  ['5'] = DIGIT | 5,
    ['6'] = DIGIT | 6,  ['7'] = DIGIT | 7,  ['8'] = DIGIT | 8,
    ['9'] = DIGIT | 9,  ['a'] = DIGIT | 10, ['b'] = DIGIT | 11,
    ['c'] = DIGIT | 12, ['d'] = DIGIT | 13, ['e'] = DIGIT | 14,
    ['f'] = DIGIT | 15, ['A'] = DIGIT | 10, ['B'] = DIGIT | 11,
    ['C'] = DIGIT | 12, ['D'] = DIGIT | 13, ['E'] = DIGIT | 14,
    ['F'] = DIGIT | 15,
};

int
sfi__hex_digit(int c)
{
    unsigned v = c >= 0 && c <= UINT8_MAX ? digits[c] : 0;

    return v != 0 ? (int)(v & 15) : -1;
}

void
sfi__hex_encode(char *out, const uint8_t *data, size_t len)
{
    static const char text[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = text[data[i] >> 4];
        *out++ = text[data[i] & 15];
    }
    *out = '\0';
}

bool
sfi__hex_decode(uint8_t *out, size_t len, const char *text)
{
    const uint8_t *t = (const uint8_t *)text;

    for (size_t i = 0; i < len; i++) {
        unsigned hi = digits[t[2 * i]];
        unsigned lo = hi == 0 ? 0 : digits[t[2 * i + 1]];

        if (lo == 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | (lo & 15));
    }
    return true;
}
