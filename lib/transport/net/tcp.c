/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A TCP connection over POSIX sockets. */
#define _POSIX_C_SOURCE 200809L
#include "transport/net/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/sys_socket.h"
#include "core/ctx.h"
#include "core/err.h"

void
sfi__tcp_close(struct tcp *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
}

/* Wait for `events`; SFI_ERR_TIMEOUT records no message.  In slices, as the
 * context's user may cancel. */
static sfi_status
tcp_wait_ready(struct tcp *t, short events, const struct deadline *dl)
{
    struct pollfd p = {.fd = t->fd, .events = events};

    for (;;) {
        uint32_t left = sfi__deadline_left(dl);
        sfi_status st = sfi__ctx_cancelled(t->ctx);
        int ready;

        if (st != SFI_OK)
            return st;
        ready = poll(&p, 1, (int)(left < CTX_SLICE_MS ? left : CTX_SLICE_MS));
        if (ready > 0)
            return SFI_OK;
        if (ready < 0 && errno != EINTR)
            return sfi__fail_os(t->ctx, SFI_ERR_IO, errno, "cannot wait");
        if (sfi__deadline_passed(dl))
            return SFI_ERR_TIMEOUT;
    }
}

static bool
tcp_make_socket(struct tcp *t, const struct addrinfo *a)
{
    const int on = 1;

    t->fd = sfi__sys_socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (t->fd < 0)
        return false;
    (void)sfi__sys_never_wait(t->fd);
    /* Frames are short, and each waits for its reply. */
    (void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return true;
}

/* 0, or an errno; ECANCELED: by the context's user. */
static int
tcp_try_address(struct tcp *t, const struct addrinfo *a,
                const struct deadline *dl)
{
    int err = 0;
    socklen_t len = sizeof(err);
    sfi_status st;

    if (!tcp_make_socket(t, a))
        return errno;
    if (connect(t->fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    st = tcp_wait_ready(t, POLLOUT, dl);
    if (st != SFI_OK)
        return st == SFI_ERR_CANCELLED ? ECANCELED : ETIMEDOUT;
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
        return errno;
    return err;
}

/* An address that does not answer leaves time for those behind it. */
static int
tcp_try_addresses(struct tcp *t, const struct addrinfo *found, uint32_t ms)
{
    struct deadline all = sfi__deadline_in(t->ctx->clock, ms);
    uint32_t count = 0;
    int err = ENOENT;

    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
        count++;
    for (const struct addrinfo *a = found;
         a != NULL && err != 0 && err != ECANCELED; a = a->ai_next, count--) {
        struct deadline dl =
            sfi__deadline_in(t->ctx->clock, sfi__deadline_left(&all) / count);

        sfi__tcp_close(t);
        err = tcp_try_address(t, a, &dl);
    }
    return err;
}

sfi_status
sfi__tcp_connect(struct tcp *t, const struct tcp_address *address,
                 const char *what, uint32_t ms)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int err;

    if (getaddrinfo(address->host, address->port, &hints, &found) != 0)
        return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE,
                         "there is no host of this name");
    err = tcp_try_addresses(t, found, ms);
    freeaddrinfo(found);
    if (err == 0)
        return SFI_OK;
    sfi__tcp_close(t);
    if (err == ECANCELED)
        return SFI_ERR_CANCELLED;
    return sfi__fail_os(t->ctx, SFI_ERR_NO_DEVICE, err, "cannot connect to %s",
                        what);
}

/* Text that arrived last; a line's end is a blank, and anything else begins
 * again. */
static void
tcp_keep_words(struct tcp *t, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool ends = data[i] == '\r' || data[i] == '\n';

        if (!ends && (data[i] < ' ' || data[i] >= 0x7f))
            t->words_len = 0;
        else if (t->words_len < TCP_WORDS_MAX && !(ends && t->words_len == 0))
            t->words[t->words_len++] = ends ? ' ' : (char)data[i];
    }
}

/* It may have said something that nobody has read. */
static sfi_status
tcp_fail_closed(struct tcp *t)
{
    uint8_t last[256];
    ssize_t n = recv(t->fd, last, sizeof(last), 0);

    tcp_keep_words(t, last, n > 0 ? (size_t)n : 0);
    while (t->words_len > 0 && t->words[t->words_len - 1] == ' ')
        t->words_len--;
    t->words[t->words_len] = '\0';
    return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE, "%s closed the connection%s%s",
                     t->peer, t->words_len > 0 ? ": " : "", t->words);
}

sfi_status
sfi__tcp_send(struct tcp *t, const void *data, size_t len,
              const struct deadline *dl)
{
    const uint8_t *at = data;

    t->words_len = 0;
    while (len > 0) {
        ssize_t n = send(t->fd, at, len, MSG_NOSIGNAL);
        sfi_status st = SFI_OK;

        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            return tcp_fail_closed(t);
        } else {
            st = tcp_wait_ready(t, POLLOUT, dl);
        }
        if (st == SFI_ERR_TIMEOUT)
            return sfi__fail(t->ctx, st, "%s accepts no more data", t->peer);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

sfi_status
sfi__tcp_recv(struct tcp *t, void *buf, size_t cap, size_t *got,
              const struct deadline *dl)
{
    *got = 0;
    for (;;) {
        ssize_t n = recv(t->fd, buf, cap, 0);
        sfi_status st;

        if (n > 0) {
            *got = (size_t)n;
            tcp_keep_words(t, buf, *got);
            return SFI_OK;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return tcp_fail_closed(t);
        st = tcp_wait_ready(t, POLLIN, dl);
        if (st == SFI_ERR_TIMEOUT)
            return sfi__fail(t->ctx, st, "%s does not reply", t->peer);
        if (st != SFI_OK)
            return st;
    }
}
