/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The content of a file that was described: it is read again. */
#include <sfi/image.h>

#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "describe/kept.h"

#define IMAGE_MAX ((size_t)256 << 20)

/* Key and nonce, or neither. */
static const uint8_t *
content_nonce(const sfi_description *d)
{
    return d->key != NULL ? d->nonce_secret : NULL;
}

static sfi_status
content_end(const sfi_description *d, struct buf *image, sfi_status st)
{
    sfi__buf_free(image);
    return st == SFI_OK ? st : sfi__where(d->obj.ctx, "%s", d->path);
}

sfi_status
sfi_description_firmware(const sfi_description *d, uint32_t area,
                         sfi_firmware **out)
{
    struct buf image;
    sfi_status st;

    SFI_ENTER_NEW(d, DESCRIPTION, out);
    SFI_ARG(d, d->path != NULL);
    if (!sfi__description_is(d, "image")) {
        SFI_ARG(d, area == 0);
        return sfi_firmware_load(d->obj.ctx, d->path, out);
    }
    st = sfi__load(d->obj.ctx, d->path, IMAGE_MAX, false, &image);
    if (st != SFI_OK)
        return st;
    st = sfi_image_firmware(d->obj.ctx, image.data, image.len, d->key,
                            content_nonce(d), area, out);
    return content_end(d, &image, st);
}

sfi_status
sfi_description_layout(const sfi_description *d, const sfi_chip *chip,
                       sfi_layout **out)
{
    struct buf image;
    sfi_status st;

    SFI_ENTER_NEW(d, DESCRIPTION, out);
    SFI_ARG(d, d->path != NULL);
    st = sfi__load(d->obj.ctx, d->path, IMAGE_MAX, false, &image);
    if (st != SFI_OK)
        return st;
    st = sfi_image_layout(d->obj.ctx, chip, image.data, image.len, d->key,
                          content_nonce(d), out);
    return content_end(d, &image, st);
}
