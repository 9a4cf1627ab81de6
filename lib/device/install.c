/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The flash of an install: erase, fill program units, program, read back. */
#include "device/device.h"

#include <string.h>

#include "device/port.h"
#include "util/mem.h"

/* Bytes read at once to check for erased flash. */
#define BLANK_CHUNK 256u

/* Erased: the first byte is 0xff, and each byte equals the one before it. */
static bool
install_is_blank(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0xff && sfi__equal(data, data + 1, len - 1));
}

/* SFI_CAUSE_NONE: erased; `otherwise`: not erased; _FLASH_VERIFY:
 * unreadable. */
static uint8_t
install_check_blank(struct sfi_device *dev, uint32_t addr, uint32_t len,
                    uint8_t otherwise)
{
    uint8_t chunk[BLANK_CHUNK];
    uint8_t cause = SFI_CAUSE_NONE;

    while (cause == SFI_CAUSE_NONE && len > 0) {
        uint32_t n = len < sizeof(chunk) ? len : (uint32_t)sizeof(chunk);

        if (!sfi__port_read(dev, addr, chunk, n))
            cause = SFI_CAUSE_FLASH_VERIFY;
        else if (!install_is_blank(chunk, n))
            cause = otherwise;
        addr += n;
        len -= n;
    }
    sfi__wipe(chunk, sizeof(chunk));
    return cause;
}

bool
sfi__install_erase(struct sfi_device *dev, const struct chip_range *range)
{
    return sfi__port_erase(dev, range->base, range->size) &&
           install_check_blank(dev, range->base, range->size,
                               SFI_CAUSE_FLASH_ERASE) == SFI_CAUSE_NONE;
}

/* AN4992, section 7: the last word of a bank cannot be programmed. */
static bool
install_hits_barred_word(const struct sfi_chip *chip, uint32_t first,
                         uint32_t end)
{
    uint32_t bank_end = chip->flash.base;

    if (!chip->last_word_barred)
        return false;
    do {
        bank_end += chip->bank_size;
        if (first < bank_end && end > bank_end - chip->program_unit)
            return true;
    } while (bank_end < sfi__chip_range_end(&chip->flash));
    return false;
}

/* An area takes whole program units of the flash. */
static uint32_t
install_first_unit(const struct sfi_chip *chip, const struct image_area *a)
{
    return a->address - a->address % chip->program_unit;
}

static uint32_t
install_units_end(const struct sfi_chip *chip, const struct image_area *a)
{
    uint32_t unit = chip->program_unit;
    uint32_t end = a->address + a->size;

    return end + (unit - end % unit) % unit;
}

/* Areas must ascend, so that none overlaps an earlier one.  A check of the
 * earlier flash for 0xff would leak its content: a host could alter a
 * descriptor, whose tag is verified later, and see the answer. */
uint8_t
sfi__install_check(struct sfi_device *dev, const struct image_area *a)
{
    const struct sfi_chip *chip = dev->chip;
    uint32_t first, end;

    if (a->size == 0 || a->size > chip->user.size)
        return SFI_CAUSE_AREA_SIZE;
    if (!sfi__chip_range_has(&chip->user, a->address, a->size))
        return SFI_CAUSE_AREA_ADDRESS;
    first = install_first_unit(chip, a);
    end = install_units_end(chip, a);
    if (first < dev->install.free_from)
        return SFI_CAUSE_AREA_BELOW;
    if (install_hits_barred_word(chip, first, end))
        return SFI_CAUSE_AREA_ADDRESS;
    return install_check_blank(dev, first, end - first, SFI_CAUSE_FLASH_ERASE);
}

static void
install_start_unit(struct install *in, uint32_t address, uint32_t fill)
{
    in->unit_address = address;
    in->unit_fill = fill;
    sfi__fill(in->unit, 0xff, sizeof(in->unit));
}

void
sfi__install_begin(struct sfi_device *dev, const struct image_area *a)
{
    uint32_t first = install_first_unit(dev->chip, a);

    install_start_unit(&dev->install, first, a->address - first);
    dev->install.free_from = install_units_end(dev->chip, a);
}

static uint8_t
install_program_unit(struct sfi_device *dev, uint32_t addr, const uint8_t *data,
                     uint32_t len)
{
    uint8_t back[DEVICE_UNIT_MAX];
    uint8_t cause = SFI_CAUSE_NONE;

    if (!sfi__port_program(dev, addr, data, len))
        cause = SFI_CAUSE_FLASH_PROGRAM;
    else if (!sfi__port_read(dev, addr, back, len) ||
             !sfi__ct_equal(back, data, len))
        cause = SFI_CAUSE_FLASH_VERIFY;
    sfi__wipe(back, sizeof(back));
    return cause;
}

/* Program also a unit of 0xff alone: skipping it would show in the time, and
 * leak the content byte by byte to a host that alters the image. */
uint8_t
sfi__install_flush(struct sfi_device *dev)
{
    struct install *in = &dev->install;
    uint32_t unit = dev->chip->program_unit;
    uint8_t cause = SFI_CAUSE_NONE;

    if (in->unit_fill > 0)
        cause = install_program_unit(dev, in->unit_address, in->unit, unit);
    install_start_unit(in, in->unit_address + unit, 0);
    return cause;
}

uint8_t
sfi__install_write(struct sfi_device *dev, const uint8_t *data, size_t len)
{
    struct install *in = &dev->install;
    uint8_t cause = SFI_CAUSE_NONE;

    while (cause == SFI_CAUSE_NONE && len > 0) {
        size_t room = dev->chip->program_unit - in->unit_fill;
        size_t n = len < room ? len : room;

        memcpy(in->unit + in->unit_fill, data, n);
        in->unit_fill += (uint32_t)n;
        data += n;
        len -= n;
        if (in->unit_fill == dev->chip->program_unit)
            cause = sfi__install_flush(dev);
    }
    return cause;
}
