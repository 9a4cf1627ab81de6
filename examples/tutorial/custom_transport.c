/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Your own transport: a chip behind a serial server in the network.
 *
 *     custom-transport HOST PORT
 *
 * sfi_transport_open_stream() takes a table of functions, of which `read` and
 * `write` are required.  These use plain TCP, as ser2net, many Wi-Fi modules
 * and `socat TCP-LISTEN:3333,fork FILE:/dev/ttyUSB0,...` do; the server sets
 * speed and parity.  The program connects to the chip's bootloader and prints
 * which chip it is.  doc/porting.md has the rules for such functions. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sfi/sfi.h>

struct tcp {
    sfi_ctx *ctx;
    int fd;
};

/* Set the message of the error that is returned: every function of a table does
 * so. */
static sfi_status
tcp_fail(struct tcp *t, sfi_status st, const char *message)
{
    sfi_ctx_report(t->ctx, st, 0, message);
    return st;
}

/* Wait once, at most timeout_ms.  A signal may end the wait early: libsfi keeps
 * the deadline, and calls again. */
static sfi_status
tcp_wait_ready(struct tcp *t, short events, uint32_t timeout_ms)
{
    struct pollfd p = {.fd = t->fd, .events = events};

    if (poll(&p, 1, (int)timeout_ms) > 0)
        return SFI_OK; /* ready or broken: recv() or send() will tell */
    return tcp_fail(t, SFI_ERR_TIMEOUT, "the serial server is silent");
}

/* Return what has arrived: at least one byte, at most `len`. */
static sfi_status
tcp_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct tcp *t = user;
    sfi_status st = tcp_wait_ready(t, POLLIN, timeout_ms);
    ssize_t n = st == SFI_OK ? recv(t->fd, buf, len, 0) : 0;

    *got = n > 0 ? (size_t)n : 0;
    if (st == SFI_OK && n <= 0)
        return tcp_fail(t, SFI_ERR_NO_DEVICE, "the serial server hung up");
    return st;
}

/* Send all bytes, or fail.  A frame has at most 1 KB, so a partial send means
 * that the server no longer reads. */
static sfi_status
tcp_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct tcp *t = user;
    sfi_status st = tcp_wait_ready(t, POLLOUT, timeout_ms);

    if (st == SFI_OK && send(t->fd, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
        return tcp_fail(t, SFI_ERR_NO_DEVICE, "the serial server hung up");
    return st;
}

static void
tcp_close(void *user)
{
    close(((struct tcp *)user)->fd);
}

int
main(int argc, char **argv)
{
    static const sfi_stream_ops ops = {.struct_size = sizeof(ops),
                                       .read = tcp_read,
                                       .write = tcp_write,
                                       .close = tcp_close,
                                       .rtt_ms = 500}; /* there and back */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *at = NULL;
    sfi_target_info info = {.struct_size = sizeof(info)};
    struct tcp t = {.fd = -1};
    sfi_transport *tp = NULL;
    sfi_target *chip = NULL;
    sfi_status st;
    int fd;

    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue; /* or the chip would read what is printed */
    close(fd);
    if (argc != 3 || getaddrinfo(argv[1], argv[2], &hints, &at) != 0 ||
        (t.fd = socket(at->ai_family, at->ai_socktype, 0)) < 0 ||
        connect(t.fd, at->ai_addr, at->ai_addrlen) != 0 ||
        sfi_ctx_new(NULL, &t.ctx) != SFI_OK) {
        fprintf(stderr, "custom-transport: cannot connect to this server\n");
        if (at != NULL)
            freeaddrinfo(at);
        return 1;
    }
    if ((st = sfi_transport_open_stream(t.ctx, &ops, &t, &tp)) == SFI_OK &&
        (st = sfi_target_connect(t.ctx, NULL, tp, 0, &chip)) == SFI_OK &&
        (st = sfi_target_get_info(chip, &info)) == SFI_OK)
        printf("%s, %s bootloader\n", sfi_chip_name(sfi_target_chip(chip)),
               info.secure ? "secure" : "open");
    else
        fprintf(stderr, "%s: %s\n", sfi_status_name(st),
                sfi_error_message(sfi_ctx_error(t.ctx)));
    sfi_transport_free(tp); /* the target holds a reference */
    sfi_target_free(chip);
    sfi_ctx_free(t.ctx);
    freeaddrinfo(at);
    return st == SFI_OK ? 0 : 1;
}
