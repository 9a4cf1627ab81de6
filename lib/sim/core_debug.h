/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's debug registers: halt the core, show its registers, and start it
 * elsewhere.  No instruction is executed. */
#ifndef SFI_SIM_CORE_DEBUG_H
#define SFI_SIM_CORE_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/v7m_debug.h"

struct sfi_sim;

struct core_debug {
    uint32_t control; /* DHCSR's C_ bits that are kept */
    bool halted;
    bool was_reset; /* S_RESET_ST */
    uint32_t demcr;
    uint32_t dfsr;
    uint32_t mode;      /* what was halted */
    uint32_t halted_at; /* the PC then */
    uint32_t data;      /* DCRDR */
    uint32_t vtor;
    uint32_t cpacr;
    uint32_t reg[V7M_REG_S31 + 1];
};

void sfi__core_debug_power(struct sfi_sim *sim);
/* The core has been reset, and would run. */
void sfi__core_debug_reset(struct sfi_sim *sim);
/* Registers that work while NRST is low (openocd, stm32h7x.cfg: srst_nogate).
 */
bool sfi__core_debug_works_in_reset(uint32_t address);
/* false: not a register of the core. */
bool sfi__core_debug_read(struct sfi_sim *sim, uint32_t address,
                          uint32_t *value);
bool sfi__core_debug_write(struct sfi_sim *sim, uint32_t address,
                           uint32_t value);

#endif
