/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Data pages: head, seal and entries written and checked.  Freestanding. */
#include "wire/data_page.h"

#include "util/crc32.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"

void
sfi__data_page_head(uint8_t out[DATA_PAGE_HEAD_LEN], uint32_t sequence,
                    const uint8_t secret[DATA_PAGE_SECRET_LEN],
                    const uint8_t certificate[CERTIFICATE_LEN])
{
    struct wr w;

    sfi__wr_init(&w, out, DATA_PAGE_HEAD_LEN);
    sfi__wr_u32le(&w, DATA_PAGE_VERSION);
    sfi__wr_u32le(&w, sequence);
    sfi__wr_fill(&w, 0, DATA_PAGE_SECRET_AT - sfi__wr_len(&w));
    sfi__wr_bytes(&w, secret, DATA_PAGE_SECRET_LEN);
    sfi__wr_bytes(&w, certificate, CERTIFICATE_LEN);
    sfi__wr_u32le(&w, sfi__crc32(0, out, DATA_PAGE_CRC_AT));
    sfi__wr_fill(&w, 0, DATA_PAGE_HEAD_LEN - sfi__wr_len(&w));
}

bool
sfi__data_page_head_ok(const uint8_t head[DATA_PAGE_HEAD_LEN],
                       uint32_t *sequence)
{
    uint32_t version;
    struct rd r;

    sfi__rd_init(&r, head, DATA_PAGE_HEAD_LEN);
    version = sfi__rd_u32le(&r);
    *sequence = sfi__rd_u32le(&r);
    sfi__rd_init(&r, head + DATA_PAGE_CRC_AT, sizeof(uint32_t));
    return version == DATA_PAGE_VERSION &&
           sfi__rd_u32le(&r) == sfi__crc32(0, head, DATA_PAGE_CRC_AT);
}

void
sfi__data_page_seal(uint8_t out[DATA_PAGE_UNIT])
{
    struct wr w;

    sfi__wr_init(&w, out, DATA_PAGE_UNIT);
    sfi__wr_bytes(&w, DATA_PAGE_SEAL, sizeof(DATA_PAGE_SEAL));
    sfi__wr_bytes(&w, DATA_PAGE_SEAL, sizeof(DATA_PAGE_SEAL));
}

void
sfi__data_page_entry(uint8_t out[DATA_PAGE_ENTRY_LEN],
                     const uint8_t record[DATA_PAGE_RECORD_LEN])
{
    uint32_t crc = sfi__crc32(0, record, DATA_PAGE_RECORD_LEN);
    struct wr w;

    sfi__wr_init(&w, out, DATA_PAGE_ENTRY_LEN);
    sfi__wr_bytes(&w, record, DATA_PAGE_RECORD_LEN);
    sfi__wr_u32le(&w, crc);
    sfi__wr_u32le(&w, ~crc);
    sfi__wr_fill(&w, 0, DATA_PAGE_ENTRY_LEN - sfi__wr_len(&w));
}

bool
sfi__data_page_entry_ok(const uint8_t entry[DATA_PAGE_ENTRY_LEN])
{
    uint32_t crc = sfi__crc32(0, entry, DATA_PAGE_RECORD_LEN);
    uint64_t rest = 0;
    struct rd r;

    sfi__rd_init(&r, entry + DATA_PAGE_RECORD_LEN, DATA_PAGE_UNIT);
    if (sfi__rd_u32le(&r) != crc || sfi__rd_u32le(&r) != (uint32_t)~crc)
        return false;
    while (sfi__rd_left(&r) > 0)
        rest |= sfi__rd_u64le(&r);
    return rest == 0;
}
