/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The memory of Mbed TLS's big numbers: a fixed array, which is all zeros
 * between two operations.  It is a heap in all but its bounds: what an
 * operation takes at most is known, as the curve is (POOL_LEN), and all of it
 * is given back when the operation ends. */
#ifndef BOOTLOADER_POOL_H
#define BOOTLOADER_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_UNIT 16u
/* ECDH and a signature take 1,424 bytes at most on a Cortex-M, and 1,488 on a
 * host of 64 bits; the rest is for gaps between them. */
#define POOL_LEN 2048u

/* As calloc() and free(). */
void *pool_alloc(size_t count, size_t size);
void pool_free(void *p);
/* Bytes in use, and the most that ever were. */
uint32_t pool_used(void);
uint32_t pool_peak(void);
void pool_wipe(void);

#endif
