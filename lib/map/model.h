/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a map shows, in the order in which it shows it; the picture and the text
 * are made from nothing else. */
#ifndef SFI_MAP_MODEL_H
#define SFI_MAP_MODEL_H

#include <sfi/map.h>

#include "chip/areas.h"
#include "core/ctx.h"
#include "core/err.h"
#include "preflight/layout.h"

/* An area that goes to flash. */
struct map_area {
    uint64_t address, size;
    uint32_t number;  /* in the image, from 1 */
    uint8_t type;     /* SFI_FORMAT_FIRMWARE or _MODULE */
    const char *file; /* NULL: not known */
};

/* Consecutive areas that are shown as one; their bytes count once. */
struct map_group {
    size_t first, count;
    uint64_t address, end; /* from its first byte to behind its last */
    uint64_t bytes;
    bool continued; /* its first area begins further up */
};

/* Flash that is not for firmware. */
struct map_barred {
    struct chip_range flash;
    const char *what, *why;
};
#define MAP_BARRED_MAX 4u

struct map_start {
    uint32_t address;
    const char *field; /* NULL: fixed */
    bool by_pin;       /* only with BOOT0 high */
};
#define MAP_STARTS_MAX 4u

struct map_finding {
    uint32_t number; /* from 1, in the order of the map */
    uint32_t severity;
    uint32_t home; /* MAP_HOME_IMAGE ... */
    uint64_t address, size;
    const char *rule, *source, *remedy, *field;
    uint32_t row; /* of the option bytes; UINT32_MAX: none */
    char message[SFI_ERROR_MESSAGE_MAX];
};
/* Where a finding is shown: with the image as a whole, with a row of flash
 * (home - MAP_HOME_FLASH), or with the option bytes. */
#define MAP_HOME_IMAGE 0u
#define MAP_HOME_FLASH 1u
#define MAP_HOME_OPTIONS UINT32_MAX
/* More are counted, not shown. */
#define MAP_FINDINGS_MAX 200u

/* A piece of a bank that is one band of the picture. */
struct map_row {
    struct chip_range flash;
    uint32_t bank;    /* from 1 */
    uint32_t sector;  /* its first */
    uint32_t sectors; /* how many */
};
#define MAP_ROW_SECTORS_MAX 64u
#define MAP_ROWS_MAX 64u

struct map {
    sfi_ctx *ctx;
    const struct layout *in;
    const struct sfi_chip *chip;
    struct buf areas; /* of struct map_area, by address */
    size_t area_count;
    uint64_t bytes; /* of all areas */
    struct chip_area protections[CHIP_AREAS_MAX];
    size_t protection_count;
    struct map_barred barred[MAP_BARRED_MAX];
    size_t barred_count;
    struct map_start starts[MAP_STARTS_MAX];
    size_t start_count;
    struct map_row rows[MAP_ROWS_MAX];
    size_t row_count;
    struct buf findings; /* of struct map_finding, by home */
    size_t finding_count;
    size_t findings_left_out;
    size_t by_severity[SFI_FINDING_ERROR + 1];
    bool no_memory;
};

/* SFI_OK, or SFI_ERR_NOMEM; sfi__map_free() in any case. */
sfi_status sfi__map_make(sfi_layout *l, struct map *out);
void sfi__map_free(struct map *m);

const struct map_area *sfi__map_area(const struct map *m, size_t i);
const struct map_finding *sfi__map_finding(const struct map *m, size_t i);
/* Bytes of [base, base + size) that areas fill. */
uint64_t sfi__map_used(const struct map *m, uint64_t base, uint64_t size);
/* Does [address, address + size) share a byte with the range? */
bool sfi__map_meets(const struct chip_range *r, uint64_t address,
                    uint64_t size);
/* One group for each area that has a byte in the range; appended to `out`.
 * false: no memory. */
bool sfi__map_groups(const struct map *m, const struct chip_range *r,
                     struct buf *out);
/* Take group `b`, which follows, into `a`. */
void sfi__map_join(struct map_group *a, const struct map_group *b);

#endif
