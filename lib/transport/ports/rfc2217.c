/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* rfc2217:HOST:PORT: a serial port at a server, which sets its speed, parity
 * and lines as the client asks (RFC 2217). */
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "proto/telnet.h"
#include "transport/base/transport.h"
#include "transport/ports/line.h"
#include "transport/ports/network.h"

/* For all speeds that are tried when the port is opened. */
#define SPEEDS_MS 10000u
/* For one request: a server may open its port only now. */
#define REPLY_MS 3000u
/* Data that arrives while a reply is awaited; the rest is dropped. */
#define PENDING_MAX 4096u
#define CHUNK_MAX 512u
#define DATA_BITS 8u
#define STOP_BITS 1u

enum side { SIDE_OURS, SIDE_THEIRS, SIDES };
enum agreement { OPTION_OFF, OPTION_ASKED, OPTION_ON };

/* The options that are wanted. */
enum { WANT_BINARY, WANT_NO_GO_AHEAD, WANT_COM_PORT, WANTED };
static const uint8_t wanted[WANTED] = {TELNET_BINARY, TELNET_NO_GO_AHEAD,
                                       TELNET_COM_PORT};

/* A setting that the server must confirm. */
struct request {
    enum com_port_command command;
    uint32_t value;
    const char *what; /* for messages */
    bool replied;
    uint32_t reply;
};

struct rfc2217 {
    sfi_ctx *ctx;
    struct network net;
    struct line_options line;
    struct telnet telnet;
    enum agreement options[SIDES][WANTED];
    uint8_t refused[SIDES][(UINT8_MAX + 1) / 8]; /* one bit for each option */
    struct request *requests;                    /* not yet replied to */
    size_t request_count;
    bool suspended;   /* by the server: no data may be sent */
    bool keeps_input; /* the server does not reply to a purge */
    uint8_t pending[PENDING_MAX];
    size_t pending_len;
};

static sfi_status
rfc2217_send(struct rfc2217 *r, const uint8_t *data, size_t len)
{
    return sfi__network_send(&r->net, data, len, REPLY_MS + r->net.rtt_ms);
}

/* ---- what the server sends ---- */

static sfi_status
rfc2217_send_option(struct rfc2217 *r, enum side side, bool on, uint8_t option)
{
    static const uint8_t verbs[SIDES][2] = {
        [SIDE_OURS] = {TELNET_WONT, TELNET_WILL},
        [SIDE_THEIRS] = {TELNET_DONT, TELNET_DO},
    };
    const uint8_t out[] = {TELNET_IAC, verbs[side][on], option};

    return rfc2217_send(r, out, sizeof(out));
}

/* Refuse an option, once: a server that insists is not answered for ever. */
static sfi_status
rfc2217_refuse_option(struct rfc2217 *r, enum side side, uint8_t option)
{
    uint8_t *refused = &r->refused[side][option / 8];
    uint8_t bit = (uint8_t)(1u << option % 8);

    if ((*refused & bit) != 0)
        return SFI_OK;
    *refused |= bit;
    return rfc2217_send_option(r, side, false, option);
}

/* RFC 854: a request is answered, an answer and a known state are not. */
static sfi_status
rfc2217_take_option(struct rfc2217 *r)
{
    uint8_t verb = r->telnet.verb, option = r->telnet.option;
    enum side side =
        verb == TELNET_DO || verb == TELNET_DONT ? SIDE_OURS : SIDE_THEIRS;
    bool on = verb == TELNET_DO || verb == TELNET_WILL;
    enum agreement was;

    for (size_t i = 0; i < WANTED; i++) {
        if (wanted[i] != option)
            continue;
        was = r->options[side][i];
        r->options[side][i] = on ? OPTION_ON : OPTION_OFF;
        if (was == OPTION_ASKED || was == r->options[side][i])
            return SFI_OK;
        return rfc2217_send_option(r, side, on, option);
    }
    return on ? rfc2217_refuse_option(r, side, option) : SFI_OK;
}

/* COM_PORT_CONTROL is the command of several settings: is `value` one of that
 * which was requested? */
