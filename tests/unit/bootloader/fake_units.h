/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part's AES unit and random generator, as a test wants them. */
#ifndef SFI_TESTS_BOOTLOADER_UNITS_H
#define SFI_TESTS_BOOTLOADER_UNITS_H

#include <stdint.h>

enum fake_aes { AES_GOOD, AES_MISSING, AES_WRONG };
void fake_aes_set(enum fake_aes kind);
/* Blocks encrypted since it was set. */
uint32_t fake_aes_blocks(void);

enum fake_rng {
    RNG_GOOD,
    RNG_STUCK,    /* one word for ever */
    RNG_SWINGING, /* two words in turn */
    RNG_BIASED,   /* three ones in four bits */
    RNG_SEED_ERROR,
    RNG_DEAD, /* does not start */
    RNG_KINDS,
};
/* From the word `after` on; good words before. */
void fake_rng_set(enum fake_rng kind, uint32_t after);
uint32_t fake_rng_words(void);

#endif
