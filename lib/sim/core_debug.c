/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's debug registers (ARM DDI 0403, C1.6): halt, resume, catch of a
 * reset, core registers. */
#include "sim/core_debug.h"

#include "util/mem.h"
#include "util/rd.h"
#include "wire/h7_flash.h"
#include "sim/options.h"
#include "sim/sim.h"

/* A Cortex-M7 r1p1 with double precision and 16 KB caches (ARM DDI 0489). */
#define CPUID_CORTEX_M7 0x411fc271u
#define MVFR0_VALUE 0x10110221u
#define MVFR1_VALUE 0x12000011u
#define MVFR2_VALUE 0x00000040u
#define CCR_VALUE 0x00040200u
#define CLIDR_VALUE 0x09000003u
#define CTR_VALUE 0x8303c003u

#define CONTROL_KEPT                                             \
    (V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT | V7M_DHCSR_C_STEP | \
     V7M_DHCSR_C_MASKINTS)
#define ERASED_WORD UINT32_MAX

/* Where ST's bootloader begins is not published: ours, in its memory. */
#define BOOTLOADER_SP 0x24001000u
#define BOOTLOADER_PC 0x1ff00400u

static bool
core_debug_is_enabled(const struct core_debug *c)
{
    return (c->control & V7M_DHCSR_C_DEBUGEN) != 0;
}

/* ---- halt and resume ---- */

/* While it is halted, nothing answers on any line. */
static void
core_debug_halt(struct sfi_sim *sim, uint32_t reason)
{
    struct core_debug *c = &sim->core;

    if (c->halted ||
        (sim->mode != SIM_STANDARD && sim->mode != SIM_APPLICATION))
        return;
    c->halted = true;
    c->dfsr |= reason;
    c->halted_at = c->reg[V7M_REG_PC];
    c->mode = sim->mode;
    sim->mode = SIM_APPLICATION;
}

/* Resume what was halted, unless the host has changed the PC, or set a
 * breakpoint there. */
static void
core_debug_resume(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;

    if (!c->halted)
        return;
    if (sfi__core_units_break_at(sim, c->reg[V7M_REG_PC])) {
        c->dfsr |= V7M_DFSR_BKPT;
        return;
    }
    c->halted = false;
    if (c->reg[V7M_REG_PC] == c->halted_at)
        sim->mode = (enum sim_mode)c->mode;
}

void
sfi__core_debug_power(struct sfi_sim *sim)
{
    sfi__zero(&sim->core, sizeof(sim->core));
}

/* RM0433, 2.6: two addresses in 64 KB, for BOOT0 low and high. */
static uint32_t
core_debug_boot_address(struct sfi_sim *sim)
{
    uint8_t raw[4] = {0};
    struct rd r;

    (void)sfi__options_window_read(
        sim, sim->chip->flash_regs + H7_FLASH_BOOT_CUR, raw, sizeof(raw));
    sfi__rd_init(&r, raw, sizeof(raw));
    sfi__rd_skip(&r, sim->boot0 ? 2 : 0);
    return (uint32_t)sfi__rd_u16le(&r) << 16;
}

/* Load what a reset loads from the vector table (DDI 0403, B1.5.5).  A core
 * whose table is erased shows 0xfffffffc and 0xfffffffe (OpenOCD mailing list
 * 36739452). */
static void
core_debug_load_vectors(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;
    uint32_t sp = BOOTLOADER_SP, pc = BOOTLOADER_PC;
    const uint8_t *table;
    struct rd r;

    c->vtor = core_debug_boot_address(sim);
    table = sfi__flash_view(&sim->flash, c->vtor, 8);
    if (sim->mode != SIM_STANDARD && table != NULL) {
        sfi__rd_init(&r, table, 8);
        sp = sfi__rd_u32le(&r);
        pc = sfi__rd_u32le(&r);
    }
    c->reg[V7M_REG_SP] = c->reg[V7M_REG_MSP] = sp & ~3u;
    c->reg[V7M_REG_PC] = pc & ~1u;
    c->reg[V7M_REG_LR] = UINT32_MAX;
    c->reg[V7M_REG_XPSR] = V7M_XPSR_T;
}

void
sfi__core_debug_reset(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;

    c->halted = false;
    c->was_reset = true;
    c->dfsr = 0;
    c->cpacr = 0;
    c->control &= ~V7M_DHCSR_C_HALT;
    sfi__zero(c->reg, sizeof(c->reg));
    core_debug_load_vectors(sim);
    if (core_debug_is_enabled(c) && (c->demcr & V7M_DEMCR_VC_CORERESET) != 0)
        core_debug_halt(sim, V7M_DFSR_VCATCH);
}

/* ---- the registers ---- */

/* C1.6.2: the other bits only change while C_DEBUGEN is set.  A step halts
 * where it began, as nothing is executed. */
