/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rows of an option-byte CSV: their names, and which of them a file has. */
#ifndef SFI_OPTION_BYTES_ROWS_H
#define SFI_OPTION_BYTES_ROWS_H

#include <stddef.h>

#include "core/ctx.h"
#include "chip/chip.h"

#define OB_NO_ROW UINT32_MAX

/* The row of that name, which may also be the one of a manual, in upper or
 * lower case; OB_NO_ROW if the part has no such row. */
uint32_t sfi__ob_find_row(const struct sfi_chip *chip, const char *name);
/* The row with the most similar name, for "did you mean"; NULL: none is. */
const char *sfi__ob_meant_row(const struct sfi_chip *chip, const char *name);

/* Where a file has a row. */
struct ob_place {
    unsigned line; /* from 1 */
    size_t at;     /* from 0 */
};

struct ob_rows {
    sfi_ctx *ctx;
    const struct sfi_chip *chip;
    uint32_t *values;
    uint32_t count; /* rows seen so far; which, and where, in their order: */
    uint32_t index[CHIP_OB_ROWS_MAX];
    struct ob_place place[CHIP_OB_ROWS_MAX];
};

/* Fail at a place. */
sfi_status sfi__ob_where(const struct ob_rows *rows, struct ob_place place);
/* The row of that name, which is refused when it is unknown or repeated. */
sfi_status sfi__ob_rows_name(const struct ob_rows *rows, const char *name,
                             struct ob_place place, uint32_t *index);
void sfi__ob_rows_add(struct ob_rows *rows, uint32_t index, uint32_t value,
                      struct ob_place place);
/* Are all rows there, in the part's order?  `end` is the end of the file. */
sfi_status sfi__ob_rows_end(const struct ob_rows *rows, struct ob_place end);

#endif
