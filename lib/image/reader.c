/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The image reader: bytes of an image in, events out.
 *
 * Without a key only the structure is checked, and content passes through as it
 * arrives.  With the key nothing is released before its tag has verified: an
 * area is gathered whole, in a buffer that grows with the bytes received, not
 * by the size that its descriptor claims. */
#include <inttypes.h>
#include <string.h>

#include "util/buf.h"
#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/gcm.h"
#include "keys/key.h"
#include "wire/image.h"
#include "image/structure.h"

#include <sfi/image.h>

SFI_ABI_PIN(sfi_image_event, tag_len);

/* Four times the largest flash of the parts with SFI. */
#define READER_AREA_MAX ((uint32_t)16 << 20)
/* The most content of one event without a key. */
#define READER_CHUNK 4096u

enum reader_state {
    READ_HEADER,     /* gathering the 28 bytes */
    READ_DESCRIPTOR, /* gathering the 30 bytes of an area */
    READ_CONTENT,
    READ_END, /* nothing may follow */
};

struct sfi_image_reader {
    struct obj obj;
    struct gcm *gcm; /* NULL: no key */
    uint8_t nonce[SFI_FORMAT_NONCE_LEN];
    sfi_status failed; /* sticky */
    enum reader_state state;
    uint8_t raw[SFI_FORMAT_AREA_LEN]; /* header or descriptor */
    size_t raw_len;
    struct image_header header;
    struct image_area area; /* the current one */
    uint16_t areas_done;
    uint32_t content;    /* bytes of the current area received so far */
    uint32_t released;   /* ... passed to the caller so far */
    struct buf gathered; /* content not yet passed to the caller */
    uint32_t pending[4]; /* events to return, the next one first */
    size_t pending_count;
    bool lent;       /* `gathered` was lent with the last event */
    struct buf fed;  /* bytes of the caller ... */
    size_t fed_used; /* ... of which so many were read */
};

static void
reader_destroy(void *self)
{
    sfi_image_reader *r = self;

    sfi__gcm_free(r->gcm);
    sfi__wipe(r->nonce, sizeof(r->nonce));
    sfi__buf_free(&r->gathered);
    sfi__buf_free(&r->fed);
}

static sfi_status
reader_new(sfi_ctx *ctx, const sfi_key *key, const uint8_t *nonce,
           sfi_image_reader **out)
{
    sfi_image_reader *r =
        sfi__obj_new(ctx, OBJ_IMAGE_READER, sizeof(*r), reader_destroy);
    sfi_status st = SFI_OK;

    if (r == NULL)
        return SFI_ERR_NOMEM;
    sfi__buf_init(&r->gathered, &ctx->alloc, true);
    sfi__buf_init(&r->fed, &ctx->alloc, false);
    if (key != NULL) {
        memcpy(r->nonce, nonce, sizeof(r->nonce));
        st = sfi__gcm_new(ctx, GCM_OPEN, key->key_secret, &r->gcm);
    }
    if (st != SFI_OK) {
        sfi__obj_unref(r);
        return st;
    }
    *out = r;
    return SFI_OK;
}

sfi_status
sfi_image_reader_new(sfi_ctx *ctx, const sfi_key *key, const uint8_t *nonce,
                     sfi_image_reader **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    if (key != NULL)
        SFI_HANDLE(ctx, key, KEY);
    SFI_ARG(ctx, (key == NULL) == (nonce == NULL));
    return reader_new(ctx, key, nonce, out);
}

void
sfi_image_reader_free(sfi_image_reader *r)
{
    sfi__obj_free(r, OBJ_IMAGE_READER);
}

/* ---- header and areas ---- */

static void
reader_queue_event(sfi_image_reader *r, uint32_t kind)
{
    r->pending[r->pending_count++] = kind;
}

/* The one place where an image fails to authenticate. */
static sfi_status
reader_authenticate(sfi_image_reader *r, const uint8_t *tag)
{
    return sfi__gcm_verify(r->gcm, tag);
}

static sfi_status
reader_begin_message(sfi_image_reader *r, uint16_t index, size_t aad_len)
{
    uint8_t iv[SFI_FORMAT_NONCE_LEN];

    sfi__image_iv(iv, r->nonce, index);
    return sfi__gcm_start(r->gcm, iv, r->raw, aad_len);
}

