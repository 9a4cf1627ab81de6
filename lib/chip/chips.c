/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds parts and reads their tables.  Freestanding. */
#include "chip/chip.h"

#define AS_POINTER(part) &sfi__chip_##part,
static const struct sfi_chip *const chips[CHIP_COUNT] = {
    CHIP_PARTS(AS_POINTER)};

uint32_t
sfi__chip_range_end(const struct chip_range *r)
{
    return r->base + r->size;
}

bool
sfi__chip_range_has(const struct chip_range *r, uint32_t address, uint32_t size)
{
    uint32_t offset = address - r->base;

    return address >= r->base && offset <= r->size && size <= r->size - offset;
}

/* RM0433, 4.3.9: a clear bit protects; RM0394, 3.7.11: a range of pages. */
bool
sfi__chip_write_protected(const struct sfi_chip *chip,
                          const uint32_t words[CHIP_WRP_ROWS], uint32_t sector,
                          uint32_t *row)
{
    uint32_t per_bank = chip->bank_size / chip->sector_size;

    for (uint32_t i = 0; !chip->wrp_unknown && i < CHIP_WRP_ROWS; i++) {
        bool in =
            sector >= (words[i] & 0xffu) && sector <= (words[i] >> 16u & 0xffu);

        if (chip->wrp_by_bit)
            in = sector / per_bank == i &&
                 (words[i] >> sector % per_bank & 1u) == 0;
        if (in) {
            *row = chip->wrp_row[i];
            return true;
        }
    }
    return false;
}

const struct sfi_chip *
sfi__chip_at(uint32_t index)
{
    return index < CHIP_COUNT ? chips[index] : NULL;
}

const struct sfi_chip *
sfi__chip_by_device_id(uint32_t device_id)
{
    for (uint32_t i = 0; i < CHIP_COUNT; i++) {
        if (chips[i]->device_id == device_id)
            return chips[i];
    }
    return NULL;
}

static char
chip_lower_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
chip_text_has(const char *text, char c)
{
    while (*text != '\0' && *text != c)
        text++;
    return c != '\0' && *text == c;
}

/* What follows the size of the flash in an order code: the package, the
 * temperature range, then anything, such as "F" for the secure bootloader and
 * "TR" for tape and reel.  It may end after each. */
static bool
chip_is_order_suffix(const char *text)
{
    if (*text == '\0')
        return true;
    if (!chip_text_has("abcdefghijklmnopqrstuvwxyz", chip_lower_char(*text)))
        return false;
    if (*++text == '\0')
        return true;
    if (!chip_text_has("0123456789x", chip_lower_char(*text)))
        return false;
    while (*++text != '\0') {
        if (!chip_text_has("abcdefghijklmnopqrstuvwxyz0123456789",
                           chip_lower_char(*text)))
            return false;
    }
    return true;
}

/* "stm32h753" and "i" of "stm32h753xi", with any of the part's letters for the
 * number of pins between them. */
static bool
chip_has_name(const struct sfi_chip *chip, const char *text)
{
    const char *name = chip->name;

    for (; name[2] != '\0'; name++, text++) {
        if (*name != chip_lower_char(*text))
            return false;
    }
    return chip_text_has(chip->pins, chip_lower_char(text[0])) &&
           chip_lower_char(text[1]) == name[1] &&
           chip_is_order_suffix(text + 2);
}

const sfi_chip *
sfi_chip_find(const char *name)
{
    for (uint32_t i = 0; name != NULL && i < CHIP_COUNT; i++) {
        if (chip_has_name(chips[i], name))
            return chips[i];
    }
    return NULL;
}

const sfi_chip *
sfi_chip_find_id(uint32_t device_id)
{
    return sfi__chip_by_device_id(device_id);
}

const sfi_chip *
sfi_chip_at(size_t index)
{
    return index < CHIP_COUNT ? chips[index] : NULL;
}

const char *
sfi_chip_name(const sfi_chip *chip)
{
    return chip != NULL ? chip->name : "";
}

uint32_t
sfi_chip_device_id(const sfi_chip *chip)
{
    return chip != NULL ? chip->device_id : 0;
}

const char *
sfi_chip_product_id(const sfi_chip *chip)
{
    return chip != NULL ? chip->product_id : "";
}

uint64_t
sfi_chip_flash_base(const sfi_chip *chip)
{
    return chip != NULL ? chip->flash.base : 0;
}

uint64_t
sfi_chip_flash_size(const sfi_chip *chip)
{
    return chip != NULL ? chip->flash.size : 0;
}

uint32_t
sfi_chip_sector_size(const sfi_chip *chip)
{
    return chip != NULL ? chip->sector_size : 0;
}

uint32_t
sfi_chip_erase_ms(const sfi_chip *chip)
{
    if (chip == NULL)
        return 0;
    return chip->typical_ms != 0 ? chip->typical_ms : chip->erase_ms;
}

uint32_t
sfi_chip_program_unit(const sfi_chip *chip)
{
    return chip != NULL ? chip->program_unit : 0;
}

const char *
sfi_chip_interface(const sfi_chip *chip, size_t index)
{
    const char *names[4] = {"usart", "spi"};
    size_t count = 2;

    if (chip == NULL)
        return NULL;
    if (chip->dfu_serial != NULL)
        names[count++] = "usb";
    if (chip->dbgmcu != 0)
        names[count++] = "debug";
    return index < count ? names[index] : NULL;
}

const char *
sfi_chip_option_byte(const sfi_chip *chip, size_t index)
{
    return chip != NULL && index < chip->ob_count ? chip->ob[index].name : NULL;
}
