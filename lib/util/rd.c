/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reading cursor over untrusted bytes.  Freestanding. */
#include "util/rd.h"

#include <string.h>

#include "util/mem.h"

void
sfi__rd_init(struct rd *r, const void *data, size_t len)
{
    r->at = data;
    r->left = len;
    r->failed = data == NULL && len > 0;
}

bool
sfi__rd_ok(const struct rd *r)
{
    return !r->failed;
}

size_t
sfi__rd_left(const struct rd *r)
{
    return r->failed ? 0 : r->left;
}

const uint8_t *
sfi__rd_view(struct rd *r, size_t len)
{
    const uint8_t *p = r->at;

    if (r->failed || len > r->left) {
        r->failed = true;
        return NULL;
    }
    if (len > 0) {
        r->at += len;
        r->left -= len;
    }
    return p;
}

void
sfi__rd_skip(struct rd *r, size_t len)
{
    (void)sfi__rd_view(r, len);
}

void
sfi__rd_bytes(struct rd *r, void *out, size_t len)
{
    const uint8_t *p = sfi__rd_view(r, len);

    if (len == 0)
        return;
    if (p != NULL)
        memcpy(out, p, len);
    else
        sfi__zero(out, len);
}

/* `width` bytes, most significant first or last. */
static uint64_t
rd_unsigned_number(struct rd *r, size_t width, bool big)
{
    const uint8_t *p = sfi__rd_view(r, width);
    uint64_t v = 0;

    for (size_t i = 0; p != NULL && i < width; i++)
        v = v << 8 | p[big ? i : width - 1 - i];
    return v;
}

uint8_t
sfi__rd_u8(struct rd *r)
{
    return (uint8_t)rd_unsigned_number(r, 1, true);
}

uint16_t
sfi__rd_u16le(struct rd *r)
{
    return (uint16_t)rd_unsigned_number(r, 2, false);
}

uint32_t
sfi__rd_u32le(struct rd *r)
{
    return (uint32_t)rd_unsigned_number(r, 4, false);
}

uint64_t
sfi__rd_u64le(struct rd *r)
{
    return rd_unsigned_number(r, 8, false);
}

uint16_t
sfi__rd_u16be(struct rd *r)
{
    return (uint16_t)rd_unsigned_number(r, 2, true);
}

uint32_t
sfi__rd_u32be(struct rd *r)
{
    return (uint32_t)rd_unsigned_number(r, 4, true);
}

uint64_t
sfi__rd_u64be(struct rd *r)
{
    return rd_unsigned_number(r, 8, true);
}
