/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests to sfi-board, and its answers: the members of each as wire.h lists
 * them. */
#include "sim/board/board.h"

#include <string.h>

#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "sim/board/process.h"

/* The members in front of the bytes. */
#define HEAD_MAX 128u
/* USART1, on PA9 and PA10, and SPI1, on PA4 to PA7 (AN2606, L45x/46x) */
#define USART_PORT 0u
#define SPI_PORT 0u
/* A host asks for even parity (AN3155, 1). */
#define PARITY WIRE_PARITY_EVEN

static struct wr
ask_begin(uint8_t head[HEAD_MAX])
{
    struct wr w;

    sfi__wr_init(&w, head, HEAD_MAX);
    return w;
}

/* Send a request with these members; its answer without status in `r`. */
static sfi_status
ask(struct sim_board *b, enum wire_request what, const struct wr *head,
    const uint8_t *data, size_t len, struct rd *r)
{
    uint8_t number, status;
    size_t left;
    sfi_status st = sfi__board_exchange(b, (uint8_t)what, head->start,
                                        sfi__wr_len(head), data, len);

    if (st != SFI_OK)
        return st;
    sfi__rd_init(r, b->answer.data, b->answer.len);
    number = sfi__rd_u8(r);
    status = sfi__rd_u8(r);
    if (!sfi__rd_ok(r) || number != what)
        return sfi__board_senseless(b, what);
    if (status == WIRE_OK)
        return SFI_OK;
    left = sfi__rd_left(r);
    return sfi__fail(b->ctx,
                     status == WIRE_REFUSED ? SFI_ERR_NACK : SFI_ERR_PROTOCOL,
                     "sfi-board refused request %u: %.*s", (unsigned)what,
                     (int)left, (const char *)sfi__rd_view(r, left));
}

/* ... whose answer has no members. */
static sfi_status
tell(struct sim_board *b, enum wire_request what, const struct wr *head)
{
    struct rd r;

    return ask(b, what, head, NULL, 0, &r);
}

static sfi_status
ended(struct sim_board *b, enum wire_request what, const struct rd *r)
{
    return sfi__rd_ok(r) ? SFI_OK : sfi__board_senseless(b, what);
}

/* The members "run". */
static void
take_run(struct sim_board *b, struct rd *r)
{
    uint8_t where;
    uint16_t resets;

    b->end = sfi__rd_u8(r);
    where = sfi__rd_u8(r);
    resets = sfi__rd_u16le(r);
    sfi__rd_skip(r, 8); /* time */
    b->at = where & (uint8_t)~WIRE_WROTE;
    b->changed = where != b->at || resets != 0;
}

/* ---- start and end ---- */

static sfi_status
board_hello(struct sim_board *b, const char *part, const char *path)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    size_t len = strlen(path);
    sfi_status st;

    sfi__wr_u32le(&w, WIRE_VERSION);
    sfi__wr_u8(&w, (uint8_t)strlen(part));
    sfi__wr_bytes(&w, part, strlen(part));
    sfi__wr_u16le(&w, (uint16_t)len);
    st = ask(b, WIRE_HELLO, &w, (const uint8_t *)path, len, &r);
    if (st != SFI_OK)
        return st;
    if (sfi__rd_u32le(&r) != WIRE_VERSION)
        return sfi__board_senseless(b, WIRE_HELLO);
    sfi__rd_skip(&r, 1 + 4 + 4); /* is the file new; the flash */
    b->ram_base = sfi__rd_u32le(&r);
    b->ram_len = sfi__rd_u32le(&r);
    return ended(b, WIRE_HELLO, &r);
}

sfi_status
sfi__board_start(sfi_ctx *ctx, const char *program, const char *part,
                 const char *path, struct sim_board *b)
{
    sfi_status st;

    *b = (struct sim_board){.ctx = ctx, .fd = -1};
    sfi__buf_init(&b->answer, &ctx->alloc, true);
    st = sfi__board_spawn(program, b);
    if (st != SFI_OK)
        return st;
    st = board_hello(b, part, path);
    if (st == SFI_OK)
        return st;
    sfi__board_stop(b);
    return sfi__where(ctx, "%s", program);
}

void
sfi__board_stop(struct sim_board *b)
{
    sfi__board_end(b);
    sfi__buf_free(&b->answer);
}

/* ---- supply, pins, time ---- */

static sfi_status
tell_u8(struct sim_board *b, enum wire_request what, uint8_t value)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);

    sfi__wr_u8(&w, value);
    return tell(b, what, &w);
}

sfi_status
sfi__board_power(struct sim_board *b, bool on)
{
    return tell_u8(b, WIRE_POWER, on);
}

sfi_status
sfi__board_reset(struct sim_board *b)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);

    return tell(b, WIRE_NRST, &w);
}

sfi_status
sfi__board_set_boot0(struct sim_board *b, bool level)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);

    sfi__wr_u8(&w, WIRE_PORT_BOOT0);
    sfi__wr_u8(&w, 0);
    sfi__wr_u8(&w, level ? WIRE_LEVEL_HIGH : WIRE_LEVEL_LOW);
    return tell(b, WIRE_PIN, &w);
}

sfi_status
sfi__board_run(struct sim_board *b, uint64_t ns, bool until_idle)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    sfi_status st;

    sfi__wr_u64le(&w, ns);
    sfi__wr_u8(&w, until_idle);
    st = ask(b, WIRE_RUN, &w, NULL, 0, &r);
    if (st != SFI_OK)
        return st;
    take_run(b, &r);
    return ended(b, WIRE_RUN, &r);
}

