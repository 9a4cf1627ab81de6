/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The public functions of option bytes: rows and fields, read and changed. */
#include "option_bytes/option_bytes.h"

#include <string.h>

#include "util/text.h"
#include "core/abi.h"
#include "core/err.h"
#include "core/files.h"
#include "chip/fields.h"
#include "chip/define/define.h"
#include "option_bytes/effect.h"
#include "option_bytes/rows.h"

SFI_ABI_PIN(sfi_option_field, effect);

#define FIELD_NAME_MAX 64u
/* Far more than a dozen rows of some thirty characters. */
#define CSV_LEN_MAX ((size_t)64 * 1024)

static void
option_bytes_destroy(void *self)
{
    sfi_option_bytes *ob = self;

    sfi__buf_free(&ob->csv);
}

sfi_status
sfi__option_bytes_new(sfi_ctx *ctx, const struct sfi_chip *chip,
                      const uint32_t *values, sfi_option_bytes **out)
{
    sfi_option_bytes *ob =
        sfi__obj_new(ctx, OBJ_OPTION_BYTES, sizeof(*ob), option_bytes_destroy);

    if (ob == NULL)
        return SFI_ERR_NOMEM;
    sfi__buf_init(&ob->csv, &ctx->alloc, false);
    ob->chip = chip;
    for (uint32_t i = 0; i < chip->ob_count; i++)
        ob->values[i] = values[i];
    *out = ob;
    return SFI_OK;
}

sfi_status
sfi_option_bytes_new(sfi_ctx *ctx, const sfi_chip *chip, sfi_option_bytes **out)
{
    uint32_t values[CHIP_OB_ROWS_MAX];
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, chip != NULL);
    st = sfi__chip_check_ctx(ctx, chip);
    if (st != SFI_OK)
        return st;
    for (uint32_t i = 0; i < chip->ob_count; i++)
        values[i] = chip->ob[i].shipped;
    return sfi__option_bytes_new(ctx, chip, values, out);
}

static sfi_status
option_bytes_new_from_csv(sfi_ctx *ctx, const sfi_chip *chip, const char *csv,
                          size_t len, sfi_option_bytes **out)
{
    uint32_t values[CHIP_OB_ROWS_MAX];
    sfi_status st = sfi__chip_check_ctx(ctx, chip);

    if (st == SFI_OK)
        st = sfi__ob_parse_csv(ctx, chip, csv, len, values);

    if (st != SFI_OK)
        return st;
    st = sfi__option_bytes_new(ctx, chip, values, out);
    if (st != SFI_OK)
        return st;
    (*out)->rdp_given = true;
    return SFI_OK;
}

sfi_status
sfi_option_bytes_parse(sfi_ctx *ctx, const sfi_chip *chip, const char *csv,
                       size_t len, sfi_option_bytes **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, csv != NULL || len == 0);
    if (len > CSV_LEN_MAX)
        return sfi__fail(ctx, SFI_ERR_LIMIT, "longer than %zu bytes, the limit",
                         CSV_LEN_MAX);
    return option_bytes_new_from_csv(ctx, chip, csv, len, out);
}

sfi_status
sfi_option_bytes_load(sfi_ctx *ctx, const sfi_chip *chip, const char *csv_path,
                      sfi_option_bytes **out)
{
    struct buf file;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, csv_path != NULL);
    st = sfi__load(ctx, csv_path, CSV_LEN_MAX, false, &file);
    if (st == SFI_OK) {
        st = option_bytes_new_from_csv(ctx, chip, (const char *)file.data,
                                       file.len, out);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", csv_path);
    }
    sfi__buf_free(&file);
    return st;
}

sfi_status
sfi_option_bytes_from_words(sfi_ctx *ctx, const sfi_chip *chip,
                            const uint32_t *words, size_t count,
                            sfi_option_bytes **out)
{
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, words != NULL);
    if (count != chip->ob_count)
        return sfi__fail(ctx, SFI_ERR_CHIP_RULE,
                         "%zu words of option bytes, %s has %lu", count,
                         chip->name, (unsigned long)chip->ob_count);
    st = sfi__option_bytes_new(ctx, chip, words, out);
    if (st == SFI_OK)
        (*out)->rdp_given = true;
    return st;
}

const sfi_chip *
sfi_option_bytes_chip(const sfi_option_bytes *ob)
{
    return sfi__is(ob, OBJ_OPTION_BYTES) ? ob->chip : NULL;
}

size_t
sfi_option_bytes_count(const sfi_option_bytes *ob)
{
    return sfi__is(ob, OBJ_OPTION_BYTES) ? ob->chip->ob_count : 0;
}

sfi_status
sfi_option_bytes_get(const sfi_option_bytes *ob, size_t index,
                     const char **name, uint32_t *value)
{
    SFI_ENTER(ob, OPTION_BYTES);
    SFI_ARG(ob, name != NULL);
    *name = NULL;
    SFI_ARG(ob, value != NULL);
    *value = 0;
    SFI_ARG(ob, index < ob->chip->ob_count);
    *name = ob->chip->ob[index].name;
    *value = ob->values[index];
    return SFI_OK;
}

/* ---- fields ---- */

