/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Links: names, custom functions that misbehave, and a serial port over a
 * pseudo-terminal. */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 600
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <sfi/version.h>

#include "util/mem.h"
#include "util/text.h"
#include "core/ctx.h"
#include "transport/base/transport.h"
#include "transport/base/uri.h"

#include "fixture.h"

/* ---- names ---- */

#define FORM ", expected scheme:path?key=value&key=value"

static const struct {
    const char *text;
    const char *wrong; /* NULL: good */
} uris[] = {
    {"serial:/dev/ttyUSB0", NULL},
    {"serial:/dev/ttyUSB0?baud=115200", NULL},
    {"serial:/dev/ttyUSB0?baud=115200&reset=dtr&boot0=rts", NULL},
    {"s:p?k=v=w", NULL},
    {"/dev/ttyUSB0", "the scheme is missing, or too long" FORM},
    {"", "the scheme is missing, or too long" FORM},
    {":/dev/ttyUSB0", "the scheme is missing, or too long" FORM},
    {"averyveryverylongscheme:x", "the scheme is missing, or too long" FORM},
    {"usb:", NULL},
    {"usb:?k=v", NULL},
    {"serial:x?", "a key is missing, or too long" FORM},
    {"serial:x?baud", "a key is missing, or too long" FORM},
    {"serial:x?=1", "a key is missing, or too long" FORM},
    {"serial:x?baud=1&", "a key is missing, or too long" FORM},
    {"serial:x?baud=", "a value is missing, or too long" FORM},
    {"serial:x?baud=1&baud=2", "a key is given twice" FORM},
    {"serial:x?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1", "too many keys" FORM},
    {"serial:x?a234567890123456789012345678901=1",
     NULL}, /* 31 characters fit */
    {"serial:x?a2345678901234567890123456789012=1",
     "a key is missing, or too long" FORM},
};

START_TEST(test_uri)
{
    struct uri u;

    if (uris[_i].wrong == NULL)
        ck_assert_ok(sfi__uri_parse(ctx, uris[_i].text, &u));
    else
        ck_assert_fails(sfi__uri_parse(ctx, uris[_i].text, &u),
                        SFI_ERR_ARGUMENT, uris[_i].text, uris[_i].wrong);
}
END_TEST

START_TEST(test_uri_parts)
{
    struct uri u;

    ck_assert_ok(sfi__uri_parse(ctx, "serial:/dev/x?baud=9600&k=v=w", &u));
    ck_assert_str_eq(u.scheme, "serial");
    ck_assert_str_eq(u.path, "/dev/x");
    ck_assert_uint_eq(u.param_count, 2);
    ck_assert_str_eq(sfi__uri_get(&u, "baud"), "9600");
    ck_assert_str_eq(sfi__uri_get(&u, "k"), "v=w");
    ck_assert_ptr_null(sfi__uri_get(&u, "bau"));
}
END_TEST

START_TEST(test_uri_path_too_long)
{
    char text[URI_PATH_MAX + 16];
    struct uri u;

    sfi__text_format(text, sizeof(text), "serial:%0*d", URI_PATH_MAX - 1, 1);
    ck_assert_ok(sfi__uri_parse(ctx, text, &u));
    sfi__text_format(text, sizeof(text), "serial:%0*d", URI_PATH_MAX, 1);
    ck_assert_int_eq(sfi__uri_parse(ctx, text, &u), SFI_ERR_ARGUMENT);
}
END_TEST

#define BAUDS                                                                  \
    ", expected 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, " \
    "460800 or 921600"