static sfi_status
reader_take_header(sfi_image_reader *r)
{
    sfi_status st;

    sfi__image_read_header(&r->header, r->raw);
    st = sfi__header_check(r->obj.ctx, &r->header);
    if (st != SFI_OK)
        return st;
    if (r->gcm != NULL) {
        st = reader_begin_message(r, 0, SFI_FORMAT_HEADER_AAD_LEN);
        if (st != SFI_OK)
            return st;
        st = reader_authenticate(r, r->header.tag);
        if (st != SFI_OK)
            return st;
    }
    reader_queue_event(r, SFI_EVENT_HEADER);
    r->state = READ_DESCRIPTOR;
    return SFI_OK;
}

/* All content of the area has arrived. */
static sfi_status
reader_end_area(sfi_image_reader *r)
{
    if (r->gcm != NULL) {
        sfi_status st = reader_authenticate(r, r->area.tag);

        if (st != SFI_OK)
            return st;
        reader_queue_event(r, SFI_EVENT_AREA_BEGIN);
        if (r->gathered.len > 0)
            reader_queue_event(r, SFI_EVENT_DATA);
    }
    reader_queue_event(r, SFI_EVENT_AREA_END);
    r->areas_done++;
    r->state = READ_DESCRIPTOR;
    if (r->areas_done == r->header.areas) {
        reader_queue_event(r, SFI_EVENT_DONE);
        r->state = READ_END;
    }
    return SFI_OK;
}

static sfi_status
reader_take_descriptor(sfi_image_reader *r)
{
    struct image_area before = r->area;
    sfi_status st;

    sfi__image_read_area(&r->area, r->raw);
    st = sfi__area_check(r->obj.ctx, &r->header,
                         r->areas_done > 0 ? &before : NULL, &r->area);
    if (st != SFI_OK)
        return st;
    if (r->gcm != NULL) {
        if (r->area.size > READER_AREA_MAX)
            return sfi__fail(r->obj.ctx, SFI_ERR_LIMIT,
                             "%" PRIu32
                             " bytes, the reader accepts at most %" PRIu32,
                             r->area.size, READER_AREA_MAX);
        st = reader_begin_message(r, r->area.index, SFI_FORMAT_AREA_AAD_LEN);
        if (st != SFI_OK)
            return st;
    }
    r->content = 0;
    r->released = 0;
    r->state = READ_CONTENT;
    if (r->gcm == NULL)
        reader_queue_event(r, SFI_EVENT_AREA_BEGIN);
    return r->area.size == 0 ? reader_end_area(r) : SFI_OK;
}

static sfi_status
reader_take_content(sfi_image_reader *r, const uint8_t *data, size_t len)
{
    struct buf *g = &r->gathered;
    sfi_status st = SFI_OK;

    if (!sfi__buf_reserve(g, len))
        return sfi__nomem(r->obj.ctx);
    if (r->gcm != NULL)
        st = sfi__gcm_update(r->gcm, data, g->data + g->len, len);
    else
        memcpy(g->data + g->len, data, len);
    if (st != SFI_OK)
        return st;
    g->len += len;
    r->content += (uint32_t)len; /* len <= size - content */
    if (r->gcm == NULL)
        reader_queue_event(r, SFI_EVENT_DATA);
    return r->content == r->area.size ? reader_end_area(r) : SFI_OK;
}

/* ---- push ---- */

/* Fill the raw header or descriptor; true when it is whole. */
static bool
reader_gather_raw(sfi_image_reader *r, size_t want, const uint8_t *data,
                  size_t len, size_t *used)
{
    *used = len < want - r->raw_len ? len : want - r->raw_len;
    memcpy(r->raw + r->raw_len, data, *used);
    r->raw_len += *used;
    if (r->raw_len < want)
        return false;
    r->raw_len = 0;
    return true;
}

