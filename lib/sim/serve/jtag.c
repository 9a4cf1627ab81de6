/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's JTAG as openocd's remote_bitbang over TCP: one character per
 * change of the pins or request for TDO (openocd,
 * doc/manual/jtag/drivers/remote_bitbang.txt). */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/sys_socket.h"
#include "core/err.h"
#include "sim/boot.h"
#include "sim/serve/serve.h"
#include "transport/net/tcp.h"

/* ---- the listener ---- */

static bool
bitbang_is_loopback(const struct sockaddr *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (a->sa_family == AF_INET) {
        memcpy(&v4, a, sizeof(v4));
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (a->sa_family != AF_INET6)
        return false;
    memcpy(&v6, a, sizeof(v6));
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static uint16_t
bitbang_local_port(int fd)
{
    struct sockaddr_storage a;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    socklen_t len = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    if (a.ss_family == AF_INET) {
        memcpy(&v4, &a, sizeof(v4));
        return ntohs(v4.sin_port);
    }
    memcpy(&v6, &a, sizeof(v6));
    return ntohs(v6.sin6_port);
}

static bool
bitbang_listen_on(const struct addrinfo *a, struct jtag_port *j)
{
    const int on = 1;

    j->listener = sfi__sys_socket(a->ai_family, SOCK_STREAM, 0);
    if (j->listener < 0 || sfi__sys_never_wait(j->listener) != 0 ||
        setsockopt(j->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) !=
            0 ||
        bind(j->listener, a->ai_addr, a->ai_addrlen) != 0 ||
        listen(j->listener, 1) != 0)
        return false;
    j->number = bitbang_local_port(j->listener);
    return true;
}

static sfi_status
bitbang_open_listener(sfi_ctx *ctx, const struct addrinfo *a, bool remote,
                      struct jtag_port *j)
{
    int err;

    if (!remote && !bitbang_is_loopback(a->ai_addr))
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "not a loopback address; JTAG over the network gives "
                         "everyone there control of the chip, and must be "
                         "allowed (SFI_SIM_REMOTE)");
    if (bitbang_listen_on(a, j))
        return SFI_OK;
    err = errno;
    sfi__jtag_close(j);
    return sfi__fail_os(
        ctx, err == EADDRINUSE || err == EACCES ? SFI_ERR_ACCESS : SFI_ERR_OS,
        err, "cannot listen");
}

static sfi_status
bitbang_find(sfi_ctx *ctx, const char *where, struct addrinfo **found)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    struct tcp_address at;

    if (!sfi__tcp_parse_listener(where, &at))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "host or port is missing, expected HOST:PORT, such as "
                         "localhost:9824 or [::1]:0");
    if (sfi__text_same(at.host, "localhost"))
        (void)sfi__text_copy(at.host, sizeof(at.host), "127.0.0.1");
    if (getaddrinfo(at.host, at.port, &hints, found) != 0)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "the host is not an IP address, expected HOST:PORT");
    return SFI_OK;
}

sfi_status
sfi__jtag_open(sfi_ctx *ctx, const char *where, bool remote,
               struct jtag_port *j)
{
    struct addrinfo *found = NULL;
    sfi_status st;

    j->listener = -1;
    j->client = -1;
    j->out_len = 0;
    j->out_at = 0;
    st = bitbang_find(ctx, where, &found);
    if (st == SFI_OK) {
        st = bitbang_open_listener(ctx, found, remote, j);
        freeaddrinfo(found);
    }
    return st == SFI_OK ? st : sfi__where(ctx, "%s", where);
}

static void
bitbang_hang_up(struct jtag_port *j)
{
    if (j->client >= 0)
        (void)close(j->client);
    j->client = -1;
    j->out_len = 0;
    j->out_at = 0;
}

void
sfi__jtag_close(struct jtag_port *j)
{
    bitbang_hang_up(j);
    if (j->listener >= 0)
        (void)close(j->listener);
    j->listener = -1;
}

/* ---- the client ---- */

/* Commands are read only when all answers are sent; other clients wait until
 * this one has left. */
struct pollfd
sfi__serve_jtag_wait(const struct jtag_port *j)
{
    if (j->client < 0)
        return (struct pollfd){.fd = j->listener, .events = POLLIN};
    return (struct pollfd){
        .fd = j->client,
        .events = j->out_at < j->out_len ? POLLOUT : POLLIN,
    };
}

static void
bitbang_accept_client(struct jtag_port *j)
{
    const int on = 1;

    j->client = sfi__sys_accept(j->listener);
    if (j->client < 0)
        return;
    (void)sfi__sys_never_wait(j->client);
    (void)setsockopt(j->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* 'r': neither, 's': SRST, 't': TRST, 'u': both. */
static void
bitbang_set_resets(struct sfi_sim *sim, unsigned lines)
{
    if ((lines & 2) != 0)
        sfi__tap_reset(&sim->chain);
    sfi__sim_hold(sim, (lines & 1) != 0);
}

/* false: the client quits. */
static bool
bitbang_run_command(struct sfi_sim *sim, struct jtag_port *j, uint8_t c)
{
    if (c >= '0' && c <= '7')
        sfi__tap_pins(sim, (c & 4) != 0, (c & 2) != 0, (c & 1) != 0);
    else if (c == 'R')
        j->out[j->out_len++] = sfi__tap_tdo(sim) ? '1' : '0';
    else if (c >= 'r' && c <= 'u')
        bitbang_set_resets(sim, (unsigned)c - 'r');
    return c != 'Q'; /* 'B' and 'b', an LED, are ignored */
}

static bool
bitbang_error_passes(int err)
{
    return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static bool
bitbang_read_commands(struct sfi_sim *sim, struct jtag_port *j)
{
    uint8_t in[JTAG_CHUNK];
    ssize_t got = recv(j->client, in, sizeof(in), 0);

    if (got < 0)
        return bitbang_error_passes(errno);
    for (ssize_t i = 0; i < got; i++) {
        if (!bitbang_run_command(sim, j, in[i]))
            return false;
    }
    return got > 0;
}

static bool
bitbang_write_answers(struct jtag_port *j)
{
    while (j->out_at < j->out_len) {
        ssize_t put = send(j->client, j->out + j->out_at,
                           j->out_len - j->out_at, MSG_NOSIGNAL);

        if (put < 0)
            return bitbang_error_passes(errno);
        j->out_at += (size_t)put;
    }
    j->out_len = 0;
    j->out_at = 0;
    return true;
}

void
sfi__serve_jtag_ready(struct sfi_sim *sim, struct jtag_port *j, short events)
{
    bool stays = true;

    if (events == 0)
        return;
    if (j->client < 0) {
        bitbang_accept_client(j);
        return;
    }
    if (j->out_at == j->out_len)
        stays = bitbang_read_commands(sim, j);
    if (!stays || !bitbang_write_answers(j)) {
        bitbang_hang_up(j);
        sfi__sim_hold(sim, false);
    }
}
