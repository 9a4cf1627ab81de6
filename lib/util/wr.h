/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writing cursor into a buffer of fixed size.  A failure is sticky, like rd.
 * Freestanding. */
#ifndef SFI_UTIL_WR_H
#define SFI_UTIL_WR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr {
    uint8_t *start;
    size_t len; /* written so far */
    size_t cap;
    bool failed;
};

void sfi__wr_init(struct wr *w, void *out, size_t cap);
/* Did all writes so far fit? */
bool sfi__wr_ok(const struct wr *w);
size_t sfi__wr_len(const struct wr *w);
void sfi__wr_u8(struct wr *w, uint8_t v);
void sfi__wr_u16le(struct wr *w, uint16_t v);
void sfi__wr_u32le(struct wr *w, uint32_t v);
void sfi__wr_u64le(struct wr *w, uint64_t v);
void sfi__wr_u16be(struct wr *w, uint16_t v);
void sfi__wr_u32be(struct wr *w, uint32_t v);
void sfi__wr_u64be(struct wr *w, uint64_t v);
void sfi__wr_bytes(struct wr *w, const void *data, size_t len);
void sfi__wr_fill(struct wr *w, uint8_t v, size_t len);

#endif
