/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds the option-byte fields of a part, and describes their values. */
#include "chip/fields.h"

#include "util/text.h"
#include "chip/definition.h"
#include "chip/parts.h"

const struct chip_ob_word sfi__chip_words_rdp[] = {
    {CHIP_RDP_LEVEL0, "level 0: no protection",
     "anybody who has the part can read, copy and change its flash"},
    {CHIP_RDP_LEVEL2, "level 2: nothing can be read or changed, permanently",
     "for ever: no debugger, no bootloader, no other option bytes, no second "
     "install, no analysis of a part that fails"},
    {CHIP_ANY_VALUE, "level 1: memory cannot be read",
     "debuggers and bootloaders cannot read the flash; to go back to level 0 "
     "erases it"},
};
const struct chip_ob_word sfi__chip_words_started_by[] = {
    {1, "started by software", "runs only if the firmware starts it"},
    {0, "started by hardware",
     "runs from reset on: firmware that does not refresh it is reset again and "
     "again"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
const struct chip_ob_word sfi__chip_words_when_stopped[] = {
    {1, "keeps running",
     "a watchdog that runs resets the part unless it wakes in time"},
    {0, "is frozen", "the watchdog waits while the part sleeps"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
const struct chip_ob_word sfi__chip_words_causes_reset[] = {
    {1, "causes no reset", "the part can use this low-power mode"},
    {0, "causes a reset", "the part resets instead of going to sleep"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
const struct chip_ob_word sfi__chip_words_protected[] = {
    {1, "not protected", "firmware and programmers can erase and program it"},
    {0, "protected",
     "it can be neither erased nor programmed until this bit is set again"},
    {CHIP_ANY_VALUE, NULL, NULL},
};
const struct chip_ob_word sfi__chip_words_erased[] = {
    {1, "erased", "it goes when readout protection goes from level 1 to 0"},
    {0, "kept",
     "it stays when readout protection goes from level 1 to 0, and its sectors "
     "cannot be erased"},
    {CHIP_ANY_VALUE, NULL, NULL},
};

const struct chip_ob_word sfi__chip_words_start[] = {
    {CHIP_ANY_VALUE, NULL, NULL},
};

/* In the order of sfi__chip_at(): both come from CHIP_PARTS. */
#define AS_FIELD_LIST(part) &sfi__chip_fields_##part,
static const struct chip_field_list *const field_lists[CHIP_COUNT] = {
    CHIP_PARTS(AS_FIELD_LIST)};

static const struct chip_field_list no_fields;

static const struct chip_field_list *
chip_field_list(const struct sfi_chip *chip)
{
    if (chip->definition != NULL)
        return &chip->definition->fields;
    for (uint32_t i = 0; i < CHIP_COUNT; i++) {
        if (sfi__chip_at(i) == chip)
            return field_lists[i];
    }
    return &no_fields;
}

const struct chip_ob_field *
sfi__chip_fields(const struct sfi_chip *chip, size_t *count)
{
    *count = chip_field_list(chip)->count;
    return chip_field_list(chip)->fields;
}

const struct chip_ob_field *
sfi__chip_field_find(const struct sfi_chip *chip, const char *name)
{
    size_t count;
    const struct chip_ob_field *f = sfi__chip_fields(chip, &count);

    for (size_t i = 0; i < count; i++) {
        if (sfi__text_same(f[i].name, name))
            return &f[i];
    }
    return NULL;
}

const struct chip_ob_area *
sfi__chip_area_fields(const struct sfi_chip *chip, size_t *count)
{
    const struct chip_ob_area *a = chip_field_list(chip)->areas;

    for (*count = 0; a[*count].first != NULL; (*count)++)
        ;
    return a;
}

const struct chip_ob_info *
sfi__chip_row_info(const struct sfi_chip *chip, uint32_t row)
{
    return &chip_field_list(chip)->rows[row];
}

struct chip_reserved
sfi__chip_reserved(const struct sfi_chip *chip, uint32_t row)
{
    struct chip_reserved r = {0};
    uint32_t shipped = chip->ob[row].shipped;
    size_t count;
    const struct chip_ob_field *f = sfi__chip_fields(chip, &count);

    if (!chip->ob[row].is_register)
        return r;
    r.mask = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        if (f[i].row == row)
            r.mask &= ~(sfi__chip_field_mask(&f[i]) << f[i].shift);
    }
    r.value = shipped & r.mask;
    r.either = (shipped ^ sfi__chip_row_info(chip, row)->example) & r.mask;
    return r;
}

uint32_t
sfi__chip_field_mask(const struct chip_ob_field *field)
{
    return UINT32_MAX >> (32u - field->width);
}

const struct chip_ob_word *
sfi__chip_field_word(const struct chip_ob_field *field, uint32_t value)
{
    const struct chip_ob_word *w = field->words;

    if (w == NULL)
        return NULL;
    while (w->value != value && w->value != CHIP_ANY_VALUE)
        w++;
    return w->text != NULL ? w : NULL;
}
