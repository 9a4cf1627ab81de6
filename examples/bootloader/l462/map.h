/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The map of the STM32L462CE, as secure boot and bootloader have it. */
#ifndef BOOTLOADER_MAP_H
#define BOOTLOADER_MAP_H

#include "wire/secure_boot.h"

#define MAP_FLASH 0x08000000u
#define MAP_FLASH_END 0x08080000u
/* Secure boot: pages 0 and 1, write-protected. */
#define MAP_BOOT_LAST_PAGE 1u
#define MAP_USER 0x08001000u
#define MAP_USER_LEN 0x74800u
#define MAP_LOADER 0x08075800u
/* What an install erases: the bootloader, and data page 0. */
#define MAP_LOADER_ERASED_LEN 0xa000u
/* Length and CRC-32 of the bootloader, in the last double word before the data
 * pages; the linker script has it too. */
#define MAP_SEAL 0x0807eff8u

/* SRAM1, and behind it SRAM2 once more (RM0394, 2.2.2). */
#define MAP_RAM 0x20000000u
#define MAP_RAM_END 0x20028000u
/* The SRAM1 that firmware may have its stack in is all of it; SRAM2 too. */
#define MAP_SRAM2 0x10000000u
#define MAP_SRAM2_END 0x10008000u

/* RM0394, 3.4.1: the option words as they are in flash. */
#define MAP_OPTIONS 0x1fff7800u
#define MAP_OPTION_WORDS 5u

#endif
