/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Encodes and decodes the security extension's INFO.  Freestanding. */
#include "wire/security.h"

#include "util/rd.h"
#include "util/wr.h"

void
sfi__security_write_info(uint8_t raw[SFI_CMD_INFO_LEN],
                         const struct security_info *i)
{
    struct wr w;

    sfi__wr_init(&w, raw, SFI_CMD_INFO_LEN);
    sfi__wr_u8(&w, i->version);
    sfi__wr_u8(&w, i->state);
    sfi__wr_u8(&w, i->cause);
    sfi__wr_u8(&w, i->flags);
    sfi__wr_u16le(&w, i->device_id);
    sfi__wr_u16le(&w, i->data_max);
    sfi__wr_bytes(&w, i->product_id, sizeof(i->product_id));
    sfi__wr_u32le(&w, i->installs);
    sfi__wr_u16le(&w, i->area);
    sfi__wr_u16le(&w, i->areas);
    sfi__wr_u32le(&w, i->offset);
    sfi__wr_bytes(&w, i->header_tag, sizeof(i->header_tag));
}

void
sfi__security_read_info(struct security_info *i,
                        const uint8_t raw[SFI_CMD_INFO_LEN])
{
    struct rd r;

    sfi__rd_init(&r, raw, SFI_CMD_INFO_LEN);
    i->version = sfi__rd_u8(&r);
    i->state = sfi__rd_u8(&r);
    i->cause = sfi__rd_u8(&r);
    i->flags = sfi__rd_u8(&r);
    i->device_id = sfi__rd_u16le(&r);
    i->data_max = sfi__rd_u16le(&r);
    sfi__rd_bytes(&r, i->product_id, sizeof(i->product_id));
    i->installs = sfi__rd_u32le(&r);
    i->area = sfi__rd_u16le(&r);
    i->areas = sfi__rd_u16le(&r);
    i->offset = sfi__rd_u32le(&r);
    sfi__rd_bytes(&r, i->header_tag, sizeof(i->header_tag));
}

bool
sfi__security_is_extended(uint16_t opcode)
{
    return opcode == SFI_CMD_LICENSE || opcode == SFI_CMD_DATA;
}
