/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sessions on USART against a bootloader as ST's papers and its users describe
 * it (link/rom.h): a part that gets its power at any moment, half frames of
 * earlier hosts, applications on the same line, limits of versions. */
#include <string.h>

#include "target/target.h"

#include "fixture.h"
#include <link/rom.h>

#define STARTS 100u

static struct rom rom;
static sfi_transport *tp;
static sfi_target *t;

static void
setup(void)
{
    fixture_setup();
    rom_init(&rom);
    tp = NULL;
    t = NULL;
}

static void
close_all(void)
{
    sfi_target_free(t);
    sfi_transport_free(tp);
    t = NULL;
    tp = NULL;
}

static void
teardown(void)
{
    close_all();
    fixture_teardown();
}

static sfi_status
connect_within(uint32_t ms)
{
    rom_open(&rom, &tp);
    return sfi_target_connect(ctx, NULL, tp, ms, &t);
}

/* Below `limit`; the same sequence in each run. */
static uint64_t
next_random(uint32_t *state, uint64_t limit)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint64_t)(*state >> 8) * limit >> 24;
}

/* ---- power at any moment ---- */

static const struct {
    uint32_t ms;     /* the host's patience */
    uint64_t until;  /* power comes before */
    bool nacks_sync; /* see rom.h */
} starts[] = {
    {5000, 4000000, false},
    {5000, 4000000, true},
    {30000, 29000000, false},
};

/* AN3155, 1; ST community 810505, 11320: what is not a 0x7f, heard first, makes
 * the part deaf. */
START_TEST(test_any_moment)
{
    uint32_t seed = 1;
    unsigned heard = 0;

    for (unsigned i = 0; i < STARTS; i++) {
        rom_init(&rom);
        rom.nacks_sync = starts[_i].nacks_sync;
        rom.up_us = next_random(&seed, starts[_i].until);
        heard += connect_within(starts[_i].ms) == SFI_OK;
        ck_assert_msg(!rom.deaf, "start %u: power at %llu us, deaf", i,
                      (unsigned long long)rom.up_us);
        close_all();
    }
    ck_assert_uint_eq(heard, STARTS);
}
END_TEST

/* The power fails and comes back while the host works. */
START_TEST(test_power_fails)
{
    uint32_t seed = 2;

    for (unsigned i = 0; i < STARTS; i++) {
        uint8_t data[256];

        rom_init(&rom);
        ck_assert_ok(connect_within(0));
        rom.down_us = rom.now_us + next_random(&seed, 400000);
        for (unsigned k = 0; k < 8; k++)
            (void)!sfi_target_read(t, 0x08000000, data, sizeof(data));
        ck_assert_msg(!rom.deaf, "start %u: deaf", i);
        ck_assert_ok(sfi_target_read(t, 0x08000000, data, sizeof(data)));
        close_all();
    }
}
END_TEST

/* ---- half frames ---- */

static const struct {
    const char *name;
    uint8_t bytes[20];
    size_t len;
} halves[] = {
    {"a code", {0x31}, 1},
    {"the code of Get", {0x00}, 1},
    {"an address that is due", {0x31, 0xce}, 2},
    {"an address", {0x31, 0xce, 0x08, 0x00, 0x00}, 5},
    {"a checksum", {0x21, 0xde, 0x08, 0x00, 0x00, 0x00}, 6},
    {"a count", {0x11, 0xee, 0x08, 0x00, 0x00, 0x00, 0x08}, 7},
    {"data that is due", {0x31, 0xce, 0x08, 0x00, 0x00, 0x00, 0x08}, 7},
    {"data", {0x31, 0xce, 0x08, 0x00, 0x00, 0x00, 0x08, 0xff, 0x11}, 9},
    {"short data", {0x31, 0xce, 0x08, 0x00, 0x00, 0x00, 0x08, 0x07, 1, 2}, 10},
    {"a list that is due", {0x44, 0xbb}, 2},
    {"half a list", {0x44, 0xbb, 0x00, 0x3f, 0x00, 0x01, 0x00}, 7},
    {"a mass erase", {0x44, 0xbb, 0xff, 0xff}, 4},
    {"half of its code", {0x44, 0xbb, 0xff}, 3},
};

/* What ends the frame never completes it. */
START_TEST(test_half_frame)
{
    for (unsigned style = 0; style < 2; style++) {
        rom_init(&rom);
        rom.nacks_sync = style == 1;
        rom_open(&rom, &tp);
        rom_left_in(&rom, halves[_i].bytes, halves[_i].len);
        ck_assert_msg(sfi_target_connect(ctx, NULL, tp, 0, &t) == SFI_OK,
                      "%s: %s", halves[_i].name,
                      sfi_error_message(sfi_ctx_error(ctx)));
        ck_assert_uint_eq(rom.writes + rom.erases + rom.goes, 0);
        close_all();
    }
}
END_TEST

/* ---- something else answers ---- */

static const struct {
    const char *prints;
    uint64_t every_us;
    bool echoes;
    const char *fact; /* of the message */
} applications[] = {
    {"y", 200000, false, "firmware seems to run"}, /* "y" is an ACK */
    {"y", 20000, false, "firmware seems to run"},
    {"y", 100, false, "firmware seems to run"},
    {"ready\r\n", 200000, false, "firmware seems to run"},
    {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", 400000, false,
     "firmware seems to run"},
    {"", 0, true, "garbage"},
};

START_TEST(test_application)
{
    rom.prints = applications[_i].prints;
    rom.every_us = applications[_i].every_us;
    rom.echoes = applications[_i].echoes;
    ck_assert_fails_about(connect_within(0), SFI_ERR_PROTOCOL, "stream",
                          applications[_i].fact);
    ck_assert_uint_le(rom_now_ms(&rom), 40000);
}
END_TEST

/* A line that is named is used. */
START_TEST(test_application_reset)
{
    rom.prints = applications[_i].prints;
    rom.every_us = applications[_i].every_us;
    rom.echoes = applications[_i].echoes;
    rom.has_line = true;
    ck_assert_ok(connect_within(0));
    ck_assert_uint_eq(rom.resets, 1);
    ck_assert_uint_le(rom_now_ms(&rom), 10000);
}
END_TEST

/* AN2606, V9.0: it may take a second reset. */
START_TEST(test_second_reset)
{
    rom.prints = "";
    rom.has_line = true;
    rom.deaf_resets = 1;
    ck_assert_ok(connect_within(0));
    ck_assert_uint_eq(rom.resets, 2);
}
END_TEST

static TCase *
find_case(void)
{
    TCase *tc = tcase_create("find");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_any_moment, 0, ROWS(starts));
    tcase_add_test(tc, test_power_fails);
    tcase_add_loop_test(tc, test_half_frame, 0, ROWS(halves));
    tcase_add_loop_test(tc, test_application, 0, ROWS(applications));
    tcase_add_loop_test(tc, test_application_reset, 0, ROWS(applications));
    tcase_add_test(tc, test_second_reset);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("usart");

    suite_add_tcase(s, find_case());
    return run_suite(s);
}
