/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks and copies a part that the program defines. */
#include "chip/define/define.h"

#include <string.h>

#include "util/text.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"

SFI_ABI_PIN(sfi_chip_definition, memory_count);

#define FLAGS \
    (SFI_CHIP_USB | SFI_CHIP_OPTION_COMPLEMENTS | SFI_CHIP_OPTION_RESETS)
#define NAME_MAX 31u
#define TEXT_MAX 255u
#define FIELDS_MAX 128u
#define MEMORIES_MAX 32u
#define DEVICE_ID_MAX 0xfffu
#define UNIT_MIN 4u
#define UNIT_MAX 32u
#define SECTORS_MAX 0xfff0u /* AN3155, 3.8: the larger numbers are commands */
#define RDP_WIDTH 8u
#define ERASE_MS_MAX 60000u
#define OPTIONS_MAX 256u
#define WORD_BITS 32u

#define HOLDS(ctx, cond, ...)                                  \
    do {                                                       \
        if (!(cond))                                           \
            return sfi__fail(ctx, SFI_ERR_RANGE, __VA_ARGS__); \
    } while (0)

/* ---- checks ---- */

static sfi_status
define_check_name(sfi_ctx *ctx, const char *name)
{
    size_t len = 0;

    SFI_ARG(ctx, name != NULL);
    while (len <= NAME_MAX && ((name[len] >= 'a' && name[len] <= 'z') ||
                               (name[len] >= '0' && name[len] <= '9')))
        len++;
    if (len == 0 || len > NAME_MAX || name[len] != '\0')
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "name \"%.40s\", expected 1 to %u of a-z and 0-9",
                         name, NAME_MAX);
    if (sfi_chip_find(name) != NULL)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "%s is a part that libsfi knows, expected a name of "
                         "your own",
                         name);
    return SFI_OK;
}

/* Not empty, and its end is an address, too. */
static bool
define_is_range(uint32_t base, uint32_t size)
{
    return size > 0 && size <= UINT32_MAX - base;
}

static sfi_status
define_check_flash(sfi_ctx *ctx, const sfi_chip_definition *d)
{
    uint32_t unit = d->program_unit;

    HOLDS(ctx, d->device_id >= 1 && d->device_id <= DEVICE_ID_MAX,
          "device_id 0x%x, expected 0x1 to 0x%x", d->device_id, DEVICE_ID_MAX);
    HOLDS(ctx, unit >= UNIT_MIN && unit <= UNIT_MAX && (unit & (unit - 1)) == 0,
          "program_unit %u, expected 4, 8, 16 or 32", unit);
    HOLDS(ctx, d->sector_size > 0 && d->sector_size % unit == 0,
          "sector_size %u, expected a multiple of program_unit (%u)",
          d->sector_size, unit);
    HOLDS(ctx,
          define_is_range(d->flash_base, d->flash_size) &&
              d->flash_size % d->sector_size == 0 &&
              d->flash_size / d->sector_size <= SECTORS_MAX,
          "flash_size 0x%x at 0x%08x, expected 1 to %u sectors of 0x%x below "
          "2^32",
          d->flash_size, d->flash_base, SECTORS_MAX, d->sector_size);
    HOLDS(ctx,
          d->bank_size == 0 || (d->bank_size % d->sector_size == 0 &&
                                d->flash_size % d->bank_size == 0),
          "bank_size 0x%x, expected sectors of 0x%x, and a part of 0x%x",
          d->bank_size, d->sector_size, d->flash_size);
    HOLDS(ctx, d->erase_ms >= 1 && d->erase_ms <= ERASE_MS_MAX,
          "erase_ms %u, expected 1 to %u", d->erase_ms, ERASE_MS_MAX);
    HOLDS(ctx, d->firmware_multiple <= d->flash_size,
          "firmware_multiple 0x%x is more than the flash",
          d->firmware_multiple);
    return SFI_OK;
}

static sfi_status
define_check_ranges(sfi_ctx *ctx, const sfi_chip_definition *d)
{
    const struct chip_range flash = {d->flash_base, d->flash_size};

    HOLDS(
        ctx,
        d->firmware_size == 0 ||
            (sfi__chip_range_has(&flash, d->firmware_base, d->firmware_size) &&
             d->firmware_base % d->program_unit == 0),
        "firmware_size 0x%x at 0x%08x is not in the flash", d->firmware_size,
        d->firmware_base);
    HOLDS(ctx, d->ram_size == 0 || define_is_range(d->ram_base, d->ram_size),
          "ram_size 0x%x at 0x%08x ends above 2^32", d->ram_size, d->ram_base);
    HOLDS(ctx,
          define_is_range(d->options_base, d->options_size) &&
              d->options_size <= OPTIONS_MAX,
          "options_size 0x%x at 0x%08x, expected 1 to %u bytes below 2^32",
          d->options_size, d->options_base, OPTIONS_MAX);
    return SFI_OK;
}

