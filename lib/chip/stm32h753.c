/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "chip/chip.h"

/* The option window begins at OPTSR_CUR (RM0433, FLASH_BASE + 0x1C); bank 2's
 * registers are 0x100 further on. */
const struct sfi_chip sfi__chip_stm32h753 = {
    .name = "stm32h753xi",
    .device_id = 0x450,
    .product_id = "45002001",
    .bootloader_version = 0x31,
    .spi_version = 0x11,
    .flash = {0x08000000, 2u << 20},
    .bank_size = 1u << 20,
    .sector_size = 128u << 10,
    .program_unit = 32,
    .user = {0x08000000, 2u << 20},
    .last_word_barred = true,
    .total_multiple = 1,
    /* AN2606: DTCM and AXI SRAM without the bootloader's own part */
    .ram = {{0x20004100, 0x1bf00}, {0x24005000, 0x7b000}},
    .ram_count = 2,
    /* the ROM has DBGMCU_IDCODE for a serial number, the same in all parts */
    .dfu_serial = "200364500000",
    .dfu_flash = "@Internal Flash   /0x08000000/16*128Kg",
    .dfu_options = "@Option Bytes   /0x5200201C/01*128 e",
    .ob_window = {0x5200201c, 308},
    .ob_count = 9,
    .ob =
        {
            {"FOPTSR_PRG", 0x1bc6aaf0, 0x000, 0x004, true},
            {"FPRAR_PRG_A", 0x000000ff, 0x00c, 0x010, true},
            {"FPRAR_PRG_B", 0x000000ff, 0x10c, 0x110, true},
            {"FSCAR_PRG_A", 0x000000ff, 0x014, 0x018, true},
            {"FSCAR_PRG_B", 0x000000ff, 0x114, 0x118, true},
            {"FWPSN_PRG_A", 0x000000ff, 0x01c, 0x020, true},
            {"FWPSN_PRG_B", 0x000000ff, 0x11c, 0x120, true},
            {"FBOOT7_PRG", 0x1ff00800, 0x024, 0x028, true},
            {"RESERVED", 0x10000810, 0, 0, false},
        },
    .rdp_row = 0,
    .rdp_shift = 8,
    .security_row = 0,
    .security_mask = 1u << 21,
    .wrp_row = {5, 6},
    .wrp_by_bit = true,
    /* RM0433, 60.5.8: revision V */
    .dbgmcu = 0x5c001000,
    .idcode = 0x20036450,
    .flash_regs = 0x52002000,
    .mailbox = {0x24030000, 0x11000},
};
