#include "proto/cmsis_dap.h"

/* A transfer and its answer begin with these. */
#define TRANSFER_HEAD 3u
#define ANSWER_HEAD 3u
#define BLOCK_HEAD 5u
#define BLOCK_ANSWER_HEAD 4u
#define TRANSFER_COUNT_MAX 255u

uint8_t
cmsis_request(const struct adi_request *r)
{
    return (uint8_t)((r->ap ? 1u : 0u) | (r->read ? 2u : 0u) | (r->reg & 0xcu));
}

bool
cmsis_take_request(uint8_t byte, struct adi_request *r)
{
    r->ap = (byte & 0x01) != 0;
    r->read = (byte & 0x02) != 0;
    r->reg = byte & 0x0c;
    return cmsis_request(r) == byte;
}

/* ---- the host's packets ---- */

void
cmsis_put_info(struct wr *w, enum cmsis_info id)
{
    wr_u8(w, CMSIS_INFO);
    wr_u8(w, (uint8_t)id);
}

void
cmsis_put_connect(struct wr *w, enum cmsis_port port)
{
    wr_u8(w, CMSIS_CONNECT);
    wr_u8(w, (uint8_t)port);
}

void
cmsis_put_disconnect(struct wr *w)
{
    wr_u8(w, CMSIS_DISCONNECT);
}

void
cmsis_put_configure(struct wr *w, uint8_t idle_clocks, uint16_t retries)
{
    wr_u8(w, CMSIS_TRANSFER_CONFIGURE);
    wr_u8(w, idle_clocks);
    wr_u16le(w, retries); /* on WAIT */
    wr_u16le(w, 0);       /* on a value that does not match: unused */
}

void
cmsis_put_clock(struct wr *w, uint32_t hz)
{
    wr_u8(w, CMSIS_SWJ_CLOCK);
    wr_u32le(w, hz);
}

/* A turnaround of one clock, and no data phase after WAIT or FAULT: what a DP
 * does after power-up. */
void
cmsis_put_swd_configure(struct wr *w)
{
    wr_u8(w, CMSIS_SWD_CONFIGURE);
    wr_u8(w, 0);
}

void
cmsis_put_sequence(struct wr *w, size_t bits, const uint8_t *data)
{
    wr_u8(w, CMSIS_SWJ_SEQUENCE);
    wr_u8(w, (uint8_t)bits); /* 0: 256 */
    wr_bytes(w, data, (bits + 7) / 8);
}

void
cmsis_put_pins(struct wr *w, uint8_t value, uint8_t which, uint32_t wait_us)
{
    wr_u8(w, CMSIS_SWJ_PINS);
    wr_u8(w, value);
    wr_u8(w, which);
    wr_u32le(w, wait_us);
}

void
cmsis_put_write_abort(struct wr *w, uint8_t tap, uint32_t value)
{
    wr_u8(w, CMSIS_WRITE_ABORT);
    wr_u8(w, tap);
    wr_u32le(w, value);
}

void
cmsis_put_jtag_configure(struct wr *w, const uint8_t *ir_len, size_t count)
{
    wr_u8(w, CMSIS_JTAG_CONFIGURE);
    wr_u8(w, (uint8_t)count);
    wr_bytes(w, ir_len, count);
}

void
cmsis_jtag_begin(struct wr *w)
{
    wr_u8(w, CMSIS_JTAG_SEQUENCE);
    wr_u8(w, 0);
}

void
cmsis_jtag_add(struct wr *w, size_t clocks, bool tms, bool tdi, bool tdo)
{
    wr_u8(w,
          (uint8_t)((clocks & CMSIS_JTAG_CLOCKS) | (tms ? CMSIS_JTAG_TMS : 0) |
                    (tdo ? CMSIS_JTAG_TDO : 0)));
    wr_fill(w, tdi ? 0xff : 0x00, (clocks + 7) / 8);
    if (wr_ok(w))
        w->start[1]++;
}

void
cmsis_transfer_begin(struct cmsis_transfer *t, uint8_t *out, size_t packet,
                     uint8_t tap)
{
    wr_init(&t->w, out, packet);
    wr_u8(&t->w, CMSIS_TRANSFER);
    wr_u8(&t->w, tap);
    wr_u8(&t->w, 0);
    t->room = (packet - ANSWER_HEAD) / 4;
    t->reads = 0;
}

