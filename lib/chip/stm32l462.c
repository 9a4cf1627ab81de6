/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "chip/chip.h"

/* The part comes with its secure bootloader in flash: 4 KB at the start that
 * stay, 42 KB at the end of which 40 KB go after a success (AN4992, section
 * 7).  Which 40 of the 42 is not public: the first, is our choice. */
const struct sfi_chip sfi__chip_stm32l462 = {
    .name = "stm32l462ce",
    .device_id = 0x462,
    .product_id = "46201002",
    .bootloader_version = 0x31,
    .spi_version = 0x11,
    .spi_write_ms = 4,
    .flash = {0x08000000, 512u << 10},
    .bank_size = 512u << 10,
    .sector_size = 2u << 10,
    .program_unit = 8,
    .user = {0x08001000, (512u - 4u - 42u) << 10},
    .total_multiple = 4,
    .total_limit = 64u << 10,
    .total_not_multiple = 256,
    /* AN2606: SRAM1 without the bootloader's own part */
    .ram = {{0x20003100, 0x1cf00}},
    .ram_count = 1,
    .ob_window = {0x1fff7800, 40},
    .ob_count = 5,
    .ob =
        {
            {"FLASH_OPTR", 0xfbeff8bb, 0x00, 0x00, true},
            {"PCROP1SR", 0x0000ffff, 0x08, 0x08, true},
            {"PCROP1ER", 0x00000000, 0x10, 0x10, true},
            {"WRP1AR", 0x000000ff, 0x18, 0x18, true},
            {"WRP1BR", 0x000000ff, 0x20, 0x20, true},
        },
    .rdp_row = 0,
    .rdp_shift = 0,
    .wrp_row = {3, 4},
    /* nSWBOOT0 and nBOOT0 (FLASH_OPTR) */
    .boot_row = 0,
    .boot_pin_mask = 1u << 26,
    .boot_not_mask = 1u << 27,
    .ships_secure = true,
    .one_shot = true,
    .ob_write_resets = true,
    .loader = {0x08075800, 40u << 10},
};
