/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Clears, wipes and compares memory.  Freestanding. */
#include "util/mem.h"

#include <stdint.h>
#include <string.h>

void
sfi__fill(void *p, int byte, size_t len)
{
    if (len > 0)
        memset(p, byte, len);
}

void
sfi__zero(void *p, size_t len)
{
    sfi__fill(p, 0, len);
}

void
sfi__wipe(void *p, size_t len)
{
    sfi__zero(p, len);
    /* The compiler must assume that this reads *p, so it keeps the zeros. */
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

bool
sfi__ct_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff = (uint8_t)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

bool
sfi__equal(const void *a, const void *b, size_t len)
{
    return len == 0 || memcmp(a, b, len) == 0;
}
