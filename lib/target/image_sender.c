/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sends an image piece by piece: the header, then each area and its content. */
#include "target/image_sender.h"

#include "util/mem.h"
#include "core/err.h"

static sfi_status
sender_fail_truncated(sfi_ctx *ctx, const struct image_sender *s, size_t need)
{
    return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                     "the image ends after %zu bytes, expected %zu more",
                     s->len, need - (s->len - s->at));
}

sfi_status
sfi__image_sender_init(struct image_sender *s, sfi_ctx *ctx,
                       const uint8_t *image, size_t len, size_t data_max)
{
    sfi__zero(s, sizeof(*s));
    s->image = image;
    s->len = len;
    s->data_max = data_max;
    if (len < SFI_FORMAT_HEADER_LEN)
        return sender_fail_truncated(ctx, s, SFI_FORMAT_HEADER_LEN);
    sfi__image_read_header(&s->header, image);
    return SFI_OK;
}

bool
sfi__image_sender_done(const struct image_sender *s)
{
    return s->at > 0 && s->areas_sent == s->header.areas;
}

static void
sender_end_area(struct image_sender *s)
{
    if (s->offset == s->area.size)
        s->areas_sent++;
}

static sfi_status
sender_send_area(struct image_sender *s, sfi_target *t)
{
    const uint8_t *raw = s->image + s->at;
    sfi_status st;

    if (s->len - s->at < SFI_FORMAT_AREA_LEN)
        return sender_fail_truncated(t->obj.ctx, s, SFI_FORMAT_AREA_LEN);
    sfi__image_read_area(&s->area, raw);
    s->offset = 0;
    st = sfi__dialect_area(t, raw);
    if (st != SFI_OK)
        return st;
    s->at += SFI_FORMAT_AREA_LEN;
    sender_end_area(s);
    return SFI_OK;
}

static sfi_status
sender_send_data(struct image_sender *s, sfi_target *t)
{
    size_t left = s->area.size - s->offset;
    size_t n = left < s->data_max ? left : s->data_max;
    sfi_status st;

    if (s->len - s->at < n)
        return sender_fail_truncated(t->obj.ctx, s, n);
    st = sfi__dialect_data(t, s->offset, s->image + s->at, n);
    if (st != SFI_OK)
        return st;
    s->at += n;
    s->offset += (uint32_t)n;
    sender_end_area(s);
    return SFI_OK;
}

sfi_status
sfi__image_sender_step(struct image_sender *s, sfi_target *t)
{
    size_t number = s->areas_sent + 1;
    sfi_status st;

    if (s->at == 0) {
        st = sfi__dialect_header(t, s->image);
        if (st != SFI_OK)
            return st;
        s->at = SFI_FORMAT_HEADER_LEN;
        return SFI_OK;
    }
    if (s->offset == s->area.size)
        st = sender_send_area(s, t);
    else
        st = sender_send_data(s, t);
    if (st == SFI_ERR_DEVICE || st == SFI_ERR_TRUNCATED)
        (void)sfi__where(t->obj.ctx, "area %zu", number);
    return st;
}
