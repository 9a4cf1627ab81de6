/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: a bench's commands to a chip: reset, power, pins, halt, state. */
#include <string.h>

#include <bench/board.h>
#include "sim/sim.h"

static void
setup(void)
{
    board_setup("stm32h753xi");
}

static void
command(const char *line)
{
    size_t none = 0;

    ck_assert_ok(sfi_sim_command(board.sim, line, NULL, &none));
    ck_assert_uint_eq(none, 1);
}

/* `state` has this word. */
static void
assert_state(const char *word)
{
    char answer[512];
    size_t len = sizeof(answer);

    ck_assert_ok(sfi_sim_command(board.sim, "state", answer, &len));
    ck_assert_uint_eq(len, strlen(answer) + 1);
    ck_assert_msg(strstr(answer, word) != NULL, "no %s in \"%s\"", word,
                  answer);
}

START_TEST(test_state)
{
    char answer[512];
    size_t len = sizeof(answer);

    ck_assert_ok(sfi_sim_command(board.sim, " state ", answer, &len));
    ck_assert_str_eq(answer, "chip=stm32h753xi bootloader=V9.2 power=on nrst=1 "
                             "boot0=1 runs=bootloader resets=1 reset-due=0");
}
END_TEST

/* Firmware that was started, and what a reset makes of it. */
START_TEST(test_reset)
{
    board_talk("> 7f < 79 > 21 de < 79 > 24 00 50 00 74 < 79 > 7f <");
    assert_state("runs=application");
    command("reset");
    assert_state("resets=2");
    board_talk("> 7f < 79");
    command("boot0 0");
    assert_state("runs=bootloader");
    command("reset");
    assert_state("runs=application");
    board_talk("> 7f <");
    command("boot0 1");
    command("reset");
    board_talk("> 7f < 79");
}
END_TEST

START_TEST(test_power)
{
    board_talk("> 7f < 79");
    command("power off");
    assert_state("power=off");
    assert_state("runs=nothing");
    ck_assert_int_eq(sfi_sim_has_power(board.sim), 0);
    board_talk("> 7f <");
    ck_assert_fails(sfi_sim_command(board.sim, "reset", NULL, &(size_t){0}),
                    SFI_ERR_STATE, "", "the chip has no power");
    command("power on");
    command("power on"); /* it has it */
    assert_state("resets=2");
    board_talk("> 7f < 79");
}
END_TEST

START_TEST(test_nrst)
{
    command("nrst 0");
    assert_state("nrst=0");
    assert_state("runs=nothing");
    board_talk("> 7f <");
    command("nrst 1");
    board_talk("> 7f < 79");
    command("nrst 0");
    command("reset"); /* ends high */
    assert_state("nrst=1");
    board_talk("> 7f < 79");
}
END_TEST

START_TEST(test_halt)
{
    board_talk("> 7f < 79");
    command("halt");
    assert_state("runs=hung");
    board_talk("> 00 ff <");
    sfi_sim_wait(board.sim, 60000);
    board_talk("> 7f <");
    command("reset");
    board_talk("> 7f < 79");
    command("nrst 0");
    ck_assert_fails(sfi_sim_command(board.sim, "halt", NULL, &(size_t){0}),
                    SFI_ERR_STATE, "",
                    "the chip has no power or is held in reset");
}
END_TEST

START_TEST(test_habit)
{
    size_t none = 0;

    command("habit any-first-byte 1");
    board_talk("> 00 < > 7f < 79");
    command("habit ram-from 0x24034000");
    ck_assert_uint_eq(board.sim->habits.ram_from, 0x24034000);
    for (size_t i = 0; sfi__sim_habit_name(i) != NULL; i++)
        ck_assert(
            sfi__sim_habit_set(&board.sim->habits, sfi__sim_habit_name(i), 1));
    ck_assert_fails(sfi_sim_command(board.sim, "habit shy 1", NULL, &none),
                    SFI_ERR_ARGUMENT, "",
                    "no habit \"shy\", or none that can be 1");
    ck_assert_fails_about(
        sfi_sim_command(board.sim, "habit options 3", NULL, &none),
        SFI_ERR_ARGUMENT, "", "\"options\"", "3");
    ck_assert_fails(sfi_sim_command(board.sim, "habit options x", NULL, &none),
                    SFI_ERR_ARGUMENT, "",
                    "habit options: \"x\" is not a number of 32 bits");
}
END_TEST

static const char *const not_commands[] = {
    "", "   ", "rest", "reset now", "power", "boot0", "habit x", "a b c d e",
};

START_TEST(test_not_commands)
{
    ck_assert_fails(
        sfi_sim_command(board.sim, not_commands[_i], NULL, &(size_t){0}),
        SFI_ERR_ARGUMENT, "",
        "not a command, expected reset, power on|off, boot0 0|1, "
        "nrst 0|1, halt, state, timing real|none or habit "
        "NAME NUMBER");
}
END_TEST

START_TEST(test_errors)
{
    char answer[8], line[200];
    size_t len = sizeof(answer);

    ck_assert_fails(sfi_sim_command(board.sim, "power of", NULL, &(size_t){0}),
                    SFI_ERR_ARGUMENT, "", "power \"of\", expected off or on");
    ck_assert_fails_about(
        sfi_sim_command(board.sim, "boot0 2", NULL, &(size_t){0}),
        SFI_ERR_ARGUMENT, "", "boot0 \"2\"", "0 or 1");
    ck_assert_fails_about(sfi_sim_command(board.sim, "state", answer, &len),
                          SFI_ERR_BUFFER, "", "the buffer 8");
    ck_assert_uint_gt(len, sizeof(answer));
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    ck_assert_fails_about(sfi_sim_command(board.sim, line, NULL, &(size_t){0}),
                          SFI_ERR_ARGUMENT, "", "not a command");
    ck_assert_int_eq(sfi_sim_command(NULL, "reset", NULL, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_command(board.sim, NULL, NULL, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_command(board.sim, "reset", NULL, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_command(board.sim, "reset", NULL, &len),
                     SFI_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_command");
    TCase *t = tcase_create("command");

    tcase_add_checked_fixture(t, setup, board_teardown);
    tcase_add_test(t, test_state);
    tcase_add_test(t, test_reset);
    tcase_add_test(t, test_power);
    tcase_add_test(t, test_nrst);
    tcase_add_test(t, test_halt);
    tcase_add_test(t, test_habit);
    tcase_add_loop_test(t, test_not_commands, 0, (int)ROWS(not_commands));
    tcase_add_test(t, test_errors);
    suite_add_tcase(s, t);
    return run_suite(s);
}
