/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seeds (seeds.h) for an OpenOCD whose replies are lost, cut, wrong, doubled or
 * of another command, that refuses or hangs up, and a chip that loses its
 * power.  A frame is a command on its Tcl port.  The port is a real one; the
 * other side acts when the host reads the clock, which it does before it waits.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/ctx.h"
#include "transport/openocd/openocd.h"
#include "transport/base/transport.h"

#include <bench/seeds.h>

/* Longer than any wait of the host's for an answer. */
#define SILENT_MS 20000u

enum {
    MISHAP_REFUSED, /* without effect */
    MISHAP_WRONG,   /* a character */
    MISHAP_CUT,     /* and no more comes */
    MISHAP_TWICE,
    MISHAP_OTHER, /* the answer before */
    MISHAP_LOST,  /* the command */
    MISHAP_LATE,  /* its answer, and it was done */
    MISHAP_GONE,  /* it hangs up, and can be called again */
    MISHAP_RESET,
    MISHAPS
};

static struct {
    int listener, client;
    uint16_t port;
    char command[OPENOCD_TEXT_MAX + 1];
    size_t len;
    char before[OPENOCD_TEXT_MAX]; /* the last reply */
    uint64_t told;                 /* when the chip's clock was last set */
} server = {.listener = -1, .client = -1};

static void
hang_up(void)
{
    const struct linger at_once = {.l_onoff = 1};

    if (server.client < 0)
        return;
    (void)setsockopt(server.client, SOL_SOCKET, SO_LINGER, &at_once,
                     sizeof(at_once));
    (void)close(server.client);
    server.client = -1;
    server.len = 0;
}

/* ---- an OpenOCD without mishaps ---- */

static void
read_memory(const char *args, char *out)
{
    uint32_t words[OPENOCD_WORDS];
    unsigned long address;
    size_t count, at = 0;

    ck_assert_int_eq(sscanf(args, "%lx 32 %zu", &address, &count), 2);
    ck_assert(count > 0 && count <= OPENOCD_WORDS);
    if (sfi__transport_read32(station.direct, (uint32_t)address, words,
                              count) != SFI_OK) {
        (void)strcpy(out, "1 {failed to read memory}");
        return;
    }
    at = (size_t)sprintf(out, "0 {");
    for (size_t i = 0; i < count; i++)
        at += (size_t)sprintf(out + at, "0x%x%c", words[i],
                              i + 1 < count ? ' ' : '}');
}

static void
write_memory(const char *args, char *out)
{
    uint32_t words[OPENOCD_WORDS];
    unsigned long address;
    size_t count = 0;
    char *at;

    ck_assert_int_eq(sscanf(args, "%lx", &address), 1);
    at = strchr(args, '{');
    ck_assert_ptr_nonnull(at);
    for (at++; *at != '}'; at += *at == ' ')
        words[count++] = (uint32_t)strtoul(at, &at, 16);
    if (sfi__transport_write32(station.direct, (uint32_t)address, words,
                               count) != SFI_OK)
        (void)strcpy(out, "1 {failed to write memory}");
    else
        (void)strcpy(out, "0 {}");
}

/* A probe's reset line would be `adapter`; there is none here. */
static void
obey(char *out)
{
    const char *at;

    if ((at = strstr(server.command, " read_memory ")) != NULL)
        read_memory(at + 13, out);
    else if ((at = strstr(server.command, " write_memory ")) != NULL)
        write_memory(at + 14, out);
    else if (strstr(server.command, "adapter assert") != NULL)
        (void)strcpy(out, sfi__transport_reset(station.direct, true) == SFI_OK
                              ? "0 {}"
                              : "1 {no}");
    else
        (void)strcpy(out, "0 h7.cpu0");
}

/* ---- and with them ---- */

static void
say(const char *text, size_t len)
{
    if (server.client >= 0)
        (void)send(server.client, text, len, MSG_NOSIGNAL);
}

static void
silent(void)
{
    script_now += SILENT_MS;
}

