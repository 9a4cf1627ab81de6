/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where the STM32H753 has its data pages: a sector for each. */
#ifndef BOOTLOADER_STORE_MAP_H
#define BOOTLOADER_STORE_MAP_H

#define STORE_PAGE_LEN 0x20000u
#define STORE_PAGE_0 0x081c0000u
#define STORE_PAGE_1 0x081e0000u

#endif
