/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0433, 4.3: flash words of 256 bits, sectors of 128 KB. */
#ifndef BOOTLOADER_FLASH_MAP_H
#define BOOTLOADER_FLASH_MAP_H

#define FLASH_UNIT 32u
#define FLASH_PAGE 0x20000u

#endif