static sfi_status
define_check_text(sfi_ctx *ctx, const char *what, size_t i, const char *text)
{
    size_t len = 0;

    while (text != NULL && len <= TEXT_MAX && text[len] >= ' ' &&
           text[len] <= '~')
        len++;
    HOLDS(ctx, len >= 1 && len <= TEXT_MAX && text[len] == '\0',
          "%s %zu: expected 1 to %u visible ASCII characters", what, i,
          TEXT_MAX);
    return SFI_OK;
}

static sfi_status
define_check_rows(sfi_ctx *ctx, const sfi_chip_definition *d)
{
    /* a word and its complement */
    uint32_t need = (d->flags & SFI_CHIP_OPTION_COMPLEMENTS) != 0 ? 8 : 4;

    SFI_ARG(ctx, d->rows != NULL);
    HOLDS(ctx, d->row_count >= 1 && d->row_count <= CHIP_OB_ROWS_MAX,
          "row_count %zu, expected 1 to %u", d->row_count, CHIP_OB_ROWS_MAX);
    for (size_t i = 0; i < d->row_count; i++) {
        const sfi_chip_row *r = &d->rows[i];
        sfi_status st = define_check_text(ctx, "name of row", i, r->name);

        if (st != SFI_OK)
            return st;
        HOLDS(ctx, (r->flags & ~SFI_CHIP_ROW_READ_ONLY) == 0,
              "row %s: flags 0x%x are unknown", r->name, r->flags);
        HOLDS(ctx,
              d->options_size >= need && r->current <= d->options_size - need &&
                  r->pending <= d->options_size - need && r->current % 4 == 0 &&
                  r->pending % 4 == 0,
              "row %s: offsets 0x%x and 0x%x, expected words in the 0x%x bytes "
              "of the option bytes",
              r->name, r->current, r->pending, d->options_size);
    }
    return SFI_OK;
}

static uint32_t
define_field_bits(const sfi_chip_field *f)
{
    return UINT32_MAX >> (WORD_BITS - f->width) << f->shift;
}

static sfi_status
define_check_field(sfi_ctx *ctx, const sfi_chip_definition *d, size_t i)
{
    const sfi_chip_field *f = &d->fields[i];
    sfi_status st = define_check_text(ctx, "name of field", i, f->name);

    if (st == SFI_OK && f->about != NULL)
        st = define_check_text(ctx, "about of field", i, f->about);
    if (st != SFI_OK)
        return st;
    HOLDS(ctx,
          f->row < d->row_count && f->width >= 1 && f->width <= WORD_BITS &&
              f->shift <= WORD_BITS - f->width && f->reserved == 0,
          "field %s: %u bits at %u of row %u, expected bits of one row",
          f->name, f->width, f->shift, f->row);
    for (size_t k = 0; k < i; k++) {
        const sfi_chip_field *other = &d->fields[k];

        if (other->row == f->row &&
            (define_field_bits(other) & define_field_bits(f)) != 0)
            return sfi__fail(ctx, SFI_ERR_OVERLAP,
                             "fields %s and %s share a bit", other->name,
                             f->name);
        HOLDS(ctx, !sfi__text_same(other->name, f->name),
              "two fields are called %s", f->name);
    }
    return SFI_OK;
}

/* The readout protection decides what a target may do. */
static const sfi_chip_field *
define_rdp(const sfi_chip_definition *d)
{
    for (size_t i = 0; i < d->field_count; i++) {
        if (sfi__text_same(d->fields[i].name, "RDP") &&
            d->fields[i].width == RDP_WIDTH)
            return &d->fields[i];
    }
    return NULL;
}

static sfi_status
define_check_fields(sfi_ctx *ctx, const sfi_chip_definition *d)
{
    SFI_ARG(ctx, d->fields != NULL);
    HOLDS(ctx, d->field_count >= 1 && d->field_count <= FIELDS_MAX,
          "field_count %zu, expected 1 to %u", d->field_count, FIELDS_MAX);
    for (size_t i = 0; i < d->field_count; i++) {
        sfi_status st = define_check_field(ctx, d, i);

        if (st != SFI_OK)
            return st;
    }
    HOLDS(ctx, define_rdp(d) != NULL,
          "no field RDP of 8 bits, the readout protection");
    return SFI_OK;
}