static const struct {
    const char *uri;
    sfi_status st;
    const char *where, *message;
} refused[] = {
    {"serial:/no/such/port", SFI_ERR_NO_DEVICE, "serial:/no/such/port",
     "there is no such port: No such file or directory"},
    {"serial:/dev/null", SFI_ERR_NO_DEVICE, "serial:/dev/null",
     "this is not a serial port"},
    {"serial:/dev/null?bau=9600", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "unknown key \"bau\", did you mean \"baud\""},
    {"serial:/dev/null?parity=even", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "unknown key \"parity\""},
    {"serial:/dev/null?baud=0", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "baud is 0" BAUDS},
    {"serial:/dev/null?baud=fast", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "baud is fast" BAUDS},
    {"serial:/dev/null?baud=115201", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "baud is 115201" BAUDS},
    {"serial:/dev/null?reset=cts", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "reset is \"cts\", expected dtr, -dtr, rts or -rts"},
    {"serial:/dev/null?boot0=-", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "boot0 is \"-\", expected dtr, -dtr, rts or -rts"},
    {"serial:/dev/null?reset=-rts&boot0=rts", SFI_ERR_ARGUMENT,
     "serial:/dev/null", "reset and boot0 are the same line, expected two"},
    {"serial:/dev/null?pulse=10001", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "pulse is \"10001\", expected 0 to 10000 milliseconds"},
    {"serial:/dev/null?wait=-1", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "wait is \"-1\", expected 0 to 10000 milliseconds"},
    {"serial:/dev/null?fallback=maybe", SFI_ERR_ARGUMENT, "serial:/dev/null",
     "fallback is \"maybe\", expected yes or no"},
    {"serial:/dev/null?reset=dtr&boot0=dtr", SFI_ERR_ARGUMENT,
     "serial:/dev/null", "reset and boot0 are the same line, expected two"},
    {"i2c:/dev/i2c-1", SFI_ERR_UNSUPPORTED, "i2c:/dev/i2c-1",
     "unknown kind of link \"i2c\", expected \"serial\", \"tcp\", "
     "\"rfc2217\", \"spi\", \"usb\", \"cmsis-dap\", \"openocd\" or "
     "\"script\""},
    {"serial:", SFI_ERR_ARGUMENT, "serial:", "the path is missing" FORM},
    {"script:?baud=1", SFI_ERR_ARGUMENT, "script:?baud=1",
     "the path is missing" FORM},
    {"/dev/ttyUSB0", SFI_ERR_ARGUMENT, "/dev/ttyUSB0",
     "the scheme is missing, or too long" FORM},
};

START_TEST(test_open_refused)
{
    sfi_transport *tp = (sfi_transport *)&memory;

    if (!sfi_has_feature("serial") &&
        strncmp(refused[_i].uri, "serial:", 7) == 0)
        return;
    ck_assert_fails(sfi_transport_open(ctx, refused[_i].uri, &tp),
                    refused[_i].st, refused[_i].where, refused[_i].message);
    ck_assert_ptr_null(tp);
}
END_TEST

START_TEST(test_open_arguments)
{
    sfi_transport *tp;

    ck_assert_fails_about(sfi_transport_open(ctx, NULL, &tp), SFI_ERR_ARGUMENT,
                          "", "uri != NULL");
    ck_assert_fails_about(sfi_transport_open(ctx, "serial:x", NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_int_eq(sfi_transport_open(NULL, "serial:x", &tp),
                     SFI_ERR_ARGUMENT);
}
END_TEST

/* ---- custom functions ---- */

/* The results of the next calls, and counters of calls. */
static struct {
    sfi_status st;
    size_t got;
    const char *report;
    sfi_transport *self; /* re-enter it */
    unsigned reads, writes, flushes, resets, closes;
    int into_boot;
} fake;

static sfi_status
link_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    ck_assert_ptr_eq(user, &fake);
    (void)timeout_ms;
    fake.reads++;
    if (fake.got <= len)
        sfi__fill(buf, 0x5a, fake.got);
    *got = fake.got;
    if (fake.report != NULL)
        sfi_ctx_report(ctx, fake.st, 7, fake.report);
    if (fake.self != NULL)
        ck_assert_int_eq(sfi__enter(fake.self, OBJ_TRANSPORT), SFI_ERR_STATE);
    return fake.st;
}

static sfi_status
link_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    (void)buf;
    (void)len;
    (void)timeout_ms;
    fake.writes++;
    return fake.st;
}

