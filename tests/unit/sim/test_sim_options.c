/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the three readings of a write of option bytes, and what parts do
 * after it. */
#include <string.h>

#include <bench/board.h>
#include "sim/boot.h"
#include "sim/options.h"
#include "sim/sim.h"

#define H7_AREA 0x5200201cu
#define H7_OPTSR_PRG 0x52002020u
#define H7_WPSN_B 0x5200213cu
#define L4_AREA 0x1fff7800u
#define L4_WRP1AR 0x1fff7818u
#define OPTSR 0x1bc6aaf0u
#define OPTR 0xffeff8aau

static void
setup_h753(void)
{
    board_setup("stm32h753xi");
    board_talk("> 7f < 79");
}

static uint8_t
write_words(uint32_t address, const uint32_t *words, size_t count)
{
    uint8_t raw[256];

    for (size_t i = 0; i < 4 * count; i++)
        raw[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
    return board_write(address, raw, 4 * count);
}

/* Programmed, in CSV order. */
static uint32_t
programmed(size_t row)
{
    return board.sim->store.options[row];
}

/* ---- AN3155, 3.6 ---- */

START_TEST(test_strict_h753)
{
    const uint32_t all[] = {0, OPTSR | 8};
    const uint32_t one[] = {OPTSR | 4};

    ck_assert_uint_eq(write_words(H7_OPTSR_PRG, one, 1), 0x1f);
    ck_assert_uint_eq(write_words(H7_WPSN_B, one, 1), 0x1f);
    ck_assert_uint_eq(programmed(0), OPTSR);
    /* the register in force ignores its word (stlink pull request 1417) */
    ck_assert_uint_eq(write_words(H7_AREA, all, 2), 0x79);
    ck_assert_uint_eq(programmed(0), OPTSR | 8);
    ck_assert_uint_eq(programmed(5), 0xff);
    ck_assert_uint_eq(board_read_word(H7_AREA), OPTSR);
    ck_assert_uint_eq(board_read_word(H7_WPSN_B), 0xff);
}
END_TEST

/* The area is erased first: what was not sent is lost. */
START_TEST(test_strict_l462)
{
    const uint32_t wrp[] = {0x00ff00cc, 0xff00ff33};
    const uint32_t all[] = {OPTR, ~OPTR, 0xffff, ~0xffffu,   0,
                            ~0u,  0xff,  ~0xffu, 0x00050003, ~0x00050003u};

    ck_assert_uint_eq(write_words(L4_WRP1AR, wrp, 2), 0x1f);
    ck_assert_uint_eq(programmed(3), 0xff);
    ck_assert_uint_eq(write_words(L4_AREA, all, 10), 0x79);
    board_talk("> 7f < 79");
    ck_assert_uint_eq(programmed(4), 0x00050003);
    ck_assert_uint_eq(board_read_word(L4_AREA + 4), ~OPTR);
    ck_assert_uint_eq(write_words(L4_AREA, all, 2), 0x79);
    ck_assert_uint_eq(programmed(0), OPTR);
    ck_assert_uint_eq(programmed(3), UINT32_MAX);
    ck_assert_uint_eq(programmed(4), UINT32_MAX);
}
END_TEST

/* An area as long as the name of the DFU memory says. */
START_TEST(test_short_area)
{
    static uint8_t raw[256];

    board.sim->habits.option_area = 128;
    ck_assert_uint_eq(board_read(H7_AREA, raw, 128), 0x79);
    ck_assert_uint_eq(board_read(H7_AREA, raw, 129), 0x1f);
    ck_assert_uint_eq(board_read(H7_WPSN_B, raw, 4), 0x1f);
    ck_assert_uint_eq(board_write(H7_AREA, raw, 256), 0x1f);
    ck_assert_uint_eq(programmed(0), OPTSR);
}
END_TEST

/* AN3156, 4.1: DFU reads a whole block. */
static const struct {
    uint32_t address;
    size_t len;
    bool shown;
} blocks[] = {
    {H7_AREA, 308, true},    {H7_AREA, 128, true},      {H7_AREA, 8, false},
    {H7_AREA, 256, false},   {H7_AREA + 4, 128, false}, {H7_WPSN_B, 4, false},
    {0x08000000, 256, true}, {H7_AREA + 300, 4, false},
};

START_TEST(test_block)
{
    ck_assert(sfi__options_may_upload(board.sim, blocks[_i].address,
                                      blocks[_i].len) == blocks[_i].shown);
    board.sim->habits.options = SIM_OPTIONS_OPENBL;
    ck_assert(
        sfi__options_may_upload(board.sim, blocks[_i].address, blocks[_i].len));
}
END_TEST

/* ---- ST's open bootloader ---- */

/* 8 bytes meant for WRP1AR: readout protection level 2, for ever. */
START_TEST(test_openbl_l462)
{
    const uint32_t wrp[] = {0x00ff00cc, 0xff00ff33};

    board.sim->habits.options = SIM_OPTIONS_OPENBL;
    ck_assert_uint_eq(write_words(L4_WRP1AR, wrp, 2), 0x79);
    ck_assert_uint_eq(programmed(0), 0x00ff00cc);
    ck_assert_uint_eq(programmed(3), 0xff);
    board_talk("> 7f < 79 > 11 ee < 1f > 92 6d < 79 1f");
}
END_TEST

START_TEST(test_openbl_h753)
{
    const uint32_t one[] = {OPTSR | 4, OPTSR | 8};

    board.sim->habits.options = SIM_OPTIONS_OPENBL;
    ck_assert_uint_eq(write_words(H7_WPSN_B, one, 2), 0x79);
    ck_assert_uint_eq(programmed(0), OPTSR | 4);
    ck_assert_uint_eq(programmed(6), 0xff);
}
END_TEST

/* ---- ST community 308083 ---- */

START_TEST(test_lenient)
{
    const uint32_t one[] = {0xfe};

    board.sim->habits.options = SIM_OPTIONS_LENIENT;
    ck_assert_uint_eq(write_words(H7_WPSN_B, one, 1), 0x79);
    ck_assert_uint_eq(programmed(6), 0xfe);
    ck_assert_uint_eq(programmed(0), OPTSR);
    /* words of four bytes, inside */
    ck_assert_uint_eq(board_write(H7_OPTSR_PRG, one, 2), 0x1f);
    ck_assert_uint_eq(board_write(H7_OPTSR_PRG + 2, one, 4), 0x1f);
    ck_assert_uint_eq(board_write(H7_AREA + 304, "12345678", 8), 0x1f);
}
END_TEST

/* ---- after the write ---- */

/* qa-community 71929: only switching its power helps. */
START_TEST(test_launch_hangs)
{
    static const char *const launches[] = {"> 82 7d < 79 79",
                                           "> 92 6d < 79 79"};

    board.sim->habits.launch_hangs = true;
    for (size_t i = 0; i < ROWS(launches); i++) {
        board_talk(launches[i]);
        board_talk("> 7f <");
        sfi__sim_reset(board.sim);
        board_talk("> 7f <");
        ck_assert_ok(sfi_sim_power_on(board.sim));
        board_talk("> 7f < 79");
    }
}
END_TEST

START_TEST(test_h753_does_not_hang)
{
    board.sim->habits.launch_hangs = true;
    board_talk("> 82 7d < 79 79 > 7f < 79");
}
END_TEST

START_TEST(test_no_security)
{
    const uint32_t all[] = {0, OPTSR | 1u << 21 | 8};

    board.sim->habits.no_security = true;
    ck_assert_uint_eq(write_words(H7_AREA, all, 2), 0x79);
    ck_assert_uint_eq(board_read_word(H7_OPTSR_PRG), OPTSR | 8);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_options");
    TCase *tc = tcase_create("h753");

    tcase_add_checked_fixture(tc, setup_h753, board_teardown);
    tcase_add_test(tc, test_strict_h753);
    tcase_add_test(tc, test_short_area);
    tcase_add_loop_test(tc, test_block, 0, ROWS(blocks));
    tcase_add_test(tc, test_openbl_h753);
    tcase_add_test(tc, test_lenient);
    tcase_add_test(tc, test_h753_does_not_hang);
    tcase_add_test(tc, test_no_security);
    suite_add_tcase(s, tc);
    tc = tcase_create("l462");
    tcase_add_checked_fixture(tc, board_setup_open_l462, board_teardown);
    tcase_add_test(tc, test_strict_l462);
    tcase_add_test(tc, test_openbl_l462);
    tcase_add_test(tc, test_launch_hangs);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