static void
core_debug_write_dhcsr(struct sfi_sim *sim, uint32_t value)
{
    struct core_debug *c = &sim->core;

    if ((value & V7M_DHCSR_KEY_MASK) != V7M_DHCSR_KEY)
        return;
    c->control = value & V7M_DHCSR_C_DEBUGEN;
    if (core_debug_is_enabled(c))
        c->control = value & CONTROL_KEPT;
    if ((c->control & V7M_DHCSR_C_HALT) != 0)
        core_debug_halt(sim, V7M_DFSR_HALTED);
    else if ((c->control & V7M_DHCSR_C_STEP) != 0 && c->halted)
        c->dfsr |= V7M_DFSR_HALTED;
    else
        core_debug_resume(sim);
}

/* An application without a vector table locks up at once (B1.5.15). */
static bool
core_debug_is_locked_up(const struct sfi_sim *sim)
{
    const struct core_debug *c = &sim->core;

    return !c->halted && sim->mode == SIM_APPLICATION &&
           c->reg[V7M_REG_PC] == (ERASED_WORD & ~1u);
}

static uint32_t
core_debug_read_dhcsr(struct sfi_sim *sim)
{
    struct core_debug *c = &sim->core;
    uint32_t value = V7M_DHCSR_S_REGRDY | c->control;

    if (c->halted)
        value |= V7M_DHCSR_S_HALT;
    else if (core_debug_is_locked_up(sim))
        value |= V7M_DHCSR_S_LOCKUP;
    else
        value |= V7M_DHCSR_S_RETIRE_ST;
    if (c->was_reset)
        value |= V7M_DHCSR_S_RESET_ST;
    c->was_reset = false;
    return value;
}

static bool
core_debug_has_register(uint32_t number)
{
    return number <= V7M_REG_PSP || number == V7M_REG_SPECIAL ||
           number == V7M_REG_FPSCR ||
           (number >= V7M_REG_S0 && number <= V7M_REG_S31);
}

/* SP is the main stack pointer: a reset selects it, and nothing is executed
 * that would change that. */
static void
core_debug_set_register(struct core_debug *c, uint32_t number)
{
    c->reg[number] = c->data;
    if (number == V7M_REG_SP)
        c->reg[V7M_REG_MSP] = c->data;
    else if (number == V7M_REG_MSP)
        c->reg[V7M_REG_SP] = c->data;
}

/* Only a halted core lets its registers be read and written. */
static void
core_debug_move_register(struct core_debug *c, uint32_t select)
{
    uint32_t number = select & V7M_DCRSR_REG;

    if (!c->halted || !core_debug_has_register(number))
        return;
    if ((select & V7M_DCRSR_WRITE) != 0)
        core_debug_set_register(c, number);
    else
        c->data = c->reg[number];
}

static bool
core_debug_read_constant(uint32_t address, uint32_t *value)
{
    static const uint32_t rows[][2] = {
        {V7M_CPUID, CPUID_CORTEX_M7}, {V7M_AIRCR, V7M_AIRCR_KEY_READ},
        {V7M_CCR, CCR_VALUE},         {V7M_CLIDR, CLIDR_VALUE},
        {V7M_CTR, CTR_VALUE},         {V7M_MVFR0, MVFR0_VALUE},
        {V7M_MVFR1, MVFR1_VALUE},     {V7M_MVFR2, MVFR2_VALUE},
    };

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i][0] == address) {
            *value = rows[i][1];
            return true;
        }
    }
    return false;
}

bool
sfi__core_debug_works_in_reset(uint32_t address)
{
    return address >= V7M_DHCSR && address <= V7M_DEMCR;
}

bool
sfi__core_debug_read(struct sfi_sim *sim, uint32_t address, uint32_t *value)
{
    const struct core_debug *c = &sim->core;

    switch (address) {
    case V7M_DHCSR:
        *value = core_debug_read_dhcsr(sim);
        return true;
    case V7M_DCRDR:
        *value = c->data;
        return true;
    case V7M_DEMCR:
        *value = c->demcr;
        return true;
    case V7M_DFSR:
        *value = c->dfsr;
        return true;
    case V7M_VTOR:
        *value = c->vtor;
        return true;
    case V7M_CPACR:
        *value = c->cpacr;
        return true;
    default:
        return core_debug_read_constant(address, value);
    }
}

static void
core_debug_write_aircr(struct sfi_sim *sim, uint32_t value)
{
    if ((value & V7M_AIRCR_KEY_MASK) == V7M_AIRCR_KEY &&
        (value & V7M_AIRCR_SYSRESETREQ) != 0)
        sim->reset_due = true;
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
        c->demcr = value & V7M_DEMCR_MASK;
        return true;
    case V7M_DFSR:
        c->dfsr &= ~value;
        return true;
    case V7M_VTOR:
        c->vtor = value & V7M_VTOR_MASK;
        return true;
    case V7M_CPACR:
        c->cpacr = value;
        return true;
    case V7M_AIRCR:
        core_debug_write_aircr(sim, value);
        return true;
    default:
        return false;
    }
}
