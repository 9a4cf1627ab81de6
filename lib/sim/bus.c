/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The memory map behind the debug port: what can be reached, RAM, flash and
 * registers. */
#include "sim/bus.h"

#include "wire/v7m_debug.h"
#include "sim/boot.h"
#include "sim/options.h"

/* RM0433, 60.5.8, over the memory map and over the debug bus. */
#define DBGMCU_DEBUG 0xe00e1000u
/* RM0433, 4.9: FLASH_BASE to the end of the second bank's registers */
#define FLASH_REGS_SIZE 0x200u
/* ARM DDI 0403, B3.2.3 */
#define SCB_CPUID 0xe000ed00u
#define CPUID_CORTEX_M7 0x411fc271u

uint8_t *
sfi__bus_ram(const struct sfi_sim *sim, uint32_t address, size_t len)
{
    uint8_t *p = sim->ram;

    for (uint32_t i = 0; i < sim->chip->ram_count; i++) {
        const struct chip_range *range = &sim->chip->ram[i];

        if (len <= range->size &&
            sfi__chip_range_has(range, address, (uint32_t)len))
            return p + (address - range->base);
        p += range->size;
    }
    return NULL;
}

enum reach {
    REACH_NOTHING,
    REACH_MAILBOX,
    REACH_ALL,
};

static enum reach
bus_debug_reach(const struct sfi_sim *sim)
{
    if (sim->mode == SIM_OFF || sim->held || sim->chip->dbgmcu == 0)
        return REACH_NOTHING;
    if (sim->mode == SIM_SECURE)
        return REACH_MAILBOX;
    if (sfi__options_secure(sim) || sfi__options_locked(sim))
        return REACH_NOTHING;
    return REACH_ALL;
}

static bool
bus_in_mailbox(const struct sfi_sim *sim, uint32_t address, uint32_t size)
{
    return sfi__chip_range_has(&sim->chip->mailbox, address, size);
}

static bool
bus_in_flash_regs(const struct sfi_sim *sim, uint32_t address)
{
    return address - sim->chip->flash_regs < FLASH_REGS_SIZE;
}

/* Borrow memory for reading; NULL: no memory, or protected. */
static const uint8_t *
bus_view_memory(const struct sfi_sim *sim, uint32_t address, uint32_t size)
{
    const uint8_t *p = sfi__bus_ram(sim, address, size);

    if (p == NULL && !sfi__options_readout_protected(sim))
        p = sfi__flash_view(&sim->flash, address, size);
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
bus_read_register(struct sfi_sim *sim, uint32_t address, uint32_t *value)
{
    if (bus_in_flash_regs(sim, address))
        *value = sfi__flash_regs_read(sim, address - sim->chip->flash_regs);
    else if (address == sim->chip->dbgmcu)
        *value = sim->chip->idcode;
    else if (address == SCB_CPUID)
        *value = CPUID_CORTEX_M7;
    else if (address == V7M_AIRCR)
        *value = V7M_AIRCR_KEY_READ;
    else
        return sfi__core_debug_read(sim, address, value);
    return true;
}

bool
sfi__bus_read(struct sfi_sim *sim, uint32_t address, uint32_t size,
              uint32_t *value)
{
    enum reach r = bus_debug_reach(sim);
    const uint8_t *p;

    if (r == REACH_NOTHING ||
        (r == REACH_MAILBOX && !bus_in_mailbox(sim, address, size)))
        return false;
    p = bus_view_memory(sim, address, size);
    if (p == NULL)
        return size == 4 && bus_read_register(sim, address, value);
    *value = bus_load_value(p, size);
    return true;
}

static bool
bus_write_register(struct sfi_sim *sim, uint32_t address, uint32_t value)
{
    if (bus_in_flash_regs(sim, address)) {
        sfi__flash_regs_write(sim, address - sim->chip->flash_regs, value);
        return true;
    }
    if (address != V7M_AIRCR)
        return sfi__core_debug_write(sim, address, value);
    if ((value & V7M_AIRCR_KEY_MASK) == V7M_AIRCR_KEY &&
        (value & V7M_AIRCR_SYSRESETREQ) != 0)
        sim->reset_due = true;
    return true;
}

static bool
bus_write_access(struct sfi_sim *sim, uint32_t address, uint32_t size,
                 uint32_t value)
{
    enum reach r = bus_debug_reach(sim);
    uint8_t *p;

    if (r == REACH_NOTHING ||
        (r == REACH_MAILBOX && !bus_in_mailbox(sim, address, size)))
        return false;
    p = sfi__bus_ram(sim, address, size);
    if (p != NULL) {
        bus_store_value(p, size, value);
        if (r == REACH_MAILBOX)
            sfi__sim_mailbox_written(sim, address);
        return true;
    }
    if (size != 4)
        return false;
    if (sfi__chip_range_has(&sim->chip->flash, address, size))
        return sfi__flash_regs_program(sim, address, value);
    return bus_write_register(sim, address, value);
}

bool
sfi__bus_write(struct sfi_sim *sim, uint32_t address, uint32_t size,
               uint32_t value)
{
    bool done = bus_write_access(sim, address, size, value);

    sfi__sim_settle(sim);
    return done;
}

bool
sfi__bus_debug_read(const struct sfi_sim *sim, uint32_t address,
                    uint32_t *value)
{
    if (bus_debug_reach(sim) != REACH_ALL || address != DBGMCU_DEBUG)
        return false;
    *value = sim->chip->idcode;
    return true;
}
