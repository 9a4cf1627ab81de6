/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Layouts by chance, for tests of maps: what an attacker may choose is chosen
 * badly. */
#ifndef SFI_TESTS_LAYOUT_KIT_H
#define SFI_TESTS_LAYOUT_KIT_H

#include "preflight/layout.h"

/* The next of the numbers that a seed gives, below 2^31. */
uint32_t layout_kit_number(uint32_t *seed);
/* Areas in and outside the flash, touching, overlapping, and none at all; file
 * names that are long or have markup, control characters and other scripts; any
 * option bytes. */
sfi_layout *layout_kit_any(const char *chip, uint32_t seed);
/* `count` small segments of one file, over the whole flash. */
sfi_layout *layout_kit_segments(const char *chip, uint32_t count,
                                const char *file);

#endif
