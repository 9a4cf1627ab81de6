/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* tcp:HOST:PORT: the bytes of a serial port at a server, and what rfc2217: has
 * in common with it. */
#include "transport/ports/network.h"

#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"

#define CONNECT_MS 5000u
/* A second each way: libsfi works through networks that are no slower. */
#define RTT_DEFAULT_MS 2000u
/* Of a port whose speed is not named: what bootloaders specify (AN3155, 2). */
#define BAUD_DEFAULT 115200u
#define BAUD_MAX 10000000u
/* More is no input that was left unread, but a stream without end. */
#define FLUSH_MAX 65536u

/* ---- what both do ---- */

static sfi_status
network_parse_number(sfi_ctx *ctx, const struct uri *uri, const char *key,
                     uint32_t max, uint32_t *out)
{
    const char *text = sfi__uri_get(uri, key);
    uint64_t v = *out;

    if (text != NULL && !sfi__text_to_u64(text, max, &v))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is \"%s\", expected 0 to %u", key, text, max);
    *out = (uint32_t)v;
    return SFI_OK;
}

struct deadline
sfi__network_deadline(const struct network *n, uint32_t ms)
{
    return sfi__deadline_in(n->tcp.ctx->clock, (uint64_t)ms + n->rtt_ms);
}

sfi_status
sfi__network_connect(struct network *n, sfi_ctx *ctx, const struct uri *uri)
{
    struct tcp_address address;
    sfi_status st;

    n->tcp = (struct tcp){.ctx = ctx, .peer = "the server", .fd = -1};
    n->rtt_ms = RTT_DEFAULT_MS;
    if (!sfi__tcp_parse_address(uri->path, &address))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "host or port is missing, expected %s:HOST:PORT, such "
                         "as %s:192.168.1.20:4000 or %s:[::1]:4000",
                         uri->scheme, uri->scheme, uri->scheme);
    st = network_parse_number(ctx, uri, NETWORK_KEY_RTT, SFI_STREAM_RTT_MAX,
                              &n->rtt_ms);
    if (st != SFI_OK)
        return st;
    return sfi__tcp_connect(&n->tcp, &address, "the server",
                            CONNECT_MS + n->rtt_ms);
}

sfi_status
sfi__network_send(struct network *n, const uint8_t *data, size_t len,
                  uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(n->tcp.ctx->clock, ms);

    return sfi__tcp_send(&n->tcp, data, len, &dl);
}

/* ---- tcp: ---- */

static sfi_status
network_read(void *user, uint8_t *buf, size_t len, size_t *got,
             uint32_t timeout_ms)
{
    struct network *n = user;
    struct deadline dl = sfi__deadline_in(n->tcp.ctx->clock, timeout_ms);

    return sfi__tcp_recv(&n->tcp, buf, len, got, &dl);
}

static sfi_status
network_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    return sfi__network_send(user, buf, len, timeout_ms);
}

/* What has arrived; the rest is for the session to drain. */
static sfi_status
network_flush(void *user)
{
    struct network *n = user;
    struct deadline now = sfi__deadline_in(n->tcp.ctx->clock, 0);
    uint8_t scrap[512];
    size_t total = 0;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && total < FLUSH_MAX) {
        size_t got;

        st = sfi__tcp_recv(&n->tcp, scrap, sizeof(scrap), &got, &now);
        total += got;
    }
    return st == SFI_ERR_TIMEOUT ? SFI_OK : st;
}

static void
network_close(void *user)
{
    struct network *n = user;

    sfi__tcp_close(&n->tcp);
    sfi__ctx_dealloc(n->tcp.ctx, n);
}

sfi_status
sfi__tcp_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    static const char *const keys[] = {"baud", NETWORK_KEY_RTT, NULL};
    sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = network_read,
        .write = network_write,
        .flush = network_flush,
        .close = network_close,
    };
    uint32_t baud = BAUD_DEFAULT;
    char name[TRANSPORT_NAME_MAX];
    struct network *n;
    sfi_status st = sfi__uri_allow(ctx, uri, keys);

    if (st == SFI_OK)
        st = network_parse_number(ctx, uri, "baud", BAUD_MAX, &baud);
    if (st != SFI_OK)
        return st;
    n = sfi__ctx_alloc(ctx, sizeof(*n));
    if (n == NULL)
        return SFI_ERR_NOMEM;
    sfi__text_format(name, sizeof(name), "tcp:%s", uri->path);
    st = sfi__network_connect(n, ctx, uri);
    ops.rtt_ms = n->rtt_ms;
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_STREAM, &ops, n, name, out);
    if (st == SFI_OK)
        (*out)->baud = baud;
    else
        network_close(n);
    return st;
}
