/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part of <string.h> that the bootloader has: the cross compiler comes
 * without a C library. */
#ifndef BOOTLOADER_STRING_H
#define BOOTLOADER_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
/* Mbed TLS declares functions with it that nothing calls. */
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

#endif
