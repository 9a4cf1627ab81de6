/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Speeds of a serial port, and DTR and RTS while a chip is reset.  A
 * pseudo-terminal has no such lines: this program replaces ioctl(). */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 600
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <sfi/version.h>

#include "util/text.h"
#include "core/ctx.h"
#include "transport/base/transport.h"
#include "transport/ports/adapter.h"

#include <disk/tree.h>
#include <link/ioctl.h>

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

/* Of the adapter: `latency` is empty where it has no such mode; else what was
 * set, "quick" or "lazy". */
static bool has_latency;
static unsigned adapter_flags;
static char latency[64];

static int
change_latency(bool set, void *arg)
{
    struct serial_struct *s = arg;

    if (!has_latency) {
        errno = ENOTTY;
        return -1;
    }
    if (!set) {
        *s = (struct serial_struct){.flags = (int)adapter_flags, .line = 7};
        return 0;
    }
    ck_assert_int_eq(s->line, 7); /* the rest as it was */
    adapter_flags = (unsigned)s->flags;
    sfi__text_format(
        latency + strlen(latency), sizeof(latency) - strlen(latency), "%s ",
        (adapter_flags & ASYNC_LOW_LATENCY) != 0 ? "quick" : "lazy");
    return 0;
}

int
ioctl(int fd, ioctl_request number, ...)
{
    unsigned request = (unsigned)number;
    va_list args;
    void *arg;

    va_start(args, number);
    arg = va_arg(args, void *);
    va_end(args);
    if (request == TIOCGSERIAL || request == TIOCSSERIAL)
        return change_latency(request == TIOCSSERIAL, arg);
    if (request != TIOCMBIS && request != TIOCMBIC)
        return (int)syscall(SYS_ioctl, fd, request, arg);
    if (refused != 0) {
        errno = refused;
        return -1;
    }
    if (*(int *)arg == TIOCM_RTS)
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
    has_latency = false;
    adapter_flags = ASYNC_SPD_HI;
    latency[0] = '\0';
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

/* An adapter that can deliver at once does so while the port is used. */
START_TEST(test_latency)
{
    has_latency = true;
    ck_assert_ok(open_port("baud=115200"));
    ck_assert_str_eq(latency, "quick ");
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_str_eq(latency, "quick lazy ");
    ck_assert_uint_eq(adapter_flags, ASYNC_SPD_HI);
    /* the mode of somebody else stays */
    adapter_flags |= ASYNC_LOW_LATENCY;
    ck_assert_ok(open_port("baud=115200"));
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_str_eq(latency, "quick lazy ");
}
END_TEST

/* CH340 before Linux 4.10: parity is accepted and not done. */
static const struct {
    const char *driver, *release;
    bool lacks;
} adapters[] = {
    {"ch341-uart", "4.9.0-19-amd64", true},
    {"ch341-uart", "3.10.0-1160.el7", true},
    {"ch341-uart", "4.10.0", false},
    {"ch341-uart", "4.19.0-27", false},
    {"ch341-uart", "6.1.0-18-amd64", false},
    {"ch341-uart", "5", false},
    {"ftdi_sio", "4.9.0", false},
    {"pl2303", "3.10.0", false},
    {NULL, "3.10.0", false},
};

START_TEST(test_parity_lacks)
{
    tree_setup();
    if (adapters[_i].driver != NULL) {
        char to[64];

        sfi__text_format(to, sizeof(to), "../../bus/usb-serial/drivers/%s",
                         adapters[_i].driver);
        tree_link("sys/dev/char/188:3/device/driver", to);
    }
    ck_assert(
        !sfi__adapter_lacks_parity(tree_root, 188, 4, adapters[_i].release));
    ck_assert_int_eq(
        sfi__adapter_lacks_parity(tree_root, 188, 3, adapters[_i].release),
        adapters[_i].lacks);
    tree_teardown();
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
    tcase_add_test(tc, test_latency);
    tcase_add_loop_test(tc, test_parity_lacks, 0, ROWS(adapters));
    tcase_add_loop_test(tc, test_falls_back, 0, ROWS(falls));
    tcase_add_test(tc, test_speed_drops);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
