/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part's true random generator.  An int is 0 for success. */
#ifndef BOOTLOADER_RNG_H
#define BOOTLOADER_RNG_H

#include <stdint.h>

/* Switch it on and test it.  Fails if it does not deliver, reports an error, or
 * repeats itself. */
int rng_start(void);
/* `count` words, each tested; fails for good after a failed test. */
int rng_words(uint32_t *out, uint32_t count);

#endif