static bool
rfc2217_is_reply(const struct request *q, uint8_t command, uint32_t value)
{
    if (q->replied || q->command != command)
        return false;
    if (q->command != COM_PORT_CONTROL)
        return true;
    if (q->value == COM_PORT_DTR_ON || q->value == COM_PORT_DTR_OFF)
        return value == COM_PORT_DTR_ON || value == COM_PORT_DTR_OFF;
    if (q->value == COM_PORT_RTS_ON || q->value == COM_PORT_RTS_OFF)
        return value == COM_PORT_RTS_ON || value == COM_PORT_RTS_OFF;
    return value < COM_PORT_DTR_ON;
}

/* Notifications of modem and line states, and what was not asked, are
 * ignored. */
static void
rfc2217_take_message(struct rfc2217 *r)
{
    uint8_t command;
    uint32_t value;

    if (!sfi__com_port_read(&r->telnet, &command, &value))
        return;
    if (command == COM_PORT_SUSPEND || command == COM_PORT_RESUME)
        r->suspended = command == COM_PORT_SUSPEND;
    for (size_t i = 0; i < r->request_count; i++) {
        struct request *q = &r->requests[i];

        if (!rfc2217_is_reply(q, command, value))
            continue;
        q->replied = true;
        q->reply = value;
        if (command == COM_PORT_PURGE)
            r->pending_len = 0;
        return;
    }
}

static sfi_status
rfc2217_take_byte(struct rfc2217 *r, uint8_t byte)
{
    switch (sfi__telnet_take(&r->telnet, byte)) {
    case TELNET_NOTHING:
        break;
    case TELNET_DATA:
        if (r->pending_len < PENDING_MAX)
            r->pending[r->pending_len++] = r->telnet.byte;
        break;
    case TELNET_OPTION:
        return rfc2217_take_option(r);
    case TELNET_SUB_END:
        rfc2217_take_message(r);
        break;
    case TELNET_BAD:
        return sfi__fail(r->ctx, SFI_ERR_PROTOCOL,
                         "the server does not send Telnet (RFC 854); use tcp: "
                         "for a port that passes bytes only");
    }
    return SFI_OK;
}

/* Wait for bytes of the server, and take them all. */
static sfi_status
rfc2217_receive(struct rfc2217 *r, const struct deadline *dl)
{
    uint8_t raw[CHUNK_MAX];
    size_t got;
    sfi_status st = sfi__tcp_recv(&r->net.tcp, raw, sizeof(raw), &got, dl);

    for (size_t i = 0; st == SFI_OK && i < got; i++)
        st = rfc2217_take_byte(r, raw[i]);
    return st;
}

typedef bool (*rfc2217_done_fn)(const struct rfc2217 *r);

/* Receive until it is done; a server that never falls silent does not delay the
 * deadline. */
static sfi_status
rfc2217_wait(struct rfc2217 *r, rfc2217_done_fn done, const struct deadline *dl)
{
    while (!done(r)) {
        sfi_status st = rfc2217_receive(r, dl);

        if (st != SFI_OK)
            return st;
        if (!done(r) && sfi__deadline_passed(dl))
            return sfi__fail(r->ctx, SFI_ERR_TIMEOUT,
                             "the server does not reply");
    }
    return SFI_OK;
}

/* ---- settings ---- */

/* NULL: each has its reply. */
static const struct request *
rfc2217_find_open(const struct rfc2217 *r)
{
    for (size_t i = 0; i < r->request_count; i++) {
        if (!r->requests[i].replied)
            return &r->requests[i];
    }
    return NULL;
}

static bool
rfc2217_is_confirmed(const struct rfc2217 *r)
{
    return rfc2217_find_open(r) == NULL;
}

