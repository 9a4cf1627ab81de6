/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* STM32H753xI: its table, and for hosts the fields of its option bytes and its
 * memories. */
#include "chip/chip.h"
#include "chip/effects.h"
#include "chip/fields.h"
#include "chip/memory.h"

#if !CHIP_FIELDS

/* The option window begins at OPTSR_CUR (RM0433, FLASH_BASE + 0x1C); bank 2's
 * registers are 0x100 further on. */
const struct sfi_chip sfi__chip_stm32h753 = {
    .name = "stm32h753xi",
    .pins = "abivxz", /* DS12117, "Ordering information" */
    .device_id = 0x450,
    .product_id = "45002001",
    .bootloader_version = 0x31,
    .bootloader_id_at = 0x1ff1e7fe,
    .flash_size_at = 0x1ff1e880, /* RM0433, 61.2 */
    .twins = "STM32H742, H743, H745, H747 or H750",
    .spi_version = 0x11,
    .flash = {0x08000000, 2u << 20},
    .bank_size = 1u << 20,
    .sector_size = 128u << 10,
    .program_unit = 32,
    .typical_ms = 1100, /* its datasheet, sector erase at 32 bits */
    .erase_ms = 2200,   /* ST community 734674, at a parallelism of 32 bits */
    .user = {0x08000000, 2u << 20},
    .last_word_barred = true,
    .total_multiple = 1,
    /* AN2606: DTCM and AXI SRAM without the bootloader's own part */
    .ram = {{0x20004100, 0x1bf00}, {0x24005000, 0x7b000}},
    .ram_count = 2,
    /* the ROM uses DBGMCU_IDCODE as the serial number, the same in all parts */
    .dfu_serial = "200364500000",
    .dfu_flash = "@Internal Flash   /0x08000000/16*128Kg",
    .dfu_options = "@Option Bytes   /0x5200201C/01*128 e",
    .ob_window = {0x5200201c, 308},
    .ob_shorter = {128, 88},
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
    .pcrop_rows = 1u << 1 | 1u << 2,
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

#else /* CHIP_FIELDS */

#define DTCM_EFFECT                                                         \
    "ST's secure services use it while they run; all of it stays with the " \
    "firmware"

static const struct chip_ob_word dtcm[] = {
    {0, "2 KB", DTCM_EFFECT},     {1, "4 KB", DTCM_EFFECT},
    {2, "8 KB", DTCM_EFFECT},     {3, "16 KB", DTCM_EFFECT},
    {CHIP_ANY_VALUE, NULL, NULL},
};
/* RM0433, 6.5.2; volts as in ST's stm32h7xx_hal_flash_ex.h */
static const struct chip_ob_word brown_out[] = {
    {0, "threshold 0",
     "the part stops when the supply falls below about 1.6 V"},
    {1, "threshold 1",
     "the part stops when the supply falls below about 2.1 V"},
    {2, "threshold 2",
     "the part stops when the supply falls below about 2.4 V"},
    {3, "threshold 3",
     "the part stops when the supply falls below about 2.7 V"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
static const struct chip_ob_word security[] = {
    {1, "on",
     "for ever: the part starts in ST's secure bootloader, which guards the "
     "secure areas; a secure install needs it"},
    {0, "off",
     "secure areas guard nothing; a secure install needs SECURITY, which is "
     "then on for ever"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
static const struct chip_ob_word fast_pads[] = {
    {1, "on", "pads are fast, which is allowed only for a supply below 2.5 V"},
    {0, "off", "right for every supply"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
static const struct chip_ob_word swapped[] = {
    {1, "on",
     "from the next reset on bank 2 is at 0x08000000 and bank 1 at 0x08100000, "
     "with their protections"},
    {0, "off", "bank 1 is at 0x08000000"},
    {CHIP_ANY_VALUE, NULL, NULL},
};

/* RM0433, 4.9.7 and on */
static const struct chip_ob_field fields[] = {
    {"RDP", 0, 8, 8, "readout protection", sfi__chip_words_rdp},
    {"BOR_LEV", 0, 2, 2, "brown-out reset level", brown_out},
    {"IWDG1_SW", 0, 4, 1, "independent watchdog", sfi__chip_words_started_by},
    {"NRST_STOP_D1", 0, 6, 1, "entering DStop", sfi__chip_words_causes_reset},
    {"NRST_STBY_D1", 0, 7, 1, "entering DStandby",
     sfi__chip_words_causes_reset},
    {"IWDG_FZ_STOP", 0, 17, 1, "watchdog in Stop mode",
     sfi__chip_words_when_stopped},
    {"IWDG_FZ_SDBY", 0, 18, 1, "watchdog in Standby mode",
     sfi__chip_words_when_stopped},
    {"ST_RAM_SIZE", 0, 19, 2, "DTCM for ST's services", dtcm},
    {"SECURITY", 0, 21, 1, "secure access mode; cannot be taken back",
     security},
    {"IO_HSLV", 0, 29, 1, "high-speed I/O at low voltage", fast_pads},
    {"SWAP_BANK_OPT", 0, 31, 1, "the two banks are swapped", swapped},
    {"PROT_AREA_START1", 1, 0, 12, "first PCROP block of bank 1, in 256 bytes",
     NULL},
    {"PROT_AREA_END1", 1, 16, 12, "last PCROP block of bank 1", NULL},
    {"DMEP1", 1, 31, 1, "PCROP of bank 1 at an erase of all",
     sfi__chip_words_erased},
    {"PROT_AREA_START2", 2, 0, 12, "first PCROP block of bank 2, in 256 bytes",
     NULL},
    {"PROT_AREA_END2", 2, 16, 12, "last PCROP block of bank 2", NULL},
    {"DMEP2", 2, 31, 1, "PCROP of bank 2 at an erase of all",
     sfi__chip_words_erased},
    {"SEC_AREA_START1", 3, 0, 12, "first secure block of bank 1, in 256 bytes",
     NULL},
    {"SEC_AREA_END1", 3, 16, 12, "last secure block of bank 1", NULL},
    {"DMES1", 3, 31, 1, "secure area of bank 1 at an erase of all",
     sfi__chip_words_erased},
    {"SEC_AREA_START2", 4, 0, 12, "first secure block of bank 2, in 256 bytes",
     NULL},
    {"SEC_AREA_END2", 4, 16, 12, "last secure block of bank 2", NULL},
    {"DMES2", 4, 31, 1, "secure area of bank 2 at an erase of all",
     sfi__chip_words_erased},
    {"nWRP0", 5, 0, 1, "writing sector 0", sfi__chip_words_protected},
    {"nWRP1", 5, 1, 1, "writing sector 1", sfi__chip_words_protected},
    {"nWRP2", 5, 2, 1, "writing sector 2", sfi__chip_words_protected},
    {"nWRP3", 5, 3, 1, "writing sector 3", sfi__chip_words_protected},
    {"nWRP4", 5, 4, 1, "writing sector 4", sfi__chip_words_protected},
    {"nWRP5", 5, 5, 1, "writing sector 5", sfi__chip_words_protected},
    {"nWRP6", 5, 6, 1, "writing sector 6", sfi__chip_words_protected},
    {"nWRP7", 5, 7, 1, "writing sector 7", sfi__chip_words_protected},
    {"nWRP8", 6, 0, 1, "writing sector 8", sfi__chip_words_protected},
    {"nWRP9", 6, 1, 1, "writing sector 9", sfi__chip_words_protected},
    {"nWRP10", 6, 2, 1, "writing sector 10", sfi__chip_words_protected},
    {"nWRP11", 6, 3, 1, "writing sector 11", sfi__chip_words_protected},
    {"nWRP12", 6, 4, 1, "writing sector 12", sfi__chip_words_protected},
    {"nWRP13", 6, 5, 1, "writing sector 13", sfi__chip_words_protected},
    {"nWRP14", 6, 6, 1, "writing sector 14", sfi__chip_words_protected},
    {"nWRP15", 6, 7, 1, "writing sector 15", sfi__chip_words_protected},
    {"BOOT_CM7_ADD0", 7, 0, 16, "upper half of the boot address, BOOT0 low",
     sfi__chip_words_start},
    {"BOOT_CM7_ADD1", 7, 16, 16, "upper half of the boot address, BOOT0 high",
     sfi__chip_words_start},
};

/* Names: RM0433, 4.9, and RM0399; example: AN5054, figure 15, whose reserved
 * bits differ from those of new parts. */
static const struct chip_ob_info rows[] = {
    {{"OPTSR_PRG"}, 0x1026aad0},
    {{"PRAR_PRG1"}, 0x81000200},
    {{"PRAR_PRG2"}, 0x81000200},
    {{"SCAR_PRG1"}, 0x81000200},
    {{"SCAR_PRG2"}, 0x81000200},
    {{"WPSN_PRG1R", "WPSN_PRG1", "WPSGN_PRG1"}, 0xffffffff},
    {{"WPSN_PRG2R", "WPSN_PRG2", "WPSGN_PRG2"}, 0xffffffff},
    {{"BOOT_PRGR", "BOOT_PRG", "BOOT7_PRG", "BOOT7_PRGR"}, 0x24000800},
    {{"BOOT4_PRG", "BOOT4_PRGR"}, 0x10000810},
};

#define BANK (1u << 20)
#define BANK1 0x08000000
#define BANK2 (BANK1 + BANK)

/* RM0433, 4.5.4 and 4.5.5 */
const struct chip_field_list sfi__chip_fields_stm32h753 = {
    .fields = fields,
    .count = sizeof(fields) / sizeof(*fields),
    .rows = rows,
    .areas =
        {
            {CHIP_AREA_PCROP, "PROT_AREA_START1", "PROT_AREA_END1", "DMEP1",
             BANK1, 256, BANK},
            {CHIP_AREA_PCROP, "PROT_AREA_START2", "PROT_AREA_END2", "DMEP2",
             BANK2, 256, BANK},
            {CHIP_AREA_SECURE, "SEC_AREA_START1", "SEC_AREA_END1", "DMES1",
             BANK1, 256, BANK},
            {CHIP_AREA_SECURE, "SEC_AREA_START2", "SEC_AREA_END2", "DMES2",
             BANK2, 256, BANK},
        },
};

/* RM0433, 2.3.2 and 2.4; the option window as above.  The part has no OTP. */
static const struct chip_memory memories[] = {
    {"ITCM", {0x00000000, 64u << 10}, CHIP_MEMORY_RAM},
    {"the flash", {0x08000000, 2u << 20}, CHIP_MEMORY_FLASH},
    {"SRAM1", {0x10000000, 128u << 10}, CHIP_MEMORY_RAM}, /* once more below */
    {"SRAM2", {0x10020000, 128u << 10}, CHIP_MEMORY_RAM},
    {"SRAM3", {0x10040000, 32u << 10}, CHIP_MEMORY_RAM},
    {"system memory", {0x1ff00000, 128u << 10}, CHIP_MEMORY_SYSTEM},
    {"system memory", {0x1ff40000, 128u << 10}, CHIP_MEMORY_SYSTEM},
    {"DTCM", {0x20000000, 128u << 10}, CHIP_MEMORY_RAM},
    {"AXI SRAM", {0x24000000, 512u << 10}, CHIP_MEMORY_RAM},
    {"SRAM1", {0x30000000, 128u << 10}, CHIP_MEMORY_RAM},
    {"SRAM2", {0x30020000, 128u << 10}, CHIP_MEMORY_RAM},
    {"SRAM3", {0x30040000, 32u << 10}, CHIP_MEMORY_RAM},
    {"SRAM4", {0x38000000, 64u << 10}, CHIP_MEMORY_RAM},
    {"backup SRAM", {0x38800000, 4u << 10}, CHIP_MEMORY_RAM},
    {"the peripherals", {0x40000000, 0x1200201c}, CHIP_MEMORY_PERIPHERALS},
    {"the option bytes", {0x5200201c, 308}, CHIP_MEMORY_OPTIONS},
    {"the peripherals", {0x52002150, 0xdffdeb0}, CHIP_MEMORY_PERIPHERALS},
    {"external memory (FMC)", {0x60000000, 0x30000000}, CHIP_MEMORY_EXTERNAL},
    {"external memory (QUADSPI)",
     {0x90000000, 0x10000000},
     CHIP_MEMORY_EXTERNAL},
    {"external memory (FMC)", {0xc0000000, 0x20000000}, CHIP_MEMORY_EXTERNAL},
};

const struct chip_memory_list sfi__chip_memories_stm32h753 =
    CHIP_MEMORY_LIST(memories);

/* RM0433, 2.6 */
static const struct chip_start starts[] = {
    {"BOOT_CM7_ADD0", 0, false},
    {"BOOT_CM7_ADD1", 0, true},
};

/* RM0433, 2.3.2 */
static const struct chip_watchdog watchdogs[] = {
    {"IWDG1_SW", "IWDG1_KR", 0x58004800},
};

const struct chip_effects sfi__chip_effects_stm32h753 = {
    .starts = starts,
    .start_count = 2,
    .watchdogs = watchdogs,
    .watchdog_count = 1,
    .swap = "SWAP_BANK_OPT",
};

#endif
