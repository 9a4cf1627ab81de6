/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Speeds of a serial port, and DTR and RTS while a chip is reset.  A
 * pseudo-terminal has no such lines: this program replaces ioctl(). */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 600
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <sfi/version.h>

#include "util/text.h"
#include "core/ctx.h"
#include "transport/base/transport.h"

#include "fixture.h"

/* Events: "R" RTS set, "r" clear, "D" and "d" DTR, "20" a wait of 20 ms. */
static char edges[256];
static int refused; /* errno of the next change, 0: none */

static void
note(const char *what)
{
    sfi__text_format(edges + strlen(edges), sizeof(edges) - strlen(edges),
                     "%s%s", edges[0] == '\0' ? "" : " ", what);
}

int
ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    int *arg;

    va_start(args, request);
    arg = va_arg(args, int *);
    va_end(args);
    if (request != TIOCMBIS && request != TIOCMBIC)
        return (int)syscall(SYS_ioctl, fd, request, arg);
    if (refused != 0) {
        errno = refused;
        return -1;
    }
    if (*arg == TIOCM_RTS)
        note(request == TIOCMBIS ? "R" : "r");
    else
        note(request == TIOCMBIS ? "D" : "d");
    return 0;
}

static uint64_t
clock_now(void *user)
{
    (void)user;
    return 0;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    char text[16];

    (void)user;
    sfi__text_format(text, sizeof(text), "%u", ms);
    note(text);
}

static const struct clock noting = {.now_ms = clock_now,
                                    .sleep_ms = clock_sleep};

static int master;
static sfi_transport *tp;

static void
setup(void)
{
    fixture_setup();
    ctx->clock = &noting;
    edges[0] = '\0';
    refused = 0;
    tp = NULL;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master), 0);
    ck_assert_int_eq(unlockpt(master), 0);
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    (void)close(master);
    fixture_teardown();
}

static sfi_status
open_port(const char *query)
{
    char uri[128];

    sfi__text_format(uri, sizeof(uri), "serial:%s?%s", ptsname(master), query);
    return sfi_transport_open(ctx, uri, &tp);
}

static const struct {
    const char *query;
    const char *opened, *into_boot, *into_firmware;
} rows[] = {
    /* NRST low while the line is set; BOOT0 high while it is clear */
    {"reset=rts", "r", "R 20 r 60", "R 20 r 60"},
    {"reset=dtr&boot0=rts", "d", "r D 20 d 60", "R D 20 d 60"},
    {"reset=rts&boot0=dtr", "r", "d R 20 r 60", "D R 20 r 60"},
    {"reset=-rts", "R", "r 20 R 60", "r 20 R 60"},
    {"reset=-dtr&boot0=rts", "D", "r d 20 D 60", "R d 20 D 60"},
    {"reset=dtr&boot0=-rts", "d", "R D 20 d 60", "r D 20 d 60"},
    {"reset=rts&pulse=250&wait=1000", "r", "R 250 r 1000", "R 250 r 1000"},
    {"reset=rts&pulse=0&wait=0", "r", "R 0 r 0", "R 0 r 0"},
};

START_TEST(test_edges)
{
    ck_assert_ok(open_port(rows[_i].query));
    ck_assert_str_eq(edges, rows[_i].opened);
    edges[0] = '\0';
    ck_assert_ok(sfi__transport_reset(tp, true));
    ck_assert_str_eq(edges, rows[_i].into_boot);
    edges[0] = '\0';
    ck_assert_ok(sfi__transport_reset(tp, false));
    ck_assert_str_eq(edges, rows[_i].into_firmware);
}
END_TEST

static const struct {
    const char *query, *opened;
} levels[] = {
    /* a line that is set is low */
    {"rts=low", "R"},
    {"rts=high&dtr=low", "D r"},
    {"reset=rts&dtr=high", "r d"},
};

START_TEST(test_levels)
{
    ck_assert_ok(open_port(levels[_i].query));
    ck_assert_str_eq(edges, levels[_i].opened);
}
END_TEST

START_TEST(test_levels_refused)
{
    char where[64];

    sfi__text_format(where, sizeof(where), "serial:%s", ptsname(master));
    ck_assert_fails_about(open_port("rts=up"), SFI_ERR_ARGUMENT, where, "rts",
                          "\"up\"", "low or high");
    ck_assert_fails_about(open_port("reset=rts&rts=low"), SFI_ERR_ARGUMENT,
                          where, "rts", "pin of the chip", "low");
}
END_TEST

/* Without a named line no line changes. */
START_TEST(test_untouched)
{
    ck_assert_ok(open_port("boot0=dtr"));
    ck_assert_int_eq(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED);
    ck_assert_str_eq(edges, "");
}
END_TEST

START_TEST(test_vanishes)
{
    ck_assert_ok(open_port("reset=rts"));
    edges[0] = '\0';
    refused = EIO;
    ck_assert_fails(sfi__transport_reset(tp, true), SFI_ERR_NO_DEVICE, "",
                    "the port disappeared during setting DTR or RTS: "
                    "Input/output error");
    ck_assert_str_eq(edges, "");
}
END_TEST

/* Falls back to each of these speeds, and no other. */
static const struct {
    const char *query;
    uint32_t baud[4]; /* 0: no more */
    speed_t speed[4];
} falls[] = {
    {"baud=921600",
     {921600, 460800, 230400, 115200},
     {B921600, B460800, B230400, B115200}},
    {"baud=230400", {230400, 115200}, {B230400, B115200}},
    {"baud=230400&fallback=yes", {230400, 115200}, {B230400, B115200}},
    {"baud=921600&fallback=no", {921600}, {B921600}},
    {"baud=57600&fallback=yes", {57600}, {B57600}},
    {"boot0=dtr", {115200}, {B115200}},
};

START_TEST(test_falls_back)
{
    uint32_t slower = 1;
    struct termios t;
    uint32_t i;

    ck_assert_ok(open_port(falls[_i].query));
    for (i = 0; slower > 0; i++) {
        ck_assert_uint_lt(i, 4);
        ck_assert_ok(sfi__transport_set_speed(tp, i, &slower));
        ck_assert_uint_eq(tp->baud, falls[_i].baud[i]);
        ck_assert_int_eq(tcgetattr(master, &t), 0);
        ck_assert_uint_eq(cfgetospeed(&t), falls[_i].speed[i]);
    }
    ck_assert(i == 4 || falls[_i].baud[i] == 0);
}
END_TEST

/* Bytes that were received at another speed are not a reply. */
START_TEST(test_speed_drops)
{
    uint32_t slower;
    uint8_t byte;
    size_t got;

    ck_assert_ok(open_port("baud=230400"));
    ck_assert_int_eq(write(master, "old", 3), 3);
    ck_assert_ok(sfi__transport_read(tp, &byte, 1, &got, 1000));
    ck_assert_ok(sfi__transport_set_speed(tp, 1, &slower));
    ck_assert_int_eq(sfi__transport_read(tp, &byte, 1, &got, 20),
                     SFI_ERR_TIMEOUT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("serial");
    TCase *tc = tcase_create("lines");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_edges, 0, ROWS(rows));
    tcase_add_loop_test(tc, test_levels, 0, ROWS(levels));
    tcase_add_test(tc, test_levels_refused);
    tcase_add_test(tc, test_untouched);
    tcase_add_test(tc, test_vanishes);
    tcase_add_loop_test(tc, test_falls_back, 0, ROWS(falls));
    tcase_add_test(tc, test_speed_drops);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
