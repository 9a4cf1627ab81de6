/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Installs through a network that takes a second each way, to a chip at a
 * serial port server.  Time is virtual. */
#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"

#include <bench/station.h>
#include <link/com_server.h>

#define SMALL 40u
#define LATE_MS 1000u

static bool lose_one; /* the next bytes for the chip get lost */

/* The chip's replies, as far as it has any. */
static void
to_chip(const uint8_t *data, size_t len)
{
    uint8_t reply[1024];
    size_t got = 0;
    sfi_status st;

    if (lose_one) {
        lose_one = false;
        return;
    }
    ck_assert_int_eq(sfi__transport_write(station.direct, data, len, 1000),
                     SFI_OK);
    do {
        st = sfi__transport_read(station.direct, reply, sizeof(reply), &got, 0);
        if (got > 0)
            com_server_say(reply, got, true);
    } while (st == SFI_OK);
    ck_assert_int_eq(st, SFI_ERR_TIMEOUT);
    sfi__clear_error(ctx);
}

/* RTS is wired to NRST: low while it is set. */
static void
reset_chip(bool set)
{
    if (!set)
        ck_assert_int_eq(sfi__transport_reset(station.direct, true), SFI_OK);
}

static void
setup(void)
{
    station_setup_sized("stm32h753xi", SMALL);
    sfi_transport_free(station.tp);
    station.tp = NULL;
    com_server_start();
    com_server.on_data = to_chip;
    com_server.on_rts = reset_chip;
    com_server.late_ms = LATE_MS;
    lose_one = false;
}

static void
teardown(void)
{
    station_teardown();
    com_server_stop();
}

static void
open_network(const char *scheme, const char *query)
{
    com_server.raw = strcmp(scheme, "tcp") == 0;
    if (com_server.raw) { /* nobody is there to cycle the power */
        ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
        ck_assert_ok(sfi_sim_power_on(board.sim));
    }
    ck_assert_ok(
        sfi_transport_open(ctx, com_server_uri(scheme, query), &station.tp));
}

static const struct {
    const char *scheme, *query;
} links[] = {{"tcp", ""}, {"rfc2217", "reset=rts"}};

START_TEST(test_installs)
{
    open_network(links[_i].scheme, links[_i].query);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
}
END_TEST

/* A frame that is lost is sent again; nothing is sent twice for being late. */
START_TEST(test_loses)
{
    open_network(links[_i].scheme, links[_i].query);
    lose_one = true;
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
}
END_TEST

/* Without the round trip every reply would come too late. */
START_TEST(test_too_late)
{
    open_network("tcp", "rtt=0");
    ck_assert_int_lt(station_install(false), SFI_OK);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_network");
    TCase *t = tcase_create("slow");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_installs, 0, (int)ROWS(links));
    tcase_add_loop_test(t, test_loses, 0, (int)ROWS(links));
    tcase_add_test(t, test_too_late);
    suite_add_tcase(s, t);
    return run_suite(s);
}
