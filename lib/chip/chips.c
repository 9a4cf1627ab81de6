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

/* RM0433, 4.3.9: a clear bit protects; RM0394, 3.7.14: a range of pages. */
bool
sfi__chip_write_protected(const struct sfi_chip *chip,
                          const uint32_t words[CHIP_WRP_ROWS], uint32_t sector,
                          uint32_t *row)
{
    uint32_t per_bank = chip->bank_size / chip->sector_size;

    for (uint32_t i = 0; i < CHIP_WRP_ROWS; i++) {
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
chip_name_matches(const char *a, const char *b)
{
    while (*a != '\0' && chip_lower_char(*a) == chip_lower_char(*b)) {
        a++;
        b++;
    }
    return chip_lower_char(*a) == chip_lower_char(*b);
}

const sfi_chip *
sfi_chip_find(const char *name)
{
    for (uint32_t i = 0; name != NULL && i < CHIP_COUNT; i++) {
        if (chip_name_matches(chips[i]->name, name))
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
sfi_chip_program_unit(const sfi_chip *chip)
{
    return chip != NULL ? chip->program_unit : 0;
}

const char *
sfi_chip_option_byte(const sfi_chip *chip, size_t index)
{
    return chip != NULL && index < chip->ob_count ? chip->ob[index].name : NULL;
}