/* Send the requests together, and wait for the reply to each. */
static sfi_status
rfc2217_ask(struct rfc2217 *r, struct request *q, size_t count,
            const struct deadline *dl)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        uint8_t out[TELNET_REQUEST_MAX];

        st = rfc2217_send(r, out,
                          sfi__com_port_request(out, q[i].command, q[i].value));
    }
    r->requests = q;
    r->request_count = count;
    if (st == SFI_OK)
        st = rfc2217_wait(r, rfc2217_is_confirmed, dl);
    if (st == SFI_ERR_TIMEOUT && !rfc2217_is_confirmed(r))
        (void)sfi__fail(r->ctx, st, "the server does not confirm %s (RFC 2217)",
                        rfc2217_find_open(r)->what);
    r->requests = NULL;
    r->request_count = 0;
    return st;
}

static sfi_status
rfc2217_set_line(void *user, enum line_wire wire, bool set)
{
    const uint32_t on = wire == LINE_DTR ? COM_PORT_DTR_ON : COM_PORT_RTS_ON;
    const char *what = wire == LINE_DTR ? "DTR" : "RTS";
    struct rfc2217 *r = user;
    struct request q = {COM_PORT_CONTROL, set ? on : on + 1, what, false, 0};
    struct deadline dl = sfi__network_deadline(&r->net, REPLY_MS);
    sfi_status st = rfc2217_ask(r, &q, 1, &dl);

    if (st == SFI_OK && q.reply == q.value)
        return SFI_OK;
    if (st != SFI_OK && st != SFI_ERR_TIMEOUT)
        return st;
    return sfi__fail(r->ctx, SFI_ERR_UNSUPPORTED,
                     "the server does not set %s; has its port such a line",
                     what);
}

/* AN3155, 2: 8 data bits, even parity, 1 stop bit.  *exact: at this speed, or
 * the server has another. */
static sfi_status
rfc2217_set_mode(struct rfc2217 *r, uint32_t baud, bool *exact,
                 const struct deadline *dl)
{
    struct request q[] = {
        {COM_PORT_BAUD, baud, "the speed", false, 0},
        {COM_PORT_DATA_BITS, DATA_BITS, "8 data bits", false, 0},
        {COM_PORT_PARITY, COM_PORT_EVEN, "even parity", false, 0},
        {COM_PORT_STOP_BITS, STOP_BITS, "1 stop bit", false, 0},
        {COM_PORT_CONTROL, COM_PORT_NO_FLOW, "flow control off", false, 0},
    };
    sfi_status st = rfc2217_ask(r, q, sizeof(q) / sizeof(*q), dl);

    if (st != SFI_OK)
        return st;
    *exact = q[0].reply == baud;
    if (q[1].reply != DATA_BITS || q[3].reply != STOP_BITS)
        return sfi__fail(r->ctx, SFI_ERR_IO,
                         "the server's port does not support 8 data bits and 1 "
                         "stop bit");
    if (q[2].reply != COM_PORT_EVEN)
        sfi__log(r->ctx, SFI_LOG_WARNING,
                 "the server's port does not support parity; a real chip needs "
                 "even parity (8E1)");
    if (q[4].reply != COM_PORT_NO_FLOW)
        sfi__log(r->ctx, SFI_LOG_WARNING,
                 "the server's port keeps flow control; the bytes 0x11 and "
                 "0x13 may get lost");
    return SFI_OK;
}

static sfi_status
rfc2217_refuse_speed(struct rfc2217 *r, uint32_t baud)
{
    return sfi__fail(r->ctx, SFI_ERR_IO,
                     "the server's port does not support %u baud", baud);
}

/* ---- the link ---- */

static bool
rfc2217_has_data(const struct rfc2217 *r)
{
    return r->pending_len > 0;
}

static bool
rfc2217_may_send(const struct rfc2217 *r)
{
    return !r->suspended;
}

static sfi_status
rfc2217_read(void *user, uint8_t *buf, size_t len, size_t *got,
             uint32_t timeout_ms)
{
    struct rfc2217 *r = user;
    struct deadline dl = sfi__deadline_in(r->ctx->clock, timeout_ms);
    sfi_status st = rfc2217_wait(r, rfc2217_has_data, &dl);

    if (st != SFI_OK)
        return st;
    *got = len < r->pending_len ? len : r->pending_len;
    memcpy(buf, r->pending, *got);
    r->pending_len -= *got;
    memmove(r->pending, r->pending + *got, r->pending_len);
    return SFI_OK;
}

