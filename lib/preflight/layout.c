/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The layout of an image: its areas, collected, and what callers ask of them.
 */
#include "preflight/layout.h"

#include <string.h>

#include "util/rd.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "wire/image.h"
#include "preflight/rules.h"

SFI_ABI_PIN(sfi_layout_area, reserved);

static void
layout_destroy(void *self)
{
    sfi_layout *l = self;

    sfi__obj_unref(l->owner);
    sfi__buf_free(&l->areas);
    sfi__buf_free(&l->pieces);
    sfi__buf_free(&l->notes);
    sfi__buf_free(&l->bytes);
}

sfi_status
sfi__layout_new(sfi_ctx *ctx, const struct sfi_chip *chip, const char *noun,
                sfi_layout **out)
{
    sfi_layout *l = sfi__obj_new(ctx, OBJ_LAYOUT, sizeof(*l), layout_destroy);

    if (l == NULL)
        return SFI_ERR_NOMEM;
    l->plain.chip = chip;
    l->plain.noun = noun;
    l->plain.fill = LAYOUT_FILL;
    sfi__buf_init(&l->areas, &ctx->alloc, false);
    sfi__buf_init(&l->pieces, &ctx->alloc, false);
    sfi__buf_init(&l->notes, &ctx->alloc, false);
    sfi__buf_init(&l->bytes, &ctx->alloc, true);
    *out = l;
    return SFI_OK;
}

bool
sfi__layout_add(sfi_layout *l, const struct layout_area *area)
{
    return sfi__buf_append(&l->areas, area, sizeof(*area)) &&
           (area->count == 0 ||
            sfi__buf_append(&l->pieces, area->first,
                            area->count * sizeof(*area->first)));
}

bool
sfi__layout_add_note(sfi_layout *l, const struct layout_note *note)
{
    return sfi__buf_append(&l->notes, note, sizeof(*note));
}

/* The pieces have moved while their list grew: point the areas to them. */
void
sfi__layout_end(sfi_layout *l)
{
    struct layout_area *a = (struct layout_area *)(void *)l->areas.data;
    const struct piece *p = (const struct piece *)(void *)l->pieces.data;

    l->plain.areas = a;
    l->plain.count = l->areas.len / sizeof(*a);
    l->plain.notes = (const struct layout_note *)(const void *)l->notes.data;
    l->plain.note_count = l->notes.len / sizeof(*l->plain.notes);
    for (size_t i = 0; i < l->plain.count; i++, a++) {
        a->first = NULL;
        if (a->count > 0) {
            a->first = p;
            p += a->count;
        }
    }
}

void
sfi__layout_set_ob(sfi_layout *l, const uint8_t *ob)
{
    size_t len = l->plain.chip->ob_count * sizeof(uint32_t);
    struct rd r;

    memcpy(l->ob_bytes, ob, len);
    sfi__rd_init(&r, ob, len);
    for (uint32_t i = 0; i < l->plain.chip->ob_count; i++)
        l->ob[i] = sfi__rd_u32le(&r);
    l->plain.ob = l->ob;
}

sfi_status
sfi_layout_check(sfi_layout *layout, sfi_finding_fn report, void *user)
{
    struct findings f = {.report = report, .user = user};

    SFI_ENTER(layout, LAYOUT);
    f.ctx = layout->obj.ctx;
    f.caller = &layout->obj;
    return sfi__rules_check(&layout->plain, &f);
}

const sfi_chip *
sfi_layout_chip(const sfi_layout *layout)
{
    return sfi__is(layout, OBJ_LAYOUT) ? layout->plain.chip : NULL;
}

size_t
sfi_layout_area_count(const sfi_layout *layout)
{
    return sfi__is(layout, OBJ_LAYOUT) ? layout->plain.count : 0;
}

uint64_t
sfi_layout_image_size(const sfi_layout *layout)
{
    uint64_t size = SFI_FORMAT_HEADER_LEN;

    if (!sfi__is(layout, OBJ_LAYOUT))
        return 0;
    for (size_t i = 0; i < layout->plain.count; i++)
        size += SFI_FORMAT_AREA_LEN + layout->plain.areas[i].size;
    return size;
}

sfi_status
sfi_layout_get_area(const sfi_layout *layout, size_t index,
                    sfi_layout_area *out)
{
    sfi_layout_area o = {.struct_size = sizeof(o), .file = ""};
    const struct layout_area *a;

    SFI_ENTER(layout, LAYOUT);
    SFI_ARG(layout, out != NULL);
    SFI_ARG(layout, index < layout->plain.count);
    a = &layout->plain.areas[index];
    o.kind = a->type;
    o.address = a->address;
    o.size = a->size;
    o.readable = a->first != NULL;
    if (a->first != NULL && a->first->file != NULL) {
        o.file = a->first->file;
        o.segment = a->first->segment;
    }
    return SFI_ABI_OUT(layout, sfi_layout_area, out, &o);
}

void
sfi_layout_free(sfi_layout *layout)
{
    sfi__obj_free(layout, OBJ_LAYOUT);
}
