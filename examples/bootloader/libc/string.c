/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The functions of string.h, small rather than fast: by words, which these
 * cores load and store at any address, then by bytes. */
#include <string.h>

#include <stdint.h>

/* The compiler would make each of these loops a call of its function. */
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns")))

struct word {
    uint32_t value;
} __attribute__((packed, may_alias));

AS_WRITTEN void *
memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    for (; len >= sizeof(struct word); len -= sizeof(struct word)) {
        *(struct word *)out = *(const struct word *)in;
        out += sizeof(struct word);
        in += sizeof(struct word);
    }
    while (len-- > 0)
        *out++ = *in++;
    return to;
}

AS_WRITTEN void *
memmove(void *to, const void *from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    if (out <= in)
        return memcpy(to, from, len);
    while (len-- > 0)
        out[len] = in[len];
    return to;
}

AS_WRITTEN void *
memset(void *to, int byte, size_t len)
{
    struct word all = {(uint8_t)byte * 0x01010101u};
    uint8_t *out = to;

    for (; len >= sizeof(all); len -= sizeof(all)) {
        *(struct word *)out = all;
        out += sizeof(all);
    }
    while (len-- > 0)
        *out++ = (uint8_t)byte;
    return to;
}

AS_WRITTEN int
memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    while (len >= sizeof(struct word) &&
           ((const struct word *)x)->value == ((const struct word *)y)->value) {
        len -= sizeof(struct word);
        x += sizeof(struct word);
        y += sizeof(struct word);
    }
    for (; len > 0; len--, x++, y++) {
        if (*x != *y)
            return *x < *y ? -1 : 1;
    }
    return 0;
}
