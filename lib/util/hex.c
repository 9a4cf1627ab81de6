/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Hexadecimal digits to bytes and back. */
#include "util/hex.h"

const uint16_t sfi__hex_digits[256] = {
    ['0'] = HEX_DIGIT | 0,  ['1'] = HEX_DIGIT | 1,  ['2'] = HEX_DIGIT | 2,
    ['3'] = HEX_DIGIT | 3,  ['4'] = HEX_DIGIT | 4,  ['5'] = HEX_DIGIT | 5,
    ['6'] = HEX_DIGIT | 6,  ['7'] = HEX_DIGIT | 7,  ['8'] = HEX_DIGIT | 8,
    ['9'] = HEX_DIGIT | 9,  ['a'] = HEX_DIGIT | 10, ['b'] = HEX_DIGIT | 11,
    ['c'] = HEX_DIGIT | 12, ['d'] = HEX_DIGIT | 13, ['e'] = HEX_DIGIT | 14,
    ['f'] = HEX_DIGIT | 15, ['A'] = HEX_DIGIT | 10, ['B'] = HEX_DIGIT | 11,
    ['C'] = HEX_DIGIT | 12, ['D'] = HEX_DIGIT | 13, ['E'] = HEX_DIGIT | 14,
    ['F'] = HEX_DIGIT | 15,
};

int
sfi__hex_digit(int c)
{
    unsigned v = c >= 0 && c <= UINT8_MAX ? sfi__hex_digits[c] : 0;

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
        unsigned hi = sfi__hex_digits[t[2 * i]];
        unsigned lo = hi == 0 ? 0 : sfi__hex_digits[t[2 * i + 1]];

        if (lo == 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}
