/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks of a finished image: its structure alone, or also the rules of a chip.
 */
#include <sfi/image.h>

#include "util/buf.h"
#include "core/ctx.h"
#include "core/err.h"
#include "preflight/rules.h"
#include "wire/image.h"
#include "image/structure.h"

/* A finished image on its way into a layout. */
struct inspection {
    sfi_ctx *ctx;
    sfi_image_reader *reader;
    bool has_key;
    sfi_layout *layout; /* NULL: only the structure is checked */
    struct piece content;
};

/* Keep the plaintext of the area, which a reader with a key gives at once.  The
 * bytes never move: there is room for the whole image. */
static bool
inspect_keep_content(struct inspection *in, const sfi_image_event *e)
{
    struct buf *bytes = &in->layout->bytes;

    if (!sfi__buf_append(bytes, e->data, e->len))
        return false;
    in->content.data = bytes->data + bytes->len - e->len;
    in->content.len = e->len;
    return true;
}

static bool
inspect_add_area(struct inspection *in, const sfi_image_event *e)
{
    sfi_layout *l = in->layout;
    struct layout_area a = {
        .type = (uint8_t)e->area_kind,
        .address = e->address,
        .size = e->area_size,
        .first = &in->content,
    };

    in->content.address = e->address;
    if (a.type == SFI_FORMAT_FIRMWARE && in->content.len > 0)
        a.count = 1;
    if (a.type == SFI_FORMAT_CONFIGURATION &&
        in->content.len == l->plain.chip->ob_count * sizeof(uint32_t))
        sfi__layout_set_ob(l, in->content.data);
    if (!sfi__layout_add(l, &a))
        return false;
    in->content = (struct piece){0};
    return true;
}

static bool
inspect_take_event(struct inspection *in, const sfi_image_event *e)
{
    if (in->layout == NULL)
        return true;
    if (e->kind == SFI_EVENT_DATA && in->has_key)
        return inspect_keep_content(in, e);
    return e->kind != SFI_EVENT_AREA_END || inspect_add_area(in, e);
}

static sfi_status
inspect_take_events(struct inspection *in)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    while ((st = sfi_image_reader_next(in->reader, &e)) == SFI_OK &&
           e.kind != SFI_EVENT_NEED_INPUT) {
        if (!inspect_take_event(in, &e))
            return sfi__nomem(in->ctx);
    }
    return st;
}

static sfi_status
inspect_read(struct inspection *in, const uint8_t *image, size_t len)
{
    while (len > 0) {
        size_t used;
        sfi_status st = sfi_image_reader_push(in->reader, image, len, &used);

        if (st == SFI_OK)
            st = inspect_take_events(in);
        if (st != SFI_OK)
            return st;
        image += used;
        len -= used;
    }
    return sfi_image_reader_finish(in->reader);
}

static sfi_status
inspect_image(sfi_ctx *ctx, const uint8_t *image, size_t len,
              const sfi_key *key, const uint8_t *nonce, sfi_layout *layout)
{
    struct inspection in = {
        .ctx = ctx, .has_key = key != NULL, .layout = layout};
    sfi_status st = sfi_image_reader_new(ctx, key, nonce, &in.reader);

    if (st == SFI_OK)
        st = inspect_read(&in, image, len);
    sfi_image_reader_free(in.reader);
    return st;
}

sfi_status
sfi__image_structure(sfi_ctx *ctx, const uint8_t *image, size_t len)
{
    return inspect_image(ctx, image, len, NULL, NULL, NULL);
}

static sfi_status
inspect_new_layout(sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image,
                   size_t len, const sfi_key *key, const uint8_t *nonce,
                   sfi_layout **out)
{
    sfi_layout *l;
    sfi_status st = sfi__layout_new(ctx, chip, "area", &l);

    if (st != SFI_OK)
        return st;
    if (key != NULL && !sfi__buf_reserve(&l->bytes, len))
        st = sfi__nomem(ctx);
    if (st == SFI_OK)
        st = inspect_image(ctx, image, len, key, nonce, l);
    if (st != SFI_OK) {
        sfi__obj_unref(l);
        return st;
    }
    sfi__layout_end(l);
    *out = l;
    return SFI_OK;
}

sfi_status
sfi_image_layout(sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image,
                 size_t len, const sfi_key *key, const uint8_t *nonce,
                 sfi_layout **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, image != NULL || len == 0);
    SFI_ARG(ctx, (key == NULL) == (nonce == NULL));
    return inspect_new_layout(ctx, chip, image, len, key, nonce, out);
}

sfi_status
sfi_image_check(sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image,
                size_t len, sfi_finding_fn report, void *user)
{
    sfi_layout *l = NULL;
    sfi_status st;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, chip != NULL);
    SFI_ARG(ctx, image != NULL || len == 0);
    st = inspect_new_layout(ctx, chip, image, len, NULL, NULL, &l);
    if (st == SFI_OK)
        st = sfi_layout_check(l, report, user);
    sfi__obj_unref(l);
    return st;
}
