/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile serial port server, from the first byte on: what it negotiates,
 * confirms and sends.  The first byte selects the call, the second the link's
 * scheme; then a byte for each turn of the server (enum).  The server is a real
 * socket, and acts when the host reads the clock, as it does before each wait.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/ctx.h"
#include "proto/telnet.h"
#include "transport/base/transport.h"
#include "transport/ports/network.h"

#include "fuzz_server.h"
#include "fuzz_session.h"

/* Every wait of a session, each of them late by the longest time. */
#define LONGEST_MS ((uint64_t)3600 * 1000)
/* Longer than any wait. */
#define SILENT_MS 60000u
#define REPLIES_MAX 2048u

enum turn {
    TURN_SILENT = 0,
    /* otherwise so many bytes that follow */
    TURN_MOST = 251,
    TURN_HALF, /* half of what an honest server says now */
    TURN_ODD,  /* all of it, the next byte over one of its own */
    TURN_GONE,
    TURN_HONEST,
};

static struct {
    struct fuzz_input in;
    struct fuzz_server tcp;
    uint8_t replies[REPLIES_MAX]; /* an honest server's, not yet sent */
    size_t len;
    struct telnet telnet; /* the host's bytes */
} server = {.tcp = {.listener = -1, .client = -1}};

/* ---- an honest server ---- */

static void
reply(uint8_t byte)
{
    if (server.len < REPLIES_MAX)
        server.replies[server.len++] = byte;
}

/* Accept what is wanted; confirm what is set; an ACK for data. */
static void
hear_byte(uint8_t byte)
{
    struct telnet *t = &server.telnet;

    switch (sfi__telnet_take(t, byte)) {
    case TELNET_NOTHING:
        break;
    case TELNET_DATA:
        reply(0x79);
        break;
    case TELNET_OPTION:
        FUZZ_HOLDS(t->verb >= TELNET_WILL);
        if (t->verb != TELNET_WILL && t->verb != TELNET_DO)
            break;
        reply(TELNET_IAC);
        reply(t->verb == TELNET_WILL ? TELNET_DO : TELNET_WILL);
        reply(t->option);
        break;
    case TELNET_SUB_END:
        FUZZ_HOLDS(t->sub_len >= 3 && t->sub[0] == TELNET_COM_PORT);
        reply(TELNET_IAC);
        reply(TELNET_SB);
        reply(TELNET_COM_PORT);
        reply((uint8_t)(t->sub[1] + COM_PORT_REPLY));
        for (size_t i = 2; i < t->sub_len; i++)
            reply(t->sub[i]);
        reply(TELNET_IAC);
        reply(TELNET_SE);
        break;
    case TELNET_BAD:
        abort(); /* the host sends Telnet */
    }
}

static void
hear(void)
{
    bool is_new = server.tcp.client < 0;
    uint8_t raw[512];
    ssize_t got;

    if (!fuzz_server_accept(&server.tcp))
        return;
    if (is_new) {
        server.telnet = (struct telnet){0};
        server.len = 0;
    }
    while ((got = recv(server.tcp.client, raw, sizeof(raw), 0)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            hear_byte(raw[i]);
    }
    if (got == 0)
        fuzz_server_hang_up(&server.tcp);
}

/* ---- turns ---- */

/* Nothing to say: time passes, or the host would really wait. */
static void
say(const uint8_t *data, size_t len)
{
    if (len == 0)
        fuzz_now += SILENT_MS;
    else
        (void)send(server.tcp.client, data, len, MSG_NOSIGNAL);
}

static void
say_bytes(size_t n)
{
    uint8_t out[TURN_MOST];

    n = n < server.in.left ? n : server.in.left;
    fuzz_bytes(&server.in, out, n);
    say(out, n);
}

static void
take_turn(void)
{
    uint8_t turn = server.in.left > 0 ? fuzz_byte(&server.in) : TURN_GONE;

    switch (turn) {
    case TURN_SILENT:
        say(NULL, 0);
        break;
    case TURN_HALF:
        say(server.replies, server.len / 2);
        break;
    case TURN_ODD:
        if (server.len > 0)
            server.replies[fuzz_byte(&server.in) % server.len] =
                fuzz_byte(&server.in);
        say(server.replies, server.len);
        break;
    case TURN_GONE:
        fuzz_server_hang_up(&server.tcp);
        break;
    case TURN_HONEST:
        say(server.replies, server.len);
        break;
    default:
        say_bytes(turn);
        break;
    }
    server.len = 0;
}

static uint64_t
clock_now(void *user)
{
    (void)user;
    hear();
    if (server.tcp.client >= 0)
        take_turn();
    return fuzz_now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    fuzz_now += ms;
}

/* Whatever the server sent, the message is safe for a terminal. */
static void
check_text(const sfi_ctx *ctx)
{
    const sfi_error *err = sfi_ctx_error(ctx);

    for (const char *c = err != NULL ? sfi_error_message(err) : ""; *c; c++)
        FUZZ_HOLDS(*c >= ' ' && *c < 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct clock clock = {
        .now_ms = clock_now,
        .sleep_ms = clock_sleep,
    };
    sfi_ctx *ctx = fuzz_ctx();
    sfi_transport *tp = NULL;
    char text[64];
    uint8_t which;
    bool raw;
    sfi_status st;

    fuzz_server_listen(&server.tcp);
    fuzz_now = 0;
    server.in = (struct fuzz_input){data, len};
    which = fuzz_byte(&server.in);
    raw = fuzz_byte(&server.in) % 8 == 0;
    (void)snprintf(text, sizeof(text), "%s:127.0.0.1:%u%s",
                   raw ? "tcp" : "rfc2217", server.tcp.port,
                   raw ? "" : "?baud=230400&reset=rts&boot0=dtr");
    ctx->clock = &clock;
    st = sfi_transport_open(ctx, text, &tp);
    check_text(ctx);
    FUZZ_HOLDS((st == SFI_OK) == (tp != NULL));
    FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_UNSUPPORTED || st <= -400);
    FUZZ_HOLDS(fuzz_now <= LONGEST_MS);
    if (st == SFI_OK) {
        fuzz_session_by(ctx, tp, which, LONGEST_MS, &clock);
        check_text(ctx);
    }
    fuzz_server_hang_up(&server.tcp);
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}
