/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* NOR flash in a file that is mapped shared, so that its content survives when
 * the process dies; or in memory.  Whole units are programmed, once after each
 * erase; whole sectors are erased, to 0xff.  A unit that reads as 0xff counts
 * as erased: one programmed with nothing but 0xff can be programmed again,
 * which a real part with ECC refuses. */
#ifndef SFI_SIM_STORAGE_FLASH_H
#define SFI_SIM_STORAGE_FLASH_H

#include <stddef.h>

#include <sfi/ctx.h>

#include "chip/chip.h"
#include "sim/storage/power.h"

#define FLASH_ERASED 0xffu
/* So many ranges that power failures left half-way are remembered, while the
 * chip is open. */
#define FLASH_TORN_MAX 4u

enum flash_result {
    FLASH_OK = 0,
    FLASH_RANGE,      /* outside the flash */
    FLASH_UNIT,       /* not whole units or sectors */
    FLASH_NOT_ERASED, /* programmed before; the units before it are done */
    FLASH_POWER,      /* the power failed */
};

struct flash {
    const struct sfi_chip *chip;
    struct power *power;
    size_t file_at, file_len; /* where it is in a mapped file */
    sfi_ctx *owner;           /* of the memory; NULL: it is a mapped file */
    uint8_t *mem;
    struct chip_range
        torn[FLASH_TORN_MAX]; /* by power failures; size 0: none */
    uint32_t torn_count;
    uint64_t work_us; /* what a real one would have needed; counted up */
};

/* Map the file, which must have the flash's size. */
sfi_status sfi__flash_map(sfi_ctx *ctx, const char *path,
                          const struct sfi_chip *chip, struct power *power,
                          struct flash *f);
/* A flash that is part of a file of this length, and that another process
 * programs and erases. */
sfi_status sfi__flash_map_part(sfi_ctx *ctx, const char *path,
                               const struct sfi_chip *chip, size_t at,
                               size_t file_len, struct flash *f);
/* Memory of the context, with what a new part has. */
sfi_status sfi__flash_make(sfi_ctx *ctx, const struct sfi_chip *chip,
                           struct power *power, struct flash *f);
void sfi__flash_close(struct flash *f);
/* What a new part has, in memory of the flash's size: nothing, or the loader
 * that it ships with. */
void sfi__flash_ship(const struct sfi_chip *chip, uint8_t *mem);
enum flash_result sfi__flash_erase(struct flash *f, uint32_t address,
                                   uint32_t len);
enum flash_result sfi__flash_program(struct flash *f, uint32_t address,
                                     const uint8_t *data, uint32_t len);
/* A part did not program these units after all: they are erased again. */
void sfi__flash_leave_out(struct flash *f, uint32_t address, uint32_t len);
/* Does the range touch what a power failure left half-way, whose ECC is
 * wrong? */
bool sfi__flash_is_torn(const struct flash *f, uint32_t address, size_t len);
/* Borrow; NULL: not all in the flash. */
const uint8_t *sfi__flash_view(const struct flash *f, uint32_t address,
                               uint32_t len);
bool sfi__flash_is_erased(const struct flash *f,
                          const struct chip_range *range);

#endif
