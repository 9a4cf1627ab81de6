/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* STM32L462CE: its table, and for hosts the fields of its option bytes and its
 * memories. */
#include "chip/chip.h"
#include "chip/effects.h"
#include "chip/fields.h"
#include "chip/memory.h"

#if !CHIP_FIELDS

/* The part comes with its secure bootloader in flash: 4 KB at the start that
 * stay, 42 KB at the end of which 40 KB go after a success (AN4992, section
 * 7).  Which 40 of the 42 is not public: the first, is our choice. */
const struct sfi_chip sfi__chip_stm32l462 = {
    .name = "stm32l462ce",
    .pins = "c", /* AN4992, 1: no other size has the secure bootloader */
    .device_id = 0x462,
    .product_id = "46201002",
    .bootloader_version = 0x31,
    .bootloader_id_at = 0x1fff6ffe,
    .flash_size_at = 0x1fff75e0, /* RM0394, 47.2 */
    .twins = "STM32L451 or L452",
    .spi_version = 0x11,
    .spi_write_ms = 4,
    .flash = {0x08000000, 512u << 10},
    .bank_size = 512u << 10,
    .sector_size = 2u << 10,
    .program_unit = 8,
    .typical_ms = 22, /* its datasheet, page erase */
    .erase_ms = 25,   /* its datasheet, page erase */
    .user = {0x08001000, (512u - 4u - 42u) << 10},
    .total_multiple = 4,
    .total_limit = 64u << 10,
    .total_not_multiple = 256,
    /* AN2606: SRAM1 without the bootloader's own part */
    .ram = {{0x20003100, 0x1cf00}},
    .ram_count = 1,
    .ob_window = {0x1fff7800, 40},
    .ob_complements = true, /* RM0394, 3.4.1 */
    .ob_count = 5,
    .ob =
        {
            {"FLASH_OPTR", 0xfbeff8bb, 0x00, 0x00, true},
            {"PCROP1SR", 0x0000ffff, 0x08, 0x08, true},
            {"PCROP1ER", 0x00000000, 0x10, 0x10, true},
            {"WRP1AR", 0x000000ff, 0x18, 0x18, true},
            {"WRP1BR", 0x000000ff, 0x20, 0x20, true},
        },
    .pcrop_rows = 1u << 1 | 1u << 2,
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

#else /* CHIP_FIELDS */

static const struct chip_ob_word boot0[] = {
    {1, "the pin",
     "the pin decides what starts; AN4992, 3.2.3 wants 0 during an install"},
    {0, "the bit nBOOT0", "nBOOT0 decides what starts, the pin nothing"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
static const struct chip_ob_word not_boot0[] = {
    {1, "BOOT0 is low",
     "with nSWBOOT0 0 the flash starts, as AN4992, 3.2.3 wants"},
    {0, "BOOT0 is high",
     "with nSWBOOT0 0 the part starts what nBOOT1 says, not the flash"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
static const struct chip_ob_word not_boot1[] = {
    {1, "system memory", "with BOOT0 high ST's bootloader starts"},
    {0, "SRAM1", "with BOOT0 high whatever is in RAM starts"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
/* RM0394, 3.4.1 */
static const struct chip_ob_word brown_out[] = {
    {0, "level 0", "the part stops when the supply falls below about 1.7 V"},
    {1, "level 1", "the part stops when the supply falls below about 2.0 V"},
    {2, "level 2", "the part stops when the supply falls below about 2.2 V"},
    {3, "level 3", "the part stops when the supply falls below about 2.5 V"},
    {4, "level 4", "the part stops when the supply falls below about 2.8 V"},
    {CHIP_ANY_VALUE, "no level", "RM0394 does not describe this value"},
};
static const struct chip_ob_word parity[] = {
    {0, "on", "firmware must write SRAM2 before it reads it"},
    {1, "off", "errors in SRAM2 stay unseen"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
static const struct chip_ob_word sram2_erased[] = {
    {0, "on", "SRAM2 is erased at every system reset"},
    {1, "off", "SRAM2 keeps its content through a system reset"},
    {CHIP_ANY_VALUE, NULL, NULL},
};

/* RM0394, 3.4 */
static const struct chip_ob_field fields[] = {
    {"RDP", 0, 0, 8, "readout protection", sfi__chip_words_rdp},
    {"BOR_LEV", 0, 8, 3, "brown-out reset level", brown_out},
    {"nRST_STOP", 0, 12, 1, "entering Stop", sfi__chip_words_causes_reset},
    {"nRST_STDBY", 0, 13, 1, "entering Standby", sfi__chip_words_causes_reset},
    {"nRST_SHDW", 0, 14, 1, "entering Shutdown", sfi__chip_words_causes_reset},
    {"IWDG_SW", 0, 16, 1, "independent watchdog", sfi__chip_words_started_by},
    {"IWDG_STOP", 0, 17, 1, "watchdog in Stop mode",
     sfi__chip_words_when_stopped},
    {"IWDG_STDBY", 0, 18, 1, "watchdog in Standby mode",
     sfi__chip_words_when_stopped},
    {"WWDG_SW", 0, 19, 1, "window watchdog", sfi__chip_words_started_by},
    {"nBOOT1", 0, 23, 1, "with BOOT0 high boots", not_boot1},
    {"SRAM2_PE", 0, 24, 1, "parity check of SRAM2", parity},
    {"SRAM2_RST", 0, 25, 1, "erasing SRAM2 at a reset", sram2_erased},
    {"nSWBOOT0", 0, 26, 1, "BOOT0 comes from", boot0},
    {"nBOOT0", 0, 27, 1, "the complement of BOOT0, when nSWBOOT0 is 0",
     not_boot0},
    {"PCROP1_STRT", 1, 0, 16, "first PCROP block, in 8 bytes", NULL},
    {"PCROP1_END", 2, 0, 16, "last PCROP block", NULL},
    {"PCROP_RDP", 2, 31, 1, "PCROP when readout protection goes",
     sfi__chip_words_erased},
    {"WRP1A_STRT", 3, 0, 8, "first write-protected page of range A", NULL},
    {"WRP1A_END", 3, 16, 8, "last page of range A; before the first: no page",
     NULL},
    {"WRP1B_STRT", 4, 0, 8, "first write-protected page of range B", NULL},
    {"WRP1B_END", 4, 16, 8, "last page of range B; before the first: no page",
     NULL},
};

/* RM0394 gives the registers the names of the CSV.  Example: its words in
 * flash, with reserved bits set that registers may show clear. */
static const struct chip_ob_info rows[] = {
    {{NULL}, 0xfbeff8bb}, {{NULL}, 0xffffffff}, {{NULL}, 0x00000000},
    {{NULL}, 0xff00ffff}, {{NULL}, 0xff00ffff},
};

/* RM0394, 3.5.2 and 3.5.3 */
const struct chip_field_list sfi__chip_fields_stm32l462 = {
    .fields = fields,
    .count = sizeof(fields) / sizeof(*fields),
    .rows = rows,
    .areas =
        {
            {CHIP_AREA_PCROP, "PCROP1_STRT", "PCROP1_END", "PCROP_RDP",
             0x08000000, 8, 0},
            {CHIP_AREA_WRP, "WRP1A_STRT", "WRP1A_END", NULL, 0x08000000, 2048,
             0},
            {CHIP_AREA_WRP, "WRP1B_STRT", "WRP1B_END", NULL, 0x08000000, 2048,
             0},
        },
};

/* RM0394, 2.2.2, 2.4 and 3.3.1 */
static const struct chip_memory memories[] = {
    {"the boot alias", {0x00000000, 512u << 10}, CHIP_MEMORY_ALIAS},
    {"the flash", {0x08000000, 512u << 10}, CHIP_MEMORY_FLASH},
    {"SRAM2", {0x10000000, 32u << 10}, CHIP_MEMORY_RAM}, /* once more below */
    {"system memory", {0x1fff0000, 28u << 10}, CHIP_MEMORY_SYSTEM},
    {"OTP", {0x1fff7000, 1u << 10}, CHIP_MEMORY_OTP},
    {"the option bytes", {0x1fff7800, 40}, CHIP_MEMORY_OPTIONS},
    {"SRAM1", {0x20000000, 128u << 10}, CHIP_MEMORY_RAM},
    {"SRAM2", {0x20020000, 32u << 10}, CHIP_MEMORY_RAM},
    {"the peripherals", {0x40000000, 0x20000000}, CHIP_MEMORY_PERIPHERALS},
    {"external memory (QUADSPI)",
     {0x90000000, 0x10000000},
     CHIP_MEMORY_EXTERNAL},
};

const struct chip_memory_list sfi__chip_memories_stm32l462 =
    CHIP_MEMORY_LIST(memories);

/* AN4992, 7: the part's own secure boot comes first, and starts the firmware
 * where firmware begins. */
static const struct chip_start starts[] = {
    {NULL, 0x08001000, false},
};

/* RM0394, 2.2.2 */
static const struct chip_watchdog watchdogs[] = {
    {"IWDG_SW", "IWDG_KR", 0x40003000},
    {"WWDG_SW", "WWDG_CR", 0x40002c00},
};

const struct chip_effects sfi__chip_effects_stm32l462 = {
    .starts = starts,
    .start_count = 1,
    .watchdogs = watchdogs,
    .watchdog_count = 2,
};

#endif
