/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A growing byte buffer.  With `wipe` it clears memory before releasing it,
 * also the old memory when it grows. */
#ifndef SFI_UTIL_BUF_H
#define SFI_UTIL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/alloc.h"

struct buf {
    const struct alloc *alloc;
    uint8_t *data;
    size_t len;
    size_t cap;
    bool wipe;
};

void sfi__buf_init(struct buf *b, const struct alloc *alloc, bool wipe);
/* Make room for `more` bytes after len; false: no memory, nothing changed. */
bool sfi__buf_reserve(struct buf *b, size_t more);
bool sfi__buf_append(struct buf *b, const void *data, size_t len);
/* Append `len` times `byte`. */
bool sfi__buf_fill(struct buf *b, int byte, size_t len);
/* Empty it but keep the memory. */
void sfi__buf_clear(struct buf *b);
void sfi__buf_free(struct buf *b);

#endif