static sfi_status
link_flush(void *user)
{
    (void)user;
    fake.flushes++;
    return fake.st;
}

static sfi_status
link_reset(void *user, int into_boot)
{
    (void)user;
    fake.resets++;
    fake.into_boot = into_boot;
    return fake.st;
}

static void
link_close(void *user)
{
    ck_assert_ptr_eq(user, &fake);
    fake.closes++;
}

static const sfi_stream_ops link_ops = {
    .struct_size = sizeof(link_ops),
    .read = link_read,
    .write = link_write,
    .flush = link_flush,
    .reset = link_reset,
    .close = link_close,
};

/* A clock that advances only when the library sleeps. */
static uint64_t now;

static uint64_t
fake_now(void *user)
{
    (void)user;
    return now;
}

static void
fake_sleep(void *user, uint32_t ms)
{
    (void)user;
    now += ms;
}

static const struct clock fake_clock = {
    .now_ms = fake_now,
    .sleep_ms = fake_sleep,
};

static sfi_transport *tp;

static void
setup(void)
{
    fixture_setup();
    sfi__zero(&fake, sizeof(fake));
    tp = NULL;
    now = 1000;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    fixture_teardown();
}

static void
open_link(void)
{
    ctx->clock = &fake_clock;
    ck_assert_ok(sfi_transport_open_stream(ctx, &link_ops, &fake, &tp));
}

START_TEST(test_stream_good)
{
    uint32_t slower = 1;
    uint8_t buf[8];
    size_t got;

    open_link();
    fake.got = 3;
    ck_assert_ok(sfi__transport_read(tp, buf, sizeof(buf), &got, 10));
    ck_assert_uint_eq(got, 3);
    fake.got = sizeof(buf);
    ck_assert_ok(sfi__transport_read(tp, buf, sizeof(buf), &got, 10));
    ck_assert_uint_eq(got, sizeof(buf));
    ck_assert_ok(sfi__transport_write(tp, buf, sizeof(buf), 10));
    ck_assert_ok(sfi__transport_flush(tp));
    ck_assert_ok(sfi__transport_reset(tp, true));
    ck_assert_int_eq(fake.into_boot, 1);
    ck_assert_uint_eq(fake.reads + fake.writes + fake.flushes + fake.resets, 5);
    ck_assert_uint_eq(sfi__transport_ms(tp, 1000000), 0);
    /* one speed; unread input is dropped */
    ck_assert_ok(sfi__transport_set_speed(tp, 0, &slower));
    ck_assert_uint_eq(slower, 0);
    ck_assert_uint_eq(fake.flushes, 2);
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_uint_eq(fake.closes, 1);
}
END_TEST

static const struct {
    sfi_status st;
    size_t got;
    const char *report;
    sfi_status want;
    const char *message;
} bad_reads[] = {
    {SFI_OK, 0, NULL, SFI_ERR_CALLBACK,
     "read of the link returned 0 and 0 bytes, expected 1 to 8, or an error "
     "and none"},
    {SFI_OK, 9, NULL, SFI_ERR_CALLBACK,
     "read of the link returned 0 and 9 bytes, expected 1 to 8, or an error "
     "and none"},
    {SFI_OK, SIZE_MAX, NULL, SFI_ERR_CALLBACK,
     "read of the link returned 0 and 18446744073709551615 bytes, expected 1 "
     "to 8, or an error and none"},
    {SFI_ERR_TIMEOUT, 2, NULL, SFI_ERR_CALLBACK,
     "read of the link returned -402 and 2 bytes, expected 1 to 8, or an error "
     "and none"},
    {1, 0, NULL, SFI_ERR_CALLBACK,
     "read of the link returned 1, expected an sfi_status"},
    {-12345, 0, NULL, SFI_ERR_CALLBACK,
     "read of the link returned -12345, expected an sfi_status"},
    {SFI_ERR_IO, 0, NULL, SFI_ERR_IO,
     "read of the link: input or output failed"},
    {SFI_ERR_IO, 0, "the cable is on fire", SFI_ERR_IO, "the cable is on fire"},
    {SFI_ERR_TIMEOUT, 0, NULL, SFI_ERR_TIMEOUT,
     "read of the link: no answer in time"},
};

