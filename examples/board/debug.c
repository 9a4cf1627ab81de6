/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Halting debug, as the core's access port sees it (ARM DDI 0403, C1): halt,
 * step, resume, catch of a reset, core registers, breakpoints in FPB and by
 * BKPT.  Watchpoints keep their registers and stop nothing.  The core itself
 * sees none of this. */
#include <string.h>

#include "core.h"
#include "models.h"
#include "wire/v7m_debug.h"

#define CONTROL_KEPT                                             \
    (V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT | V7M_DHCSR_C_STEP | \
     V7M_DHCSR_C_MASKINTS)
/* C1.11.3: so many comparators for code; version 2 of a Cortex-M7 takes any
 * address, version 1 of a Cortex-M4 two halfwords below 0x20000000. */
#define FP_CTRL_M7 0x10000080u
#define FP_CTRL_M4 0x00000060u
#define FP_REPLACE_LOWER 1u
#define FP_REPLACE_UPPER 2u
/* A step that has begun, and one whose instruction is done. */
#define STEP_DUE 1u
#define STEP_DONE 2u

void
debug_power(struct board *b)
{
    memset(&b->life.debug, 0, sizeof(b->life.debug));
}

static bool
is_enabled(const struct board *b)
{
    return (b->life.debug.control & V7M_DHCSR_C_DEBUGEN) != 0;
}

static void
halt(struct board *b, uint32_t reason)
{
    struct debug *d = &b->life.debug;

    d->step = 0;
    d->dfsr |= reason;
    d->is_halted = true;
    b->attention = true;
}

void
debug_reset(struct board *b)
{
    struct debug *d = &b->life.debug;

    d->is_halted = false;
    d->was_reset = true;
    d->step = 0;
    d->control &= ~V7M_DHCSR_C_HALT;
    if (is_enabled(b) && (d->demcr & V7M_DEMCR_VC_CORERESET) != 0)
        halt(b, V7M_DFSR_VCATCH);
}

/* RM0394, 3.5.1: once a debugger is there, flash of a part at level 1 gives a
 * bus error, to the core as well.  Of an H742 it is reported that no reset ends
 * this, but a power-up does (ST community 688550). */
bool
debug_locks_flash(struct board *b)
{
    return b->life.debug.was_enabled && b->part->rdp(b) != 0;
}

/* ---- breakpoints and steps ---- */

static bool
is_m7(const struct board *b)
{
    return b->part->cpu == UC_CPU_ARM_CORTEX_M7;
}

static bool
breaks_at(const struct board *b, uint32_t comparator, uint32_t address)
{
    uint32_t half = (address & 2u) != 0 ? FP_REPLACE_UPPER : FP_REPLACE_LOWER;

    if ((comparator & 1u) == 0)
        return false;
    if (is_m7(b))
        return (comparator & ~1u) == address;
    return (comparator & 0x1ffffffcu) == (address & ~3u) &&
           (comparator >> 30 & half) != 0;
}

static bool
is_breakpoint(const struct board *b, uint32_t address)
{
    const struct debug *d = &b->life.debug;
    size_t i;

    for (i = 0; d->fp_enabled && i < DEBUG_BREAKPOINTS; i++)
        if (breaks_at(b, d->fp_comp[i], address))
            return true;
    return false;
}

bool
debug_wants_code(struct board *b)
{
    const struct debug *d = &b->life.debug;
    size_t i;

    for (i = 0; is_enabled(b) && d->fp_enabled && i < DEBUG_BREAKPOINTS; i++)
        if ((d->fp_comp[i] & 1u) != 0)
            return true;
    return d->step != 0;
}

bool
debug_stops_at(struct board *b, uint32_t address)
{
    struct debug *d = &b->life.debug;

    if (is_enabled(b) && is_breakpoint(b, address))
        halt(b, V7M_DFSR_BKPT);
    else if (d->step == STEP_DONE)
        halt(b, V7M_DFSR_HALTED);
    else if (d->step == STEP_DUE)
        d->step = STEP_DONE;
    return d->is_halted;
}

bool
debug_takes_bkpt(struct board *b)
{
    if (!is_enabled(b))
        return false;
    halt(b, V7M_DFSR_BKPT);
    return true;
}

bool
debug_masks_interrupts(const struct board *b)
{
    const uint32_t both = V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_MASKINTS;

    return (b->life.debug.control & both) == both;
}

/* ---- the core's registers ---- */

static const int numbers[] = {
    UC_ARM_REG_R0,   UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3,
    UC_ARM_REG_R4,   UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,
    UC_ARM_REG_R8,   UC_ARM_REG_R9,  UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12,  UC_ARM_REG_R13, UC_ARM_REG_R14, UC_ARM_REG_R15,
    UC_ARM_REG_XPSR, UC_ARM_REG_MSP, UC_ARM_REG_PSP,
};

/* The emulator's number; -1: none. */
static int
register_of(uint32_t number)
{
    if (number < sizeof(numbers) / sizeof(*numbers))
        return numbers[number];
    if (number >= V7M_REG_S0 && number <= V7M_REG_S31)
        return UC_ARM_REG_S0 + (int)(number - V7M_REG_S0);
    return number == V7M_REG_FPSCR ? UC_ARM_REG_FPSCR : -1;
}

