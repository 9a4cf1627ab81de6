/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* At every byte of an install: the line loses, changes or doubles it, the chip
 * loses its power, the cable comes off.  The install completes, or fails
 * cleanly and completes in a second run; in bounded time. */
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "core/ctx.h"

#include <bench/station.h>

/* A firmware of one DATA; the option bytes are a second. */
#define SMALL 40u
/* How often a success is verified, which takes long. */
#define LOOK_EVERY 16u
/* More than twice the longest wait for an erase. */
#define LONGEST_MS 90000u

static const struct {
    const char *name;
    enum strike strike;
    bool from_chip;
    bool may_fail;  /* else only where the frame's checksum cannot tell */
    unsigned every; /* disturb one byte of so many */
} noises[] = {
    {"a byte to the chip is lost", STRIKE_DROP, false, false, 1},
    {"a byte to the chip is changed", STRIKE_FLIP, false, false, 1},
    {"a byte to the chip is doubled", STRIKE_DOUBLE, false, false, 1},
    {"a byte from the chip is lost", STRIKE_DROP, true, false, 1},
    {"a byte from the chip is changed", STRIKE_FLIP, true, false, 1},
    {"a byte from the chip is doubled", STRIKE_DOUBLE, true, false, 1},
    {"the chip loses its power", STRIKE_RESET, false, true, 3},
    {"the line to the chip is cut", STRIKE_SILENCE, false, true, 7},
    {"the line from the chip is cut", STRIKE_SILENCE, true, true, 7},
};

static bool over_spi;

/* An install over SPI has as many bytes again in each direction. */
static uint64_t
every(int row)
{
    return over_spi && noises[row].every == 1 ? 3 : noises[row].every;
}

/* Every byte, or where time is short some of them. */
static uint64_t
stride(uint64_t usual)
{
    return test_step(97) * usual;
}

static bool
is_cut(int row)
{
    return noises[row].strike == STRIKE_SILENCE;
}

static bool
is_complete(void)
{
    uint8_t first;

    ck_assert_ok(sfi_sim_read_flash(
        board.sim, sfi_sim_chip(board.sim)->user.base, &first, 1));
    return first != 0xff;
}

/* Run an install with this disturbance, and check its end. */
static void
assert_ends_well(int row, uint64_t at, uint64_t began, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);

    ck_assert_msg(script_now - began < LONGEST_MS, "%s: %llu took %llu ms",
                  noises[row].name, (unsigned long long)at,
                  (unsigned long long)(script_now - began));
    ck_assert_msg(st == SFI_OK || (st <= -400 && st > -600 &&
                                   sfi_error_message(err)[0] != '\0'),
                  "%s: %llu gave %s \"%s\"", noises[row].name,
                  (unsigned long long)at, sfi_status_name(st),
                  sfi_error_message(err));
    /* a chip that received no ABORT erases at power-up */
    if (is_cut(row))
        ck_assert_ok(sfi_sim_power_on(board.sim));
    if (st != SFI_OK && !(is_cut(row) && is_complete()))
        install_assert_clean(&station.package);
    else if (at % LOOK_EVERY == 0)
        install_assert_complete(&station.package);
}

static void
assert_installs_again(int row, uint64_t at)
{
    sfi_status st;

    station_strike(STRIKE_NONE, false, 0);
    st = station_install_licensed(true);
    ck_assert_msg(st == SFI_OK, "%s: %llu: again gave %s \"%s\"",
                  noises[row].name, (unsigned long long)at, sfi_status_name(st),
                  sfi_error_message(sfi_ctx_error(ctx)));
}

START_TEST(test_h7)
{
    uint64_t length;

    station_setup_sized("stm32h753xi", SMALL);
    ck_assert_ok(station_install_licensed(false));
    station_strike(STRIKE_NONE, false, 0);
    ck_assert_ok(station_install_licensed(true));
    length = noises[_i].from_chip ? station.wire.received : station.wire.sent;
    for (uint64_t at = 0; at < length; at += stride(every(_i))) {
        uint64_t began = script_now;
        sfi_status st;

        station_strike(noises[_i].strike, noises[_i].from_chip, at);
        st = station_install_licensed(true);
        ck_assert(station.wire.struck);
        ck_assert_msg(
            st == SFI_OK || noises[_i].may_fail || station.wire.missed,
            "%s: %llu of %llu gave %s", noises[_i].name, (unsigned long long)at,
            (unsigned long long)length, sfi_status_name(st));
        assert_ends_well(_i, at, began, st);
        if (st != SFI_OK)
            assert_installs_again(_i, at);
    }
    station_teardown();
}
END_TEST

/* A new chip after each success; for an open H7 this includes SECURITY. */
static void
fresh(const char *chip, uint64_t every)
{
    uint64_t length = 1;

    for (uint64_t at = 0; at < length; at += stride(every)) {
        for (int i = 0; i < (int)ROWS(noises); i++) {
            uint64_t began;
            sfi_status st;

            station_setup_sized(chip, SMALL);
            began = script_now;
            station_strike(noises[i].strike, noises[i].from_chip, at);
            st = station_install_licensed(false);
            length = station.wire.sent;
            assert_ends_well(i, at, began, st);
            if (st != SFI_OK && !is_complete())
                assert_installs_again(i, at);
            station_teardown();
        }
    }
}

START_TEST(test_fresh_h7)
{
    fresh("stm32h753xi", 67);
}
END_TEST

START_TEST(test_fresh_l4)
{
    fresh("stm32l462ce", 41);
}
END_TEST

/* Over the interface that is named, or USART. */
int
main(int argc, char **argv)
{
    Suite *s = suite_create("install_noise");
    TCase *tc = tcase_create("noise");

    if (argc > 1)
        station_over(argv[1]);
    over_spi = argc > 1 && strcmp(argv[1], "spi") == 0;
    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, test_h7, 0, ROWS(noises));
    tcase_add_test(tc, test_fresh_h7);
    tcase_add_test(tc, test_fresh_l4);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