/* Consume at least one byte of `data`, and at most up to the next event. */
static sfi_status
reader_take_bytes(sfi_image_reader *r, const uint8_t *data, size_t len,
                  size_t *used)
{
    uint32_t left = r->area.size - r->content;

    switch (r->state) {
    case READ_HEADER:
        if (!reader_gather_raw(r, SFI_FORMAT_HEADER_LEN, data, len, used))
            return SFI_OK;
        return reader_take_header(r);
    case READ_DESCRIPTOR:
        if (!reader_gather_raw(r, SFI_FORMAT_AREA_LEN, data, len, used))
            return SFI_OK;
        return reader_take_descriptor(r);
    case READ_CONTENT:
        *used = len < left ? len : left;
        if (r->gcm == NULL && *used > READER_CHUNK)
            *used = READER_CHUNK;
        return reader_take_content(r, data, *used);
    case READ_END:
        return sfi__fail(r->obj.ctx, SFI_ERR_FORMAT,
                         "%zu bytes follow the last area, expected the end",
                         len);
    }
    return sfi__fail(r->obj.ctx, SFI_ERR_INTERNAL, "reader state %d",
                     (int)r->state);
}

/* Bytes lent with the last event are invalid from here on. */
static void
reader_end_loan(sfi_image_reader *r)
{
    if (!r->lent)
        return;
    r->lent = false;
    r->released += (uint32_t)r->gathered.len;
    sfi__buf_clear(&r->gathered);
}

static sfi_status
reader_add_where(const sfi_image_reader *r)
{
    struct sfi_ctx *ctx = r->obj.ctx;

    switch (r->state) {
    case READ_HEADER:
        return sfi__where(ctx, "header");
    case READ_DESCRIPTOR:
    case READ_CONTENT:
        return sfi__where(ctx, "area %u", r->areas_done + 1u);
    case READ_END:
        return sfi__where(ctx, "area %u", r->header.areas);
    }
    return SFI_ERR_INTERNAL;
}

/* Once refused, an image stays refused. */
static sfi_status
reader_refuse_image(sfi_image_reader *r, sfi_status st)
{
    r->failed = st;
    r->pending_count = 0;
    r->lent = false;
    sfi__buf_clear(&r->gathered);
    return st == SFI_ERR_NOMEM ? st
                               : reader_add_where(r); /* not about a place */
}

static sfi_status
reader_refused_before(const sfi_image_reader *r)
{
    return sfi__fail(r->obj.ctx, r->failed, "this image was already refused");
}

static sfi_status
reader_push_bytes(sfi_image_reader *r, const uint8_t *data, size_t len,
                  size_t *consumed)
{
    if (r->failed != SFI_OK)
        return reader_refused_before(r);
    reader_end_loan(r);
    while (r->pending_count == 0 && *consumed < len) {
        size_t used = 0;
        sfi_status st =
            reader_take_bytes(r, data + *consumed, len - *consumed, &used);

        *consumed += used;
        if (st != SFI_OK)
            return reader_refuse_image(r, st);
    }
    return SFI_OK;
}

sfi_status
sfi_image_reader_push(sfi_image_reader *r, const uint8_t *data, size_t len,
                      size_t *consumed)
{
    SFI_ENTER(r, IMAGE_READER);
    SFI_ARG(r, consumed != NULL);
    *consumed = 0;
    SFI_ARG(r, data != NULL || len == 0);
    if (r->fed.len > 0)
        return r->failed != SFI_OK ? reader_refused_before(r) : SFI_OK;
    return reader_push_bytes(r, data, len, consumed);
}

/* ---- feed ---- */

sfi_status
sfi_image_reader_feed(sfi_image_reader *r, const uint8_t *data, size_t len)
{
    SFI_ENTER(r, IMAGE_READER);
    SFI_ARG(r, data != NULL || len == 0);
    if (r->failed != SFI_OK)
        return reader_refused_before(r);
    if (!sfi__buf_append(&r->fed, data, len))
        return sfi__nomem(r->obj.ctx);
    return SFI_OK;
}

/* Read what was fed up to the next event. */
static sfi_status
reader_read_fed(sfi_image_reader *r)
{
    size_t used = 0;
    sfi_status st;

    if (r->pending_count > 0 || r->fed.len == 0)
        return SFI_OK;
    st = reader_push_bytes(r, r->fed.data + r->fed_used,
                           r->fed.len - r->fed_used, &used);
    r->fed_used += used;
    if (r->fed_used == r->fed.len || st != SFI_OK) {
        sfi__buf_clear(&r->fed);
        r->fed_used = 0;
    }
    return st;
}