static const int specials[] = {UC_ARM_REG_PRIMASK, UC_ARM_REG_BASEPRI,
                               UC_ARM_REG_FAULTMASK, UC_ARM_REG_CONTROL};

static uint32_t
get_special(struct board *b)
{
    uint32_t value = 0;
    size_t i;

    for (i = 0; i < 4; i++)
        value |= (cpu_get(b, specials[i]) & 0xffu) << 8 * i;
    return value;
}

static void
set_special(struct board *b, uint32_t value)
{
    size_t i;

    for (i = 0; i < 4; i++)
        cpu_set(b, specials[i], value >> 8 * i & 0xffu);
}

static void
set_register(struct board *b, uint32_t number, uint32_t value)
{
    int reg = register_of(number);

    if (number == V7M_REG_SPECIAL)
        set_special(b, value);
    else if (reg >= 0)
        cpu_set(b, reg, value);
    if (number == V7M_REG_PC)
        b->life.is_asleep = b->life.is_lockup = false;
}

/* C1.6.3: only a halted core lets its registers be read and written. */
static void
move_register(struct board *b, uint32_t select)
{
    struct debug *d = &b->life.debug;
    uint32_t number = select & V7M_DCRSR_REG;

    if (!d->is_halted)
        return;
    if ((select & V7M_DCRSR_WRITE) != 0)
        set_register(b, number, d->data);
    else if (number == V7M_REG_SPECIAL)
        d->data = get_special(b);
    else if (register_of(number) >= 0)
        d->data = cpu_get(b, register_of(number));
}

/* ---- the registers of debug ---- */

static uint32_t
read_dhcsr(struct board *b)
{
    struct debug *d = &b->life.debug;
    uint32_t value = V7M_DHCSR_S_REGRDY | d->control;

    if (d->is_halted)
        value |= V7M_DHCSR_S_HALT;
    else
        value |= b->life.is_lockup ? V7M_DHCSR_S_LOCKUP : V7M_DHCSR_S_RETIRE_ST;
    if (d->was_reset)
        value |= V7M_DHCSR_S_RESET_ST;
    d->was_reset = false;
    return value;
}

/* C1.6.2: the other bits only change while C_DEBUGEN is set. */
static void
write_dhcsr(struct board *b, uint32_t value)
{
    struct debug *d = &b->life.debug;
    bool was_halted = d->is_halted;

    if ((value & V7M_DHCSR_KEY_MASK) != V7M_DHCSR_KEY)
        return;
    d->control = value & V7M_DHCSR_C_DEBUGEN;
    if (!is_enabled(b)) {
        d->is_halted = false;
        return;
    }
    d->was_enabled = true;
    d->control = value & CONTROL_KEPT;
    if ((value & V7M_DHCSR_C_HALT) != 0) {
        if (!was_halted)
            halt(b, V7M_DFSR_HALTED);
        return;
    }
    d->is_halted = false;
    d->step = was_halted && (value & V7M_DHCSR_C_STEP) != 0 ? STEP_DUE : 0;
}

static uint32_t *
comparator(struct board *b, uint32_t address)
{
    uint32_t i = (address - V7M_FP_COMP0) / 4;

    return i < (is_m7(b) ? 8u : 6u) ? &b->life.debug.fp_comp[i] : NULL;
}

/* false: none of them. */
bool
debug_get(struct board *b, uint32_t address, uint32_t *value)
{
    const struct debug *d = &b->life.debug;

    switch (address) {
    case V7M_DHCSR:
        *value = read_dhcsr(b);
        return true;
    case V7M_DCRDR:
        *value = d->data;
        return true;
    case V7M_DEMCR:
        *value = d->demcr;
        return true;
    case V7M_DFSR:
        *value = d->dfsr;
        return true;
    case V7M_FP_CTRL:
        *value = (is_m7(b) ? FP_CTRL_M7 : FP_CTRL_M4) |
                 (d->fp_enabled ? V7M_FP_CTRL_ENABLE : 0);
        return true;
    }
    if (comparator(b, address) == NULL)
        return false;
    *value = *comparator(b, address);
    return true;
}

bool
debug_set(struct board *b, uint32_t address, uint32_t value)
{
    struct debug *d = &b->life.debug;

    switch (address) {
    case V7M_DHCSR:
        write_dhcsr(b, value);
        return true;
    case V7M_DCRSR:
        move_register(b, value);
        return true;
    case V7M_DCRDR:
        d->data = value;
        return true;
    case V7M_DEMCR:
        d->demcr = value & V7M_DEMCR_MASK;
        return true;
    case V7M_DFSR:
        d->dfsr &= ~value;
        return true;
    case V7M_FP_CTRL:
        if ((value & V7M_FP_CTRL_KEY) != 0)
            d->fp_enabled = (value & V7M_FP_CTRL_ENABLE) != 0;
        return true;
    }
    if (comparator(b, address) == NULL)
        return false;
    *comparator(b, address) = value;
    return true;
}
