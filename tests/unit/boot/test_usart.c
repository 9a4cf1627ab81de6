/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sessions on USART against a bootloader as ST's papers and its users describe
 * it (link/rom.h): a part that gets its power at any moment, half frames of
 * earlier hosts, applications on the same line, limits of versions. */
#include <string.h>

#include "core/ctx.h"
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
    uint32_t late_us;
} starts[] = {
    {5000, 4000000, false, 0},
    {5000, 4000000, true, 0},
    {30000, 29000000, false, 0},
    {30000, 24000000, false, 1000000},
};

/* AN3155, 1; ST community 810505, 11320: what is not a 0x7f, heard first, makes
 * the part deaf. */
START_TEST(test_any_moment)
{
    uint32_t seed = 1;
    unsigned heard = 0;

    for (unsigned i = 0; i < STARTS; i += (unsigned)test_step(10)) {
        rom_init(&rom);
        rom.nacks_sync = starts[_i].nacks_sync;
        rom.late_us = starts[_i].late_us;
        rom.up_us = next_random(&seed, starts[_i].until);
        heard += connect_within(starts[_i].ms) == SFI_OK;
        ck_assert_msg(!rom.deaf, "start %u: power at %llu us, deaf", i,
                      (unsigned long long)rom.up_us);
        close_all();
    }
    ck_assert_uint_eq(heard, (STARTS + test_step(10) - 1) / test_step(10));
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

/* One second each way, as through an RFC 2217 server: every wait has the room,
 * and nothing is sent twice. */
START_TEST(test_round_trip)
{
    static const uint8_t data[32] = {1, 2, 3};
    uint8_t back[32];

    rom.late_us = 1000000;
    rom.erase_us = 2200000;
    ck_assert_ok(connect_within(0));
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_write(t, 0x08000000, data, sizeof(data)));
    ck_assert_ok(sfi_target_read(t, 0x08000000, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_uint_eq(rom.erases, 1);
    ck_assert_uint_eq(rom.writes, 1);
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

/* ---- through a network ---- */

/* A second each way, whatever an earlier host left; the host is as patient. */
START_TEST(test_far_half_frame)
{
    uint8_t data[300];

    rom.late_us = 1000000;
    rom_open(&rom, &tp);
    rom_left_in(&rom, halves[_i].bytes, halves[_i].len);
    ck_assert_msg(sfi_target_connect(ctx, NULL, tp, 0, &t) == SFI_OK, "%s: %s",
                  halves[_i].name, sfi_error_message(sfi_ctx_error(ctx)));
    ck_assert_uint_eq(rom.writes + rom.erases + rom.goes, 0);
    ck_assert_ok(sfi_target_read(t, 0x08000000, data, sizeof(data)));
}
END_TEST

/* Power at any moment. */
START_TEST(test_far_power)
{
    uint32_t seed = 3;

    for (unsigned i = 0; i < STARTS; i += (unsigned)test_step(10)) {
        rom_init(&rom);
        rom.late_us = 1000000;
        rom.up_us = next_random(&seed, 4000000);
        ck_assert_msg(connect_within(0) == SFI_OK, "start %u: %s", i,
                      sfi_error_message(sfi_ctx_error(ctx)));
        close_all();
    }
}
END_TEST

/* A byte of a Write is lost, either way: nothing but the data is written, not
 * even what the host ends the command with. */
START_TEST(test_lost_byte)
{
    static const uint8_t data[32] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t erased[ROM_FLASH_LEN - sizeof(data)];

    memset(erased, 0xff, sizeof(erased));
    for (size_t i = 1; i <= 48; i++) {
        rom_init(&rom);
        rom.nacks_sync = _i % 2 == 1;
        ck_assert_ok(connect_within(0));
        if (_i < 2)
            rom.lose_heard = i;
        else
            rom.lose_said = i;
        ck_assert_msg(sfi_target_write(t, 0x08000000, data, sizeof(data)) ==
                          SFI_OK,
                      "byte %zu: %s", i, sfi_error_message(sfi_ctx_error(ctx)));
        ck_assert_mem_eq(rom.flash, data, sizeof(data));
        ck_assert_mem_eq(rom.flash + sizeof(data), erased, sizeof(erased));
        ck_assert_uint_eq(rom.writes, 1);
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
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     rom.echoes ? 0 : SFI_PEER_APPLICATION);
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

/* ---- limits of versions ---- */

static void
open_loader(uint8_t id)
{
    rom.id = id;
    ck_assert_ok(connect_within(0));
}

/* AN2606, V9.0: 13 commands are announced, 11 follow. */
START_TEST(test_get_announces_more)
{
    rom.announced = 13;
    open_loader(0x90);
    ck_assert_uint_eq(t->boot.get.count, 11);
}
END_TEST

/* AN2606, V9.0; by a report revision Y sends the ACK, V does not. */
START_TEST(test_go_quiet)
{
    rom.go_is_quiet = _i == 1;
    open_loader(0x90);
    ck_assert_ok(sfi_target_go(t, 0x08020000));
    ck_assert_uint_eq(rom.went_to, 0x08020000);
    ck_assert_uint_eq(rom.goes, 1);
}
END_TEST

START_TEST(test_go_fails)
{
    open_loader(0xd2);
    ck_assert_fails(sfi_target_go(t, 0x08000000), SFI_ERR_UNSUPPORTED, "",
                    "bootloader V13.2 cannot start a program (AN2606): reset "
                    "the chip with BOOT0 low");
    ck_assert_uint_eq(rom.goes, 0);
}
END_TEST

static char told[1000];

static void
on_log(void *user, int level, const char *line)
{
    (void)user;
    if (level == SFI_LOG_WARNING)
        (void)strcpy(told, line);
}

static const struct {
    uint8_t sp[4]; /* little-endian */
    const char *limit;
} stacks[] = {
    {{0x00, 0x00, 0x02, 0x20}, "0x2001fff0"}, /* the end of DTCM */
    {{0xf0, 0xff, 0x07, 0x24}, "0x2407fff0"},
    {{0xe8, 0xff, 0x01, 0x20}, NULL},
};

/* AN2606, V9.x: said before it is tried, and named when it was the reason. */
START_TEST(test_go_stack)
{
    told[0] = '\0';
    ctx->log = on_log;
    ctx->log_level = SFI_LOG_WARNING;
    memcpy(rom.flash, stacks[_i].sp, sizeof(stacks[_i].sp));
    open_loader(0x92);
    if (stacks[_i].limit == NULL) {
        rom.checks_stack = true;
        ck_assert_ok(sfi_target_go(t, 0x08000000));
        ck_assert_str_eq(told, "");
        return;
    }
    rom.checks_stack = true;
    ck_assert_fails_about(sfi_target_go(t, 0x08000000), SFI_ERR_CHIP_RULE, "",
                          "stack pointer", stacks[_i].limit, "BOOT0 low");
    ck_assert_ptr_nonnull(strstr(told, stacks[_i].limit));
    rom.checks_stack = false;
    ck_assert_ok(sfi_target_go(t, 0x08000000));
}
END_TEST

/* AN2606, V9.1: a command while bank 2 is still erased hangs the part. */
START_TEST(test_early_ack)
{
    static const uint32_t sectors[] = {0, 8, 15};
    uint8_t data[4];
    uint64_t began;

    rom.erase_us = 2200000;
    rom.early_ack = true;
    open_loader(0x91);
    began = rom_now_ms(&rom);
    if (_i == 0)
        ck_assert_ok(sfi_target_erase(t, sectors, 3));
    else
        ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_read(t, 0x08000000, data, sizeof(data)));
    ck_assert(!rom.hung);
    ck_assert_uint_lt(rom_now_ms(&rom) - began,
                      (_i == 0 ? 3 : 16) * 2200 + 500);
}
END_TEST

/* Other versions wait for nothing behind the ACK, and as long as it takes
 * before it: ST community 734674. */
START_TEST(test_erase_is_slow)
{
    uint64_t began;

    rom.erase_us = 2200000;
    open_loader(0x92);
    began = rom_now_ms(&rom);
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_eq(rom.erases, 1);
    ck_assert_uint_ge(rom_now_ms(&rom) - began, 35200);
    ck_assert_uint_lt(rom_now_ms(&rom) - began, 35500);
}
END_TEST

/* AN2606, V9.0 */
START_TEST(test_ram_is_taken)
{
    uint8_t data[8] = {0};

    open_loader(0x90);
    ck_assert_fails(sfi_target_write(t, 0x24033ff8, data, 8), SFI_ERR_CHIP_RULE,
                    "",
                    "8 bytes at 0x24033ff8: bootloader V9.0 uses RAM up to "
                    "0x24033fff for itself (AN2606)");
    ck_assert_int_eq(sfi_target_read(t, 0x24005000, data, 8),
                     SFI_ERR_CHIP_RULE);
    ck_assert_ok(sfi_target_write(t, 0x24034000, data, 8));
    close_all();
    rom_init(&rom);
    open_loader(0x92);
    ck_assert_ok(sfi_target_write(t, 0x24033ff8, data, 8));
}
END_TEST

static TCase *
version_case(void)
{
    TCase *tc = tcase_create("versions");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_get_announces_more);
    tcase_add_loop_test(tc, test_go_quiet, 0, 2);
    tcase_add_test(tc, test_go_fails);
    tcase_add_loop_test(tc, test_go_stack, 0, ROWS(stacks));
    tcase_add_loop_test(tc, test_early_ack, 0, 2);
    tcase_add_test(tc, test_erase_is_slow);
    tcase_add_test(tc, test_ram_is_taken);
    return tc;
}

static TCase *
find_case(void)
{
    TCase *tc = tcase_create("find");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_any_moment, 0, ROWS(starts));
    tcase_add_test(tc, test_power_fails);
    tcase_add_test(tc, test_round_trip);
    tcase_add_loop_test(tc, test_half_frame, 0, ROWS(halves));
    tcase_add_loop_test(tc, test_far_half_frame, 0, ROWS(halves));
    tcase_add_test(tc, test_far_power);
    tcase_add_loop_test(tc, test_lost_byte, 0, 4);
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
    suite_add_tcase(s, version_case());
    return run_suite(s);
}
