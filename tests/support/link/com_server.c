/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A serial port server in virtual time.  Its Telnet is its own, not libsfi's:
 * RFC 854 and RFC 2217 from the other end. */
#define _GNU_SOURCE
#include <link/com_server.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/ctx.h"

#include "fixture.h"

#define CHUNKS 512u
#define CHUNK_MAX 2304u
/* Real time: the kernel moves bytes between two sockets of one machine. */
#define REAL_MS 20000

enum { SE = 240, SB = 250, WILL, WONT, DO, DONT, IAC };
enum { BINARY = 0, SGA = 3, COM_PORT = 44 };

struct com_server com_server;
uint64_t com_now;

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);

static int listener = -1, client = -1;
static size_t on_way; /* bytes of the host that were not heard */

/* On its way to the host. */
static struct {
    uint64_t due;
    uint8_t data[CHUNK_MAX];
    size_t len;
} chunks[CHUNKS];
static size_t first, count;

/* The host's bytes, as Telnet. */
static struct {
    uint8_t state; /* 0, IAC, a verb, SB, or SE: an IAC within SB */
    uint8_t sub[64];
    size_t sub_len;
    uint8_t data[CHUNK_MAX];
    size_t data_len;
    bool answered[256][2];
} telnet;

static void
note(const char *what)
{
    char *at = com_server.events + strlen(com_server.events);

    (void)snprintf(at, sizeof(com_server.events) - strlen(com_server.events),
                   "%s%s", at == com_server.events ? "" : ", ", what);
}

static void
queue(const uint8_t *data, size_t len, uint32_t late_ms)
{
    size_t last = (first + count) % CHUNKS;

    ck_assert_uint_lt(count, CHUNKS);
    ck_assert_uint_le(len, CHUNK_MAX);
    chunks[last].due = com_now + late_ms;
    memcpy(chunks[last].data, data, len);
    chunks[last].len = len;
    count++;
}

void
com_server_say(const uint8_t *data, size_t len, bool escaped)
{
    uint8_t out[CHUNK_MAX];
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (escaped && !com_server.raw && data[i] == IAC)
            out[n++] = IAC;
        out[n++] = data[i];
    }
    queue(out, n, 2 * com_server.late_ms);
}

/* ---- Telnet ---- */

static void
say_option(uint8_t verb, uint8_t option)
{
    const uint8_t out[] = {IAC, verb, option};

    com_server_say(out, sizeof(out), false);
}

static void
take_verb(uint8_t verb, uint8_t option)
{
    bool theirs = verb == DO || verb == DONT; /* asks for ours */
    bool known = option == BINARY || option == SGA || option == COM_PORT;

    if (com_server.silent || (option == BINARY && com_server.ignores_binary))
        return;
    if (option == BINARY && com_server.refuses_binary)
        known = false;
    if (option == COM_PORT && com_server.refuses_control)
        known = false;
    if (verb == WONT || verb == DONT) {
        com_server.donts++;
        return;
    }
    com_server.wills += telnet.answered[option][theirs];
    if (telnet.answered[option][theirs])
        return;
    telnet.answered[option][theirs] = true;
    if (theirs)
        say_option(known ? WILL : WONT, option);
    else
        say_option(known ? DO : DONT, option);
}

static void
reply(uint8_t command, uint32_t value)
{
    uint8_t out[] = {IAC, SB,  COM_PORT, (uint8_t)(command + 100), 0, 0, 0,
                     0,   IAC, SE};
    size_t n = 4;

    if (command == 1) {
        out[n++] = (uint8_t)(value >> 24);
        out[n++] = (uint8_t)(value >> 16);
        out[n++] = (uint8_t)(value >> 8);
    }
    out[n++] = (uint8_t)value;
    out[n++] = IAC;
    out[n++] = SE;
    com_server_say(out, n, false);
}

static void
take_baud(uint32_t baud)
{
    char text[32];

    if (com_server.baud_max > 0 && baud > com_server.baud_max)
        baud = com_server.baud_max;
    (void)snprintf(text, sizeof(text), "baud %u", baud);
    note(text);
    reply(1, baud);
}

static void
take_control(uint8_t value)
{
    static const char *const names[] = {
        [1] = "flow off", [8] = "D", [9] = "d", [11] = "R", [12] = "r"};

    ck_assert(value < ROWS(names) && names[value] != NULL);
    note(names[value]);
    if (value >= 11 && com_server.on_rts != NULL)
        com_server.on_rts(value == 11);
    if (value == 1)
        reply(5, com_server.keeps_flow ? 3 : 1);
    else if (!com_server.no_lines)
        reply(5, value);
}

static void
take_sub(void)
{
    const uint8_t *s = telnet.sub;

    ck_assert_uint_ge(telnet.sub_len, 3);
    ck_assert_uint_eq(s[0], COM_PORT);
    ck_assert_uint_eq(telnet.sub_len, s[1] == 1 ? 6 : 3);
    if (com_server.silent)
        return;
    switch (s[1]) {
    case 1:
        take_baud((uint32_t)s[2] << 24 | (uint32_t)s[3] << 16 |
                  (uint32_t)s[4] << 8 | s[5]);
        break;
    case 2:
        ck_assert_uint_eq(s[2], 8);
        note("8");
        reply(2, com_server.seven_bits ? 7 : 8);
        break;
    case 3:
        ck_assert_uint_eq(s[2], 3);
        note("even");
        reply(3, com_server.no_parity ? 1 : 3);
        break;
    case 4:
        ck_assert_uint_eq(s[2], 1);
        note("1");
        reply(4, 1);
        break;
    case 5:
        take_control(s[2]);
        break;
    case 10:
    case 11:
        ck_assert_uint_eq(s[2], 0);
        reply(s[1], 0);
        break;
    case 12:
        ck_assert_uint_eq(s[2], 1);
        note("purge");
        if (!com_server.no_purge)
            reply(12, 1);
        break;
    default:
        ck_abort_msg("command %u", s[1]);
    }
}

