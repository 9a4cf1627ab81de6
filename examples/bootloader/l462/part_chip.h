/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Which part of lib/chip this is. */
#ifndef BOOTLOADER_PART_CHIP_H
#define BOOTLOADER_PART_CHIP_H

#include "chip/chip.h"

extern const struct sfi_chip sfi__chip_stm32l462;
#define PART_CHIP sfi__chip_stm32l462

#endif
