/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DBGMCU, at the addresses of both buses. */
#ifndef SFI_SIM_DBGMCU_H
#define SFI_SIM_DBGMCU_H

#include <stdbool.h>
#include <stdint.h>

struct sfi_sim;

#define DBGMCU_REGISTERS 0x400u

/* RM0433, 60.5.8: a power-on reset clears it, other resets do not. */
struct dbgmcu {
    uint32_t cr, apb3fz1, apb1lfz1, apb4fz1;
};

void sfi__dbgmcu_power(struct sfi_sim *sim);
/* `offset`: from DBGMCU_IDC. */
uint32_t sfi__dbgmcu_read(struct sfi_sim *sim, uint32_t offset);
void sfi__dbgmcu_write(struct sfi_sim *sim, uint32_t offset, uint32_t value);

#endif
