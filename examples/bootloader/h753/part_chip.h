/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part as this bootloader sees it: lib/chip's STM32H753xI, but for the
 * sectors that the bootloader has itself. */
#ifndef BOOTLOADER_PART_CHIP_H
#define BOOTLOADER_PART_CHIP_H

#include "chip/chip.h"

extern struct sfi_chip h753_chip; /* filled by board_start() */
#define PART_CHIP h753_chip

#endif