size_t
sfi_option_bytes_field_count(const sfi_option_bytes *ob)
{
    size_t count = 0;

    if (sfi__is(ob, OBJ_OPTION_BYTES))
        (void)sfi__chip_fields(ob->chip, &count);
    return count;
}

sfi_status
sfi_option_bytes_get_field(const sfi_option_bytes *ob, size_t index,
                           sfi_option_field *out)
{
    const struct chip_ob_field *f;
    const struct chip_ob_word *w;
    sfi_option_field o = {.struct_size = sizeof(o)};
    size_t count;

    SFI_ENTER(ob, OPTION_BYTES);
    SFI_ARG(ob, out != NULL);
    f = sfi__chip_fields(ob->chip, &count);
    SFI_ARG(ob, index < count);
    f += index;
    o.row = f->row;
    o.shift = f->shift;
    o.width = f->width;
    o.value = sfi__ob_field_value(ob, f);
    o.shipped =
        ob->chip->ob[f->row].shipped >> f->shift & sfi__chip_field_mask(f);
    o.name = f->name;
    o.about = f->about;
    w = sfi__chip_field_word(f, o.value);
    o.text = w != NULL ? w->text : "";
    sfi__ob_effect(ob, f, o.effect);
    return SFI_ABI_OUT(ob, sfi_option_field, out, &o);
}

static sfi_status
option_bytes_unknown_field(const sfi_option_bytes *ob, const char *name)
{
    const char *meant = NULL;
    size_t least = 3; /* more than two edits: no suggestion */
    size_t count;
    const struct chip_ob_field *f = sfi__chip_fields(ob->chip, &count);

    for (size_t i = 0; i < count; i++) {
        size_t edits = sfi__text_distance(f[i].name, name);

        if (edits < least) {
            least = edits;
            meant = f[i].name;
        }
    }
    if (meant != NULL)
        return sfi__fail(ob->obj.ctx, SFI_ERR_CHIP_RULE,
                         "%s has no option byte \"%s\", did you mean \"%s\"",
                         ob->chip->name, name, meant);
    return sfi__fail(ob->obj.ctx, SFI_ERR_CHIP_RULE,
                     "%s has no option byte \"%s\"", ob->chip->name, name);
}

static sfi_status
option_bytes_set_field(sfi_option_bytes *ob, const struct chip_ob_field *f,
                       uint32_t value)
{
    uint32_t mask = sfi__chip_field_mask(f);

    if (value > mask)
        return sfi__fail(ob->obj.ctx, SFI_ERR_RANGE,
                         "%s is 0x%x, expected at most 0x%x", f->name,
                         (unsigned)value, (unsigned)mask);
    ob->values[f->row] &= ~(mask << f->shift);
    ob->values[f->row] |= value << f->shift;
    if (f->row == ob->chip->rdp_row && f->shift == ob->chip->rdp_shift)
        ob->rdp_given = true;
    return SFI_OK;
}

sfi_status
sfi_option_bytes_set(sfi_option_bytes *ob, const char *name, uint32_t value)
{
    const struct chip_ob_field *f;
    uint32_t row;

    SFI_ENTER(ob, OPTION_BYTES);
    SFI_ARG(ob, name != NULL);
    f = sfi__chip_field_find(ob->chip, name);
    if (f != NULL)
        return option_bytes_set_field(ob, f, value);
    row = sfi__ob_find_row(ob->chip, name);
    if (row == OB_NO_ROW)
        return option_bytes_unknown_field(ob, name);
    ob->values[row] = value;
    ob->rdp_given = ob->rdp_given || row == ob->chip->rdp_row;
    return SFI_OK;
}

sfi_status
sfi_option_bytes_set_word(sfi_option_bytes *ob, const char *word)
{
    char name[FIELD_NAME_MAX];
    const char *value;
    uint64_t number;

    SFI_ENTER(ob, OPTION_BYTES);
    SFI_ARG(ob, word != NULL);
    value = strchr(word, '=');
    if (value == NULL || value == word || value - word >= (int)sizeof(name) ||
        !sfi__text_to_u64(value + 1, UINT32_MAX, &number))
        return sfi__fail(ob->obj.ctx, SFI_ERR_FORMAT,
                         "\"%s\", expected NAME=VALUE, as RDP=0xBB", word);
    sfi__text_format(name, sizeof(name), "%.*s", (int)(value - word), word);
    return sfi_option_bytes_set(ob, name, (uint32_t)number);
}

const char *
sfi_option_bytes_permanent(const sfi_option_bytes *ob)
{
    const struct sfi_chip *chip;

    if (!sfi__is(ob, OBJ_OPTION_BYTES))
        return NULL;
    chip = ob->chip;
    if ((ob->values[chip->rdp_row] >> chip->rdp_shift & 0xffu) ==
        CHIP_RDP_LEVEL2)
        return "RDP level 2 is irreversible: the chip can never be read or "
               "changed again";
    if ((ob->values[chip->security_row] & chip->security_mask) != 0)
        return "SECURITY is irreversible";
    return NULL;
}

void
sfi_option_bytes_free(sfi_option_bytes *ob)
{
    sfi__obj_free(ob, OBJ_OPTION_BYTES);
}
