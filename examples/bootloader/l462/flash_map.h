/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 3.3: double words, pages of 2 KB. */
#ifndef BOOTLOADER_FLASH_MAP_H
#define BOOTLOADER_FLASH_MAP_H

#define FLASH_UNIT 8u
#define FLASH_PAGE 2048u

#endif
