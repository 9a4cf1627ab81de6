/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A line that works at some speeds only, as with a slow optocoupler, a long
 * cable, or an inaccurate adapter: the host goes down to a speed that works. */
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "transport/base/transport.h"

#include <bench/station.h>

#define SMALL 40u

static const uint32_t speeds[] = {921600, 460800, 230400, 115200};

/* The line between host and chip. */
static struct {
    uint32_t baud;  /* the host's */
    uint32_t limit; /* above it the other side receives garbage */
    uint32_t first; /* speed of the first 0x7f since the reset; 0: none */
    bool sticky;    /* the chip keeps a speed that it measured wrongly */
    bool garbage;   /* the chip answers garbage with some byte */
    bool flaky;     /* above the limit 0x7f is understood, nothing else */
    bool has_reset;
    unsigned resets;
    uint8_t noise; /* bytes of garbage to be read */
} line;

static char warnings[1024];

static void
keep_log(void *user, int level, const char *text)
{
    (void)user;
    if (level == SFI_LOG_WARNING)
        sfi__text_format(warnings + strlen(warnings),
                         sizeof(warnings) - strlen(warnings), "%s\n", text);
}

static bool
is_understood(uint8_t byte)
{
    if (line.baud > line.limit)
        return line.flaky && byte == 0x7f;
    return !line.sticky || line.first <= line.limit;
}

static sfi_status
line_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    sfi_status st = SFI_OK;

    (void)user;
    for (size_t i = 0; st == SFI_OK && i < len; i++) {
        if (line.first == 0)
            line.first = line.baud;
        if (is_understood(buf[i]))
            st = sfi__transport_write(station.direct, buf + i, 1, timeout_ms);
        else
            line.noise = line.garbage;
    }
    return st;
}

static sfi_status
line_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    (void)user;
    if (line.noise == 0)
        return sfi__transport_read(station.direct, buf, len, got, timeout_ms);
    line.noise = 0;
    buf[0] = 0xe0;
    *got = 1;
    return SFI_OK;
}

static sfi_status
line_flush(void *user)
{
    (void)user;
    line.noise = 0;
    return sfi__transport_flush(station.direct);
}

static sfi_status
line_reset(void *user, int into_boot)
{
    (void)user;
    if (!line.has_reset)
        return SFI_ERR_UNSUPPORTED;
    line.first = 0;
    line.resets++;
    return sfi__transport_reset(station.direct, into_boot != 0);
}

static sfi_status
line_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    (void)user;
    ck_assert_uint_lt(choice, ROWS(speeds));
    *baud = line.baud = speeds[choice];
    *slower = (uint32_t)ROWS(speeds) - 1 - choice;
    return SFI_OK;
}

static void
setup(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = line_read,
        .write = line_write,
        .flush = line_flush,
        .reset = line_reset,
        .set_speed = line_set_speed,
    };

    station_setup_sized("stm32h753xi", SMALL);
    sfi_transport_free(station.tp);
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &station.tp));
    memset(&line, 0, sizeof(line));
    line.has_reset = true;
    warnings[0] = '\0';
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_WARNING;
}

/* One line for each speed above `limit`. */
static void
assert_told(uint32_t limit)
{
    char want[1024] = "";

    for (size_t i = 0; i < ROWS(speeds) && speeds[i] > limit; i++)
        sfi__text_format(
            want + strlen(want), sizeof(want) - strlen(want),
            "stream: the chip does not answer at %u baud; trying a "
            "lower speed\n",
            speeds[i]);
    ck_assert_str_eq(warnings, want);
}

static const struct {
    const char *name;
    bool sticky, garbage, flaky, has_reset;
} manners[] = {
    {"silence", false, false, false, true},
    {"silence, no reset line", false, false, false, false},
    {"garbage", false, true, false, true},
    {"0x7f alone gets through", false, false, true, true},
    {"0x7f alone, and garbage, no reset line", false, true, true, false},
    {"the chip keeps the wrong speed", true, true, false, true},
};

START_TEST(test_falls_back)
{
    for (size_t i = 0; i < ROWS(speeds); i++) {
        uint64_t began;

        setup();
        began = script_now;
        line.limit = speeds[i];
        line.sticky = manners[_i].sticky;
        line.garbage = manners[_i].garbage;
        line.flaky = manners[_i].flaky;
        line.has_reset = manners[_i].has_reset;
        if (!line.has_reset) /* nobody is there to cycle the power */
            ck_assert_ok(
                sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
        if (!line.has_reset)
            ck_assert_ok(sfi_sim_power_on(board.sim));
        ck_assert_msg(station_install(false) == SFI_OK, "%s, %u: %s",
                      manners[_i].name, speeds[i],
                      sfi_error_message(sfi_ctx_error(ctx)));
        /* and the secure bootloader stays: SECURITY was set in between */
        ck_assert_uint_eq(line.baud, speeds[i]);
        assert_told(speeds[i]);
        install_assert_complete(&station.package);
        ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
        if (!line.flaky)
            ck_assert_msg(script_now - began < 5500, "%s, %u: %llu ms",
                          manners[_i].name, speeds[i],
                          (unsigned long long)(script_now - began));
        station_teardown();
    }
}
END_TEST

/* No speed works: the install fails and nothing is counted. */
START_TEST(test_no_speed)
{
    uint64_t began;

    setup();
    began = script_now;
    line.limit = 9600;
    ck_assert_int_eq(station_install(false), SFI_ERR_TIMEOUT);
    ck_assert_uint_lt(script_now - began, 10000);
    assert_told(115200);
    /* after each speed, and twice at the lowest (AN2606, V9.0) */
    ck_assert_uint_eq(line.resets, 5);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    /* the next time all of them are tried again */
    line.limit = 460800;
    warnings[0] = '\0';
    ck_assert_ok(station_install(false));
    assert_told(460800);
    station_teardown();
}
END_TEST

/* Without a reset line a chip at a wrong speed cannot be reached, as the
 * message says; a power cycle helps. */
START_TEST(test_keeps_wrong_speed)
{
    setup();
    line.limit = 115200;
    line.sticky = true;
    line.has_reset = false;
    ck_assert_fails_about(station_install(false), SFI_ERR_TIMEOUT, "stream",
                          "0x7f", "5000 ms", "BOOT0");
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_speed");
    TCase *tc = tcase_create("speed");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_falls_back, 0, ROWS(manners));
    tcase_add_test(tc, test_no_speed);
    tcase_add_test(tc, test_keeps_wrong_speed);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
