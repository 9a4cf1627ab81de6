/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What ST programmed: the bootloader's ID, the unique id, the flash's size.
 * The code of the bootloader is not modelled, and reads as zero. */
#ifndef SFI_SIM_ROM_H
#define SFI_SIM_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sfi_sim;

/* false: not all in a range that can be read. */
bool sfi__rom_read(const struct sfi_sim *sim, uint32_t address, uint8_t *out,
                   size_t len);

#endif
