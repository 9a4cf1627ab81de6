/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A card in a virtual reader, vsmartcard-vpcd behind pcscd.
 *
 * The reader listens and the card connects.  A message is its length in two
 * bytes, most significant first, and its content: one byte is an order of the
 * reader, more bytes are a command of a host.  Of the orders, only the one for
 * the answer to reset is answered. */
#define _GNU_SOURCE /* TCP_QUICKACK */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/sys_socket.h"
#include "core/err.h"
#include "sim/card/card.h"
#include "transport/net/tcp.h"

/* vpcd's first slot on this machine. */
#define READER_DEFAULT "127.0.0.1:35963"

#define RETRY_MS 200 /* between two attempts to connect to the reader */
#define SLICE_MS 100 /* how late the end is noticed */
#define MESSAGE_MAX 65535u

enum { ORDER_OFF = 0, ORDER_ON = 1, ORDER_RESET = 2, ORDER_ATR = 4 };

struct reader {
    sfi_card *card;
    struct tcp_address at;
    int (*stop)(void *user);
    sfi_card_event_fn event;
    void *user;
    int fd; /* -1: no reader */
    uint8_t in_secret[MESSAGE_MAX];
    uint8_t out[2 + SFI_CARD_APDU_MAX];
};

static void
reader_tell(struct reader *r, uint32_t kind, const uint8_t *command, size_t len,
            size_t answer_len)
{
    sfi_card_event e = {
        .struct_size = sizeof(e), .kind = kind, .length = (uint32_t)len};

    /* `out` begins with the message's length. */
    if (command != NULL) {
        memcpy(e.header, command, len < sizeof(e.header) ? len : 4);
        e.status_word =
            (uint32_t)r->out[answer_len] << 8 | r->out[answer_len + 1];
    }
    if (r->event != NULL)
        r->event(r->user, &e);
}

/* Wait for the reader, or `timeout_ms`, -1: for ever.  False: the end. */
static bool
reader_wait(struct reader *r, short events, int timeout_ms)
{
    struct pollfd p = {.fd = r->fd, .events = events};
    int n = 0;

    for (int left = timeout_ms; n <= 0 && left != 0;) {
        int slice = left < 0 || left > SLICE_MS ? SLICE_MS : left;

        if (r->stop(r->user) != 0)
            return false;
        n = poll(&p, 1, slice);
        if (left > 0)
            left -= slice;
    }
    return true;
}

/* ---- the connection ---- */

static void
reader_disconnect(struct reader *r)
{
    if (r->fd >= 0)
        (void)close(r->fd);
    r->fd = -1;
    sfi_card_reset(r->card);
    sfi__wipe(r->in_secret, sizeof(r->in_secret));
}

/* vpcd writes length and content separately, and Nagle's algorithm holds the
 * second write until the first is acknowledged, which Linux delays by 40 ms.
 * The option does not last, so set it before each read.  False: the reader is
 * gone, or the end. */