static sfi_status
rfc2217_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct rfc2217 *r = user;
    struct deadline dl = sfi__deadline_in(r->ctx->clock, timeout_ms);
    uint8_t out[2 * CHUNK_MAX];
    sfi_status st = rfc2217_wait(r, rfc2217_may_send, &dl);

    while (st == SFI_OK && len > 0) {
        size_t n = len < CHUNK_MAX ? len : CHUNK_MAX;

        st = sfi__tcp_send(&r->net.tcp, out, sfi__telnet_escape(out, buf, n),
                           &dl);
        buf += n;
        len -= n;
    }
    return st;
}

/* The server's reply to a purge comes behind all input that is dropped. */
static sfi_status
rfc2217_flush(void *user)
{
    struct rfc2217 *r = user;
    struct request q = {COM_PORT_PURGE, COM_PORT_PURGE_INPUT, "a purge", false,
                        0};
    struct deadline dl = sfi__network_deadline(&r->net, REPLY_MS);
    sfi_status st;

    r->pending_len = 0;
    if (r->keeps_input)
        return SFI_OK;
    st = rfc2217_ask(r, &q, 1, &dl);
    if (st != SFI_ERR_TIMEOUT)
        return st;
    sfi__clear_error(r->ctx);
    r->keeps_input = true;
    return SFI_OK;
}

static sfi_status
rfc2217_reset(void *user, int into_boot)
{
    struct rfc2217 *r = user;

    return sfi__line_reset(r->ctx, &r->line, rfc2217_set_line, r, into_boot);
}

static sfi_status
rfc2217_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct rfc2217 *r = user;
    struct deadline dl = sfi__network_deadline(&r->net, REPLY_MS);
    bool exact;
    sfi_status st;

    (void)sfi__line_choose(&r->line, choice, baud, slower);
    st = rfc2217_set_mode(r, *baud, &exact, &dl);
    return st == SFI_OK && !exact ? rfc2217_refuse_speed(r, *baud) : st;
}

static void
rfc2217_close(void *user)
{
    struct rfc2217 *r = user;

    sfi__tcp_close(&r->net.tcp);
    sfi__ctx_dealloc(r->ctx, r);
}

/* ---- opening ---- */

static bool
rfc2217_has_agreed(const struct rfc2217 *r)
{
    return r->options[SIDE_OURS][WANT_COM_PORT] != OPTION_ASKED;
}

/* Ask for the wanted options, and wait until the server takes the one that
 * matters, or refuses it. */
static sfi_status
rfc2217_negotiate(struct rfc2217 *r)
{
    struct deadline dl = sfi__network_deadline(&r->net, REPLY_MS);
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < WANTED; i++) {
        r->options[SIDE_OURS][i] = OPTION_ASKED;
        st = rfc2217_send_option(r, SIDE_OURS, true, wanted[i]);
        if (st != SFI_OK || i == WANT_COM_PORT)
            break;
        r->options[SIDE_THEIRS][i] = OPTION_ASKED;
        st = rfc2217_send_option(r, SIDE_THEIRS, true, wanted[i]);
    }
    if (st == SFI_OK)
        st = rfc2217_wait(r, rfc2217_has_agreed, &dl);
    if (st == SFI_ERR_TIMEOUT)
        return sfi__fail(r->ctx, st,
                         "no reply to the COM-PORT option (RFC 2217); use tcp: "
                         "for a port that passes bytes only");
    if (st == SFI_OK && r->options[SIDE_OURS][WANT_COM_PORT] == OPTION_OFF)
        return sfi__fail(r->ctx, SFI_ERR_UNSUPPORTED,
                         "the server refuses the COM-PORT option (RFC 2217); "
                         "allow it for this port, or set it to 8E1 and to raw "
                         "bytes and use tcp:");
    return st;
}

