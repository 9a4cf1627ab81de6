/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A growing byte buffer that can wipe the memory that it releases. */
#include "util/buf.h"

#include <string.h>

#include "util/ckd.h"
#include "util/mem.h"

#define CAP_MIN 64u

void
sfi__buf_init(struct buf *b, const struct alloc *alloc, bool wipe)
{
    sfi__zero(b, sizeof(*b));
    b->alloc = alloc;
    b->wipe = wipe;
}

static void
buf_release_memory(struct buf *b)
{
    if (b->wipe && b->data != NULL)
        sfi__wipe(b->data, b->cap);
    sfi__free(b->alloc, b->data);
}

bool
sfi__buf_reserve(struct buf *b, size_t more)
{
    size_t need;
    size_t cap;
    uint8_t *data;

    if (!sfi__ckd_add(&need, b->len, more))
        return false;
    if (need <= b->cap)
        return true;
    /* Grow at least to double; the first time take exactly what is needed. */
    if (!sfi__ckd_mul(&cap, b->cap, 2) || cap < need)
        cap = need;
    if (cap < CAP_MIN)
        cap = CAP_MIN;
    data = b->wipe ? sfi__alloc(b->alloc, cap) : sfi__alloc_any(b->alloc, cap);
    if (data == NULL)
        return false;
    if (b->len > 0)
        memcpy(data, b->data, b->len);
    buf_release_memory(b);
    b->data = data;
    b->cap = cap;
    return true;
}

bool
sfi__buf_append(struct buf *b, const void *data, size_t len)
{
    if (!sfi__buf_reserve(b, len))
        return false;
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    return true;
}

bool
sfi__buf_fill(struct buf *b, int byte, size_t len)
{
    if (!sfi__buf_reserve(b, len))
        return false;
    if (len > 0)
        sfi__fill(b->data + b->len, byte, len);
    b->len += len;
    return true;
}

void
sfi__buf_clear(struct buf *b)
{
    if (b->wipe && b->data != NULL)
        sfi__wipe(b->data, b->len);
    b->len = 0;
}

void
sfi__buf_free(struct buf *b)
{
    buf_release_memory(b);
    b->data = NULL;
    b->len = 0;
    b->cap = 0;
}
