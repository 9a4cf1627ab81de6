#include "chip/chip.h"

static const struct sfi_chip *const chips[CHIP_COUNT] = {
    &sfi__chip_stm32h753,
    &sfi__chip_stm32l462,
};

uint32_t
chip_range_end(const struct chip_range *r)
{
    return r->base + r->size;
}

bool
chip_range_has(const struct chip_range *r, uint32_t address, uint32_t size)
{
    uint32_t offset = address - r->base;

    return address >= r->base && offset <= r->size && size <= r->size - offset;
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
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
same_name(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

const sfi_chip *
sfi_chip_find(const char *name)
{
    for (uint32_t i = 0; name != NULL && i < CHIP_COUNT; i++) {
        if (same_name(chips[i]->name, name))
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
