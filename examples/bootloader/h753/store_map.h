/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where the STM32H753 has its data pages: a sector for each. */
#ifndef BOOTLOADER_STORE_MAP_H
#define BOOTLOADER_STORE_MAP_H

#include "wire/data_page.h"

#define STORE_PAGE_LEN DATA_PAGE_H753_LEN
#define STORE_PAGE_0 DATA_PAGE_H753_0
#define STORE_PAGE_1 DATA_PAGE_H753_1

#endif
