/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's breakpoint and watchpoint units.  No instruction is executed: only
 * a breakpoint where the core is resumed is hit. */
#ifndef SFI_SIM_CORE_UNITS_H
#define SFI_SIM_CORE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct sfi_sim;

/* Cortex-M7 with a full debug configuration (ARM DDI 0489): as
 * OpenOCD and pyOCD report it of an STM32H7 (OpenOCD mailing list 36739452,
 * pyOCD 1368). */
#define CORE_BREAKPOINTS 8u
#define CORE_WATCHPOINTS 4u

struct core_units {
    bool fp_enabled;
    uint32_t fp_comp[CORE_BREAKPOINTS];
    uint32_t dwt_ctrl;
    uint32_t dwt[CORE_WATCHPOINTS][4]; /* COMP, MASK, FUNCTION, unused */
};

void sfi__core_units_power(struct sfi_sim *sim);
/* Is there a breakpoint at this address? */
bool sfi__core_units_break_at(const struct sfi_sim *sim, uint32_t pc);
/* false: not a register of these units. */
bool sfi__core_units_read(struct sfi_sim *sim, uint32_t address,
                          uint32_t *value);
bool sfi__core_units_write(struct sfi_sim *sim, uint32_t address,
                           uint32_t value);

#endif
