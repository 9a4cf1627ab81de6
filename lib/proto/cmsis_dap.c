/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Packets of CMSIS-DAP: the host's requests, the probe's replies. */
#include "proto/cmsis_dap.h"

/* Lengths of the heads of transfers and their replies. */
#define TRANSFER_HEAD 3u
#define ANSWER_HEAD 3u
#define BLOCK_HEAD 5u
#define BLOCK_ANSWER_HEAD 4u
#define TRANSFER_COUNT_MAX 255u

uint8_t
sfi__cmsis_request(const struct adi_request *r)
{
    return (uint8_t)((r->ap ? 1u : 0u) | (r->read ? 2u : 0u) | (r->reg & 0xcu));
}

bool
sfi__cmsis_take_request(uint8_t byte, struct adi_request *r)
{
    r->ap = (byte & 0x01) != 0;
    r->read = (byte & 0x02) != 0;
    r->reg = byte & 0x0c;
    return sfi__cmsis_request(r) == byte;
}

/* ---- the host's packets ---- */

void
sfi__cmsis_put_info(struct wr *w, enum cmsis_info id)
{
    sfi__wr_u8(w, CMSIS_INFO);
    sfi__wr_u8(w, (uint8_t)id);
}

void
sfi__cmsis_put_connect(struct wr *w, enum cmsis_port port)
{
    sfi__wr_u8(w, CMSIS_CONNECT);
    sfi__wr_u8(w, (uint8_t)port);
}

void
sfi__cmsis_put_disconnect(struct wr *w)
{
    sfi__wr_u8(w, CMSIS_DISCONNECT);
}

void
sfi__cmsis_put_configure(struct wr *w, uint8_t idle_clocks, uint16_t retries)
{
    sfi__wr_u8(w, CMSIS_TRANSFER_CONFIGURE);
    sfi__wr_u8(w, idle_clocks);
    sfi__wr_u16le(w, retries); /* on WAIT */
    sfi__wr_u16le(w, 0);       /* on a value mismatch: unused */
}

void
sfi__cmsis_put_clock(struct wr *w, uint32_t hz)
{
    sfi__wr_u8(w, CMSIS_SWJ_CLOCK);
    sfi__wr_u32le(w, hz);
}

/* A turnaround of one clock, and no data phase after WAIT or FAULT: a DP's
 * settings after power-up. */
void
sfi__cmsis_put_swd_configure(struct wr *w)
{
    sfi__wr_u8(w, CMSIS_SWD_CONFIGURE);
    sfi__wr_u8(w, 0);
}

void
sfi__cmsis_put_sequence(struct wr *w, size_t bits, const uint8_t *data)
{
    sfi__wr_u8(w, CMSIS_SWJ_SEQUENCE);
    sfi__wr_u8(w, (uint8_t)bits); /* 0: 256 */
    sfi__wr_bytes(w, data, (bits + 7) / 8);
}

void
sfi__cmsis_put_pins(struct wr *w, uint8_t value, uint8_t which,
                    uint32_t wait_us)
{
    sfi__wr_u8(w, CMSIS_SWJ_PINS);
    sfi__wr_u8(w, value);
    sfi__wr_u8(w, which);
    sfi__wr_u32le(w, wait_us);
}

void
sfi__cmsis_put_write_abort(struct wr *w, uint8_t tap, uint32_t value)
{
    sfi__wr_u8(w, CMSIS_WRITE_ABORT);
    sfi__wr_u8(w, tap);
    sfi__wr_u32le(w, value);
}

void
sfi__cmsis_put_jtag_configure(struct wr *w, const uint8_t *ir_len, size_t count)
{
    sfi__wr_u8(w, CMSIS_JTAG_CONFIGURE);
    sfi__wr_u8(w, (uint8_t)count);
    sfi__wr_bytes(w, ir_len, count);
}

void
sfi__cmsis_jtag_begin(struct wr *w)
{
    sfi__wr_u8(w, CMSIS_JTAG_SEQUENCE);
    sfi__wr_u8(w, 0);
}

void
sfi__cmsis_jtag_add(struct wr *w, size_t clocks, bool tms, bool tdi, bool tdo)
{
    sfi__wr_u8(w, (uint8_t)((clocks & CMSIS_JTAG_CLOCKS) |
                            (tms ? CMSIS_JTAG_TMS : 0) |
                            (tdo ? CMSIS_JTAG_TDO : 0)));
    sfi__wr_fill(w, tdi ? 0xff : 0x00, (clocks + 7) / 8);
    if (sfi__wr_ok(w))
        w->start[1]++;
}

void
sfi__cmsis_transfer_begin(struct cmsis_transfer *t, uint8_t *out, size_t packet,
                          uint8_t tap)
{
    sfi__wr_init(&t->w, out, packet);
    sfi__wr_u8(&t->w, CMSIS_TRANSFER);
    sfi__wr_u8(&t->w, tap);
    sfi__wr_u8(&t->w, 0);
    t->room = (packet - ANSWER_HEAD) / 4;
    t->reads = 0;
}

