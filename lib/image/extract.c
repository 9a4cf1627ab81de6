/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The firmware in an image, for who has its key. */
#include <sfi/image.h>

#include "core/ctx.h"
#include "core/err.h"
#include "firmware/load.h"
#include "wire/image.h"

/* How places are named where two areas claim the same address. */
static const struct format extract_format = {.name = "sfi", .place = "area"};

struct extraction {
    sfi_image_reader *reader;
    struct load load;
    uint32_t area; /* the only one to take; 0: all */
    bool found;    /* the area exists */
};

/* A reader with a key hands over an area after its tag has verified. */
static sfi_status
extract_take(struct extraction *x, const sfi_image_event *e)
{
    if (e->area_index == x->area && e->kind == SFI_EVENT_AREA_BEGIN)
        x->found = true;
    if (e->kind != SFI_EVENT_DATA || e->area_kind != SFI_AREA_FIRMWARE ||
        (x->area != 0 && e->area_index != x->area))
        return SFI_OK;
    x->load.place = e->area_index;
    return sfi__loader_data(&x->load, e->address, e->data, e->len);
}

static sfi_status
extract_take_events(struct extraction *x)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    while ((st = sfi_image_reader_next(x->reader, &e)) == SFI_OK &&
           e.kind != SFI_EVENT_NEED_INPUT) {
        st = extract_take(x, &e);
        if (st != SFI_OK)
            return st;
    }
    return st;
}

static sfi_status
extract_read(struct extraction *x, const uint8_t *image, size_t len)
{
    while (len > 0) {
        size_t used;
        sfi_status st = sfi_image_reader_push(x->reader, image, len, &used);

        if (st == SFI_OK)
            st = extract_take_events(x);
        if (st != SFI_OK)
            return st;
        image += used;
        len -= used;
    }
    return sfi_image_reader_finish(x->reader);
}

/* After every tag of the image has verified. */
static sfi_status
extract_finish(struct extraction *x, sfi_ctx *ctx, sfi_firmware *fw)
{
    if (x->area != 0 && !x->found)
        return sfi__fail(ctx, SFI_ERR_RANGE, "the image has no area %u",
                         x->area);
    if (x->load.runs.len == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         x->area != 0
                             ? "area %u holds no firmware, expected one of "
                               "type F"
                             : "the image holds no firmware",
                         x->area);
    fw->format = extract_format.name;
    return sfi__loader_finish(&x->load, fw);
}

static sfi_status
extract_firmware(struct extraction *x, sfi_ctx *ctx, const uint8_t *image,
                 size_t len, sfi_firmware **out)
{
    sfi_firmware *fw = sfi__firmware_new(ctx, NULL);
    sfi_status st;

    if (fw == NULL)
        return SFI_ERR_NOMEM;
    fw->bytes.wipe = true;
    st = extract_read(x, image, len);
    if (st == SFI_OK)
        st = extract_finish(x, ctx, fw);
    if (st == SFI_OK)
        *out = fw;
    else
        sfi_firmware_free(fw);
    return st;
}

sfi_status
sfi_image_firmware(sfi_ctx *ctx, const uint8_t *image, size_t len,
                   const sfi_key *key, const uint8_t *nonce, uint32_t area,
                   sfi_firmware **out)
{
    struct extraction x = {.area = area};
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, image != NULL || len == 0);
    SFI_HANDLE(ctx, key, KEY);
    SFI_ARG(ctx, nonce != NULL);
    sfi__loader_init(&x.load, ctx, NULL, &extract_format);
    x.load.data.wipe = true;
    x.load.text_size = 2 * (uint64_t)len; /* room for all: it never moves */
    st = sfi_image_reader_new(ctx, key, nonce, &x.reader);
    if (st == SFI_OK)
        st = extract_firmware(&x, ctx, image, len, out);
    sfi_image_reader_free(x.reader);
    sfi__loader_free(&x.load);
    return st;
}
