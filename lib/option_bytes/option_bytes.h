/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes of a part: one word for each row, in the order of the CSV file.
 */
#ifndef SFI_OPTION_BYTES_OPTION_BYTES_H
#define SFI_OPTION_BYTES_OPTION_BYTES_H

#include <sfi/option_bytes.h>

#include "util/buf.h"
#include "core/obj.h"
#include "chip/chip.h"

struct sfi_option_bytes {
    struct obj obj;
    const struct sfi_chip *chip;
    uint32_t values[CHIP_OB_ROWS_MAX]; /* chip->ob_count of them */
    bool rdp_given; /* readout protection is as asked for, not as read */
    struct buf csv; /* the text of sfi_option_bytes_csv() */
};

/* Make option bytes from chip->ob_count values. */
sfi_status sfi__option_bytes_new(sfi_ctx *ctx, const struct sfi_chip *chip,
                                 const uint32_t *values,
                                 sfi_option_bytes **out);

/* Fill in `values` from CSV text; the error's place is line and column. */
sfi_status sfi__ob_parse_csv(sfi_ctx *ctx, const struct sfi_chip *chip,
                             const char *text, size_t len, uint32_t *values);

#endif
