/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* kill -9 at every system call of a process that works on boards: the next one
 * knows each step that was reported, and at most one more. */
#include <stdio.h>
#include <unistd.h>

#include <sfi/boards.h>

#include "fixture.h"
#include <disk/killer.h>

/* Far more system calls than six lines take. */
#define STOPS_MAX 800u

static char folder[256], path[300];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/order.journal", folder);
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static const sfi_journal_job job = {
    .struct_size = sizeof(job),
    .result = "installed",
    .device_id = "d1",
};

/* Goes on where the file is; each step is told after it was reported. */
static sfi_status
one_step(sfi_boards *b)
{
    sfi_board board = {.struct_size = sizeof(board)};

    if (sfi_boards_count(b) == 0)
        return sfi_boards_begin(b, 0, "port", "1", NULL);
    if (sfi_boards_get(b, 1, &board) != SFI_OK)
        return SFI_ERR_INTERNAL;
    if (board.state == SFI_BOARD_DONE)
        return sfi_boards_label(b, 1, board.label == 1);
    if (board.phase < SFI_PHASE_CONFIRM)
        return sfi_boards_enter(b, 1, board.phase + 1, "d1");
    return sfi_boards_end(b, 1, &job);
}

static int
work(int fd)
{
    sfi_ctx *own;
    sfi_boards *b;

    if (sfi_ctx_new(NULL, &own) != SFI_OK ||
        sfi_boards_open(own, path, &b) != SFI_OK)
        return 1;
    for (int i = 0; i < 9; i++) {
        if (one_step(b) != SFI_OK)
            return 1;
        killer_tell(fd, "x", 1);
    }
    sfi_boards_free(b);
    sfi_ctx_free(own);
    return 0;
}

/* The steps that the file has, in the order of one_step(). */
static size_t
steps_in_file(sfi_boards *b)
{
    sfi_board board = {.struct_size = sizeof(board)};

    if (sfi_boards_count(b) == 0)
        return 0;
    ck_assert_uint_eq(sfi_boards_count(b), 1);
    ck_assert_ok(sfi_boards_get(b, 1, &board));
    if (board.state == SFI_BOARD_DONE)
        return 7 + board.label;
    return board.phase; /* SFI_PHASE_CONNECT is 1 */
}

START_TEST(test_kill)
{
    static const struct killer_work killed = {.act = work};
    size_t at = 1;

    if (!killer_allowed())
        return;
    for (int status = KILLER_DIED; status == KILLER_DIED; at++) {
        char told[16];
        size_t len, steps;
        sfi_boards *b;

        ck_assert_uint_lt(at, STOPS_MAX);
        (void)unlink(path);
        status = killer_run(&killed, at, told, sizeof(told), &len);
        ck_assert(status == KILLER_DIED || status == 0);
        ck_assert_ok(sfi_boards_open(ctx, path, &b));
        steps = steps_in_file(b);
        ck_assert_msg(steps == len || steps == len + 1,
                      "stop %zu: %zu steps were reported, %zu are there", at,
                      len, steps);
        if (steps < 9)
            ck_assert_ok(one_step(b));
        sfi_boards_free(b);
    }
    ck_assert_uint_gt(at, 40);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("boards_kill");
    TCase *tc = tcase_create("boards_kill");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_kill);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
