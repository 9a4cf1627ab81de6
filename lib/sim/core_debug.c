/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's debug registers (ARM DDI 0403, C1.6): halt, resume, core
 * registers. */
#include "sim/core_debug.h"

#include "util/mem.h"
#include "wire/v7m_debug.h"
#include "sim/sim.h"

/* While it is halted, nothing answers on any line. */
static void
core_debug_halt(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;

    if (c->halted)
        return;
    c->halted = true;
    c->moved = false;
    c->mode = sim->mode;
    sim->mode = SIM_APPLICATION;
}

/* Resume what was halted, unless the host has set the PC. */
static void
core_debug_resume(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;

    if (!c->halted)
        return;
    c->halted = false;
    if (!c->moved)
        sim->mode = (enum sim_mode)c->mode;
}

void
sfi__core_debug_power(struct sfi_sim *sim)
{
    sfi__zero(&sim->core, sizeof(sim->core));
}

void
sfi__core_debug_reset(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;

    c->halted = false;
    c->moved = false;
    c->vtor = 0;
    sfi__zero(c->reg, sizeof(c->reg));
    if (c->enabled && c->catches &&
        (sim->mode == SIM_STANDARD || sim->mode == SIM_APPLICATION))
        core_debug_halt(sim);
}

static void
core_debug_write_dhcsr(struct sfi_sim *sim, uint32_t value)
{
    if ((value & V7M_DHCSR_KEY_MASK) != V7M_DHCSR_KEY)
        return;
    sim->core.enabled = (value & V7M_DHCSR_C_DEBUGEN) != 0;
    if (sim->core.enabled && (value & V7M_DHCSR_C_HALT) != 0)
        core_debug_halt(sim);
    else
        core_debug_resume(sim);
}

/* Only a halted core lets its registers be read and written. */
static void
core_debug_move_register(struct core_debug *c, uint32_t select)
{
    uint32_t number = select & V7M_DCRSR_REG;

    if (!c->halted || number >= CORE_REGS)
        return;
    if ((select & V7M_DCRSR_WRITE) == 0) {
        c->data = c->reg[number];
        return;
    }
    c->reg[number] = c->data;
    if (number == V7M_REG_PC)
        c->moved = true;
}

bool
sfi__core_debug_read(const struct sfi_sim *sim, uint32_t address,
                     uint32_t *value)
{
    const struct core_debug *c = &sim->core;

    switch (address) {
    case V7M_DHCSR:
        *value = V7M_DHCSR_S_REGRDY | (c->enabled ? V7M_DHCSR_C_DEBUGEN : 0) |
                 (c->halted ? V7M_DHCSR_S_HALT | V7M_DHCSR_C_HALT : 0);
        return true;
    case V7M_DCRDR:
        *value = c->data;
        return true;
    case V7M_DEMCR:
        *value = c->catches ? V7M_DEMCR_VC_CORERESET : 0;
        return true;
    case V7M_VTOR:
        *value = c->vtor;
        return true;
    default:
        return false;
    }
}

bool
sfi__core_debug_write(struct sfi_sim *sim, uint32_t address, uint32_t value)
{
    struct core_debug *c = &sim->core;

    switch (address) {
    case V7M_DHCSR:
        core_debug_write_dhcsr(sim, value);
        return true;
    case V7M_DCRSR:
        core_debug_move_register(c, value);
        return true;
    case V7M_DCRDR:
        c->data = value;
        return true;
    case V7M_DEMCR:
        c->catches = (value & V7M_DEMCR_VC_CORERESET) != 0;
        return true;
    case V7M_VTOR:
        c->vtor = value & V7M_VTOR_MASK;
        return true;
    default:
        return false;
    }
}
