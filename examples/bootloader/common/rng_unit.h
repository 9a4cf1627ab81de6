/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The generator's registers: what rng.c tests.  An int is 0 for success. */
#ifndef BOOTLOADER_RNG_UNIT_H
#define BOOTLOADER_RNG_UNIT_H

#include <stdint.h>

/* Clocks on, generator off and on again. */
int rng_unit_start(void);
/* The next word; fails on an error of seed or clock, or when none comes. */
int rng_unit_word(uint32_t *out);

#endif
