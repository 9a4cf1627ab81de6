/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Looks into a layout: areas by address, option bytes by name. */
#include "preflight/view.h"

#include "wire/image.h"
#include "wire/smi.h"

/* ---- areas ---- */

uint64_t
sfi__area_flash_size(const struct layout_area *a)
{
    switch (a->type) {
    case SFI_FORMAT_FIRMWARE:
        return a->size;
    case SFI_FORMAT_MODULE:
        return a->size > SMI_HEADER_LEN ? a->size - SMI_HEADER_LEN : 0;
    default:
        return 0;
    }
}

bool
sfi__area_goes_to_flash(const struct layout_area *a)
{
    return a->type != SFI_FORMAT_CONFIGURATION;
}

struct place
sfi__area_place(const struct layout *in, size_t i)
{
    const struct layout_area *a = &in->areas[i];
    struct place at = {
        .area = (uint32_t)(i + 1),
        .address = a->address,
        .size = sfi__area_flash_size(a),
    };

    if (a->first != NULL) {
        at.file = a->first->file;
        at.segment = a->first->segment;
    }
    return at;
}

uint64_t
sfi__area_overlap(const struct layout_area *a, uint64_t address, uint64_t size)
{
    uint64_t len = sfi__area_flash_size(a);
    uint64_t skipped;

    if (a->address >= address) {
        skipped = a->address - address;
        if (skipped >= size)
            return 0;
        size -= skipped;
        return len < size ? len : size;
    }
    skipped = address - a->address;
    if (skipped >= len)
        return 0;
    len -= skipped;
    return len < size ? len : size;
}

bool
sfi__view_is_filled(const struct layout *in, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < in->count; i++) {
        if (sfi__area_overlap(&in->areas[i], address, size) > 0)
            return true;
    }
    return false;
}

static uint8_t
view_byte(const struct layout *in, const struct layout_area *a,
          uint64_t address)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct piece *p = &a->first[i];

        if (address >= p->address && address - p->address < p->len)
            return p->data[address - p->address];
    }
    return in->fill;
}

bool
sfi__view_read(const struct layout *in, uint64_t address, uint8_t *out,
               size_t len)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        if (a->type != SFI_FORMAT_FIRMWARE || a->first == NULL ||
            address < a->address || sfi__area_overlap(a, address, len) != len)
            continue;
        for (size_t k = 0; k < len; k++)
            out[k] = view_byte(in, a, address + k);
        return true;
    }
    return false;
}

/* ---- option bytes ---- */

uint32_t
sfi__view_value(const struct layout *in, const char *name)
{
    const struct chip_ob_field *f = sfi__chip_field_find(in->chip, name);

    return f == NULL ? 0 : in->ob[f->row] >> f->shift & sfi__chip_field_mask(f);
}

struct place
sfi__view_field_place(const struct layout *in, const char *name)
{
    const struct chip_ob_field *f = sfi__chip_field_find(in->chip, name);
    struct place at = {0};

    if (f != NULL) {
        at.row = in->chip->ob[f->row].name;
        at.field = f->name;
    }
    return at;
}

uint32_t
sfi__view_start(const struct layout *in, const struct chip_start *start)
{
    return start->field != NULL ? sfi__view_value(in, start->field) << 16u
                                : start->address;
}

uint32_t
sfi__view_programmed_at(const struct layout *in, uint32_t address)
{
    const struct sfi_chip *chip = in->chip;
    const char *swap = sfi__chip_effects(chip)->swap;

    if (swap == NULL || sfi__view_value(in, swap) == 0 ||
        !sfi__chip_range_has(&chip->flash, address, 1))
        return address;
    return chip->flash.base + ((address - chip->flash.base) ^ chip->bank_size);
}
