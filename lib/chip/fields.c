/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "chip/fields.h"

/* ---- what values mean ---- */

static const struct chip_ob_word rdp[] = {
    {CHIP_RDP_LEVEL0, "level 0: no protection"},
    {CHIP_RDP_LEVEL2, "level 2: nothing can be read or changed, for ever"},
    {CHIP_ANY_VALUE, "level 1: memory cannot be read"},
};
static const struct chip_ob_word on_off[] = {
    {1, "on"},
    {0, "off"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word off_on[] = {
    {0, "on"},
    {1, "off"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word software[] = {
    {1, "started by software"},
    {0, "started by hardware"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word freeze[] = {
    {1, "it goes on"},
    {0, "it stands still"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word no_reset[] = {
    {1, "no reset"},
    {0, "a reset"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word protect[] = {
    {1, "not protected"},
    {0, "protected"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word erase[] = {
    {1, "erased"},
    {0, "kept"},
    {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word dtcm[] = {
    {0, "2 KB"}, {1, "4 KB"}, {2, "8 KB"}, {3, "16 KB"}, {CHIP_ANY_VALUE, NULL},
};
static const struct chip_ob_word boot0[] = {
    {1, "the pin"},
    {0, "the bit nBOOT0"},
    {CHIP_ANY_VALUE, NULL},
};

/* ---- STM32H753 (RM0433, 4.9.7 and on) ---- */

static const struct chip_ob_field stm32h753[] = {
    {"RDP", 0, 8, 8, "readout protection", rdp},
    {"BOR_LEV", 0, 2, 2, "brown-out reset level", NULL},
    {"IWDG1_SW", 0, 4, 1, "independent watchdog", software},
    {"NRST_STOP_D1", 0, 6, 1, "entering DStop makes", no_reset},
    {"NRST_STBY_D1", 0, 7, 1, "entering DStandby makes", no_reset},
    {"IWDG_FZ_STOP", 0, 17, 1, "watchdog in Stop mode", freeze},
    {"IWDG_FZ_SDBY", 0, 18, 1, "watchdog in Standby mode", freeze},
    {"ST_RAM_SIZE", 0, 19, 2, "DTCM for ST's services", dtcm},
    {"SECURITY", 0, 21, 1, "secure access mode; cannot be taken back", on_off},
    {"IO_HSLV", 0, 29, 1, "high-speed I/O at low voltage", on_off},
    {"SWAP_BANK_OPT", 0, 31, 1, "the two banks are swapped", on_off},
    {"PROT_AREA_START1", 1, 0, 12, "first PCROP block of bank 1, in 256 bytes",
     NULL},
    {"PROT_AREA_END1", 1, 16, 12, "last PCROP block of bank 1", NULL},
    {"DMEP1", 1, 31, 1, "PCROP of bank 1 at an erase of all", erase},
    {"PROT_AREA_START2", 2, 0, 12, "first PCROP block of bank 2, in 256 bytes",
     NULL},
    {"PROT_AREA_END2", 2, 16, 12, "last PCROP block of bank 2", NULL},
    {"DMEP2", 2, 31, 1, "PCROP of bank 2 at an erase of all", erase},
    {"SEC_AREA_START1", 3, 0, 12, "first secure block of bank 1, in 256 bytes",
     NULL},
    {"SEC_AREA_END1", 3, 16, 12, "last secure block of bank 1", NULL},
    {"DMES1", 3, 31, 1, "secure area of bank 1 at an erase of all", erase},
    {"SEC_AREA_START2", 4, 0, 12, "first secure block of bank 2, in 256 bytes",
     NULL},
    {"SEC_AREA_END2", 4, 16, 12, "last secure block of bank 2", NULL},
    {"DMES2", 4, 31, 1, "secure area of bank 2 at an erase of all", erase},
    {"nWRP0", 5, 0, 1, "writing sector 0", protect},
    {"nWRP1", 5, 1, 1, "writing sector 1", protect},
    {"nWRP2", 5, 2, 1, "writing sector 2", protect},
    {"nWRP3", 5, 3, 1, "writing sector 3", protect},
    {"nWRP4", 5, 4, 1, "writing sector 4", protect},
    {"nWRP5", 5, 5, 1, "writing sector 5", protect},
    {"nWRP6", 5, 6, 1, "writing sector 6", protect},
    {"nWRP7", 5, 7, 1, "writing sector 7", protect},
    {"nWRP8", 6, 0, 1, "writing sector 8", protect},
    {"nWRP9", 6, 1, 1, "writing sector 9", protect},
    {"nWRP10", 6, 2, 1, "writing sector 10", protect},
    {"nWRP11", 6, 3, 1, "writing sector 11", protect},
    {"nWRP12", 6, 4, 1, "writing sector 12", protect},
    {"nWRP13", 6, 5, 1, "writing sector 13", protect},
    {"nWRP14", 6, 6, 1, "writing sector 14", protect},
    {"nWRP15", 6, 7, 1, "writing sector 15", protect},
    {"BOOT_CM7_ADD0", 7, 0, 16, "upper half of the boot address, BOOT0 low",
     NULL},
    {"BOOT_CM7_ADD1", 7, 16, 16, "upper half of the boot address, BOOT0 high",
     NULL},
};

/* ---- STM32L462 (RM0394, 3.4) ---- */

static const struct chip_ob_field stm32l462[] = {
    {"RDP", 0, 0, 8, "readout protection", rdp},
    {"BOR_LEV", 0, 8, 3, "brown-out reset level", NULL},
    {"nRST_STOP", 0, 12, 1, "entering Stop makes", no_reset},
    {"nRST_STDBY", 0, 13, 1, "entering Standby makes", no_reset},
    {"nRST_SHDW", 0, 14, 1, "entering Shutdown makes", no_reset},
    {"IWDG_SW", 0, 16, 1, "independent watchdog", software},
    {"IWDG_STOP", 0, 17, 1, "watchdog in Stop mode", freeze},
    {"IWDG_STDBY", 0, 18, 1, "watchdog in Standby mode", freeze},
    {"WWDG_SW", 0, 19, 1, "window watchdog", software},
    {"nBOOT1", 0, 23, 1, "with BOOT0 high: 1 boots system memory, 0 SRAM1",
     NULL},
    {"SRAM2_PE", 0, 24, 1, "parity check of SRAM2", off_on},
    {"SRAM2_RST", 0, 25, 1, "erasing SRAM2 at a reset", off_on},
    {"nSWBOOT0", 0, 26, 1, "BOOT0 comes from", boot0},
    {"nBOOT0", 0, 27, 1, "the complement of BOOT0, when nSWBOOT0 is 0", NULL},
    {"PCROP1_STRT", 1, 0, 16, "first PCROP block, in 8 bytes", NULL},
    {"PCROP1_END", 2, 0, 16, "last PCROP block", NULL},
    {"PCROP_RDP", 2, 31, 1, "PCROP when readout protection goes", erase},
    {"WRP1A_STRT", 3, 0, 8, "first write-protected page of range A", NULL},
    {"WRP1A_END", 3, 16, 8, "last page of range A; before the first: none",
     NULL},
    {"WRP1B_STRT", 4, 0, 8, "first write-protected page of range B", NULL},
    {"WRP1B_END", 4, 16, 8, "last page of range B; before the first: none",
     NULL},
};

/* ---- asked for ---- */

const struct chip_ob_field *
sfi__chip_fields(const struct sfi_chip *chip, size_t *count)
{
    if (chip == &sfi__chip_stm32h753) {
        *count = sizeof(stm32h753) / sizeof(*stm32h753);
        return stm32h753;
    }
    *count = sizeof(stm32l462) / sizeof(*stm32l462);
    return stm32l462;
}

uint32_t
sfi__chip_field_mask(const struct chip_ob_field *field)
{
    return UINT32_MAX >> (32u - field->width);
}

const char *
sfi__chip_field_text(const struct chip_ob_field *field, uint32_t value)
{
    const struct chip_ob_word *w = field->words;

    if (w == NULL)
        return "";
    while (w->value != value && w->value != CHIP_ANY_VALUE)
        w++;
    return w->text != NULL ? w->text : "";
}
