/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds the protected areas of flash in the words of the option bytes. */
#include "chip/areas.h"

static uint32_t
area_field_value(const struct sfi_chip *chip, const char *name,
                 const uint32_t *words)
{
    const struct chip_ob_field *f = sfi__chip_field_find(chip, name);

    return words[f->row] >> f->shift & sfi__chip_field_mask(f);
}

static void
area_set_range(const struct sfi_chip *chip, const struct chip_ob_area *a,
               const uint32_t *words, struct chip_range *out)
{
    uint32_t first = area_field_value(chip, a->first, words);
    uint32_t last = area_field_value(chip, a->last, words);

    out->base = a->base + first * a->unit;
    out->size = 0;
    if (first == last && a->whole != 0)
        *out = (struct chip_range){a->base, a->whole};
    else if (first <= last)
        out->size = (last - first + 1) * a->unit;
}

/* The runs of protected sectors in each row of bits. */
static size_t
area_add_sectors(const struct sfi_chip *chip, const uint32_t *words,
                 struct chip_area *out)
{
    const uint32_t rows[CHIP_WRP_ROWS] = {words[chip->wrp_row[0]],
                                          words[chip->wrp_row[1]]};
    uint32_t sectors = chip->flash.size / chip->sector_size;
    uint32_t run_row = UINT32_MAX; /* of the run that goes on */
    size_t count = 0;

    for (uint32_t i = 0; i < sectors; i++) {
        uint32_t row;
        bool is_in = sfi__chip_write_protected(chip, rows, i, &row);

        if (is_in && row != run_row)
            out[count++] = (struct chip_area){
                .kind = CHIP_AREA_WRP,
                .erased = true,
                .row = row,
                .field = chip->ob[row].name,
                .flash = {chip->flash.base + i * chip->sector_size, 0},
            };
        if (is_in)
            out[count - 1].flash.size += chip->sector_size;
        run_row = is_in ? row : UINT32_MAX;
    }
    return count;
}

size_t
sfi__chip_areas(const struct sfi_chip *chip, const uint32_t *words,
                struct chip_area out[CHIP_AREAS_MAX])
{
    size_t count;
    size_t used = 0;
    const struct chip_ob_area *a = sfi__chip_area_fields(chip, &count);

    for (size_t i = 0; i < count; i++) {
        struct chip_area *o = &out[used++];

        o->kind = a[i].kind;
        o->row = sfi__chip_field_find(chip, a[i].first)->row;
        o->field = a[i].first;
        o->erased = a[i].erased == NULL ||
                    area_field_value(chip, a[i].erased, words) != 0;
        area_set_range(chip, &a[i], words, &o->flash);
    }
    if (chip->wrp_by_bit)
        used += area_add_sectors(chip, words, out + used);
    return used;
}