START_TEST(test_stream_bad_read)
{
    uint8_t buf[8];
    size_t got = 77;

    if (sizeof(size_t) < 8 && bad_reads[_i].got == SIZE_MAX)
        return;
    open_link();
    fake.st = bad_reads[_i].st;
    fake.got = bad_reads[_i].got;
    fake.report = bad_reads[_i].report;
    ck_assert_fails(sfi__transport_read(tp, buf, sizeof(buf), &got, 10),
                    bad_reads[_i].want, "", bad_reads[_i].message);
    ck_assert_uint_eq(got, 0);
}
END_TEST

/* A link that does not wait: the guard waits until the deadline. */
START_TEST(test_stream_waits)
{
    uint8_t buf[8];
    size_t got;

    open_link();
    fake.st = SFI_ERR_TIMEOUT;
    ck_assert_int_eq(sfi__transport_read(tp, buf, sizeof(buf), &got, 250),
                     SFI_ERR_TIMEOUT);
    ck_assert_uint_eq(now, 1250);
}
END_TEST

START_TEST(test_stream_reentry)
{
    uint8_t buf[8];
    size_t got;

    open_link();
    fake.got = 1;
    fake.self = tp;
    ck_assert_int_eq(sfi__transport_read(tp, buf, sizeof(buf), &got, 10),
                     SFI_OK);
    ck_assert_ok(sfi__enter(tp, OBJ_TRANSPORT)); /* and is free again */
}
END_TEST

START_TEST(test_stream_failures)
{
    open_link();
    fake.st = SFI_ERR_NO_DEVICE;
    ck_assert_fails(sfi__transport_write(tp, NULL, 0, 1), SFI_ERR_NO_DEVICE, "",
                    "write to the link: there is no such device");
    ck_assert_fails(sfi__transport_flush(tp), SFI_ERR_NO_DEVICE, "",
                    "flush of the link: there is no such device");
    ck_assert_fails(sfi__transport_reset(tp, false), SFI_ERR_NO_DEVICE, "",
                    "reset through the link: there is no such device");
}
END_TEST

START_TEST(test_stream_optional)
{
    sfi_stream_ops ops = link_ops;

    ops.flush = NULL;
    ops.reset = NULL;
    ops.close = NULL;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, &fake, &tp));
    ck_assert_ok(sfi__transport_flush(tp));
    ck_assert_fails(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED, "",
                    "this link cannot reset the chip");
}
END_TEST

/* A link that always reports one more speed. */
static sfi_status
on_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    (void)choice;
    *baud = 9600;
    *slower = *(const uint32_t *)user;
    return SFI_OK;
}

START_TEST(test_speeds)
{
    sfi_stream_ops ops = {.struct_size = sizeof(ops),
                          .read = link_read,
                          .write = link_write,
                          .set_speed = on_set_speed};
    uint32_t told = 1;
    uint32_t slower;

    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, &told, &tp));
    for (uint32_t i = 0; i < 32; i++)
        ck_assert_ok(sfi__transport_set_speed(tp, i, &slower));
    ck_assert_fails(sfi__transport_set_speed(tp, 32, &slower), SFI_ERR_CALLBACK,
                    "",
                    "set_speed of the link reports 1 speeds slower than number "
                    "32, expected at most 32 in all");
    told = UINT32_MAX;
    ck_assert_fails_about(sfi__transport_set_speed(tp, 3, &slower),
                          SFI_ERR_CALLBACK, "", "set_speed",
                          "4294967295 speeds", "number 3");
}
END_TEST