/* The server answers in order, so its answer to BINARY (RFC 856) is here. */
static sfi_status
rfc2217_check_binary(struct rfc2217 *r)
{
    for (enum side side = SIDE_OURS; side < SIDES; side++) {
        enum agreement binary = r->options[side][WANT_BINARY];

        if (binary == OPTION_OFF)
            return sfi__fail(r->ctx, SFI_ERR_UNSUPPORTED,
                             "the server refuses to pass all bytes unchanged "
                             "(RFC 856, binary transmission)");
        if (binary == OPTION_ASKED)
            sfi__log(r->ctx, SFI_LOG_WARNING,
                     "the server does not answer whether it passes all bytes "
                     "unchanged (RFC 856, binary transmission)");
    }
    return SFI_OK;
}

/* Skip the speeds that the port does not support. */
static sfi_status
rfc2217_find_speed(struct rfc2217 *r)
{
    struct deadline dl = sfi__deadline_in(
        r->ctx->clock, SPEEDS_MS + (uint64_t)LINE_BAUDS * r->net.rtt_ms);
    size_t *i = &r->line.fastest;

    for (;; --*i) {
        uint32_t baud = sfi__line_bauds[*i];
        bool exact;
        sfi_status st = rfc2217_set_mode(r, baud, &exact, &dl);

        if (st != SFI_OK || exact)
            return st;
        if (*i == r->line.slowest)
            return rfc2217_refuse_speed(r, baud);
        sfi__log(r->ctx, SFI_LOG_WARNING,
                 "the server's port does not support %u baud; trying %u", baud,
                 sfi__line_bauds[*i - 1]);
    }
}

/* No notifications, to which nobody listens; the server need not reply. */
static sfi_status
rfc2217_mask_states(struct rfc2217 *r)
{
    uint8_t out[TELNET_REQUEST_MAX];
    sfi_status st =
        rfc2217_send(r, out, sfi__com_port_request(out, COM_PORT_LINE_MASK, 0));

    if (st != SFI_OK)
        return st;
    return rfc2217_send(r, out,
                        sfi__com_port_request(out, COM_PORT_MODEM_MASK, 0));
}

static sfi_status
rfc2217_open_port(struct rfc2217 *r, const struct uri *uri)
{
    sfi_status st = sfi__line_parse(r->ctx, uri, &r->line);

    if (st == SFI_OK)
        st = sfi__network_connect(&r->net, r->ctx, uri);
    if (st != SFI_OK)
        return st;
    st = rfc2217_negotiate(r);
    if (st == SFI_OK)
        st = rfc2217_mask_states(r);
    if (st == SFI_OK)
        st = rfc2217_find_speed(r);
    if (st == SFI_OK)
        st = rfc2217_check_binary(r);
    if (st == SFI_OK)
        st = sfi__line_open(&r->line, rfc2217_set_line, r);
    return st == SFI_OK ? rfc2217_flush(r) : st;
}

sfi_status
sfi__rfc2217_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    static const char *const keys[] = {LINE_KEYS, NETWORK_KEY_RTT, NULL};
    sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = rfc2217_read,
        .write = rfc2217_write,
        .flush = rfc2217_flush,
        .reset = rfc2217_reset,
        .close = rfc2217_close,
        .set_speed = rfc2217_set_speed,
    };
    char name[TRANSPORT_NAME_MAX];
    struct rfc2217 *r;
    sfi_status st = sfi__uri_allow(ctx, uri, keys);

    if (st != SFI_OK)
        return st;
    r = sfi__ctx_alloc(ctx, sizeof(*r));
    if (r == NULL)
        return SFI_ERR_NOMEM;
    r->ctx = ctx;
    r->net.tcp.fd = -1;
    sfi__text_format(name, sizeof(name), "rfc2217:%s", uri->path);
    st = rfc2217_open_port(r, uri);
    ops.rtt_ms = r->net.rtt_ms;
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_STREAM, &ops, r, name, out);
    if (st == SFI_OK)
        (*out)->baud = sfi__line_bauds[r->line.fastest];
    else
        rfc2217_close(r);
    return st;
}
