/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The plan: which areas an image will have, firmware in ascending order, then
 * modules, then option bytes. */
#include "core/ctx.h"
#include "core/err.h"
#include "image/builder.h"

/* An area grows by a piece that shares a flash word with it and does not
 * overlap; an overlap is left for the rules to report. */
static bool
area_shares_word(const struct sfi_chip *chip, const struct rules_area *a,
                 const struct piece *p)
{
    uint64_t last = a->address + a->size - 1;

    return a->size > 0 && p->address > last &&
           p->address / chip->program_unit == last / chip->program_unit;
}

static bool
plan_add_area(struct plan *p, uint8_t type, const struct piece *piece)
{
    struct rules_area area = {type, piece->address, piece->len};
    struct plan_source source = {piece, 1};

    return sfi__buf_append(&p->areas, &area, sizeof(area)) &&
           sfi__buf_append(&p->sources, &source, sizeof(source));
}

static void
plan_extend_last_area(struct plan *p, const struct piece *piece)
{
    size_t last = sfi__plan_count(p) - 1;
    struct rules_area *area = (struct rules_area *)p->areas.data + last;

    area->size = piece->address - area->address + piece->len;
    ((struct plan_source *)p->sources.data)[last].count++;
}

static bool
plan_firmware(const sfi_image_builder *b, struct plan *p)
{
    for (size_t i = 0; i < piece_count(&b->pieces); i++) {
        const struct piece *piece = piece_at(&b->pieces, i);
        size_t count = sfi__plan_count(p);

        if (count > 0 &&
            area_shares_word(b->chip, sfi__plan_area(p, count - 1), piece))
            plan_extend_last_area(p, piece);
        else if (!plan_add_area(p, SFI_FORMAT_FIRMWARE, piece))
            return false;
    }
    return true;
}

static bool
plan_modules(const sfi_image_builder *b, struct plan *p)
{
    for (size_t i = 0; i < piece_count(&b->modules); i++) {
        if (!plan_add_area(p, SFI_FORMAT_MODULE, piece_at(&b->modules, i)))
            return false;
    }
    return true;
}

sfi_status
sfi__plan_make(const sfi_image_builder *b, struct plan *p)
{
    const struct alloc *alloc = &b->obj.ctx->alloc;

    p->ob = (struct piece){0, b->ob, b->ob_len};
    sfi__buf_init(&p->areas, alloc, false);
    sfi__buf_init(&p->sources, alloc, false);
    if (!plan_firmware(b, p) || !plan_modules(b, p) ||
        (b->ob_len > 0 && !plan_add_area(p, SFI_FORMAT_CONFIGURATION, &p->ob)))
        return sfi__nomem(b->obj.ctx);
    return SFI_OK;
}

void
sfi__plan_free(struct plan *p)
{
    sfi__buf_free(&p->areas);
    sfi__buf_free(&p->sources);
}

size_t
sfi__plan_count(const struct plan *p)
{
    return p->areas.len / sizeof(struct rules_area);
}

const struct rules_area *
sfi__plan_area(const struct plan *p, size_t i)
{
    return (const struct rules_area *)p->areas.data + i;
}

const struct plan_source *
sfi__plan_source(const struct plan *p, size_t i)
{
    return (const struct plan_source *)p->sources.data + i;
}

sfi_status
sfi__plan_check(sfi_image_builder *b, const struct plan *p,
                sfi_finding_fn report, void *user)
{
    struct findings f = {b->obj.ctx, report, user, &b->obj, SFI_OK, ""};
    struct rules_input in = {
        b->chip,
        "segment",
        (const struct rules_area *)p->areas.data,
        sfi__plan_count(p),
    };
    sfi_status st = sfi__rules_check(&in, &f);

    return st != SFI_OK ? st : sfi__findings_end(&f);
}
