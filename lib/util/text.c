/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bounded text: format, copy, compare, parse numbers. */
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#include "util/hex.h"

/* Longer names get no suggestion: this bounds the work. */
#define DISTANCE_MAX 48

void
sfi__text_vformat(char *out, size_t cap, const char *fmt, va_list args)
{
    if (cap == 0)
        return;
    if (vsnprintf(out, cap, fmt, args) < 0)
        out[0] = '\0';
}

void
sfi__text_format(char *out, size_t cap, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(out, cap, fmt, args);
    va_end(args);
}

bool
sfi__text_copy(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);
    bool fits = len < cap;

    if (cap == 0)
        return false;
    if (!fits)
        len = cap - 1;
    memcpy(out, text, len);
    out[len] = '\0';
    return fits;
}

static int
text_lower_char(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool
sfi__text_same(const char *a, const char *b)
{
    while (*a != '\0' && text_lower_char(*a) == text_lower_char(*b)) {
        a++;
        b++;
    }
    return text_lower_char(*a) == text_lower_char(*b);
}

const char *
sfi__text_after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

const char *
sfi__text_byte(char out[TEXT_BYTE_MAX], uint8_t byte)
{
    bool visible = byte > 0x20 && byte < 0x7f;

    sfi__text_format(out, TEXT_BYTE_MAX, visible ? "'%c'" : "0x%02x", byte);
    return out;
}

void
sfi__text_visible(char *out, size_t cap, const char *text)
{
    size_t len = 0;

    if (cap == 0)
        return;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c >= 0x20 && c < 0x7f;

        if (cap - len <= (plain ? 1 : strlen("\\x1b")))
            break;
        sfi__text_format(out + len, cap - len, plain ? "%c" : "\\x%02x", c);
        len += strlen(out + len);
    }
    out[len] = '\0';
}

static size_t
text_least_of_three(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

size_t
sfi__text_distance(const char *a, const char *b)
{
    size_t row[DISTANCE_MAX + 1];
    size_t la = strlen(a);
    size_t lb = strlen(b);

    if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
        return DISTANCE_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            size_t swap =
                text_lower_char(a[i - 1]) == text_lower_char(b[j - 1]) ? 0 : 1;

            row[j] =
                text_least_of_three(above + 1, row[j - 1] + 1, corner + swap);
            corner = above;
        }
    }
    return row[lb];
}

bool
sfi__text_to_u64(const char *text, uint64_t max, uint64_t *out)
{
    unsigned base = 10;
    uint64_t v = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        int digit = sfi__hex_digit((unsigned char)*text);

        if (digit < 0 || (unsigned)digit >= base)
            return false;
        if ((uint64_t)digit > max || v > (max - (uint64_t)digit) / base)
            return false;
        v = v * base + (uint64_t)digit;
    }
    *out = v;
    return true;
}
