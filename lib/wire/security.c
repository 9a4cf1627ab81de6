#include "wire/security.h"

#include "util/rd.h"
#include "util/wr.h"

void
cmd_write_info(uint8_t raw[SFI_CMD_INFO_LEN], const struct cmd_info *i)
{
    struct wr w;

    wr_init(&w, raw, SFI_CMD_INFO_LEN);
    wr_u8(&w, i->version);
    wr_u8(&w, i->state);
    wr_u8(&w, i->cause);
    wr_u8(&w, i->flags);
    wr_u16le(&w, i->device_id);
    wr_u16le(&w, i->data_max);
    wr_bytes(&w, i->product_id, sizeof(i->product_id));
    wr_u32le(&w, i->session);
    wr_u16le(&w, i->area);
    wr_u16le(&w, i->areas);
    wr_u32le(&w, i->offset);
    wr_bytes(&w, i->header_tag, sizeof(i->header_tag));
}

void
cmd_read_info(struct cmd_info *i, const uint8_t raw[SFI_CMD_INFO_LEN])
{
    struct rd r;

    rd_init(&r, raw, SFI_CMD_INFO_LEN);
    i->version = rd_u8(&r);
    i->state = rd_u8(&r);
    i->cause = rd_u8(&r);
    i->flags = rd_u8(&r);
    i->device_id = rd_u16le(&r);
    i->data_max = rd_u16le(&r);
    rd_bytes(&r, i->product_id, sizeof(i->product_id));
    i->session = rd_u32le(&r);
    i->area = rd_u16le(&r);
    i->areas = rd_u16le(&r);
    i->offset = rd_u32le(&r);
    rd_bytes(&r, i->header_tag, sizeof(i->header_tag));
}

bool
cmd_is_extended(uint16_t opcode)
{
    return opcode == SFI_CMD_LICENSE || opcode == SFI_CMD_DATA;
}
