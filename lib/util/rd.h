/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reading cursor over untrusted bytes.  A failure is sticky: parse a whole
 * table, then call sfi__rd_ok() once.  Freestanding. */
#ifndef SFI_UTIL_RD_H
#define SFI_UTIL_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
    const uint8_t *at;
    size_t left;
    bool failed;
};

void sfi__rd_init(struct rd *r, const void *data, size_t len);
/* Did all reads so far succeed? */
bool sfi__rd_ok(const struct rd *r);
size_t sfi__rd_left(const struct rd *r);
/* A failed read returns 0, or fills with zeros. */
uint8_t sfi__rd_u8(struct rd *r);
uint16_t sfi__rd_u16le(struct rd *r);
uint32_t sfi__rd_u32le(struct rd *r);
uint64_t sfi__rd_u64le(struct rd *r);
uint16_t sfi__rd_u16be(struct rd *r);
uint32_t sfi__rd_u32be(struct rd *r);
uint64_t sfi__rd_u64be(struct rd *r);
void sfi__rd_bytes(struct rd *r, void *out, size_t len);
/* Borrow `len` bytes in place; NULL when fewer are left. */
const uint8_t *sfi__rd_view(struct rd *r, size_t len);
void sfi__rd_skip(struct rd *r, size_t len);

#endif
