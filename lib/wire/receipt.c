/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes the statement of a receipt.  Freestanding. */
#include "wire/receipt.h"

#include "util/rd.h"
#include "util/wr.h"

void
sfi__receipt_write(uint8_t raw[RECEIPT_STATEMENT_LEN],
                   const struct receipt_statement *s)
{
    struct wr w;

    sfi__wr_init(&w, raw, RECEIPT_STATEMENT_LEN);
    sfi__wr_bytes(&w, s->magic, sizeof(s->magic));
    sfi__wr_u8(&w, s->version);
    sfi__wr_u8(&w, s->reserved);
    sfi__wr_u16le(&w, s->chip_id);
    sfi__wr_bytes(&w, s->product_id, sizeof(s->product_id));
    sfi__wr_u32le(&w, s->installs);
    sfi__wr_bytes(&w, s->device, sizeof(s->device));
    sfi__wr_bytes(&w, s->header_tag, sizeof(s->header_tag));
    sfi__wr_bytes(&w, s->areas, sizeof(s->areas));
    sfi__wr_bytes(&w, s->option_bytes, sizeof(s->option_bytes));
}

void
sfi__receipt_read(struct receipt_statement *s,
                  const uint8_t raw[RECEIPT_STATEMENT_LEN])
{
    struct rd r;

    sfi__rd_init(&r, raw, RECEIPT_STATEMENT_LEN);
    sfi__rd_bytes(&r, s->magic, sizeof(s->magic));
    s->version = sfi__rd_u8(&r);
    s->reserved = sfi__rd_u8(&r);
    s->chip_id = sfi__rd_u16le(&r);
    sfi__rd_bytes(&r, s->product_id, sizeof(s->product_id));
    s->installs = sfi__rd_u32le(&r);
    sfi__rd_bytes(&r, s->device, sizeof(s->device));
    sfi__rd_bytes(&r, s->header_tag, sizeof(s->header_tag));
    sfi__rd_bytes(&r, s->areas, sizeof(s->areas));
    sfi__rd_bytes(&r, s->option_bytes, sizeof(s->option_bytes));
}
