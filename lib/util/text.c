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

/* The length of the UTF-8 character that begins here, and the character; 0: the
 * byte begins none (RFC 3629, section 4). */
static size_t
text_utf8_length(const unsigned char *at, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80                    ? 1
                 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                 : 0;
    uint32_t c = len > 1 ? at[0] & (0x7fu >> len) : at[0];

    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) /* also the text's end */
            return 0;
        c = c << 6 | (at[i] & 0x3fu);
    }
    if (len == 0 || c < least[len] || c > 0x10ffff ||
        (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return len;
}

/* Characters that control a terminal, break a line, turn the direction of
 * writing, or cannot be seen at all (Unicode: Cc, Cf, Zl, Zp). */
static bool
text_is_control(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},        {0xad, 0xad},
        {0x34f, 0x34f},     {0x600, 0x605},      {0x61c, 0x61c},
        {0x6dd, 0x6dd},     {0x70f, 0x70f},      {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f},    {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},    {0x3164, 0x3164},
        {0xe000, 0xf8ff},   {0xfe00, 0xfe0f},    {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},    {0xfffe, 0xffff},
        {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
    };

    for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++) {
        if (c >= controls[i].first && c <= controls[i].last)
            return true;
    }
    return false;
}

void
sfi__text_visible(char *out, size_t cap, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t len = 0;

    if (cap == 0)
        return;
    while (*at != '\0') {
        uint32_t c = 0;
        size_t taken = text_utf8_length(at, &c);
        bool plain = taken > 0 && !text_is_control(c);

        if (taken == 0)
            taken = 1;
        if (cap - len <= (plain ? taken : taken * strlen("\\x1b")))
            break;
        for (size_t i = 0; i < taken; i++) {
            sfi__text_format(out + len, cap - len, plain ? "%c" : "\\x%02x",
                             at[i]);
            len += plain ? 1 : strlen("\\x1b");
        }
        at += taken;
    }
    out[len] = '\0';
}

static bool
text_append_number(struct buf *out, uint32_t c)
{
    char text[16];

    if (c < 0x10000)
        sfi__text_format(text, sizeof(text), "\\u%04x", (unsigned)c);
    else
        sfi__text_format(text, sizeof(text), "\\u%04x\\u%04x",
                         (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                         (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
    return sfi__buf_append(out, text, strlen(text));
}

bool
sfi__text_to_json(struct buf *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    bool good = sfi__buf_append(out, "\"", 1);

    while (good && *at != '\0') {
        uint32_t c = 0xfffd; /* stands for a byte that begins no character */
        size_t taken = text_utf8_length(at, &c);

        if (c == '"' || c == '\\')
            good = sfi__buf_append(out, "\\", 1);
        if (taken == 0 || text_is_control(c))
            good = good && text_append_number(out, c);
        else
            good = good && sfi__buf_append(out, at, taken);
        at += taken > 0 ? taken : 1;
    }
    return good && sfi__buf_append(out, "\"", 1);
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
