/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Serial ports at a server: tcp:HOST:PORT passes bytes, and rfc2217:HOST:PORT
 * controls the port too. */
#ifndef SFI_TRANSPORT_PORTS_NETWORK_H
#define SFI_TRANSPORT_PORTS_NETWORK_H

#include <sfi/transport.h>

#include "transport/base/uri.h"
#include "transport/net/tcp.h"

sfi_status sfi__tcp_open(sfi_ctx *ctx, const struct uri *uri,
                         sfi_transport **out);
sfi_status sfi__rfc2217_open(sfi_ctx *ctx, const struct uri *uri,
                             sfi_transport **out);

/* ---- what both do ---- */

/* The key for the network's round trip. */
#define NETWORK_KEY_RTT "rtt"

struct network {
    struct tcp tcp;
    uint32_t rtt_ms;
};

/* Parse the server's address and `rtt`, and connect. */
sfi_status sfi__network_connect(struct network *n, sfi_ctx *ctx,
                                const struct uri *uri);
/* Bytes out, within a link's time. */
sfi_status sfi__network_send(struct network *n, const uint8_t *data, size_t len,
                             uint32_t ms);
/* A wait for the server: `ms` and the round trip. */
struct deadline sfi__network_deadline(const struct network *n, uint32_t ms);

#endif