/* The flash and the option bytes are memories as well. */
static sfi_status
define_check_memories(sfi_ctx *ctx, const struct chip_memory *m, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct chip_range *a = &m[k].range, *b = &m[i].range;

            if (a->base < sfi__chip_range_end(b) &&
                b->base < sfi__chip_range_end(a))
                return sfi__fail(ctx, SFI_ERR_OVERLAP,
                                 "%s and %s share the address 0x%08x",
                                 m[k].name, m[i].name,
                                 a->base > b->base ? a->base : b->base);
        }
    }
    return SFI_OK;
}

static sfi_status
define_check(sfi_ctx *ctx, const sfi_chip_definition *d)
{
    sfi_status st;

    SFI_ARG(ctx, (d->flags & ~FLAGS) == 0);
    st = define_check_name(ctx, d->name);
    if (st == SFI_OK)
        st = define_check_flash(ctx, d);
    if (st == SFI_OK)
        st = define_check_ranges(ctx, d);
    if (st == SFI_OK)
        st = define_check_rows(ctx, d);
    return st == SFI_OK ? define_check_fields(ctx, d) : st;
}

/* ---- copies ---- */

/* NULL: no memory. */
static const char *
define_copy_text(sfi_ctx *ctx, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = sfi__ctx_keep(ctx, size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static sfi_status
define_copy_rows(sfi_ctx *ctx, const sfi_chip_definition *d,
                 struct chip_definition *o)
{
    struct chip_ob_info *info =
        sfi__ctx_keep(ctx, d->row_count * sizeof(*info));

    if (info == NULL)
        return SFI_ERR_NOMEM;
    o->fields.rows = info;
    o->chip.ob_count = (uint32_t)d->row_count;
    for (size_t i = 0; i < d->row_count; i++) {
        const sfi_chip_row *r = &d->rows[i];

        info[i].example = r->shipped;
        o->chip.ob[i] = (struct chip_ob_row){
            .name = define_copy_text(ctx, r->name),
            .shipped = r->shipped,
            .current = r->current,
            .pending = r->pending,
            .is_register = (r->flags & SFI_CHIP_ROW_READ_ONLY) == 0,
        };
        if (o->chip.ob[i].name == NULL)
            return SFI_ERR_NOMEM;
    }
    return SFI_OK;
}

static sfi_status
define_copy_fields(sfi_ctx *ctx, const sfi_chip_definition *d,
                   struct chip_definition *o)
{
    const sfi_chip_field *rdp = define_rdp(d);
    struct chip_ob_field *fields =
        sfi__ctx_keep(ctx, d->field_count * sizeof(*fields));

    if (fields == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < d->field_count; i++) {
        const sfi_chip_field *f = &d->fields[i];

        fields[i] = (struct chip_ob_field){
            .name = define_copy_text(ctx, f->name),
            .row = (uint8_t)f->row,
            .shift = (uint8_t)f->shift,
            .width = (uint8_t)f->width,
            .about = f->about != NULL ? define_copy_text(ctx, f->about) : "",
            .words = f == rdp ? sfi__chip_words_rdp : NULL,
        };
        if (fields[i].name == NULL || fields[i].about == NULL)
            return SFI_ERR_NOMEM;
    }
    o->fields.fields = fields;
    o->fields.count = d->field_count;
    o->chip.rdp_row = rdp->row;
    o->chip.rdp_shift = rdp->shift;
    return SFI_OK;
}

static sfi_status
define_copy_memory(sfi_ctx *ctx, const sfi_chip_memory_range *from, size_t i,
                   struct chip_memory *to)
{
    static const enum chip_memory_kind kinds[] = {
        [SFI_MEMORY_RAM] = CHIP_MEMORY_RAM,
        [SFI_MEMORY_EXTERNAL] = CHIP_MEMORY_EXTERNAL,
        [SFI_MEMORY_OTP] = CHIP_MEMORY_OTP,
        [SFI_MEMORY_SYSTEM] = CHIP_MEMORY_SYSTEM,
        [SFI_MEMORY_ALIAS] = CHIP_MEMORY_ALIAS,
        [SFI_MEMORY_PERIPHERALS] = CHIP_MEMORY_PERIPHERALS,
    };
    sfi_status st = define_check_text(ctx, "name of memory", i, from->name);

    if (st != SFI_OK)
        return st;
    HOLDS(ctx,
          from->kind >= SFI_MEMORY_RAM &&
              from->kind <= SFI_MEMORY_PERIPHERALS && from->reserved == 0,
          "memory %s: kind %u, expected 1 to %d", from->name, from->kind,
          SFI_MEMORY_PERIPHERALS);
    HOLDS(ctx, define_is_range(from->base, from->size),
          "memory %s: 0x%x bytes at 0x%08x end above 2^32", from->name,
          from->size, from->base);
    to->name = define_copy_text(ctx, from->name);
    to->range = (struct chip_range){from->base, from->size};
    to->kind = kinds[from->kind];
    return to->name != NULL ? SFI_OK : SFI_ERR_NOMEM;
}

static sfi_status
define_copy_memories(sfi_ctx *ctx, const sfi_chip_definition *d,
                     struct chip_definition *o)
{
    struct chip_memory *m;
    size_t count = d->memory_count + 2;

    HOLDS(ctx, d->memory_count <= MEMORIES_MAX,
          "memory_count %zu, expected at most %u", d->memory_count,
          MEMORIES_MAX);
    SFI_ARG(ctx, d->memories != NULL || d->memory_count == 0);
    m = sfi__ctx_keep(ctx, count * sizeof(*m));
    if (m == NULL)
        return SFI_ERR_NOMEM;
    m[0] = (struct chip_memory){
        "the flash", {d->flash_base, d->flash_size}, CHIP_MEMORY_FLASH};
    m[1] = (struct chip_memory){"the option bytes",
                                {d->options_base, d->options_size},
                                CHIP_MEMORY_OPTIONS};
    for (size_t i = 0; i < d->memory_count; i++) {
        sfi_status st = define_copy_memory(ctx, &d->memories[i], i, &m[i + 2]);

        if (st != SFI_OK)
            return st;
    }
    o->memories = (struct chip_memory_list){m, count};
    return define_check_memories(ctx, m, count);
}

static void
define_copy_numbers(const sfi_chip_definition *d, struct sfi_chip *chip)
{
    chip->pins = "";
    chip->twins = "another part";
    chip->device_id = d->device_id;
    chip->bootloader_id_at = d->bootloader_id_at;
    chip->flash_size_at = d->flash_size_at;
    chip->flash = (struct chip_range){d->flash_base, d->flash_size};
    chip->bank_size = d->bank_size != 0 ? d->bank_size : d->flash_size;
    chip->sector_size = d->sector_size;
    chip->program_unit = d->program_unit;
    chip->erase_ms = d->erase_ms;
    chip->user = chip->flash;
    if (d->firmware_size != 0)
        chip->user = (struct chip_range){d->firmware_base, d->firmware_size};
    chip->total_multiple = d->firmware_multiple != 0 ? d->firmware_multiple : 1;
    chip->ram[0] = (struct chip_range){d->ram_base, d->ram_size};
    chip->ram_count = d->ram_size != 0;
    if ((d->flags & SFI_CHIP_USB) != 0)
        chip->dfu_serial = ""; /* found by its flash */
    chip->ob_window = (struct chip_range){d->options_base, d->options_size};
    chip->ob_complements = (d->flags & SFI_CHIP_OPTION_COMPLEMENTS) != 0;
    chip->ob_write_resets = (d->flags & SFI_CHIP_OPTION_RESETS) != 0;
    chip->wrp_unknown = true;
}

static sfi_status
define_copy(sfi_ctx *ctx, const sfi_chip_definition *d,
            struct chip_definition *o)
{
    sfi_status st;

    o->ctx = ctx;
    o->chip.definition = o;
    define_copy_numbers(d, &o->chip);
    o->chip.name = define_copy_text(ctx, d->name);
    st = o->chip.name != NULL ? SFI_OK : SFI_ERR_NOMEM;
    if (st == SFI_OK)
        st = define_copy_rows(ctx, d, o);
    if (st == SFI_OK)
        st = define_copy_fields(ctx, d, o);
    return st == SFI_OK ? define_copy_memories(ctx, d, o) : st;
}

sfi_status
sfi_chip_define(sfi_ctx *ctx, const sfi_chip_definition *definition,
                const sfi_chip **out)
{
    sfi_chip_definition d;
    struct chip_definition *o;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, definition != NULL);
    st = SFI_ABI_IN(ctx, sfi_chip_definition, &d, definition);
    if (st == SFI_OK)
        st = define_check(ctx, &d);
    if (st != SFI_OK)
        return st;
    o = sfi__ctx_keep(ctx, sizeof(*o));
    if (o == NULL)
        return SFI_ERR_NOMEM;
    st = define_copy(ctx, &d, o);
    if (st == SFI_OK)
        *out = &o->chip;
    return st;
}

/* ---- where such a part is not enough ---- */

sfi_status
sfi__chip_check_ctx(sfi_ctx *ctx, const struct sfi_chip *chip)
{
    if (chip == NULL || chip->definition == NULL ||
        chip->definition->ctx == ctx)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "%s was defined in another context, expected this one",
                     chip->name);
}

sfi_status
sfi__chip_need_security(sfi_ctx *ctx, const struct sfi_chip *chip)
{
    if (chip == NULL || chip->definition == NULL)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "%s was defined by this program: libsfi assumes no "
                     "security extension of it, and programs it as an open "
                     "part only",
                     chip->name);
}
