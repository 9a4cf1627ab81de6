/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The map of the STM32H753xI, as its bootloader has it. */
#ifndef BOOTLOADER_MAP_H
#define BOOTLOADER_MAP_H

#include "wire/secure_boot.h"

#define MAP_FLASH 0x08000000u
#define MAP_BANK_LEN 0x100000u
#define MAP_SECTOR_LEN 0x20000u
/* The bootloader has sector 0 of bank 1, its data pages sectors 6 and 7 of bank
 * 2, and firmware all between them. */
#define MAP_USER 0x08020000u
#define MAP_USER_LEN 0x1a0000u
#define MAP_USER_END (MAP_USER + MAP_USER_LEN)
#define MAP_WRP_BOOT BIT(0)            /* of FWPSN_CUR_A */
#define MAP_WRP_DATA (BIT(6) | BIT(7)) /* of FWPSN_PRG_B */

/* DTCM, which is all that the bootloader uses. */
#define MAP_RAM 0x20000000u
#define MAP_RAM_END 0x20020000u
/* AXI SRAM, and SRAM 1 to 3: firmware may have its stack there, too. */
#define MAP_AXI 0x24000000u
#define MAP_AXI_END 0x24080000u
#define MAP_SRAM 0x30000000u
#define MAP_SRAM_END 0x30048000u

#endif
