/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-card: a smartcard in a virtual reader, vsmartcard-vpcd behind pcscd.
 *
 * The reader listens and the card connects.  A message is its length in two
 * bytes, most significant first, and its content: one byte is an order of the
 * reader, more bytes are a command of a host.  Of the orders, only the one for
 * the answer to reset is answered. */
#define _GNU_SOURCE /* ppoll(), TCP_QUICKACK */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <sfi/card.h>

#include "cli/cli.h"
#include "sfi_card_table.h"

#define DEFAULT_READER "127.0.0.1:35963"
#define RETRY_MS 200 /* between two attempts to connect to the reader */
#define MESSAGE_MAX 65535u

enum { ORDER_OFF = 0, ORDER_ON = 1, ORDER_RESET = 2, ORDER_ATR = 4 };

struct station {
    const struct cli *c;
    sfi_ctx *ctx;
    sfi_card *card;
    bool verbose;
    struct json json;
    char host[256];
    char port[8];
    int fd;           /* -1: no reader */
    sigset_t waiting; /* signal mask during ppoll() */
    uint8_t in_secret[MESSAGE_MAX];
    uint8_t out[2 + SFI_CARD_APDU_MAX];
};

/* ---- ending ---- */

static volatile sig_atomic_t ended;

static void
card_on_signal(int sig)
{
    (void)sig;
    ended = 1;
}

/* Signals are blocked except inside ppoll(), so that none is lost between the
 * test of `ended` and the wait. */
static void
card_catch_signals(sigset_t *waiting)
{
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigaddset(&blocked, SIGHUP);
    cli_handle_signals(card_on_signal);
    (void)sigprocmask(SIG_BLOCK, &blocked, waiting);
}

/* False: the program ends. */
static bool
card_wait_until_ready(struct station *s, short events, int timeout_ms)
{
    struct pollfd p = {.fd = s->fd, .events = events};
    struct timespec t = {.tv_nsec = timeout_ms * 1000000L};
    int n;

    do {
        n = ppoll(&p, 1, timeout_ms >= 0 ? &t : NULL, &s->waiting);
    } while (!ended && n < 0 && errno == EINTR);
    return !ended;
}

/* ---- the connection to the reader ---- */

static void
reader_disconnect(struct station *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
    sfi_card_reset(s->card);
    cli_wipe(s->in_secret, sizeof(s->in_secret));
}

/* vpcd writes length and content separately, and Nagle's algorithm holds the
 * second write until the first is acknowledged, which Linux delays by 40 ms.
 * The option does not last, so set it before each read. */
