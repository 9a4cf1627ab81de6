/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* kill -9 at every system call of a process that adds to a journal: what was
 * reported is there, no line is torn but the last, and others go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/journal.h>

#include "journal/json.h"

#include "fixture.h"
#include <disk/killer.h>

/* Far more system calls than two lines take. */
#define STOPS_MAX 400u

static char folder[256], path[300];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/line.jsonl", folder);
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static const sfi_journal_job job = {
    .struct_size = sizeof(job),
    .port = "serial:/dev/ttyUSB0",
};

static int
add_two(int fd)
{
    sfi_ctx *own;
    sfi_journal *j;

    if (sfi_ctx_new(NULL, &own) != SFI_OK ||
        sfi_journal_open(own, path, &j) != SFI_OK)
        return 1;
    for (int i = 0; i < 2; i++) {
        if (sfi_journal_add(j, &job) != SFI_OK)
            return 1;
        killer_tell(fd, "x", 1);
    }
    sfi_journal_free(j);
    sfi_ctx_free(own);
    return 0;
}

/* Whole lines, and how many are torn. */
static size_t
count_lines(size_t *torn)
{
    size_t len, whole = 0;
    char *text = test_read(path, &len);

    *torn = 0;
    for (char *at = text; *at != '\0';) {
        struct json_line line;
        char *end = strchr(at, '\n');
        size_t n = end != NULL ? (size_t)(end - at) : strlen(at);

        if (sfi__json_read_line(at, n, &line))
            whole++;
        else
            ++*torn;
        at += n + (end != NULL);
    }
    free(text);
    return whole;
}

START_TEST(test_kill)
{
    static const struct killer_work work = {.act = add_two};
    size_t at = 1;

    if (!killer_allowed())
        return;
    for (int status = KILLER_DIED; status == KILLER_DIED; at++) {
        char told[2];
        size_t len, torn, whole;
        sfi_journal *j;

        ck_assert_uint_lt(at, STOPS_MAX);
        (void)unlink(path);
        status = killer_run(&work, at, told, sizeof(told), &len);
        ck_assert_ok(sfi_journal_open(ctx, path, &j));
        whole = count_lines(&torn);
        ck_assert_uint_ge(whole, len); /* reported ones */
        ck_assert_uint_le(whole, len + 1);
        ck_assert_uint_le(torn, 1);
        ck_assert_ok(sfi_journal_add(j, &job));
        ck_assert_uint_eq(count_lines(&torn), whole + 1);
        sfi_journal_free(j);
        ck_assert(status == KILLER_DIED || status == 0);
    }
    ck_assert_uint_gt(at, 20);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal_kill");
    TCase *tc = tcase_create("journal_kill");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_kill);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
