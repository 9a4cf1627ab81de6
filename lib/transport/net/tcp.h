/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A TCP connection to a server, with a deadline on every wait; the only room
 * for it. */
#ifndef SFI_TRANSPORT_NET_TCP_H
#define SFI_TRANSPORT_NET_TCP_H

#include <stdbool.h>

#include "util/clock.h"
#include "transport/base/uri.h"

struct tcp_address {
    char host[URI_PATH_MAX];
    char port[8];
};

/* "HOST:PORT", where an IPv6 address stands in brackets: "[::1]:4000"; false:
 * it is not of that form.  Port 0 is one to listen at, but not to connect to.
 */
bool sfi__tcp_parse_address(const char *text, struct tcp_address *out);
bool sfi__tcp_parse_listener(const char *text, struct tcp_address *out);

/* The last words of a server that closes the connection, such as "Port already
 * in use". */
#define TCP_WORDS_MAX 80u

struct tcp {
    sfi_ctx *ctx;     /* borrowed: the transport holds it */
    const char *peer; /* for messages: "OpenOCD", "the server" */
    int fd;           /* -1: not connected */
    char words[TCP_WORDS_MAX + 1];
    size_t words_len;
};

/* Within `ms`, besides the system's search for the host's name; the name's
 * addresses are tried in turn.  `what` is for the message: "the server". */
sfi_status sfi__tcp_connect(struct tcp *t, const struct tcp_address *address,
                            const char *what, uint32_t ms);
/* Nothing happens when it is not connected. */
void sfi__tcp_close(struct tcp *t);

/* Both leave the connection open when they fail: SFI_ERR_TIMEOUT, or
 * SFI_ERR_NO_DEVICE when the peer closed it. */
sfi_status sfi__tcp_send(struct tcp *t, const void *data, size_t len,
                         const struct deadline *dl);
/* At least one byte, at most `cap`. */
sfi_status sfi__tcp_recv(struct tcp *t, void *buf, size_t cap, size_t *got,
                         const struct deadline *dl);

#endif
