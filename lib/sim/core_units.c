/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* FPB and DWT (ARM DDI 0403, C1.11 and C1.8): registers that keep what is
 * written. */
#include "sim/core_units.h"

#include "util/mem.h"
#include "wire/v7m_debug.h"
#include "sim/sim.h"

/* ARM DDI 0489, FPB: version 2, eight comparators for code, none for literals;
 * DWT: four comparators. */
#define FP_CTRL_RESET 0x10000080u
#define DWT_CTRL_RESET 0x40000000u
#define DWT_CTRL_MASK 0x007f1fffu

void
sfi__core_units_power(struct sfi_sim *sim)
{
    sfi__zero(&sim->units, sizeof(sim->units));
}

/* DDI 0403, C1.11.5, version 2: the address, and bit 0 enables. */
bool
sfi__core_units_break_at(const struct sfi_sim *sim, uint32_t pc)
{
    for (size_t i = 0; i < CORE_BREAKPOINTS; i++) {
        if (sim->units.fp_enabled && sim->units.fp_comp[i] == (pc | 1u))
            return true;
    }
    return false;
}

/* The comparator of this address; NULL: none. */
static uint32_t *
core_units_comparator(struct core_units *u, uint32_t address)
{
    if (address - V7M_FP_COMP0 < sizeof(u->fp_comp))
        return &u->fp_comp[(address - V7M_FP_COMP0) / 4];
    if (address - V7M_DWT_COMP0 < sizeof(u->dwt))
        return &u->dwt[(address - V7M_DWT_COMP0) / 16][address / 4 % 4];
    return NULL;
}

bool
sfi__core_units_read(struct sfi_sim *sim, uint32_t address, uint32_t *value)
{
    const uint32_t *at = core_units_comparator(&sim->units, address);

    if (address == V7M_FP_CTRL)
        *value =
            FP_CTRL_RESET | (sim->units.fp_enabled ? V7M_FP_CTRL_ENABLE : 0);
    else if (address == V7M_DWT_CTRL)
        *value = DWT_CTRL_RESET | sim->units.dwt_ctrl;
    else if (at != NULL)
        *value = *at;
    else
        return false;
    return true;
}

bool
sfi__core_units_write(struct sfi_sim *sim, uint32_t address, uint32_t value)
{
    uint32_t *at = core_units_comparator(&sim->units, address);

    if (address == V7M_FP_CTRL) {
        if ((value & V7M_FP_CTRL_KEY) != 0)
            sim->units.fp_enabled = (value & V7M_FP_CTRL_ENABLE) != 0;
    } else if (address == V7M_DWT_CTRL) {
        sim->units.dwt_ctrl = value & DWT_CTRL_MASK;
    } else if (at != NULL) {
        *at = value;
    } else {
        return false;
    }
    return true;
}
