/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds what the option bytes of a part do. */
#include "chip/effects.h"

/* In the order of sfi__chip_at(): both come from CHIP_PARTS. */
#define AS_EFFECTS(part) &sfi__chip_effects_##part,
static const struct chip_effects *const effects_of[CHIP_COUNT] = {
    CHIP_PARTS(AS_EFFECTS)};

const struct chip_effects *
sfi__chip_effects(const struct sfi_chip *chip)
{
    static const struct chip_effects none;

    for (uint32_t i = 0; i < CHIP_COUNT; i++) {
        if (sfi__chip_at(i) == chip)
            return effects_of[i];
    }
    return &none;
}
