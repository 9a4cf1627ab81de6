/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The effect of a value: that of its word, of the address that it is, or of the
 * area that it begins or ends. */
#include "option_bytes/effect.h"

#include <inttypes.h>

#include "util/text.h"
#include "chip/areas.h"
#include "chip/memory.h"

uint32_t
sfi__ob_field_value(const sfi_option_bytes *ob, const struct chip_ob_field *f)
{
    return ob->values[f->row] >> f->shift & sfi__chip_field_mask(f);
}

static void
effect_of_address(const struct sfi_chip *chip, uint32_t address, char *out)
{
    const struct chip_memory *m = sfi__chip_memory_at(chip, address);

    sfi__text_format(out, SFI_OPTION_EFFECT_MAX,
                     "the part starts what is at 0x%08" PRIx32 ", in %s",
                     address, m != NULL ? m->name : "no memory of the part");
}

/* The area that a field begins or ends; NULL: it is another field. */
static const struct chip_ob_area *
effect_find_area(const struct sfi_chip *chip, const char *field, size_t *index)
{
    size_t count;
    const struct chip_ob_area *a = sfi__chip_area_fields(chip, &count);

    for (*index = 0; *index < count; (*index)++) {
        if (sfi__text_same(a[*index].first, field) ||
            sfi__text_same(a[*index].last, field))
            return &a[*index];
    }
    return NULL;
}

static void
effect_of_area(const sfi_option_bytes *ob, size_t index, char *out)
{
    static const char *const what[] = {
        [CHIP_AREA_PCROP] = "code there runs but cannot be read, and nothing "
                            "there can be programmed or erased",
        [CHIP_AREA_SECURE] = "only code of secure areas can read, program or "
                             "erase it, if SECURITY is on",
        [CHIP_AREA_WRP] = "it can be neither programmed nor erased",
    };
    struct chip_area areas[CHIP_AREAS_MAX];
    const struct chip_area *a = &areas[index];

    /* the areas of fields come first, in their order */
    (void)sfi__chip_areas(ob->chip, ob->values, areas);
    if (a->flash.size == 0)
        sfi__text_format(out, SFI_OPTION_EFFECT_MAX,
                         "no area: its start is after its end");
    else
        sfi__text_format(out, SFI_OPTION_EFFECT_MAX,
                         "0x%08" PRIx32 " to 0x%08" PRIx32 ": %s",
                         a->flash.base, sfi__chip_range_end(&a->flash) - 1,
                         what[a->kind]);
}

void
sfi__ob_effect(const sfi_option_bytes *ob, const struct chip_ob_field *f,
               char out[SFI_OPTION_EFFECT_MAX])
{
    uint32_t value = sfi__ob_field_value(ob, f);
    const struct chip_ob_word *w = sfi__chip_field_word(f, value);
    size_t index;

    out[0] = '\0';
    if (w != NULL && w->effect != NULL)
        (void)sfi__text_copy(out, SFI_OPTION_EFFECT_MAX, w->effect);
    else if (f->words == sfi__chip_words_start)
        effect_of_address(ob->chip, value << 16, out);
    else if (effect_find_area(ob->chip, f->name, &index) != NULL)
        effect_of_area(ob, index, out);
}
