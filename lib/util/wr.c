/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writing cursor into a buffer of fixed size.  Freestanding. */
#include "util/wr.h"

#include <string.h>

void
sfi__wr_init(struct wr *w, void *out, size_t cap)
{
    w->start = out;
    w->len = 0;
    w->cap = cap;
    w->failed = out == NULL && cap > 0;
}

bool
sfi__wr_ok(const struct wr *w)
{
    return !w->failed;
}

size_t
sfi__wr_len(const struct wr *w)
{
    return w->failed ? 0 : w->len;
}

static uint8_t *
wr_take_bytes(struct wr *w, size_t len)
{
    uint8_t *p = NULL;

    if (w->failed || len > w->cap - w->len) {
        w->failed = true;
        return NULL;
    }
    if (len > 0) {
        p = w->start + w->len;
        w->len += len;
    }
    return p;
}

static void
wr_unsigned_number(struct wr *w, uint64_t v, size_t width, bool big)
{
    uint8_t *p = wr_take_bytes(w, width);

    for (size_t i = 0; p != NULL && i < width; i++, v >>= 8)
        p[big ? width - 1 - i : i] = (uint8_t)v;
}

void
sfi__wr_u8(struct wr *w, uint8_t v)
{
    wr_unsigned_number(w, v, 1, true);
}

void
sfi__wr_u16le(struct wr *w, uint16_t v)
{
    wr_unsigned_number(w, v, 2, false);
}

void
sfi__wr_u32le(struct wr *w, uint32_t v)
{
    wr_unsigned_number(w, v, 4, false);
}

void
sfi__wr_u64le(struct wr *w, uint64_t v)
{
    wr_unsigned_number(w, v, 8, false);
}

void
sfi__wr_u16be(struct wr *w, uint16_t v)
{
    wr_unsigned_number(w, v, 2, true);
}

void
sfi__wr_u32be(struct wr *w, uint32_t v)
{
    wr_unsigned_number(w, v, 4, true);
}

void
sfi__wr_u64be(struct wr *w, uint64_t v)
{
    wr_unsigned_number(w, v, 8, true);
}

void
sfi__wr_bytes(struct wr *w, const void *data, size_t len)
{
    uint8_t *p = wr_take_bytes(w, len);

    if (p != NULL)
        memcpy(p, data, len);
}

void
sfi__wr_fill(struct wr *w, uint8_t v, size_t len)
{
    uint8_t *p = wr_take_bytes(w, len);

    for (size_t i = 0; p != NULL && i < len; i++)
        p[i] = v;
}