static bool
reader_receive(struct reader *r, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n;
        int on = 1;

        if (!reader_wait(r, POLLIN, -1))
            return false;
        (void)setsockopt(r->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
        n = recv(r->fd, out, len, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

/* Send the content that is in `out` behind two bytes for its length. */
static bool
reader_send(struct reader *r, size_t len)
{
    const uint8_t *data = r->out;

    r->out[0] = (uint8_t)(len >> 8);
    r->out[1] = (uint8_t)len;
    for (len += 2; len > 0;) {
        ssize_t n = send(r->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0 && !reader_wait(r, POLLOUT, -1))
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static bool
reader_connect_to(struct reader *r, const struct addrinfo *at)
{
    int on = 1;

    r->fd = sfi__sys_socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (r->fd >= 0 && connect(r->fd, at->ai_addr, at->ai_addrlen) == 0) {
        (void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return true;
    }
    reader_disconnect(r);
    return false;
}

/* No reader is no error: fd stays -1. */
static sfi_status
reader_connect(struct reader *r)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found, *at;
    int err = getaddrinfo(r->at.host, r->at.port, &hints, &found);

    if (err != 0) {
        (void)sfi__fail(r->card->obj.ctx, SFI_ERR_NO_DEVICE,
                        "the name has no address (%d)", err);
        return sfi__where(r->card->obj.ctx, "%s", r->at.host);
    }
    for (at = found; at != NULL && !reader_connect_to(r, at); at = at->ai_next)
        ;
    freeaddrinfo(found);
    return SFI_OK;
}

/* ---- messages ---- */

static bool
reader_run_command(struct reader *r, size_t len, sfi_status *st)
{
    size_t out_len = sizeof(r->out) - 2;

    *st = sfi_card_apdu(r->card, r->in_secret, len, r->out + 2, &out_len);
    if (*st != SFI_OK)
        return false;
    reader_tell(r, SFI_CARD_COMMAND, r->in_secret, len, out_len);
    return reader_send(r, out_len);
}

static bool
reader_obey_order(struct reader *r, uint8_t order)
{
    size_t len;
    const uint8_t *atr = sfi_card_atr(r->card, &len);

    if (order == ORDER_ATR) { /* pcscd polls with it several times a second */
        memcpy(r->out + 2, atr, len);
        return reader_send(r, len);
    }
    if (order == ORDER_OFF || order == ORDER_ON || order == ORDER_RESET)
        sfi_card_reset(r->card);
    return true;
}

/* Serve one message; false: the reader is gone, the end, or a failure. */
static bool
reader_serve_message(struct reader *r, sfi_status *st)
{
    uint8_t head[2];
    size_t len;
    bool good;

    if (!reader_receive(r, head, sizeof(head)))
        return false;
    len = (size_t)head[0] << 8 | head[1];
    if (!reader_receive(r, r->in_secret, len))
        return false;
    good = len == 1 ? reader_obey_order(r, r->in_secret[0])
                    : reader_run_command(r, len, st);
    sfi__wipe(r->in_secret, len);
    return good;
}

static sfi_status
reader_serve(struct reader *r)
{
    bool waits = false;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && r->stop(r->user) == 0) {
        st = reader_connect(r);
        if (st != SFI_OK)
            return st;
        if (r->fd < 0 && !waits)
            reader_tell(r, SFI_CARD_WAITING, NULL, 0, 0);
        waits = r->fd < 0;
        if (waits) {
            (void)reader_wait(r, 0, RETRY_MS);
            continue;
        }
        reader_tell(r, SFI_CARD_INSERTED, NULL, 0, 0);
        while (reader_serve_message(r, &st))
            ;
        reader_disconnect(r);
    }
    return st;
}

sfi_status
sfi_card_serve(sfi_card *card, const char *reader, int (*stop)(void *user),
               sfi_card_event_fn event, void *user)
{
    struct tcp_address at;
    struct reader *r;
    sfi_status st;

    SFI_ENTER(card, CARD);
    SFI_ARG(card, stop != NULL);
    if (reader == NULL)
        reader = READER_DEFAULT;
    if (!sfi__tcp_parse_address(reader, &at)) {
        (void)sfi__fail(card->obj.ctx, SFI_ERR_ARGUMENT,
                        "host or port is missing, expected HOST:PORT, such "
                        "as " READER_DEFAULT " or [::1]:35963");
        return sfi__where(card->obj.ctx, "%s", reader);
    }
    r = sfi__ctx_alloc(card->obj.ctx, sizeof(*r));
    if (r == NULL)
        return SFI_ERR_NOMEM;
    r->card = card;
    r->at = at;
    r->stop = stop;
    r->event = event;
    r->user = user;
    r->fd = -1;
    st = reader_serve(r);
    sfi__ctx_dealloc(card->obj.ctx, r);
    return st;
}
