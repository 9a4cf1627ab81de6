/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The area of the option bytes as a bootloader maps it: read and written from
 * its start, in one request. */
#ifndef SFI_TARGET_OPTION_AREA_H
#define SFI_TARGET_OPTION_AREA_H

#include "target/target.h"

/* The largest is 308 bytes. */
#define OPTION_AREA_MAX AGREE_LEN_MAX

struct option_area {
    uint8_t data[OPTION_AREA_MAX];
    uint32_t len; /* as far as the bootloader shows it */
};

/* The new values, one for each row of the part. */
struct option_change {
    const uint32_t *values;
    bool rdp_given; /* the caller asked for this readout protection */
};

/* SFI_ERR_PROTECTED when the bootloader says that readout protection is on;
 * SFI_ERR_NACK when it refuses without a reason. */
sfi_status sfi__option_area_read(sfi_target *t, struct option_area *a);
/* No more than one request of the link can write. */
sfi_status sfi__option_area_read_head(sfi_target *t, struct option_area *a);
/* Does the area show this row? */
bool sfi__option_area_has(const struct option_area *a,
                          const struct chip_ob_row *row);
uint32_t sfi__option_area_word(const struct option_area *a, uint32_t offset);
/* What the next reset loads; rows that are not shown: as in a new part. */
void sfi__option_area_values(const struct sfi_chip *chip,
                             const struct option_area *a,
                             uint32_t values[CHIP_OB_ROWS_MAX]);
enum option_outcome {
    OPTIONS_UNCHANGED, /* nothing was sent */
    OPTIONS_SENT,
    OPTIONS_NOT_TAKEN, /* the chip shows other values, in `a` */
};

/* Write the values where they differ from `a`, which was read before and is
 * changed; where the chip does not reset itself, also read them back. */
sfi_status sfi__option_area_write(sfi_target *t, struct option_area *a,
                                  const struct option_change *want,
                                  enum option_outcome *outcome);
/* After a write: does the chip have these values?  *waits: not in force yet. */
sfi_status sfi__option_area_compare(sfi_target *t, const struct option_area *a,
                                    const uint32_t *values, bool *waits);

#endif
