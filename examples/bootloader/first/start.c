/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The first instructions: a stack, RAM of zeros, and no C library. */
#include <stdint.h>
#include <string.h>

int main(void);
void reset(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t stack;
    void (*handler[15])(void);
} vectors = {0x20004000, {reset}};

void
reset(void)
{
    memset((void *)0x20000000, 0, 0x3000); /* all but the stack */
    main();
    for (;;)
        ;
}

void *
memcpy(void *restrict to, const void *restrict from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

void *
memset(void *to, int byte, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((volatile uint8_t *)to)[i] = (uint8_t)byte;
    return to;
}

int
memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < len; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}