size_t
sfi__cmsis_transfer_count(const struct cmsis_transfer *t)
{
    return t->w.start[2];
}

bool
sfi__cmsis_transfer_add(struct cmsis_transfer *t, const struct adi_request *r,
                        uint32_t data)
{
    size_t need = r->read ? 1 : 5;

    if (t->w.cap - t->w.len < need || (r->read && t->reads == t->room) ||
        sfi__cmsis_transfer_count(t) == TRANSFER_COUNT_MAX)
        return false;
    sfi__wr_u8(&t->w, sfi__cmsis_request(r));
    if (r->read)
        t->reads++;
    else
        sfi__wr_u32le(&t->w, data);
    t->w.start[2]++;
    return true;
}

size_t
sfi__cmsis_list_room(size_t packet, bool read)
{
    size_t room = read ? (packet - ANSWER_HEAD) / 4 - 2
                       : (packet - TRANSFER_HEAD - 2) / 5;

    return room < TRANSFER_COUNT_MAX - 2 ? room : TRANSFER_COUNT_MAX - 2;
}

size_t
sfi__cmsis_block_room(size_t packet, bool read)
{
    return (packet - (read ? BLOCK_ANSWER_HEAD : BLOCK_HEAD)) / 4;
}

void
sfi__cmsis_put_block(struct wr *w, uint8_t tap, const struct adi_request *r,
                     size_t count, const uint32_t *words)
{
    sfi__wr_u8(w, CMSIS_TRANSFER_BLOCK);
    sfi__wr_u8(w, tap);
    sfi__wr_u16le(w, (uint16_t)count);
    sfi__wr_u8(w, sfi__cmsis_request(r));
    for (size_t i = 0; words != NULL && i < count; i++)
        sfi__wr_u32le(w, words[i]);
}

/* ---- the probe's replies ---- */

static bool
cmsis_take_command(struct rd *r, enum cmsis_command command)
{
    return sfi__rd_u8(r) == (uint8_t)command && sfi__rd_ok(r);
}

bool
sfi__cmsis_take_info(struct rd *r, const uint8_t **data, size_t *len)
{
    if (!cmsis_take_command(r, CMSIS_INFO))
        return false;
    *len = sfi__rd_u8(r);
    *data = sfi__rd_view(r, *len);
    return sfi__rd_ok(r);
}

bool
sfi__cmsis_take_byte(struct rd *r, enum cmsis_command command, uint8_t *value)
{
    if (!cmsis_take_command(r, command))
        return false;
    *value = sfi__rd_u8(r);
    return sfi__rd_ok(r);
}

bool
sfi__cmsis_take_jtag(struct rd *r, uint8_t *tdo, size_t len)
{
    if (!cmsis_take_command(r, CMSIS_JTAG_SEQUENCE) ||
        sfi__rd_u8(r) != CMSIS_STATUS_OK)
        return false;
    sfi__rd_bytes(r, tdo, len);
    return sfi__rd_ok(r);
}

static bool
cmsis_take_response(struct rd *r, size_t count, struct cmsis_result *out)
{
    uint8_t response = sfi__rd_u8(r);

    if (!sfi__rd_ok(r) || out->done > count)
        return false;
    out->ack = ADI_ACK_NONE;
    if ((response & (CMSIS_RESPONSE_ERROR | CMSIS_RESPONSE_MISMATCH)) != 0)
        return true;
    switch (response & CMSIS_RESPONSE_ACK) {
    case ADI_ACK_OK:
        out->ack = ADI_ACK_OK;
        return out->done == count; /* OK means that all were done */
    case ADI_ACK_WAIT:
        out->ack = ADI_ACK_WAIT;
        return true;
    case ADI_ACK_FAULT:
        out->ack = ADI_ACK_FAULT;
        return true;
    default:
        return true;
    }
}

/* Padding may follow the words in the packet. */
static bool
cmsis_take_words(struct rd *r, const struct cmsis_result *result, size_t count,
                 uint32_t *words)
{
    if (result->ack != ADI_ACK_OK)
        return true;
    if (sfi__rd_left(r) / 4 < count)
        return false;
    for (size_t i = 0; i < count; i++)
        words[i] = sfi__rd_u32le(r);
    return sfi__rd_ok(r);
}

bool
sfi__cmsis_take_transfer(struct rd *r, const struct cmsis_transfer *t,
                         struct cmsis_result *out, uint32_t *words)
{
    if (!cmsis_take_command(r, CMSIS_TRANSFER))
        return false;
    out->done = sfi__rd_u8(r);
    return cmsis_take_response(r, sfi__cmsis_transfer_count(t), out) &&
           cmsis_take_words(r, out, t->reads, words);
}

bool
sfi__cmsis_take_block(struct rd *r, bool read, size_t count,
                      struct cmsis_result *out, uint32_t *words)
{
    if (!cmsis_take_command(r, CMSIS_TRANSFER_BLOCK))
        return false;
    out->done = sfi__rd_u16le(r);
    return cmsis_take_response(r, count, out) &&
           cmsis_take_words(r, out, read ? count : 0, words);
}
