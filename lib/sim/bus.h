/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's memory map, as a debug port's access ports see it: nothing of a
 * part that is locked or has no power, the mailbox of a secure part, all of
 * another one. */
#ifndef SFI_SIM_BUS_H
#define SFI_SIM_BUS_H

#include "sim/sim.h"

/* What is behind an access port (RM0433, 60). */
enum bus_port {
    BUS_CORE,   /* memory, and the core's own registers */
    BUS_SYSTEM, /* memory */
    BUS_DEBUG,  /* debug components outside the core, words only */
};

/* 1, 2 or 4 bytes at a multiple of them, little-endian; false: a bus error. */
bool sfi__bus_read(struct sfi_sim *sim, enum bus_port port, uint32_t address,
                   uint32_t size, uint32_t *value);
bool sfi__bus_write(struct sfi_sim *sim, enum bus_port port, uint32_t address,
                    uint32_t size, uint32_t value);
/* Borrow RAM that bootloaders offer; NULL when the range is not all in one. */
uint8_t *sfi__bus_ram(const struct sfi_sim *sim, uint32_t address, size_t len);
/* Length of `sim->own_ram`, which only a debugger reaches. */
size_t sfi__bus_own_ram_len(const struct sfi_chip *chip);

#endif