START_TEST(test_stream_arguments)
{
    sfi_stream_ops ops = link_ops;

    ck_assert_fails_about(sfi_transport_open_stream(ctx, NULL, NULL, &tp),
                          SFI_ERR_ARGUMENT, "", "ops != NULL");
    ck_assert_fails_about(sfi_transport_open_stream(ctx, &ops, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ops.struct_size = 8;
    ck_assert_fails_about(sfi_transport_open_stream(ctx, &ops, NULL, &tp),
                          SFI_ERR_ABI, "", "struct_size is 8");
    ops = link_ops;
    ops.flags = 1;
    ck_assert_int_eq(sfi_transport_open_stream(ctx, &ops, NULL, &tp),
                     SFI_ERR_ARGUMENT);
    ops = link_ops;
    ops.rtt_ms = SFI_STREAM_RTT_MAX + 1;
    ck_assert_fails_about(sfi_transport_open_stream(ctx, &ops, NULL, &tp),
                          SFI_ERR_ARGUMENT, "", "ops->rtt_ms");
    ops = link_ops;
    ops.read = NULL;
    ck_assert_int_eq(sfi_transport_open_stream(ctx, &ops, NULL, &tp),
                     SFI_ERR_ARGUMENT);
    ops = link_ops;
    ops.write = NULL;
    ck_assert_int_eq(sfi_transport_open_stream(ctx, &ops, NULL, &tp),
                     SFI_ERR_ARGUMENT);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_transport_open_stream(ctx, &link_ops, &fake, &tp),
                     SFI_ERR_NOMEM);
    ck_assert_ptr_null(tp);
    ck_assert_uint_eq(fake.closes, 0);
}
END_TEST

/* ---- a serial port, over a pseudo-terminal ---- */

static int master;
static char slave[64];
static char last_log[512];

static void
keep_log(void *user, int level, const char *line)
{
    (void)user;
    ck_assert_int_eq(level, SFI_LOG_WARNING);
    (void)sfi__text_copy(last_log, sizeof(last_log), line);
}

static void
serial_setup(void)
{
    setup();
    master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master), 0);
    ck_assert_int_eq(unlockpt(master), 0);
    ck_assert(sfi__text_copy(slave, sizeof(slave), ptsname(master)));
    last_log[0] = '\0';
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_WARNING;
}

static void
serial_teardown(void)
{
    if (master >= 0)
        (void)close(master);
    teardown();
}

static sfi_status
open_serial(const char *query)
{
    char uri[128];

    sfi__text_format(uri, sizeof(uri), "serial:%s%s", slave, query);
    return sfi_transport_open(ctx, uri, &tp);
}

static const char *
place(void)
{
    static char text[96];

    sfi__text_format(text, sizeof(text), "serial:%s", slave);
    return text;
}

START_TEST(test_serial_bytes)
{
    static const uint8_t all[] = {0x7f, 0x00, 0x03, 0x0a, 0x0d, 0x11,
                                  0x13, 0x1a, 0xff, 0x79, 0x1f, 0x80};
    uint8_t buf[32];
    size_t have = 0;

    ck_assert_ok(open_serial("?baud=115200"));
    /* bytes are not echoed, translated or taken as control characters */
    ck_assert_ok(sfi__transport_write(tp, all, sizeof(all), 1000));
    ck_assert_int_eq(read(master, buf, sizeof(buf)), sizeof(all));
    ck_assert_mem_eq(buf, all, sizeof(all));
    ck_assert_int_eq(write(master, all, sizeof(all)), sizeof(all));
    while (have < sizeof(all)) {
        size_t got = 0;

        ck_assert_ok(sfi__transport_read(tp, buf + have, sizeof(buf) - have,
                                         &got, 1000));
        have += got;
    }
    ck_assert_uint_eq(have, sizeof(all));
    ck_assert_mem_eq(buf, all, sizeof(all));
    /* 11 bits a byte */
    ck_assert_uint_eq(sfi__transport_ms(tp, 1027), 1027 * 11000 / 115200 + 1);
}
END_TEST

/* A pseudo-terminal drops parity: a warning, not a failure; also when it is
 * already set up, where tcsetattr() returns EINVAL. */