static void
reader_acknowledge_at_once(int fd)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* False: the reader is gone, or the program ends. */
static bool
reader_receive(struct station *s, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n;

        if (!card_wait_until_ready(s, POLLIN, -1))
            return false;
        reader_acknowledge_at_once(s->fd);
        n = recv(s->fd, out, len, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
reader_transmit(struct station *s, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0 && !card_wait_until_ready(s, POLLOUT, -1))
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

/* Send the content that is in `out` behind two bytes for its length. */
static bool
reader_send_message(struct station *s, size_t len)
{
    s->out[0] = (uint8_t)(len >> 8);
    s->out[1] = (uint8_t)len;
    return reader_transmit(s, s->out, 2 + len);
}

static bool
reader_connect_to(struct station *s, const struct addrinfo *at)
{
    int on = 1;

    s->fd =
        socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (s->fd >= 0 && connect(s->fd, at->ai_addr, at->ai_addrlen) == 0) {
        (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return true;
    }
    reader_disconnect(s);
    return false;
}

/* 0, or the exit status after a message.  No reader is no error: fd stays -1.
 */
static int
reader_connect(struct station *s)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found, *at;
    int err = getaddrinfo(s->host, s->port, &hints, &found);

    if (err != 0)
        return cli_fail_text(s->c, SFI_ERR_NO_DEVICE, "%s: %s", s->host,
                             gai_strerror(err));
    for (at = found; at != NULL && !reader_connect_to(s, at); at = at->ai_next)
        ;
    freeaddrinfo(found);
    return 0;
}

/* ---- the card ---- */

static void
card_print_command(const struct station *s, const uint8_t *in, size_t len,
                   size_t out_len)
{
    const char *why = sfi_card_reason(s->card);
    /* The last two bytes: `out` begins with the message's length. */
    const uint8_t *sw = s->out + out_len;

    (void)fprintf(stderr, "sfi-card:");
    for (size_t i = 0; i < 4 && i < len; i++)
        (void)fprintf(stderr, " %02x", in[i]);
    (void)fprintf(stderr, " (%zu bytes): %02x%02x%s%s\n", len, sw[0], sw[1],
                  why[0] != '\0' ? ", " : "", cli_visible(why));
}

static bool
card_run_command(struct station *s, size_t len)
{
    size_t out_len = sizeof(s->out) - 2;
    sfi_status st =
        sfi_card_apdu(s->card, s->in_secret, len, s->out + 2, &out_len);

    if (st != SFI_OK) {
        (void)cli_fail(s->c, s->ctx, st);
        return false;
    }
    if (s->verbose)
        card_print_command(s, s->in_secret, len, out_len);
    return reader_send_message(s, out_len);
}

static bool
card_obey_order(struct station *s, uint8_t order)
{
    size_t len;
    const uint8_t *atr = sfi_card_atr(s->card, &len);

    switch (order) {
    case ORDER_OFF:
    case ORDER_ON:
    case ORDER_RESET:
        sfi_card_reset(s->card);
        return true;
    case ORDER_ATR: /* pcscd polls with it several times a second */
        memcpy(s->out + 2, atr, len);
        return reader_send_message(s, len);
    default:
        return true;
    }
}

/* Serve one message; false: the reader is gone, or the program ends. */
static bool
card_serve_message(struct station *s)
{
    uint8_t head[2];
    size_t len;
    bool good;

    if (!reader_receive(s, head, sizeof(head)))
        return false;
    len = (size_t)head[0] << 8 | head[1];
    if (!reader_receive(s, s->in_secret, len))
        return false;
    good = len == 1 ? card_obey_order(s, s->in_secret[0])
                    : card_run_command(s, len);
    cli_wipe(s->in_secret, len);
    return good;
}

static int
card_serve_readers(struct station *s)
{
    bool waiting = false;
    int status = 0;

    while (status == 0 && !ended) {
        status = reader_connect(s);
        if (s->fd < 0) {
            if (status == 0 && !waiting)
                (void)printf("waiting for the reader at %s:%s\n",
                             cli_visible(s->host), s->port);
            (void)fflush(stdout);
            waiting = true;
            (void)card_wait_until_ready(s, 0, RETRY_MS);
            continue;
        }
        (void)printf("in the reader at %s:%s\n", cli_visible(s->host), s->port);
        (void)fflush(stdout);
        while (card_serve_message(s))
            ;
        reader_disconnect(s);
        waiting = false;
    }
    return status;
}

/* ---- the program ---- */

static void
parse_reader_address(const struct cli *c, struct station *s)
{
    const char *text = cli_value(c, OPT_VPCD);
    const char *colon;
    uint64_t port;
    size_t len;

    text = text != NULL ? text : DEFAULT_READER;
    colon = strrchr(text, ':');
    len = colon != NULL ? (size_t)(colon - text) : 0;
    if (len == 0 || len >= sizeof(s->host) ||
        !cli_number(colon + 1, 65535, &port) || port == 0)
        cli_usage(c, "\"%s\" is not a reader, expected HOST:PORT", text);
    memcpy(s->host, text, len);
    s->host[len] = '\0';
    (void)snprintf(s->port, sizeof(s->port), "%u", (unsigned)port);
}

static int
card_run_vault(const struct cli *c, struct station *s)
{
    const char *path = cli_need(c, OPT_STATE);
    char uri[4096];
    sfi_hsm *hsm = NULL;
    sfi_status st;
    int status;

    if (cli_wants_json()) {
        cli_json_begin(&s->json);
        json_text(&s->json, "file", path);
        json_text(&s->json, "reader", s->host);
    }
    if (snprintf(uri, sizeof(uri), "vault:%s", path) >= (int)sizeof(uri))
        cli_usage(c, "the path of --state is too long");
    st = sfi_hsm_open(s->ctx, uri, &hsm);
    if (st == SFI_OK)
        st = sfi_card_new(s->ctx, hsm, &s->card);
    sfi_hsm_free(hsm); /* the card holds a reference */
    if (st != SFI_OK)
        return cli_fail(c, s->ctx, st);
    card_catch_signals(&s->waiting);
    status = card_serve_readers(s);
    sfi_card_free(s->card);
    return status;
}

int
main(int argc, char **argv)
{
    static struct station station = {.fd = -1};
    struct cli c;
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&c, &sfi_card_spec, argc, argv);
    station.c = &c;
    station.verbose = cli_has(&c, OPT_VERBOSE);
    parse_reader_address(&c, &station);
    station.ctx = cli_context(&c);
    status = card_run_vault(&c, &station);
    sfi_ctx_free(station.ctx);
    status = cli_finish(&c, status);
    cli_free(&c);
    return status;
}