/* ---- next ---- */

static uint32_t
reader_next_event(sfi_image_reader *r)
{
    uint32_t kind = r->pending_count > 0 ? r->pending[0] : SFI_EVENT_NEED_INPUT;

    for (size_t i = 1; i < r->pending_count; i++)
        r->pending[i - 1] = r->pending[i];
    r->pending_count -= r->pending_count > 0;
    return kind;
}

static void
event_describe_header(const sfi_image_reader *r, sfi_image_event *e)
{
    e->version = r->header.version;
    e->aad = r->raw;
    e->aad_len = SFI_FORMAT_HEADER_AAD_LEN;
    e->tag = r->header.tag;
    e->tag_len = sizeof(r->header.tag);
}

static void
event_describe_area(const sfi_image_reader *r, sfi_image_event *e)
{
    e->area_index = r->area.index;
    e->area_kind = r->area.type;
    e->area_size = r->area.size;
    e->version = r->area.version;
    e->address = r->area.address;
}

static void
event_describe(sfi_image_reader *r, sfi_image_event *e)
{
    e->area_count = r->header.areas;
    switch (e->kind) {
    case SFI_EVENT_HEADER:
        event_describe_header(r, e);
        break;
    case SFI_EVENT_AREA_BEGIN:
        event_describe_area(r, e);
        e->aad = r->raw;
        e->aad_len = SFI_FORMAT_AREA_AAD_LEN;
        e->tag = r->area.tag;
        e->tag_len = sizeof(r->area.tag);
        break;
    case SFI_EVENT_DATA:
        event_describe_area(r, e);
        e->address += r->released;
        e->data = r->gathered.data;
        e->len = r->gathered.len;
        r->lent = true;
        break;
    case SFI_EVENT_AREA_END:
        event_describe_area(r, e);
        break;
    default: /* NEED_INPUT, DONE: no further fields */
        break;
    }
}

sfi_status
sfi_image_reader_next(sfi_image_reader *r, sfi_image_event *event)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    SFI_ENTER(r, IMAGE_READER);
    SFI_ARG(r, event != NULL);
    st = SFI_ABI_OUT(r, sfi_image_event, event, &e);
    if (st != SFI_OK)
        return st; /* before an event is consumed */
    if (r->failed != SFI_OK)
        return reader_refused_before(r);
    reader_end_loan(r);
    st = reader_read_fed(r);
    if (st != SFI_OK)
        return st;
    e.kind = reader_next_event(r);
    event_describe(r, &e);
    return SFI_ABI_OUT(r, sfi_image_event, event, &e);
}

sfi_status
sfi_image_reader_finish(sfi_image_reader *r)
{
    struct sfi_ctx *ctx;

    SFI_ENTER(r, IMAGE_READER);
    ctx = r->obj.ctx;
    if (r->failed != SFI_OK)
        return reader_refused_before(r);
    if (r->fed.len > 0)
        return sfi__fail(ctx, SFI_ERR_STATE,
                         "%zu bytes that were fed are not read yet, expected "
                         "sfi_image_reader_next() up to NEED_INPUT",
                         r->fed.len - r->fed_used);
    switch (r->state) {
    case READ_HEADER:
        (void)sfi__fail(ctx, SFI_ERR_TRUNCATED,
                        "the image ends after %zu of %u bytes", r->raw_len,
                        SFI_FORMAT_HEADER_LEN);
        return reader_add_where(r);
    case READ_DESCRIPTOR:
        (void)sfi__fail(ctx, SFI_ERR_TRUNCATED,
                        "the image ends after %zu of %u bytes of the "
                        "descriptor",
                        r->raw_len, SFI_FORMAT_AREA_LEN);
        return reader_add_where(r);
    case READ_CONTENT:
        (void)sfi__fail(ctx, SFI_ERR_TRUNCATED,
                        "the image ends after %" PRIu32 " of %" PRIu32
                        " bytes of content",
                        r->content, r->area.size);
        return reader_add_where(r);
    case READ_END:
        return SFI_OK;
    }
    return SFI_ERR_INTERNAL;
}