START_TEST(test_serial_parity)
{
    char want[128];

    sfi__text_format(
        want, sizeof(want),
        "serial:%s: the port does not support parity; a real chip needs even "
        "parity (8E1)",
        slave);
    for (int i = 0; i < 2; i++) {
        last_log[0] = '\0';
        ck_assert_ok(open_serial(""));
        ck_assert_str_eq(last_log, want);
        sfi_transport_free(tp);
        tp = NULL;
    }
}
END_TEST

START_TEST(test_serial_speed)
{
    struct termios t;

    ck_assert_ok(open_serial("?baud=921600"));
    ck_assert_int_eq(tcgetattr(master, &t), 0);
    ck_assert_uint_eq(cfgetospeed(&t), B921600);
    ck_assert_uint_eq(t.c_cflag & CSIZE, CS8);
    ck_assert_uint_eq(t.c_lflag & (ICANON | ECHO | ISIG), 0);
}
END_TEST

START_TEST(test_serial_timeout)
{
    uint8_t byte;
    size_t got;
    uint64_t before = ctx->clock->now_ms(ctx->clock->user);

    ck_assert_ok(open_serial(""));
    ck_assert_fails(sfi__transport_read(tp, &byte, 1, &got, 50),
                    SFI_ERR_TIMEOUT, "", "read timed out");
    ck_assert_uint_ge(ctx->clock->now_ms(ctx->clock->user) - before, 50);
    ck_assert_uint_lt(ctx->clock->now_ms(ctx->clock->user) - before, 5000);
}
END_TEST

/* The other side does not read: a write times out. */
START_TEST(test_serial_write_timeout)
{
    static const uint8_t much[1 << 20];

    ck_assert_ok(open_serial(""));
    ck_assert_fails(sfi__transport_write(tp, much, sizeof(much), 50),
                    SFI_ERR_TIMEOUT, "", "write timed out");
}
END_TEST

START_TEST(test_serial_vanishes)
{
    uint8_t byte = 0;
    size_t got;

    ck_assert_ok(open_serial(""));
    (void)close(master);
    master = -1;
    ck_assert_fails(sfi__transport_read(tp, &byte, 1, &got, 5000),
                    SFI_ERR_NO_DEVICE, "",
                    "the port disappeared during read: Input/output error");
    ck_assert_fails(sfi__transport_write(tp, &byte, 1, 5000), SFI_ERR_NO_DEVICE,
                    "",
                    "the port disappeared during write: Input/output error");
}
END_TEST

static void
on_alarm(int signum)
{
    (void)signum;
}

/* A signal does not end a wait. */
START_TEST(test_serial_interrupted)
{
    struct sigaction sa = {.sa_handler = on_alarm};
    uint8_t byte;
    size_t got;
    uint64_t before = ctx->clock->now_ms(ctx->clock->user);

    ck_assert_ok(open_serial(""));
    ck_assert_int_eq(sigaction(SIGALRM, &sa, NULL), 0);
    (void)ualarm(20000, 20000);
    ck_assert_int_eq(sfi__transport_read(tp, &byte, 1, &got, 200),
                     SFI_ERR_TIMEOUT);
    (void)ualarm(0, 0);
    ck_assert_uint_ge(ctx->clock->now_ms(ctx->clock->user) - before, 200);
}
END_TEST

START_TEST(test_serial_busy)
{
    sfi_transport *second = NULL;
    char uri[96];

    ck_assert_ok(open_serial(""));
    sfi__text_format(uri, sizeof(uri), "serial:%s", slave);
    /* EBUSY by TIOCEXCL; for root EWOULDBLOCK by flock() */
    ck_assert_int_eq(sfi_transport_open(ctx, uri, &second), SFI_ERR_ACCESS);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(strstr(sfi_error_message(sfi_ctx_error(ctx)),
                                 "the port is in use by another program"));
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), place());
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_ok(sfi_transport_open(ctx, uri, &tp));
}
END_TEST

/* The claim ends with the link, also when another process keeps the port open,
 * as a multiplexer or a simulator does. */
