/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds the memory of an address. */
#include "chip/memory.h"

#include "chip/definition.h"

/* In the order of sfi__chip_at(): both come from CHIP_PARTS. */
#define AS_MEMORY_LIST(part) &sfi__chip_memories_##part,
static const struct chip_memory_list *const memory_lists[CHIP_COUNT] = {
    CHIP_PARTS(AS_MEMORY_LIST)};

const struct chip_memory *
sfi__chip_memories(const struct sfi_chip *chip, size_t *count)
{
    *count = 0;
    if (chip != NULL && chip->definition != NULL) {
        *count = chip->definition->memories.count;
        return chip->definition->memories.memories;
    }
    for (uint32_t i = 0; i < CHIP_COUNT; i++) {
        if (sfi__chip_at(i) == chip) {
            *count = memory_lists[i]->count;
            return memory_lists[i]->memories;
        }
    }
    return NULL;
}

const struct chip_memory *
sfi__chip_memory_at(const struct sfi_chip *chip, uint64_t address)
{
    size_t count;
    const struct chip_memory *m = sfi__chip_memories(chip, &count);

    for (size_t i = 0; i < count; i++) {
        if (address >= m[i].range.base &&
            address - m[i].range.base < m[i].range.size)
            return &m[i];
    }
    return NULL;
}

uint32_t
sfi__chip_ram_end(const struct sfi_chip *chip, uint64_t address)
{
    const struct chip_memory *m = sfi__chip_memory_at(chip, address);
    uint32_t end = 0;

    while (m != NULL && m->kind == CHIP_MEMORY_RAM) {
        end = sfi__chip_range_end(&m->range);
        m = sfi__chip_memory_at(chip, end);
    }
    return end;
}

const char *
sfi_chip_memory(const sfi_chip *chip, uint64_t address)
{
    const struct chip_memory *m = sfi__chip_memory_at(chip, address);

    return m != NULL ? m->name : NULL;
}
