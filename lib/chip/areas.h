/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The areas of flash that option bytes protect.  Only hosts need them. */
#ifndef SFI_CHIP_AREAS_H
#define SFI_CHIP_AREAS_H

#include "chip/fields.h"

struct chip_area {
    uint8_t kind; /* CHIP_AREA_PCROP ... */
    bool erased;  /* readout protection that goes from level 1 to 0 takes it
                   * along; write protection keeps nothing, so: true */
    uint32_t row; /* of the option bytes that say so */
    const char *field;       /* the first of them, or their row; static */
    struct chip_range flash; /* size 0: none, its start is after its end */
};

/* Two PCROP areas, two secure areas, and either two ranges or every second
 * sector of 16. */
#define CHIP_AREAS_MAX 12u

/* The areas of chip->ob_count option words; returns how many.  A row of bits
 * gives one for each run of protected sectors, a range always one. */
size_t sfi__chip_areas(const struct sfi_chip *chip, const uint32_t *words,
                       struct chip_area out[CHIP_AREAS_MAX]);

#endif
