/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks of a finished image: its structure alone, or also the rules of a chip.
 */
#include <sfi/image.h>

#include "util/buf.h"
#include "core/ctx.h"
#include "core/err.h"
#include "preflight/rules.h"
#include "image/structure.h"

/* Collect the descriptors that the reader has reached. */
static sfi_status
inspect_collect_areas(sfi_ctx *ctx, sfi_image_reader *r, struct buf *areas)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    while ((st = sfi_image_reader_next(r, &e)) == SFI_OK &&
           e.kind != SFI_EVENT_NEED_INPUT) {
        struct rules_area a = {(uint8_t)e.area_kind, e.address, e.area_size};

        if (e.kind == SFI_EVENT_AREA_BEGIN &&
            !sfi__buf_append(areas, &a, sizeof(a)))
            return sfi__nomem(ctx);
    }
    return st;
}

static sfi_status
inspect_read_areas(sfi_ctx *ctx, const uint8_t *image, size_t len,
                   struct buf *areas)
{
    sfi_image_reader *r;
    sfi_status st = sfi_image_reader_new(ctx, NULL, NULL, &r);

    if (st != SFI_OK)
        return st;
    while (len > 0) {
        size_t used;

        st = sfi_image_reader_push(r, image, len, &used);
        if (st != SFI_OK)
            goto out;
        st = inspect_collect_areas(ctx, r, areas);
        if (st != SFI_OK)
            goto out;
        image += used;
        len -= used;
    }
    st = sfi_image_reader_finish(r);
out:
    sfi_image_reader_free(r);
    return st;
}

sfi_status
sfi__image_structure(sfi_ctx *ctx, const uint8_t *image, size_t len)
{
    struct buf areas;
    sfi_status st;

    sfi__buf_init(&areas, &ctx->alloc, false);
    st = inspect_read_areas(ctx, image, len, &areas);
    sfi__buf_free(&areas);
    return st;
}

static sfi_status
inspect_check_areas(const sfi_chip *chip, const struct buf *areas,
                    struct findings *f)
{
    struct rules_input in = {
        chip,
        "area",
        (const struct rules_area *)areas->data,
        areas->len / sizeof(struct rules_area),
    };
    sfi_status st = sfi__rules_check(&in, f);

    return st != SFI_OK ? st : sfi__findings_end(f);
}

sfi_status
sfi_image_check(sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image,
                size_t len, sfi_finding_fn report, void *user)
{
    struct findings f = {ctx, report, user, NULL, SFI_OK, ""};
    struct buf areas;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, image != NULL || len == 0);
    sfi__buf_init(&areas, &ctx->alloc, false);
    st = inspect_read_areas(ctx, image, len, &areas);
    if (st == SFI_OK)
        st = inspect_check_areas(chip, &areas, &f);
    sfi__buf_free(&areas);
    return st;
}
