/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Waits for bytes of a link, on a cable and through a network. */
#include "core/ctx.h"
#include "boot/link.h"

#include "fixture.h"

#define RTT_MS 2000u

/* Each byte that was written comes back `late_ms` later; time is virtual. */
static struct {
    uint64_t now, due;
    uint32_t late_ms;
    size_t bytes;
} echo;

static uint64_t
clock_now(void *user)
{
    (void)user;
    return echo.now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    echo.now += ms;
}

static const struct clock virtual_clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

static sfi_status
echo_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    (void)user;
    *got = 0;
    if (echo.bytes == 0 || echo.due > echo.now + timeout_ms)
        return SFI_ERR_TIMEOUT; /* the guard waits */
    if (echo.due > echo.now)
        echo.now = echo.due;
    for (; *got < len && echo.bytes > 0; echo.bytes--)
        buf[(*got)++] = 0x79;
    return SFI_OK;
}

static sfi_status
echo_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    (void)buf;
    (void)timeout_ms;
    echo.bytes += len;
    echo.due = echo.now + echo.late_ms;
    return SFI_OK;
}

static sfi_transport *tp;
static struct link link_;

static void
open_link(uint32_t rtt_ms, uint32_t late_ms)
{
    const sfi_stream_ops ops = {.struct_size = sizeof(ops),
                                .read = echo_read,
                                .write = echo_write,
                                .rtt_ms = rtt_ms};

    ctx->clock = &virtual_clock;
    echo.now = 1000;
    echo.bytes = 0;
    echo.late_ms = late_ms;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    link_ = (struct link){.ctx = ctx, .tp = tp, .doing = "Get"};
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    fixture_teardown();
}

/* A reply that takes a second each way arrives in time. */
START_TEST(test_round_trip)
{
    uint8_t reply;

    open_link(RTT_MS, RTT_MS);
    ck_assert_ok(sfi__link_send(&link_, (const uint8_t[]){0x7f}, 1));
    ck_assert_ok(sfi__link_recv(&link_, &reply, 1, NULL, 1));
    ck_assert_uint_eq(echo.now, 1000 + RTT_MS);
}
END_TEST

/* On a cable it would be lost. */
START_TEST(test_cable)
{
    uint8_t reply;

    open_link(0, RTT_MS);
    ck_assert_ok(sfi__link_send(&link_, (const uint8_t[]){0x7f}, 1));
    ck_assert_fails(sfi__link_recv(&link_, &reply, 1, NULL, 250),
                    SFI_ERR_TIMEOUT, "", "no answer to Get within 250 ms");
    ck_assert_uint_eq(echo.now, 1250);
}
END_TEST

/* The wait has an end, and one of no time none of the network's either. */
START_TEST(test_silence)
{
    uint8_t reply;

    open_link(RTT_MS, 0);
    ck_assert_fails_about(sfi__link_recv(&link_, &reply, 1, NULL, 250),
                          SFI_ERR_TIMEOUT, "", "2250 ms");
    ck_assert_uint_eq(echo.now, 3250);
    ck_assert_fails_about(sfi__link_recv(&link_, &reply, 1, NULL, 0),
                          SFI_ERR_TIMEOUT, "", "within 0 ms");
    ck_assert_uint_eq(echo.now, 3250);
}
END_TEST

/* Pieces of a late reply are dropped too, without a round trip of silence. */
START_TEST(test_drain)
{
    open_link(RTT_MS, 290);
    ck_assert_ok(sfi__link_send(&link_, (const uint8_t[]){0x7f, 0x7f}, 2));
    ck_assert_int_eq(sfi__link_drain(&link_), SFI_OK);
    ck_assert_uint_eq(echo.bytes, 0);
    ck_assert_uint_lt(echo.now, 1000 + RTT_MS);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("link");
    TCase *t = tcase_create("waits");

    tcase_add_checked_fixture(t, fixture_setup, teardown);
    tcase_add_test(t, test_round_trip);
    tcase_add_test(t, test_cable);
    tcase_add_test(t, test_silence);
    tcase_add_test(t, test_drain);
    suite_add_tcase(s, t);
    return run_suite(s);
}
