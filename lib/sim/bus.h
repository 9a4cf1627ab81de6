/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The memory map as a debugger sees it, on a part that has a debug port.
 *
 * Open: flash (unless readout protection is on), the RAM that bootloaders
 * offer, the FLASH registers, DBGMCU, and of the core its id and its reset.
 * Secure: the mailbox's RAM and nothing else. */
#ifndef SFI_SIM_BUS_H
#define SFI_SIM_BUS_H

#include "sim/sim.h"

/* 1, 2 or 4 bytes at a multiple of them, little-endian; false: a bus error. */
bool sfi__bus_read(struct sfi_sim *sim, uint32_t address, uint32_t size,
                   uint32_t *value);
bool sfi__bus_write(struct sfi_sim *sim, uint32_t address, uint32_t size,
                    uint32_t value);
/* The debug bus behind AP 2. */
bool sfi__bus_debug_read(const struct sfi_sim *sim, uint32_t address,
                         uint32_t *value);
/* Borrow RAM; NULL when the range is not all in one that is offered. */
uint8_t *sfi__bus_ram(const struct sfi_sim *sim, uint32_t address, size_t len);

#endif
