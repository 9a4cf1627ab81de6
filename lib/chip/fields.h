/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the bits of the option bytes mean, as data, in the words of ST's tools.
 * Only hosts need it. */
#ifndef SFI_CHIP_FIELDS_H
#define SFI_CHIP_FIELDS_H

#include <stddef.h>

#include "chip/chip.h"

/* What one value means; the last row of a list has this value, and means all
 * others (text NULL: nothing to say). */
#define CHIP_ANY_VALUE UINT32_MAX

struct chip_ob_word {
    uint32_t value;
    const char *text;
};

struct chip_ob_field {
    const char *name;
    uint8_t row, shift, width;
    const char *about;
    const struct chip_ob_word *words; /* NULL: a number */
};

/* All of a part; none overlap. */
const struct chip_ob_field *sfi__chip_fields(const struct sfi_chip *chip,
                                             size_t *count);
uint32_t
sfi__chip_field_mask(const struct chip_ob_field *field); /* unshifted */
/* What `value` means; "" when there is nothing to say. */
const char *sfi__chip_field_text(const struct chip_ob_field *field,
                                 uint32_t value);

#endif
