/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The memory map behind the debug port: what can be reached, RAM, flash and
 * registers. */
#include "sim/bus.h"

#include "sim/boot.h"
#include "sim/coresight.h"
#include "sim/emulated.h"
#include "sim/options.h"
#include "sim/rom.h"

/* RM0433, 60.5.8: DBGMCU over the debug bus. */
#define DBGMCU_DEBUG 0xe00e1000u
/* RM0433, 4.9: FLASH_BASE to the end of the second bank's registers */
#define FLASH_REGS_SIZE 0x200u

/* RM0433, 2.3.2: ITCM, DTCM, AXI SRAM and SRAM4 work after a reset; those of
 * domain 2 have no clock. */
static const struct chip_range whole_rams[] = {
    {0x00000000, 64u << 10},
    {0x20000000, 128u << 10},
    {0x24000000, 512u << 10},
    {0x38000000, 64u << 10},
};

size_t
sfi__bus_own_ram_len(const struct sfi_chip *chip)
{
    size_t len = 0;

    for (size_t i = 0; i < sizeof(whole_rams) / sizeof(*whole_rams); i++)
        len += whole_rams[i].size;
    return chip->dbgmcu != 0 ? len : 0;
}

/* The ranges are one behind the other in `mem`. */
static uint8_t *
bus_find_ram(uint8_t *mem, const struct chip_range *ranges, size_t count,
             uint32_t address, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (len <= ranges[i].size &&
            sfi__chip_range_has(&ranges[i], address, (uint32_t)len))
            return mem + (address - ranges[i].base);
        mem += ranges[i].size;
    }
    return NULL;
}

uint8_t *
sfi__bus_ram(const struct sfi_sim *sim, uint32_t address, size_t len)
{
    return bus_find_ram(sim->ram, sim->chip->ram, sim->chip->ram_count, address,
                        len);
}

/* Also what bootloaders keep for themselves. */
static uint8_t *
bus_any_ram(const struct sfi_sim *sim, uint32_t address, uint32_t size)
{
    uint8_t *p = sfi__bus_ram(sim, address, size);

    if (p == NULL && sim->own_ram != NULL)
        p = bus_find_ram(sim->own_ram, whole_rams,
                         sizeof(whole_rams) / sizeof(*whole_rams), address,
                         size);
    return p;
}

enum reach {
    REACH_NOTHING,
    REACH_CORE_DEBUG, /* in reset: the registers that catch its end */
    REACH_MAILBOX,
    REACH_ALL,
};

static enum reach
bus_debug_reach(const struct sfi_sim *sim)
{
    if (sim->power.off || sim->chip->dbgmcu == 0)
        return REACH_NOTHING;
    if (sim->mode == SIM_SECURE && !sim->held)
        return REACH_MAILBOX;
    if (sfi__options_secure(sim) || sfi__options_locked(sim))
        return REACH_NOTHING;
    if (sim->held)
        return REACH_CORE_DEBUG;
    return sim->mode == SIM_OFF ? REACH_NOTHING : REACH_ALL;
}

/* May this access be done at all? */
static bool
bus_reaches(const struct sfi_sim *sim, enum bus_port port, uint32_t address,
            uint32_t size)
{
    switch (bus_debug_reach(sim)) {
    case REACH_NOTHING:
        break;
    case REACH_CORE_DEBUG:
        return port == BUS_CORE && sfi__core_debug_works_in_reset(address);
    case REACH_MAILBOX:
        return port != BUS_DEBUG &&
               sfi__chip_range_has(&sim->chip->mailbox, address, size);
    case REACH_ALL:
        return true;
    }
    return false;
}

static bool
bus_in_flash_regs(const struct sfi_sim *sim, uint32_t address)
{
    return address - sim->chip->flash_regs < FLASH_REGS_SIZE;
}

static uint32_t
bus_dbgmcu_base(const struct sfi_sim *sim, enum bus_port port)
{
    return port == BUS_DEBUG ? DBGMCU_DEBUG : sim->chip->dbgmcu;
}

/* Borrow memory for reading; NULL: no memory, or protected. */
static const uint8_t *
bus_view_memory(const struct sfi_sim *sim, uint32_t address, uint32_t size)
{
    const uint8_t *p = bus_any_ram(sim, address, size);

    if (p == NULL && !sfi__options_readout_protected(sim))
        p = sim->habits.ecc_faults &&
                    sfi__flash_is_torn(&sim->flash, address, size)
                ? NULL
                : sfi__flash_view(&sim->flash, address, size);
    return p;
}

static uint32_t
bus_load_value(const uint8_t *p, uint32_t size)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)p[i] << 8 * i;
    return value;
}

