/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Write the image of a plan.  An area's tag precedes its content, so each area
 * is encrypted twice, once for the tag and once for the output: this takes
 * time, but no memory for the content.  Both times must give the same tag.  The
 * tags are kept: an image that is looked up in a register, shown and saved
 * needs them once. */
#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/gcm.h"
#include "crypto/hash.h"
#include "keys/key.h"
#include "image/builder.h"

/* Fewer calls cost less, up to about this size. */
#define CHUNK_LEN 16384u

static sfi_status
sink_write_bytes(struct sink *s, const uint8_t *data, size_t len)
{
    struct obj *o = &s->builder->obj;
    sfi_status st;

    if (s->write == NULL)
        return sfi__output_write(&s->file, data, len);
    o->busy = true;
    st = s->write(s->user, data, len);
    o->busy = false;
    return sfi__from_callback(o->ctx, st, "the write function");
}

/* Encrypt `len` bytes of `data`.  `s` NULL: compute the tag only. */
static sfi_status
image_seal_bytes(struct gcm *g, struct sink *s, const uint8_t *data,
                 uint64_t len)
{
    uint8_t chunk[CHUNK_LEN];
    sfi_status st;

    while (len > 0) {
        size_t n = len < sizeof(chunk) ? (size_t)len : sizeof(chunk);

        st = sfi__gcm_update(g, data, chunk, n);
        if (st == SFI_OK && s != NULL)
            st = sink_write_bytes(s, chunk, n);
        if (st != SFI_OK)
            return st;
        data += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
image_seal_fill(struct gcm *g, struct sink *s, uint8_t fill, uint64_t len)
{
    uint8_t chunk[CHUNK_LEN];
    sfi_status st = SFI_OK;

    sfi__fill(chunk, fill, sizeof(chunk));
    while (st == SFI_OK && len > 0) {
        uint64_t n = len < sizeof(chunk) ? len : sizeof(chunk);

        st = image_seal_bytes(g, s, chunk, n);
        len -= n;
    }
    return st;
}

static sfi_status
image_seal_content(struct gcm *g, struct sink *s, const struct layout *l,
                   const struct layout_area *src)
{
    uint64_t at = src->address;
    sfi_status st;

    for (size_t i = 0; i < src->count; i++) {
        const struct piece *p = &src->first[i];

        st = image_seal_fill(g, s, l->fill, p->address - at);
        if (st == SFI_OK)
            st = image_seal_bytes(g, s, p->data, p->len);
        if (st != SFI_OK)
            return st;
        at = p->address + p->len;
    }
    return image_seal_fill(g, s, l->fill, src->address + src->size - at);
}

static sfi_status
image_seal_message(struct gcm *g, struct sink *s, const uint8_t *iv,
                   const uint8_t *raw, const struct layout *l,
                   const struct layout_area *src)
{
    sfi_status st = sfi__gcm_start(g, iv, raw, SFI_FORMAT_AREA_AAD_LEN);

    return st == SFI_OK ? image_seal_content(g, s, l, src) : st;
}

/* The first bytes of an image, with their tag. */
static sfi_status
image_seal_header(const sfi_image_builder *b, struct gcm *g, size_t areas,
                  uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    struct image_header h = {.version = SFI_FORMAT_VERSION,
                             .areas = (uint16_t)areas};
    uint8_t iv[SFI_FORMAT_NONCE_LEN];
    sfi_status st;

    memcpy(h.magic, SFI_FORMAT_MAGIC, SFI_FORMAT_MAGIC_LEN);
    sfi__image_write_header(raw, &h);
    sfi__image_iv(iv, b->nonce, 0);
    st = sfi__gcm_start(g, iv, raw, SFI_FORMAT_HEADER_AAD_LEN);
    if (st == SFI_OK)
        st = sfi__gcm_tag(g, h.tag);
    if (st == SFI_OK)
        sfi__image_write_header(raw, &h);
    return st;
}

/* The descriptor of area `i`, with its tag. */
static sfi_status
image_seal_descriptor(const sfi_image_builder *b, struct gcm *g,
                      const struct layout *p, size_t i,
                      uint8_t raw[SFI_FORMAT_AREA_LEN])
{
    const struct layout_area *a = &p->areas[i];
    /* The rules have checked that all values fit their fields. */
    struct image_area d = {
        .type = a->type,
        .version = b->version,
        .index = (uint16_t)(i + 1),
        .size = (uint32_t)a->size,
        .address = (uint32_t)a->address,
        .areas = (uint16_t)p->count,
    };
    uint8_t iv[SFI_FORMAT_NONCE_LEN];
    sfi_status st;

    sfi__image_write_area(raw, &d);
    sfi__image_iv(iv, b->nonce, d.index);
    st = image_seal_message(g, NULL, iv, raw, p, a);
    if (st == SFI_OK)
        st = sfi__gcm_tag(g, d.tag);
    if (st == SFI_OK)
        sfi__image_write_area(raw, &d);
    return st;
}

/* Header and descriptors, one after the other, unless they are there. */
static sfi_status
image_seal_tags(sfi_image_builder *b, struct gcm *g, const struct layout *p)
{
    uint8_t raw[SFI_FORMAT_AREA_LEN];
    sfi_status st;

    if (b->sealed.len > 0)
        return SFI_OK;
    if (!sfi__buf_reserve(&b->sealed, SFI_FORMAT_HEADER_LEN +
                                          p->count * SFI_FORMAT_AREA_LEN))
        return sfi__nomem(b->obj.ctx);
    st = image_seal_header(b, g, p->count, raw);
    (void)sfi__buf_append(&b->sealed, raw, SFI_FORMAT_HEADER_LEN);
    for (size_t i = 0; st == SFI_OK && i < p->count; i++) {
        st = image_seal_descriptor(b, g, p, i, raw);
        (void)sfi__buf_append(&b->sealed, raw, sizeof(raw));
    }
    if (st != SFI_OK)
        sfi__buf_clear(&b->sealed);
    return st;
}

/* A firmware that changes meanwhile, or memory that fails, would give an image
 * that every chip refuses. */
static sfi_status
image_check_tag(sfi_image_builder *b, struct gcm *g, size_t area,
                const uint8_t *expected)
{
    uint8_t tag[SFI_FORMAT_TAG_LEN];
    sfi_status st = sfi__gcm_tag(g, tag);

    if (st != SFI_OK || sfi__ct_equal(tag, expected, sizeof(tag)))
        return st;
    sfi__buf_clear(&b->sealed);
    return sfi__fail(b->obj.ctx, SFI_ERR_CRYPTO,
                     "the content of area %zu has changed since its tag was "
                     "made; does this machine's memory fail",
                     area);
}

static sfi_status
image_write_areas(sfi_image_builder *b, struct gcm *g, struct sink *s,
                  const struct layout *p)
{
    const uint8_t *raw = b->sealed.data;
    uint8_t iv[SFI_FORMAT_NONCE_LEN];
    sfi_status st = sink_write_bytes(s, raw, SFI_FORMAT_HEADER_LEN);

    raw += SFI_FORMAT_HEADER_LEN;
    for (size_t i = 0; st == SFI_OK && i < p->count; i++) {
        st = sink_write_bytes(s, raw, SFI_FORMAT_AREA_LEN);
        if (st != SFI_OK)
            return st;
        sfi__image_iv(iv, b->nonce, (uint16_t)(i + 1));
        st = image_seal_message(g, s, iv, raw, p, &p->areas[i]);
        if (st == SFI_OK)
            st = image_check_tag(b, g, i + 1, raw + SFI_FORMAT_AREA_AAD_LEN);
        raw += SFI_FORMAT_AREA_LEN;
    }
    return st;
}

sfi_status
sfi__plan_write(sfi_image_builder *b, const struct layout *p, struct sink *s)
{
    struct gcm *g;
    sfi_status st = sfi__gcm_new(b->obj.ctx, GCM_SEAL, b->key->key_secret, &g);

    if (st == SFI_OK)
        st = image_seal_tags(b, g, p);
    if (st == SFI_OK)
        st = image_write_areas(b, g, s, p);
    sfi__gcm_free(g);
    return st;
}

sfi_status
sfi__plan_digest(sfi_image_builder *b, const struct layout *p,
                 uint8_t out[SFI_SHA256_LEN])
{
    struct gcm *g;
    sfi_status st = sfi__gcm_new(b->obj.ctx, GCM_SEAL, b->key->key_secret, &g);

    if (st == SFI_OK)
        st = image_seal_tags(b, g, p);
    if (st == SFI_OK)
        st = sfi__sha256(b->obj.ctx, b->sealed.data, b->sealed.len, out);
    sfi__gcm_free(g);
    return st;
}