size_t
cmsis_transfer_count(const struct cmsis_transfer *t)
{
    return t->w.start[2];
}

bool
cmsis_transfer_add(struct cmsis_transfer *t, const struct adi_request *r,
                   uint32_t data)
{
    size_t need = r->read ? 1 : 5;

    if (t->w.cap - t->w.len < need || (r->read && t->reads == t->room) ||
        cmsis_transfer_count(t) == TRANSFER_COUNT_MAX)
        return false;
    wr_u8(&t->w, cmsis_request(r));
    if (r->read)
        t->reads++;
    else
        wr_u32le(&t->w, data);
    t->w.start[2]++;
    return true;
}

size_t
cmsis_list_room(size_t packet, bool read)
{
    size_t room = read ? (packet - ANSWER_HEAD) / 4 - 2
                       : (packet - TRANSFER_HEAD - 2) / 5;

    return room < TRANSFER_COUNT_MAX - 2 ? room : TRANSFER_COUNT_MAX - 2;
}

size_t
cmsis_block_room(size_t packet, bool read)
{
    return (packet - (read ? BLOCK_ANSWER_HEAD : BLOCK_HEAD)) / 4;
}

void
cmsis_put_block(struct wr *w, uint8_t tap, const struct adi_request *r,
                size_t count, const uint32_t *words)
{
    wr_u8(w, CMSIS_TRANSFER_BLOCK);
    wr_u8(w, tap);
    wr_u16le(w, (uint16_t)count);
    wr_u8(w, cmsis_request(r));
    for (size_t i = 0; words != NULL && i < count; i++)
        wr_u32le(w, words[i]);
}

/* ---- the probe's answers ---- */

static bool
take_command(struct rd *r, enum cmsis_command command)
{
    return rd_u8(r) == (uint8_t)command && rd_ok(r);
}

bool
cmsis_take_info(struct rd *r, const uint8_t **data, size_t *len)
{
    if (!take_command(r, CMSIS_INFO))
        return false;
    *len = rd_u8(r);
    *data = rd_view(r, *len);
    return rd_ok(r);
}

bool
cmsis_take_byte(struct rd *r, enum cmsis_command command, uint8_t *value)
{
    if (!take_command(r, command))
        return false;
    *value = rd_u8(r);
    return rd_ok(r);
}

bool
cmsis_take_jtag(struct rd *r, uint8_t *tdo, size_t len)
{
    if (!take_command(r, CMSIS_JTAG_SEQUENCE) || rd_u8(r) != CMSIS_STATUS_OK)
        return false;
    rd_bytes(r, tdo, len);
    return rd_ok(r);
}

static bool
take_response(struct rd *r, size_t count, struct cmsis_result *out)
{
    uint8_t response = rd_u8(r);

    if (!rd_ok(r) || out->done > count)
        return false;
    out->ack = ADI_ACK_NONE;
    if ((response & (CMSIS_RESPONSE_ERROR | CMSIS_RESPONSE_MISMATCH)) != 0)
        return true;
    switch (response & CMSIS_RESPONSE_ACK) {
    case ADI_ACK_OK:
        out->ack = ADI_ACK_OK;
        return out->done == count; /* else who has stopped it? */
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

/* What follows may be the padding of a packet. */
static bool
take_words(struct rd *r, const struct cmsis_result *result, size_t count,
           uint32_t *words)
{
    if (result->ack != ADI_ACK_OK)
        return true;
    if (rd_left(r) / 4 < count)
        return false;
    for (size_t i = 0; i < count; i++)
        words[i] = rd_u32le(r);
    return rd_ok(r);
}

bool
cmsis_take_transfer(struct rd *r, const struct cmsis_transfer *t,
                    struct cmsis_result *out, uint32_t *words)
{
    if (!take_command(r, CMSIS_TRANSFER))
        return false;
    out->done = rd_u8(r);
    return take_response(r, cmsis_transfer_count(t), out) &&
           take_words(r, out, t->reads, words);
}

bool
cmsis_take_block(struct rd *r, bool read, size_t count,
                 struct cmsis_result *out, uint32_t *words)
{
    if (!take_command(r, CMSIS_TRANSFER_BLOCK))
        return false;
    out->done = rd_u16le(r);
    return take_response(r, count, out) &&
           take_words(r, out, read ? count : 0, words);
}
