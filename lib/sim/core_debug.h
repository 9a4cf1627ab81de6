/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's debug registers: halt the core, and start it elsewhere. */
#ifndef SFI_SIM_CORE_DEBUG_H
#define SFI_SIM_CORE_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

/* R0 to R12, SP, LR, PC, xPSR, MSP, PSP */
#define CORE_REGS 19

struct sfi_sim;

struct core_debug {
    bool enabled; /* C_DEBUGEN */
    bool catches; /* halts at a reset */
    bool halted;
    bool moved;    /* the PC was set */
    uint32_t mode; /* what was halted */
    uint32_t data; /* DCRDR */
    uint32_t vtor;
    uint32_t reg[CORE_REGS];
};

void sfi__core_debug_power(struct sfi_sim *sim);
/* The core has been reset, and would run. */
void sfi__core_debug_reset(struct sfi_sim *sim);
/* false: not a register of the core's debug unit. */
bool sfi__core_debug_read(const struct sfi_sim *sim, uint32_t address,
                          uint32_t *value);
bool sfi__core_debug_write(struct sfi_sim *sim, uint32_t address,
                           uint32_t value);

#endif