sfi_status
sfi__board_cut_after(struct sim_board *b, uint64_t ops)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);

    sfi__wr_u64le(&w, ops);
    sfi__wr_u8(&w, WIRE_CUT_TORN);
    return tell(b, WIRE_CUT, &w);
}

/* ---- links ---- */

sfi_status
sfi__board_usart(struct sim_board *b, uint32_t baud, uint64_t limit_ns,
                 const uint8_t *data, size_t len, struct buf *out)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    size_t got;
    sfi_status st;

    sfi__wr_u8(&w, USART_PORT);
    sfi__wr_u32le(&w, baud);
    sfi__wr_u8(&w, PARITY);
    sfi__wr_u64le(&w, limit_ns);
    st = ask(b, WIRE_USART, &w, data, len, &r);
    if (st != SFI_OK)
        return st;
    take_run(b, &r);
    got = sfi__rd_left(&r);
    if (!sfi__rd_ok(&r))
        return sfi__board_senseless(b, WIRE_USART);
    return sfi__buf_append(out, sfi__rd_view(&r, got), got) ? SFI_OK
                                                            : SFI_ERR_NOMEM;
}

sfi_status
sfi__board_select(struct sim_board *b, bool low)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);

    sfi__wr_u8(&w, SPI_PORT);
    sfi__wr_u8(&w, low ? WIRE_LEVEL_LOW : WIRE_LEVEL_HIGH);
    return tell(b, WIRE_NSS, &w);
}

sfi_status
sfi__board_spi(struct sim_board *b, uint32_t hertz, uint64_t limit_ns,
               const uint8_t *tx, uint8_t *rx, size_t len)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    sfi_status st;

    sfi__wr_u8(&w, SPI_PORT);
    sfi__wr_u32le(&w, hertz);
    sfi__wr_u64le(&w, limit_ns);
    st = ask(b, WIRE_SPI, &w, tx, len, &r);
    if (st != SFI_OK)
        return st;
    take_run(b, &r);
    sfi__rd_bytes(&r, rx, len);
    return ended(b, WIRE_SPI, &r);
}

/* ---- what it has inside ---- */

sfi_status
sfi__board_state(struct sim_board *b, struct board_state *out)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    sfi_status st = ask(b, WIRE_STATE, &w, NULL, 0, &r);

    if (st != SFI_OK)
        return st;
    out->has_power = sfi__rd_u8(&r) != 0;
    sfi__rd_skip(&r, 1 + 1); /* end of the last run, RDP */
    out->at = sfi__rd_u8(&r);
    sfi__rd_skip(&r, 8); /* time */
    out->ops = sfi__rd_u64le(&r);
    out->resets = sfi__rd_u32le(&r);
    sfi__rd_skip(&r, 4 + 4 + 4); /* reset flags, PC, VTOR */
    out->outputs = sfi__rd_u64le(&r);
    return ended(b, WIRE_STATE, &r);
}

sfi_status
sfi__board_options(struct sim_board *b, uint32_t *programmed,
                   uint32_t *in_force, size_t count)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    sfi_status st = ask(b, WIRE_OPTIONS, &w, NULL, 0, &r);

    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < count; i++) {
        programmed[i] = sfi__rd_u32le(&r);
        in_force[i] = sfi__rd_u32le(&r);
    }
    return ended(b, WIRE_OPTIONS, &r);
}

sfi_status
sfi__board_set_options(struct sim_board *b, const uint32_t *words, size_t count)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);

    for (size_t i = 0; i < count; i++)
        sfi__wr_u32le(&w, words[i]);
    return tell(b, WIRE_SET_OPTIONS, &w);
}

sfi_status
sfi__board_peek(struct sim_board *b, uint32_t address, uint8_t *out, size_t len)
{
    uint8_t head[HEAD_MAX];
    struct wr w = ask_begin(head);
    struct rd r;
    sfi_status st;

    sfi__wr_u32le(&w, address);
    sfi__wr_u32le(&w, (uint32_t)len);
    st = ask(b, WIRE_PEEK, &w, NULL, 0, &r);
    if (st != SFI_OK)
        return st;
    sfi__rd_bytes(&r, out, len);
    return ended(b, WIRE_PEEK, &r);
}

static struct wr
debug_begin(uint8_t head[HEAD_MAX], uint32_t address, uint32_t size)
{
    struct wr w = ask_begin(head);

    sfi__wr_u32le(&w, address);
    sfi__wr_u8(&w, (uint8_t)size);
    return w;
}

sfi_status
sfi__board_debug_read(struct sim_board *b, uint32_t address, uint32_t size,
                      uint32_t *value)
{
    uint8_t head[HEAD_MAX], raw[4] = {0};
    struct wr w = debug_begin(head, address, size);
    struct rd r;
    sfi_status st;

    sfi__wr_u32le(&w, 1);
    st = ask(b, WIRE_DEBUG_READ, &w, NULL, 0, &r);
    if (st != SFI_OK)
        return st;
    sfi__rd_bytes(&r, raw, size);
    if (!sfi__rd_ok(&r))
        return sfi__board_senseless(b, WIRE_DEBUG_READ);
    sfi__rd_init(&r, raw, sizeof(raw));
    *value = sfi__rd_u32le(&r);
    return SFI_OK;
}

sfi_status
sfi__board_debug_write(struct sim_board *b, uint32_t address, uint32_t size,
                       uint32_t value)
{
    uint8_t head[HEAD_MAX], raw[4];
    struct wr w = debug_begin(head, address, size);
    struct wr data;
    struct rd r;

    sfi__wr_init(&data, raw, sizeof(raw));
    sfi__wr_u32le(&data, value);
    return ask(b, WIRE_DEBUG_WRITE, &w, raw, size, &r);
}