static void
take_byte(uint8_t byte)
{
    bool is_data = false;

    switch (com_server.raw ? 0 : telnet.state) {
    case 0:
        is_data = com_server.raw || byte != IAC;
        telnet.state = is_data ? 0 : IAC;
        break;
    case IAC:
        is_data = byte == IAC;
        ck_assert(byte >= SB);
        telnet.state = is_data ? 0 : byte;
        telnet.sub_len = 0;
        break;
    case SB:
        if (byte == IAC)
            telnet.state = SE;
        else if (telnet.sub_len < sizeof(telnet.sub))
            telnet.sub[telnet.sub_len++] = byte;
        break;
    case SE:
        ck_assert(byte == SE || byte == IAC);
        telnet.state = byte == SE ? 0 : SB;
        if (byte == SE)
            take_sub();
        else
            telnet.sub[telnet.sub_len++] = byte;
        break;
    default:
        take_verb(telnet.state, byte);
        telnet.state = 0;
        break;
    }
    if (is_data)
        telnet.data[telnet.data_len++] = byte;
}

/* ---- the sockets ---- */

static void
hang_up(void)
{
    if (client >= 0)
        (void)close(client);
    client = -1;
}

static void
welcome(void)
{
    if (client >= 0)
        return;
    client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
        return;
    memset(&telnet, 0, sizeof(telnet));
    count = 0;
    if (com_server.greeting_len > 0)
        queue(com_server.greeting, com_server.greeting_len, 0);
}

static int
poll_really(struct pollfd *fds, nfds_t n, int ms)
{
    const struct timespec t = {.tv_sec = ms / 1000,
                               .tv_nsec = ms % 1000 * 1000000L};

    return (int)syscall(SYS_ppoll, fds, n, ms < 0 ? NULL : &t, NULL, 0);
}

/* In send()'s place, by the linker: counts what the host sends. */
ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
    ssize_t n = sendto(fd, data, len, flags, NULL, 0);

    on_way += n > 0 ? (size_t)n : 0;
    return n;
}

/* All that the host sent: the kernel may still be moving it. */
static void
hear(void)
{
    struct pollfd p = {.fd = client, .events = POLLIN};
    uint8_t raw[1024];

    while (client >= 0 && on_way > 0) {
        ssize_t got;

        ck_assert_int_eq(poll_really(&p, 1, REAL_MS), 1);
        got = recv(client, raw, sizeof(raw), 0);
        ck_assert_int_gt(got, 0);
        on_way -= (size_t)got;
        telnet.data_len = 0;
        for (ssize_t i = 0; i < got; i++)
            take_byte(raw[i]);
        if (telnet.data_len > 0 && com_server.on_data != NULL)
            com_server.on_data(telnet.data, telnet.data_len);
    }
}

/* Did anything reach the host's socket? */
static bool
deliver(int host)
{
    const struct timespec moment = {.tv_nsec = 20000};
    int before = 0, now = 0, sent = 0;

    (void)ioctl(host, FIONREAD, &before);
    for (; count > 0 && chunks[first].due <= com_now; count--) {
        ck_assert_int_ge(client, 0);
        ck_assert_int_eq(sendto(client, chunks[first].data, chunks[first].len,
                                MSG_NOSIGNAL, NULL, 0),
                         (ssize_t)chunks[first].len);
        sent += (int)chunks[first].len;
        first = (first + 1) % CHUNKS;
    }
    /* all of it, or what the host reads depends on the kernel's time */
    while (ioctl(host, FIONREAD, &now) == 0 && now < before + sent)
        (void)nanosleep(&moment, NULL);
    if (!com_server.hangs_up || count > 0 || client < 0)
        return sent > 0;
    hang_up();
    return true;
}

/* In poll()'s place, by the linker. */
int
__wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
    if (listener < 0 || n != 1)
        return poll_really(fds, n, ms);
    if (fds[0].events != POLLIN)
        return poll_really(fds, n, REAL_MS);
    for (;;) {
        uint64_t step = (uint64_t)ms;
        int ready;

        welcome();
        hear();
        ready = poll_really(fds, n, deliver(fds[0].fd) ? REAL_MS : 0);
        if (ready != 0 || ms == 0)
            return ready;
        if (count > 0 && chunks[first].due - com_now < step)
            step = chunks[first].due - com_now;
        com_now += step;
        ms -= (int)step;
    }
}

/* ---- time, start and end ---- */

static uint64_t
clock_now(void *user)
{
    (void)user;
    return com_now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    char text[16];

    (void)user;
    com_now += ms;
    (void)snprintf(text, sizeof(text), "%u", ms);
    note(text);
}

const struct clock com_clock = {.now_ms = clock_now, .sleep_ms = clock_sleep};

void
com_server_start(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);

    memset(&com_server, 0, sizeof(com_server));
    first = count = on_way = 0;
    com_now = 0;
    ctx->clock = &com_clock;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
    com_server.port = ntohs(a.sin_port);
}

void
com_server_stop(void)
{
    hang_up();
    if (listener >= 0)
        (void)close(listener);
    listener = -1;
}

const char *
com_server_uri(const char *scheme, const char *query)
{
    static char text[160];

    (void)snprintf(text, sizeof(text), "%s:127.0.0.1:%u%s%s", scheme,
                   com_server.port, query[0] != '\0' ? "?" : "", query);
    return text;
}
