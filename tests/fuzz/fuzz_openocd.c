/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile openocd: the answers of its Tcl port, from the first command on.
 * The first byte selects the call; then a byte for each command (enum).  The
 * port is a real socket; the other side acts when the host reads the clock, as
 * it does before each wait. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/ctx.h"
#include "transport/openocd/openocd.h"

#include "fuzz_server.h"
#include "fuzz_session.h"

/* Each command waits 10 s at most, and an input has so many. */
#define LONGEST_MS ((uint64_t)3600 * 1000)
/* Longer than any wait. */
#define SILENT_MS 20000u
#define IDCODE_AT 0x5c001000u
#define IDCODE 0x20036450u

enum turn {
    TURN_SILENT = 0,
    /* otherwise so many bytes that follow */
    TURN_MOST = 249,
    TURN_HALF,   /* the first half of the right answer; more comes next turn */
    TURN_ODD,    /* the right one with the next byte over one of its own */
    TURN_TWICE,  /* and again */
    TURN_REFUSE, /* "1 " and so many bytes as the next one says */
    TURN_GONE,
    TURN_HONEST,
};

static struct {
    struct fuzz_input in;
    struct fuzz_server tcp;
    bool asked; /* a command waits for its answer */
    char command[OPENOCD_TEXT_MAX + 1];
    size_t len;
} server = {.tcp = {.listener = -1, .client = -1}};

static void
hang_up(void)
{
    fuzz_server_hang_up(&server.tcp);
    server.asked = false;
    server.len = 0;
}

/* ---- answers ---- */

/* All memory reads as zero, except the device id. */
static size_t
honest(char *out, size_t cap)
{
    unsigned long address = 0;
    size_t count = 0, at = 0;
    const char *read = strstr(server.command, " read_memory ");

    if (strstr(server.command, "target names") != NULL)
        return (size_t)snprintf(out, cap, "0 h7.cpu0\x1a");
    if (read == NULL ||
        sscanf(read, " read_memory %lx 32 %zu", &address, &count) != 2)
        return (size_t)snprintf(out, cap, "0 {}\x1a");
    at = (size_t)snprintf(out, cap, "0 {");
    for (size_t i = 0; i < count && at < cap - 16; i++)
        at += (size_t)snprintf(out + at, cap - at, "0x%x%s",
                               address + 4 * i == IDCODE_AT ? IDCODE : 0,
                               i + 1 < count ? " " : "}\x1a");
    return at;
}

static void
say(const char *data, size_t len)
{
    if (len == 0)
        return;
    (void)send(server.tcp.client, data, len, MSG_NOSIGNAL);
    server.asked = data[len - 1] != OPENOCD_END;
}

/* Bytes of the input between what makes them an answer, or not. */
static void
say_bytes(const char *head, size_t n)
{
    char out[300];
    size_t at = strlen(head);

    memcpy(out, head, at);
    n = n < server.in.left ? n : server.in.left;
    fuzz_bytes(&server.in, (uint8_t *)out + at, n);
    out[at + n] = OPENOCD_END;
    say(out, at + n + (head[0] != '\0' || n == 0));
}

static void
take_turn(void)
{
    static char out[2 * (OPENOCD_TEXT_MAX + 64)];
    uint8_t turn = server.in.left > 0 ? fuzz_byte(&server.in) : TURN_GONE;
    size_t len = honest(out, sizeof(out) / 2);

    switch (turn) {
    case TURN_SILENT:
        fuzz_now += SILENT_MS;
        break;
    case TURN_HALF:
        say(out, len / 2);
        break;
    case TURN_ODD:
        out[fuzz_byte(&server.in) % len] = (char)fuzz_byte(&server.in);
        say(out, len);
        break;
    case TURN_TWICE:
        memcpy(out + len, out, len);
        say(out, 2 * len);
        break;
    case TURN_REFUSE:
        say_bytes("1 ", fuzz_byte(&server.in));
        break;
    case TURN_GONE:
        hang_up();
        break;
    case TURN_HONEST:
        say(out, len);
        break;
    default:
        say_bytes("", turn);
        break;
    }
}

static void
hear(void)
{
    ssize_t got;

    if (!fuzz_server_accept(&server.tcp))
        return;
    do {
        FUZZ_HOLDS(server.len < sizeof(server.command) - 1);
        got = recv(server.tcp.client, server.command + server.len,
                   sizeof(server.command) - 1 - server.len, 0);
        server.len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (got == 0)
        hang_up();
    if (server.len == 0 || server.command[server.len - 1] != OPENOCD_END)
        return;
    server.command[server.len - 1] = '\0';
    server.len = 0;
    server.asked = true;
}

static uint64_t
clock_now(void *user)
{
    (void)user;
    hear();
    if (server.asked && server.tcp.client >= 0)
        take_turn();
    return fuzz_now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    fuzz_now += ms;
}

/* Whatever the peer sent, the message is safe for a terminal. */
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
    struct uri uri = {.scheme = "openocd"};
    uint8_t which;
    sfi_status st;

    fuzz_server_listen(&server.tcp);
    fuzz_now = 0;
    server.in = (struct fuzz_input){data, len};
    which = fuzz_byte(&server.in);
    (void)snprintf(uri.path, sizeof(uri.path), "127.0.0.1:%u", server.tcp.port);
    ctx->clock = &clock;
    st = sfi__openocd_open(ctx, &uri, &tp);
    check_text(ctx);
    FUZZ_HOLDS((st == SFI_OK) == (tp != NULL));
    FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_ARGUMENT || st <= -400);
    if (st == SFI_OK) {
        fuzz_session_by(ctx, tp, which, LONGEST_MS, &clock);
        check_text(ctx);
    }
    hang_up();
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}