static void
bus_store_value(uint8_t *p, uint32_t size, uint32_t value)
{
    for (uint32_t i = 0; i < size; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static bool
bus_read_register(struct sfi_sim *sim, enum bus_port port, uint32_t address,
                  uint32_t *value)
{
    uint32_t dbgmcu = address - bus_dbgmcu_base(sim, port);

    if (dbgmcu < DBGMCU_REGISTERS)
        *value = sfi__dbgmcu_read(sim, dbgmcu);
    else if (port == BUS_DEBUG)
        return sfi__coresight_read(false, address, value);
    else if (bus_in_flash_regs(sim, address))
        *value = sfi__flash_regs_read(sim, address - sim->chip->flash_regs);
    else
        return port == BUS_CORE && (sfi__core_debug_read(sim, address, value) ||
                                    sfi__core_units_read(sim, address, value) ||
                                    sfi__coresight_read(true, address, value));
    return true;
}

/* ---- a board, whose own memory and registers these are ---- */

/* ROM tables, and identification at the end of a page of the core's bus. */
#define TABLES 0xe00fe000u
#define TABLES_LEN 0x2000u
#define PAGE 0x1000u
#define IDENTITY_AT 0xfb0u
#define CORE_UNITS 0xe0000000u

static bool
bus_is_identity(enum bus_port port, uint32_t address)
{
    return port == BUS_DEBUG || address - TABLES < TABLES_LEN ||
           (address >= CORE_UNITS && address % PAGE >= IDENTITY_AT);
}

/* Is the board asked, and where?  While NRST is low, only what works then. */
static bool
bus_reaches_board(const struct sfi_sim *sim, enum bus_port port,
                  uint32_t *address)
{
    uint32_t dbgmcu = *address - bus_dbgmcu_base(sim, port);

    if (port == BUS_DEBUG && dbgmcu < DBGMCU_REGISTERS)
        *address = sim->chip->dbgmcu + dbgmcu;
    if (sim->power.off || sfi__options_locked(sim) ||
        (port != BUS_CORE && *address >= CORE_UNITS))
        return false;
    return !sim->held ||
           (port == BUS_CORE && sfi__core_debug_works_in_reset(*address));
}

static bool
bus_read_board(struct sfi_sim *sim, enum bus_port port, uint32_t address,
               uint32_t size, uint32_t *value)
{
    if (size == 4 && bus_is_identity(port, address) && !sim->held &&
        !sim->power.off && !sfi__options_locked(sim) && port != BUS_SYSTEM &&
        sfi__coresight_read(port == BUS_CORE, address, value))
        return true;
    return bus_reaches_board(sim, port, &address) &&
           sfi__emulated_debug_read(sim, address, size, value);
}

static bool
bus_write_board(struct sfi_sim *sim, enum bus_port port, uint32_t address,
                uint32_t size, uint32_t value)
{
    return bus_reaches_board(sim, port, &address) &&
           sfi__emulated_debug_write(sim, address, size, value);
}

bool
sfi__bus_read(struct sfi_sim *sim, enum bus_port port, uint32_t address,
              uint32_t size, uint32_t *value)
{
    const uint8_t *p = NULL;
    uint8_t rom[4];

    if (sim->emulated != NULL)
        return bus_read_board(sim, port, address, size, value);
    if (!bus_reaches(sim, port, address, size))
        return false;
    if (port != BUS_DEBUG)
        p = bus_view_memory(sim, address, size);
    if (p == NULL && port != BUS_DEBUG &&
        sfi__rom_read(sim, address, rom, size))
        p = rom;
    if (p == NULL)
        return size == 4 && bus_read_register(sim, port, address, value);
    *value = bus_load_value(p, size);
    return true;
}

/* A register of a component that is not modelled ignores writes. */
static bool
bus_write_register(struct sfi_sim *sim, enum bus_port port, uint32_t address,
                   uint32_t value)
{
    uint32_t dbgmcu = address - bus_dbgmcu_base(sim, port);
    uint32_t old;

    if (dbgmcu < DBGMCU_REGISTERS)
        sfi__dbgmcu_write(sim, dbgmcu, value);
    else if (port == BUS_DEBUG)
        return sfi__coresight_read(false, address, &old);
    else if (bus_in_flash_regs(sim, address))
        sfi__flash_regs_write(sim, address - sim->chip->flash_regs, value);
    else
        return port == BUS_CORE &&
               (sfi__core_debug_write(sim, address, value) ||
                sfi__core_units_write(sim, address, value) ||
                sfi__coresight_read(true, address, &old));
    return true;
}

static bool
bus_write_memory(struct sfi_sim *sim, uint32_t address, uint32_t size,
                 uint32_t value, bool *done)
{
    uint8_t *p = bus_any_ram(sim, address, size);

    *done = p != NULL;
    if (p != NULL) {
        bus_store_value(p, size, value);
        if (sim->mode == SIM_SECURE)
            sfi__sim_mailbox_written(sim, address);
        return true;
    }
    if (!sfi__chip_range_has(&sim->chip->flash, address, size))
        return false;
    *done = size == 4 && sfi__flash_regs_program(sim, address, value);
    return true;
}

bool
sfi__bus_write(struct sfi_sim *sim, enum bus_port port, uint32_t address,
               uint32_t size, uint32_t value)
{
    bool done = false;

    if (sim->emulated != NULL)
        done = bus_write_board(sim, port, address, size, value);
    else if (bus_reaches(sim, port, address, size) &&
             (port == BUS_DEBUG ||
              !bus_write_memory(sim, address, size, value, &done)))
        done = size == 4 && bus_write_register(sim, port, address, value);
    sfi__sim_settle(sim);
    return done;
}
