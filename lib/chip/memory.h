/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The memories of a part by their names: where an address lies.  Only hosts
 * need them; a part's file has them beside its fields (chip/fields.h). */
#ifndef SFI_CHIP_MEMORY_H
#define SFI_CHIP_MEMORY_H

#include <stddef.h>

#include "chip/chip.h"

enum chip_memory_kind {
    CHIP_MEMORY_FLASH, /* where firmware goes */
    CHIP_MEMORY_RAM,   /* a stack may be there */
    CHIP_MEMORY_EXTERNAL,
    CHIP_MEMORY_OTP,
    CHIP_MEMORY_OPTIONS, /* option bytes */
    CHIP_MEMORY_SYSTEM,  /* of the bootloader */
    CHIP_MEMORY_ALIAS,   /* shows another memory */
    CHIP_MEMORY_PERIPHERALS,
};

/* No two share an address. */
struct chip_memory {
    const char *name; /* as the reference manual names it */
    struct chip_range range;
    enum chip_memory_kind kind;
};

struct chip_memory_list {
    const struct chip_memory *memories;
    size_t count;
};

#define CHIP_MEMORY_LIST(table)                   \
    {                                             \
        (table), sizeof(table) / sizeof(*(table)) \
    }

/* sfi__chip_memories_NAME of each part */
#define CHIP_DECLARE_MEMORIES(part) \
    extern const struct chip_memory_list sfi__chip_memories_##part;
CHIP_PARTS(CHIP_DECLARE_MEMORIES)

const struct chip_memory *sfi__chip_memories(const struct sfi_chip *chip,
                                             size_t *count);
/* The memory that has the address; NULL: none. */
const struct chip_memory *sfi__chip_memory_at(const struct sfi_chip *chip,
                                              uint64_t address);
/* Where the RAM around an address ends, across memories that follow each other
 * without a gap.  0: the address is not in RAM. */
uint32_t sfi__chip_ram_end(const struct sfi_chip *chip, uint64_t address);

#endif
