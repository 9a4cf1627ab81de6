/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The parts of system memory that a host may read. */
#include "sim/rom.h"

#include "sim/sim.h"

#define UID_LEN 12u

/* Where a part keeps what; the ID is the byte at `loader_id`. */
struct rom_map {
    uint16_t device_id;
    struct chip_range range[2]; /* that can be read */
    uint32_t loader_id;
    uint32_t uid;
    uint32_t flash_size; /* 16 bits, in KB */
};

static const struct rom_map maps[] = {
    /* AN2606, H74x/75x; RM0433, 61.1 and 61.2.  Where the rest of system memory
     * can be read is not public. */
    {0x450, {{0x1ff1e000, 0x1000}}, 0x1ff1e7fe, 0x1ff1e800, 0x1ff1e880},
    /* RM0394, 2.2.2 (system memory), 47.1 and 47.2; that the ID is at its end
     * as on other L4 is inferred from AN2606 */
    {0x462,
     {{0x1fff0000, 0x7000}, {0x1fff7500, 0x100}},
     0x1fff6ffe,
     0x1fff7590,
     0x1fff75e0},
};

static const struct rom_map *
rom_map_of(const struct sfi_sim *sim)
{
    const struct rom_map *m = maps;

    while (m->device_id != sim->chip->device_id)
        m++;
    return m;
}

static bool
rom_can_be_read(const struct rom_map *m, uint32_t address, size_t len)
{
    for (size_t i = 0; i < sizeof(m->range) / sizeof(*m->range); i++) {
        if (len <= m->range[i].size &&
            sfi__chip_range_has(&m->range[i], address, (uint32_t)len))
            return true;
    }
    return false;
}

/* Any number that no other chip has: a piece of its public key. */
static uint8_t
rom_byte_of_uid(const struct sfi_sim *sim, uint32_t index)
{
    return sim->store.certificate[CHIP_PRODUCT_ID_LEN + index];
}

static uint8_t
rom_byte(const struct sfi_sim *sim, const struct rom_map *m, uint32_t address)
{
    uint32_t kb = sim->chip->flash.size / 1024;

    if (address == m->loader_id)
        return sim->loader->id;
    if (address - m->uid < UID_LEN)
        return rom_byte_of_uid(sim, address - m->uid);
    if (address - m->flash_size < 2)
        return (uint8_t)(kb >> 8 * (address - m->flash_size));
    return 0;
}

bool
sfi__rom_read(const struct sfi_sim *sim, uint32_t address, uint8_t *out,
              size_t len)
{
    const struct rom_map *m = rom_map_of(sim);

    if (!rom_can_be_read(m, address, len))
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = rom_byte(sim, m, address + (uint32_t)i);
    return true;
}
