/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The record that survives power cycles: written, read and checked
 * (doc/protocol.md, "Record"). */
#include "device/record.h"

#include "util/crc32.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"

#define RECORD_MAGIC "SFIR"
#define RECORD_MAGIC_LEN 4u
#define RECORD_SUM_LEN 4u

void
sfi__record_write(uint8_t raw[SFI_DEVICE_RECORD_LEN], const struct record *r)
{
    struct wr w;

    sfi__zero(raw, SFI_DEVICE_RECORD_LEN);
    sfi__wr_init(&w, raw, SFI_DEVICE_RECORD_LEN);
    sfi__wr_bytes(&w, RECORD_MAGIC, RECORD_MAGIC_LEN);
    sfi__wr_u32le(&w, RECORD_VERSION);
    sfi__wr_u32le(&w, (uint32_t)r->phase);
    sfi__wr_u32le(&w, r->installs);
    sfi__wr_bytes(&w, r->header_tag, sizeof(r->header_tag));
    sfi__wr_u32le(&w, r->ob_len);
    sfi__wr_bytes(&w, r->ob, sizeof(r->ob));
    sfi__wr_bytes(&w, r->areas, sizeof(r->areas));
    sfi__wr_fill(&w, 0, SFI_DEVICE_RECORD_LEN - RECORD_SUM_LEN - w.len);
    sfi__wr_u32le(&w, sfi__crc32(0, raw, w.len));
}

static bool
record_bytes_are(const uint8_t *raw, uint8_t byte)
{
    size_t i = 0;

    while (i < SFI_DEVICE_RECORD_LEN && raw[i] == byte)
        i++;
    return i == SFI_DEVICE_RECORD_LEN;
}

static bool
record_knows_phase(enum record_phase phase)
{
    switch (phase) {
    case RECORD_EMPTY:
    case RECORD_INSTALLING:
    case RECORD_COMMITTING:
    case RECORD_INSTALLED:
        return true;
    }
    return false;
}

static bool
record_parse_bytes(struct record *r, const uint8_t *raw)
{
    const uint8_t *magic;
    uint32_t version;
    struct rd in;

    sfi__rd_init(&in, raw, SFI_DEVICE_RECORD_LEN);
    magic = sfi__rd_view(&in, RECORD_MAGIC_LEN);
    version = sfi__rd_u32le(&in);
    r->phase = (enum record_phase)sfi__rd_u32le(&in);
    r->installs = sfi__rd_u32le(&in);
    sfi__rd_bytes(&in, r->header_tag, sizeof(r->header_tag));
    r->ob_len = sfi__rd_u32le(&in);
    sfi__rd_bytes(&in, r->ob, sizeof(r->ob));
    sfi__rd_bytes(&in, r->areas, sizeof(r->areas));
    sfi__rd_skip(&in, sfi__rd_left(&in) - RECORD_SUM_LEN);
    return sfi__equal(magic, RECORD_MAGIC, RECORD_MAGIC_LEN) &&
           version == RECORD_VERSION && record_knows_phase(r->phase) &&
           r->ob_len <= sizeof(r->ob) &&
           sfi__rd_u32le(&in) ==
               sfi__crc32(0, raw, SFI_DEVICE_RECORD_LEN - RECORD_SUM_LEN);
}

enum record_found
sfi__record_read(struct record *r, const uint8_t raw[SFI_DEVICE_RECORD_LEN])
{
    if (record_parse_bytes(r, raw))
        return RECORD_GOOD;
    sfi__zero(r, sizeof(*r));
    r->phase = RECORD_EMPTY;
    return record_bytes_are(raw, 0xff) || record_bytes_are(raw, 0x00)
               ? RECORD_NEVER
               : RECORD_DAMAGED;
}
