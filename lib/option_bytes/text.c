/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes as the CSV that csv.c reads, with or without an explanation. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "util/text.h"
#include "core/abi.h"
#include "core/err.h"
#include "option_bytes/effect.h"
#include "option_bytes/option_bytes.h"

/* The longest line: a field's name, description and text, or its effect. */
#define LINE_MAX_LEN 320u

struct text {
    const sfi_option_bytes *ob;
    struct buf *out;
    bool complete; /* false: no memory */
};

static void text_add(struct text *t, const char *fmt, ...) SFI_PRINTF(2, 3);

static void
text_add(struct text *t, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(line, sizeof(line), fmt, args);
    va_end(args);
    t->complete = t->complete && sfi__buf_append(t->out, line, strlen(line));
}

/* Bits of one kind with one value: how many fields from `f` on. */
static size_t
text_count_alike(const struct text *t, const struct chip_ob_field *f,
                 size_t left)
{
    size_t n = 1;

    while (n < left && f->words == sfi__chip_words_protected &&
           f[n].words == f->words && f[n].row == f->row &&
           sfi__ob_field_value(t->ob, &f[n]) == sfi__ob_field_value(t->ob, f))
        n++;
    return n;
}

static void
text_add_value(struct text *t, const struct chip_ob_field *f)
{
    uint32_t value = sfi__ob_field_value(t->ob, f);
    const struct chip_ob_word *w = sfi__chip_field_word(f, value);
    char effect[SFI_OPTION_EFFECT_MAX];

    text_add(t, "#     = 0x%" PRIx32 "%s%s\n", value, w != NULL ? ": " : "",
             w != NULL ? w->text : "");
    sfi__ob_effect(t->ob, f, effect);
    if (effect[0] != '\0')
        text_add(t, "#       %s\n", effect);
}

/* What the field could be instead. */
static void
text_add_others(struct text *t, const struct chip_ob_field *f)
{
    const struct chip_ob_word *now =
        sfi__chip_field_word(f, sfi__ob_field_value(t->ob, f));
    const struct chip_ob_word *w = f->words;

    for (; w != NULL && w->text != NULL; w++) {
        if (w != now && w->value != CHIP_ANY_VALUE)
            text_add(t, "#     0x%" PRIx32 ": %s\n", w->value, w->text);
        else if (w != now)
            text_add(t, "#     any other value: %s\n", w->text);
        if (w->value == CHIP_ANY_VALUE)
            break;
    }
}

static void
text_add_field(struct text *t, const struct chip_ob_field *f, size_t alike)
{
    const struct chip_ob_field *last = &f[alike - 1];

    if (alike > 1)
        text_add(t, "#   %s to %s, bits %u to %u: %s, and so on\n", f->name,
                 last->name, (unsigned)f->shift, (unsigned)last->shift,
                 f->about);
    else if (f->width > 1)
        text_add(t, "#   %s, bits %u to %u: %s\n", f->name, (unsigned)f->shift,
                 f->shift + f->width - 1u, f->about);
    else
        text_add(t, "#   %s, bit %u: %s\n", f->name, (unsigned)f->shift,
                 f->about);
    text_add_value(t, f);
    text_add_others(t, f);
}

static void
text_explain_row(struct text *t, uint32_t row)
{
    const struct sfi_chip *chip = t->ob->chip;
    const char *manual = sfi__chip_row_info(chip, row)->names[0];
    struct chip_reserved reserved = sfi__chip_reserved(chip, row);
    size_t count, alike;
    const struct chip_ob_field *f = sfi__chip_fields(chip, &count);

    if (!chip->ob[row].is_register)
        text_add(t, "#\n# %s is not written to the part.\n",
                 chip->ob[row].name);
    else if (manual != NULL)
        text_add(t, "#\n# %s, in ST's manual FLASH_%s:\n", chip->ob[row].name,
                 manual);
    else
        text_add(t, "#\n# %s:\n", chip->ob[row].name);
    for (size_t i = 0; i < count; i += alike) {
        alike = text_count_alike(t, &f[i], count - i);
        if (f[i].row == row)
            text_add_field(t, &f[i], alike);
    }
    if (reserved.mask != 0)
        text_add(t,
                 "#   reserved bits, 0x%08" PRIx32 ": keep them; 0x%08" PRIx32
                 " in a new part\n",
                 reserved.mask, reserved.value);
}

static void
text_explain(struct text *t)
{
    const struct sfi_chip *chip = t->ob->chip;

    text_add(t,
             "# Option bytes of %s: all of its %" PRIu32
             " rows, in this order.\n"
             "# libsfi skips lines that begin with #; ST's own files have "
             "none.\n",
             chip->name, chip->ob_count);
}

sfi_status
sfi_option_bytes_csv(sfi_option_bytes *ob, uint32_t flags, const char **csv)
{
    struct text t = {.ob = ob, .complete = true};
    bool explain = (flags & SFI_OPTION_EXPLAIN) != 0;

    SFI_ENTER(ob, OPTION_BYTES);
    SFI_ARG(ob, csv != NULL);
    *csv = NULL;
    SFI_ARG(ob, (flags & ~SFI_OPTION_EXPLAIN) == 0);
    t.out = &ob->csv;
    sfi__buf_clear(t.out);
    if (explain)
        text_explain(&t);
    for (uint32_t i = 0; i < ob->chip->ob_count; i++) {
        if (explain)
            text_explain_row(&t, i);
        text_add(&t, "%s,0x%08" PRIX32 "\n", ob->chip->ob[i].name,
                 ob->values[i]);
    }
    if (!t.complete || !sfi__buf_append(t.out, "", 1))
        return sfi__nomem(ob->obj.ctx);
    *csv = (const char *)t.out->data;
    return SFI_OK;
}
