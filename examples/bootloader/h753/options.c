/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes of the STM32H753 (RM0433, 4.4). */
#include "board.h"
#include "part.h"
#include "part_chip.h"
#include "regs.h"
#include "util/rd.h"
#include "wire/h7_flash.h"

#define OPTIONS(offset) REG(FLASH_REGISTERS + (offset))

static uint32_t
options_address(uint32_t offset)
{
    return PART_CHIP.ob_window.base + offset;
}

/* SECURITY stays as it is: with it ST's own secure bootloader comes first. */
static uint32_t
options_word(uint32_t row, uint32_t word)
{
    uint32_t kept = row == PART_CHIP.security_row ? PART_CHIP.security_mask : 0;

    return (word & ~kept) |
           (REG(options_address(PART_CHIP.ob[row].pending)) & kept);
}

static void
options_write(struct rd *words)
{
    for (uint32_t i = 0; i < PART_CHIP.ob_count; i++) {
        uint32_t word = options_word(i, sfi__rd_u32le(words));

        if (PART_CHIP.ob[i].is_register)
            REG(options_address(PART_CHIP.ob[i].pending)) = word;
    }
}

static uint32_t
options_row(const uint8_t *data, uint32_t row)
{
    struct rd words;

    sfi__rd_init(&words, data + 4 * row, 4);
    return sfi__rd_u32le(&words);
}

/* Write protection of the data pages would keep the record from them, and
 * leaving readout protection erases all flash, with this bootloader. */
static bool
options_do_harm(const uint8_t *data)
{
    uint32_t rdp = options_row(data, PART_CHIP.rdp_row) >> PART_CHIP.rdp_shift;
    uint32_t wrp = options_row(data, PART_CHIP.wrp_row[1]);

    return (rdp & 0xff) == CHIP_RDP_LEVEL0 ||
           (wrp & MAP_WRP_DATA) != MAP_WRP_DATA;
}

int
options_program(const uint8_t *data, uint32_t len)
{
    struct rd words;
    bool failed;

    if (len != 4 * PART_CHIP.ob_count || options_do_harm(data))
        return 1;
    if ((OPTIONS(H7_FLASH_OPTCR) & H7_FLASH_OPTCR_OPTLOCK) != 0) {
        OPTIONS(H7_FLASH_OPTKEYR) = H7_FLASH_OPTKEY1;
        OPTIONS(H7_FLASH_OPTKEYR) = H7_FLASH_OPTKEY2;
    }
    OPTIONS(H7_FLASH_OPTCCR) = H7_FLASH_OPTCHANGEERR;
    sfi__rd_init(&words, data, len);
    options_write(&words);
    OPTIONS(H7_FLASH_OPTCR) |= H7_FLASH_OPTCR_OPTSTART;
    while ((OPTIONS(H7_FLASH_OPTSR_CUR) & H7_FLASH_OPTSR_BUSY) != 0)
        watchdog_feed();
    failed = (OPTIONS(H7_FLASH_OPTSR_CUR) & H7_FLASH_OPTCHANGEERR) != 0;
    OPTIONS(H7_FLASH_OPTCR) |= H7_FLASH_OPTCR_OPTLOCK;
    return failed;
}