START_TEST(test_serial_claim_ends)
{
    int other = open(slave, O_RDWR | O_NOCTTY);
    int claimed = 1;

    ck_assert_int_ge(other, 0);
    ck_assert_ok(open_serial(""));
    ck_assert_int_eq(ioctl(other, TIOCGEXCL, &claimed), 0);
    ck_assert_int_ne(claimed, 0);
    sfi_transport_free(tp);
    tp = NULL;
    ck_assert_int_eq(ioctl(other, TIOCGEXCL, &claimed), 0);
    ck_assert_int_eq(claimed, 0);
    ck_assert_int_eq(open_serial("?reset=dtr"), SFI_ERR_UNSUPPORTED);
    ck_assert_int_eq(ioctl(other, TIOCGEXCL, &claimed), 0);
    ck_assert_int_eq(claimed, 0);
    (void)close(other);
}
END_TEST

START_TEST(test_serial_flush)
{
    uint8_t buf[8];
    size_t got;

    ck_assert_ok(open_serial(""));
    ck_assert_int_eq(write(master, "old", 3), 3);
    ck_assert_ok(sfi__transport_read(tp, buf, 1, &got, 1000));
    ck_assert_ok(sfi__transport_flush(tp));
    ck_assert_int_eq(sfi__transport_read(tp, buf, 8, &got, 20),
                     SFI_ERR_TIMEOUT);
}
END_TEST

/* A pseudo-terminal has no modem control lines. */
START_TEST(test_serial_reset)
{
    ck_assert_fails(open_serial("?reset=dtr"), SFI_ERR_UNSUPPORTED, place(),
                    "this port has no DTR and RTS: Inappropriate ioctl for "
                    "device");
    ck_assert_ok(open_serial(""));
    ck_assert_fails(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED, "",
                    "no reset line is configured; if NRST is wired, add "
                    "?reset=dtr or ?reset=rts to the link's name");
}
END_TEST

START_TEST(test_serial_no_memory)
{
    for (size_t n = 1;; n++) {
        sfi_status st;

        memory.fail_at = n;
        st = open_serial("");
        if (st == SFI_OK)
            break;
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        ck_assert_ptr_null(tp);
        ck_assert_uint_lt(n, 10);
    }
    memory.fail_at = 0;
}
END_TEST

static TCase *
serial_case(void)
{
    TCase *tc = tcase_create("serial");

    tcase_add_checked_fixture(tc, serial_setup, serial_teardown);
    tcase_add_test(tc, test_serial_bytes);
    tcase_add_test(tc, test_serial_parity);
    tcase_add_test(tc, test_serial_speed);
    tcase_add_test(tc, test_serial_timeout);
    tcase_add_test(tc, test_serial_write_timeout);
    tcase_add_test(tc, test_serial_vanishes);
    tcase_add_test(tc, test_serial_interrupted);
    tcase_add_test(tc, test_serial_busy);
    tcase_add_test(tc, test_serial_claim_ends);
    tcase_add_test(tc, test_serial_flush);
    tcase_add_test(tc, test_serial_reset);
    tcase_add_test(tc, test_serial_no_memory);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("transport");
    TCase *tc = tcase_create("links");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_uri, 0, ROWS(uris));
    tcase_add_test(tc, test_uri_parts);
    tcase_add_test(tc, test_uri_path_too_long);
    tcase_add_loop_test(tc, test_open_refused, 0, ROWS(refused));
    tcase_add_test(tc, test_open_arguments);
    tcase_add_test(tc, test_stream_good);
    tcase_add_loop_test(tc, test_stream_bad_read, 0, ROWS(bad_reads));
    tcase_add_test(tc, test_stream_waits);
    tcase_add_test(tc, test_stream_reentry);
    tcase_add_test(tc, test_stream_failures);
    tcase_add_test(tc, test_stream_optional);
    tcase_add_test(tc, test_speeds);
    tcase_add_test(tc, test_stream_arguments);
    suite_add_tcase(s, tc);
    if (sfi_has_feature("serial"))
        suite_add_tcase(s, serial_case());
    return run_suite(s);
}