/* The reply as it is sent; the host waits in vain for a lost one. */
static void
deliver(const struct mishap *m, char *out, size_t len)
{
    uint32_t what = m != NULL ? m->what : (uint32_t)MISHAPS;

    if (what == MISHAP_WRONG)
        out[m->amount % len] = (char)(1 + m->amount / 4096 % 126);
    if (what == MISHAP_TWICE) {
        memcpy(out + len, out, len);
        len *= 2;
    }
    if (what == MISHAP_CUT)
        len = m->amount % len;
    if (what == MISHAP_LATE)
        len = 0;
    if (what == MISHAP_GONE)
        hang_up();
    else
        say(out, len);
    if (len == 0 || out[len - 1] != OPENOCD_END)
        silent();
}

static void
answer(void)
{
    static char out[2 * OPENOCD_TEXT_MAX + 2];
    char now[OPENOCD_TEXT_MAX] = "1 {timeout waiting for target}";
    const struct mishap *m;
    size_t len;

    seeds.frame++;
    m = seeds_due(false, 0, true);
    if (m != NULL && m->what == MISHAP_LOST) {
        silent();
        return;
    }
    if (m != NULL && m->what == MISHAP_RESET)
        ck_assert_ok(sfi_sim_power_on(board.sim));
    if (m == NULL || m->what != MISHAP_REFUSED)
        obey(now);
    (void)strcpy(out,
                 m != NULL && m->what == MISHAP_OTHER ? server.before : now);
    (void)strcpy(server.before, now);
    len = strlen(out);
    out[len++] = OPENOCD_END;
    deliver(m, out, len);
}

static void
hear(void)
{
    ssize_t got;

    if (server.client < 0)
        server.client = accept(server.listener, NULL, NULL);
    if (server.client < 0)
        return;
    (void)fcntl(server.client, F_SETFL, O_NONBLOCK);
    do {
        ck_assert_uint_lt(server.len, sizeof(server.command) - 1);
        got = recv(server.client, server.command + server.len,
                   sizeof(server.command) - 1 - server.len, 0);
        server.len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    if (got == 0)
        hang_up();
    if (server.len == 0 || server.command[server.len - 1] != OPENOCD_END)
        return;
    server.command[server.len - 1] = '\0';
    server.len = 0;
    answer();
}

static uint64_t
clock_now(void *user)
{
    (void)user;
    if (script_now > server.told)
        sfi_sim_wait(board.sim, (uint32_t)(script_now - server.told));
    server.told = script_now;
    hear();
    return script_now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    script_now += ms;
}

static void
begin_listening(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);

    if (server.listener >= 0)
        return;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(server.listener, 0);
    ck_assert_int_eq(
        bind(server.listener, (const struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(server.listener, 8), 0);
    ck_assert_int_eq(getsockname(server.listener, (struct sockaddr *)&a, &len),
                     0);
    ck_assert_int_eq(fcntl(server.listener, F_SETFL, O_NONBLOCK), 0);
    server.port = ntohs(a.sin_port);
}

static void
open_openocd(void)
{
    static const struct clock clock = {
        .now_ms = clock_now,
        .sleep_ms = clock_sleep,
    };
    char uri[64];

    begin_listening();
    hang_up();
    server.told = script_now;
    ctx->clock = &clock;
    (void)snprintf(uri, sizeof(uri), "openocd:127.0.0.1:%u?reset=srst",
                   server.port);
    ck_assert_ok(sfi_transport_open(ctx, uri, &station.tp));
}

int
main(void)
{
    static const struct seeds_link openocd = {
        .name = "install_seeds_openocd",
        .interface = "jtag",
        .chips = {"stm32h753xi"},
        .open = open_openocd,
        .survived = MISHAP_WRONG,
        .small = MISHAP_RESET,
        .mishaps = MISHAPS,
        .ways = 1,
        .fail_percent = 3,
        .longest_ms = 480000,
        .again = 1800,
        .fresh = 200,
    };

    return seeds_run(&openocd);
}
