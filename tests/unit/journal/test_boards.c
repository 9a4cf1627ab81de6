/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/journal, the boards of an order: what was reported is there for the next
 * process, wherever the file was torn, and one process has it. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/boards.h>
#include <sfi/receipt.h>

#include "journal/json.h"

#include "fixture.h"
#include "system.h"

static char folder[256], path[300];
static const char device[] =
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

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

static void
put(const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static sfi_boards *
open_boards(void)
{
    sfi_boards *b;

    ck_assert_ok(sfi_boards_open(ctx, path, &b));
    return b;
}

static sfi_board
get(sfi_boards *b, uint64_t number)
{
    sfi_board board = {.struct_size = sizeof(board)};

    ck_assert_ok(sfi_boards_get(b, number, &board));
    return board;
}

static const uint8_t signed_by_chip[SFI_RECEIPT_LEN] = {0xab, 0x01};

static const sfi_journal_job good = {
    .struct_size = sizeof(good),
    .result = "installed",
    .milliseconds = 1234,
    .chip = "stm32h753xi",
    .device_id = device,
    .license = "counted",
    .hsm_serial = "abcd",
    .hsm_remaining = 7,
    .image_version = 3,
    .receipt = signed_by_chip,
    .more = "{\"board\": 99}", /* left out */
};

/* A job that failed, as the context has it. */
static sfi_status
end_badly(sfi_boards *b, uint64_t number)
{
    sfi_journal_job job = {.struct_size = sizeof(job),
                           .milliseconds = 5,
                           .no_receipt = "the chip gives none"};

    sfi_ctx_report(ctx, SFI_ERR_TIMEOUT, 0, "no answer \"within\" 5 s");
    job.error = sfi_ctx_error(ctx);
    return sfi_boards_end(b, number, &job);
}

/* Three boards: one done with its label, one failed, one half done; whose
 * number of steps that returned is `steps`. */
static void
play(sfi_boards *b)
{
    uint64_t n = 0;

    ck_assert_ok(sfi_boards_check_fact(b, "hsm", "vault:line.vault"));
    ck_assert_ok(sfi_boards_begin(b, 0, "/dev/ttyUSB0", "A\"\n\xc3\xa9", &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_ok(sfi_boards_enter(b, 1, SFI_PHASE_LICENSE, device));
    ck_assert_ok(sfi_boards_begin(b, 0, "/dev/ttyUSB1", NULL, NULL));
    ck_assert_ok(sfi_boards_end(b, 1, &good));
    ck_assert_ok(sfi_boards_label(b, 1, 0));
    ck_assert_ok(sfi_boards_label(b, 1, 1));
    ck_assert_ok(end_badly(b, 2));
    ck_assert_ok(sfi_boards_begin(b, 0, "/dev/ttyUSB2", "C", NULL));
    ck_assert_ok(sfi_boards_enter(b, 3, SFI_PHASE_SECURE, NULL));
}

static void
assert_played(sfi_boards *b)
{
    sfi_board one = get(b, 1), two = get(b, 2), three = get(b, 3);

    ck_assert_uint_eq(sfi_boards_count(b), 3);
    ck_assert_uint_eq(one.state, SFI_BOARD_DONE);
    ck_assert_str_eq(one.serial, "A\"\n\xc3\xa9");
    ck_assert_str_eq(one.device_id, device);
    ck_assert_str_eq(one.license, "counted");
    ck_assert_str_eq(one.hsm_serial, "abcd");
    ck_assert_str_eq(one.chip, "stm32h753xi");
    ck_assert_str_eq(one.result, "installed");
    ck_assert_str_eq(one.error, "");
    ck_assert_uint_eq(strlen(one.receipt), 2 * SFI_RECEIPT_LEN);
    ck_assert_int_eq(strncmp(one.receipt, "ab0100", 6), 0);
    ck_assert_str_eq(one.no_receipt, "");
    ck_assert_str_eq(two.receipt, "");
    ck_assert_str_eq(two.no_receipt, "the chip gives none");
    ck_assert_uint_eq(one.milliseconds, 1234);
    ck_assert_uint_eq(one.hsm_remaining, 7);
    ck_assert_uint_eq(one.image_version, 3);
    ck_assert_uint_eq(one.label, 2);
    ck_assert_uint_ge(one.ended, one.begun);
    ck_assert_str_eq(sfi_board_advice(&one), "");
    ck_assert_uint_eq(two.state, SFI_BOARD_FAILED);
    ck_assert_int_eq(two.status, SFI_ERR_TIMEOUT);
    ck_assert_str_eq(two.error, "no answer \"within\" 5 s");
    ck_assert_str_eq(two.result, "failed");
    ck_assert_str_eq(two.serial, "");
    ck_assert_uint_eq(three.state, SFI_BOARD_BEGUN);
    ck_assert_uint_eq(three.phase, SFI_PHASE_SECURE);
    ck_assert_uint_eq(three.ended, 0);
    ck_assert_ptr_nonnull(strstr(sfi_board_advice(&three), "put it in again"));
    ck_assert_uint_eq(sfi_boards_find(b, SFI_BOARD_DEVICE, device), 1);
    ck_assert_uint_eq(sfi_boards_find(b, SFI_BOARD_PORT, "/dev/ttyUSB1"), 2);
    ck_assert_uint_eq(sfi_boards_find(b, SFI_BOARD_SERIAL, "C"), 3);
    ck_assert_uint_eq(sfi_boards_find(b, SFI_BOARD_SERIAL, ""), 0);
    ck_assert_uint_eq(sfi_boards_find(b, 9, "C"), 0);
}

START_TEST(test_next_process)
{
    sfi_boards *b = open_boards();

    play(b);
    assert_played(b);
    sfi_boards_free(b);
    b = open_boards();
    assert_played(b);
    ck_assert_ok(sfi_boards_check_fact(b, "hsm", "vault:line.vault"));
    /* what failed, and what is half done, goes on under its number */
    ck_assert_ok(sfi_boards_begin(b, 2, "/dev/ttyUSB9", NULL, NULL));
    ck_assert_ok(sfi_boards_begin(b, 3, NULL, NULL, NULL));
    ck_assert_uint_eq(get(b, 2).attempts, 2);
    ck_assert_str_eq(get(b, 2).error, "");
    ck_assert_str_eq(get(b, 2).port, "/dev/ttyUSB9");
    ck_assert_str_eq(get(b, 3).serial, "C");
    ck_assert_uint_eq(get(b, 3).phase, SFI_PHASE_SECURE);
    sfi_boards_free(b);
}
END_TEST

START_TEST(test_order_of_calls)
{
    sfi_boards *b = open_boards();

    play(b);
    ck_assert_fails_about(sfi_boards_begin(b, 1, NULL, NULL, NULL),
                          SFI_ERR_STATE, path, "board 1", "done");
    ck_assert_fails_about(sfi_boards_enter(b, 2, SFI_PHASE_AREAS, NULL),
                          SFI_ERR_STATE, path, "board 2", "begun");
    ck_assert_fails_about(sfi_boards_end(b, 1, &good), SFI_ERR_STATE, path,
                          "board 1", "begun");
    ck_assert_fails_about(sfi_boards_label(b, 3, 0), SFI_ERR_STATE, path,
                          "board 3", "done");
    ck_assert_int_eq(sfi_boards_begin(b, 4, NULL, NULL, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_boards_enter(b, 3, 0, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_boards_enter(b, 3, 99, NULL), SFI_ERR_ARGUMENT);
    assert_played(b);
    sfi_boards_free(b);
}
END_TEST

START_TEST(test_facts)
{
    sfi_boards *b = open_boards();

    ck_assert_ok(sfi_boards_check_fact(b, "count", "32"));
    ck_assert_ok(sfi_boards_check_file(b, "image", test_path("data/build.sh")));
    sfi_boards_free(b);
    b = open_boards();
    ck_assert_ok(sfi_boards_check_file(b, "image", test_path("data/build.sh")));
    ck_assert_fails(sfi_boards_check_fact(b, "count", "33"), SFI_ERR_RANGE,
                    path,
                    "the job began with count = 32, and now it is 33: go on "
                    "with the old one, or begin another journal");
    ck_assert_fails_about(
        sfi_boards_check_file(b, "image", test_path("data/README.md")),
        SFI_ERR_RANGE, path, "image");
    ck_assert_int_eq(sfi_boards_check_file(b, "x", "/no/such/file"),
                     SFI_ERR_OS);
    sfi_boards_free(b);
}
END_TEST

/* flock() is of the open file, so this is the same within a process. */
START_TEST(test_one_has_it)
{
    sfi_boards *b = open_boards(), *second;

    ck_assert_fails(sfi_boards_open(ctx, path, &second), SFI_ERR_ACCESS, path,
                    "another process works on this job: wait until it ends, "
                    "or end it");
    ck_assert_ptr_null(second);
    sfi_boards_free(b);
    sfi_boards_free(open_boards());
}
END_TEST

/* How many steps the first `len` bytes have. */
static size_t
lines_in(const char *text, size_t len)
{
    size_t lines = 0;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

/* A power cut at each byte, with or without garbage behind it: the whole lines
 * are there, and the next step follows them. */
START_TEST(test_torn)
{
    static const char *const tails[] = {"", "\n", "{}\n",
                                        "{\"time\": \"x\"}\n"};
    sfi_boards *b = open_boards();
    size_t len, now_len, step = test_step(17);
    char *text, *now;

    play(b);
    sfi_boards_free(b);
    text = test_read(path, &len);
    for (size_t cut = 0; cut <= len; cut += step) {
        const char *tail = tails[cut % ROWS(tails)];
        size_t lines = lines_in(text, cut);
        FILE *f;

        put(text, cut);
        if (lines > 0 && text[cut] == '\n' && tail[0] == '\n')
            lines++; /* it has its end after all */
        f = fopen(path, "ab");
        (void)fputs(lines > 0 ? tail : "", f);
        ck_assert_int_eq(fclose(f), 0);
        b = open_boards();
        ck_assert_ok(sfi_boards_begin(b, 0, "next", NULL, NULL));
        sfi_boards_free(b);
        now = test_read(path, &now_len);
        ck_assert_msg(lines_in(now, now_len) == (lines > 0 ? lines : 1) + 1,
                      "cut at %zu", cut);
        free(now);
        sfi_boards_free(open_boards());
    }
    free(text);
}
END_TEST

/* Zeros, as some file systems leave them. */
START_TEST(test_zeros)
{
    static const char zeros[5000];
    sfi_boards *b = open_boards();
    FILE *f;

    play(b);
    sfi_boards_free(b);
    f = fopen(path, "ab");
    ck_assert_uint_eq(fwrite(zeros, 1, sizeof(zeros), f), sizeof(zeros));
    ck_assert_int_eq(fclose(f), 0);
    b = open_boards();
    assert_played(b);
    sfi_boards_free(b);
}
END_TEST

/* A line that is altered, missing, doubled or moved in the middle. */
START_TEST(test_altered)
{
    sfi_boards *b = open_boards();
    char *text, *second, *third, where[320];
    size_t len, n;

    play(b);
    sfi_boards_free(b);
    text = test_read(path, &len);
    second = strchr(text, '\n') + 1;
    third = strchr(second, '\n') + 1;
    (void)snprintf(where, sizeof(where), "%s:2", path);
    n = (size_t)(third - second);
    for (int way = 0; way < 3; way++) {
        FILE *f = fopen(path, "wb");

        (void)fwrite(text, 1, (size_t)(second - text), f);
        if (way == 1)
            (void)fputs("{\"time\": \"2026-11-29T15:00:00Z\"}\n", f);
        if (way == 2)
            (void)fwrite(text, 1, (size_t)(second - text), f);
        (void)fwrite(third, 1, len - (size_t)(second - text) - n, f);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_fails_about(sfi_boards_open(ctx, path, &b), SFI_ERR_FORMAT,
                              where, "altered");
        ck_assert_ptr_null(b);
    }
    free(text);
}
END_TEST

START_TEST(test_other_files)
{
    static const char *const others[] = {
        "{\"time\": \"2026-11-29T15:00:00Z\", \"result\": \"done\"}\n",
        "hello\n", "{\"time\"", ":020000040800F2\n", "x"};
    sfi_boards *b;

    for (size_t i = 0; i < ROWS(others); i++) {
        put(others[i], strlen(others[i]));
        if (i == 2) { /* a power cut in the first line */
            sfi_boards_free(open_boards());
            continue;
        }
        ck_assert_fails_about(sfi_boards_open(ctx, path, &b), SFI_ERR_FORMAT,
                              path, "no journal of a job");
    }
    ck_assert_int_eq(sfi_boards_open(ctx, folder, &b), SFI_ERR_OS);
    ck_assert_int_eq(sfi_boards_open(ctx, "/no/folder/x", &b), SFI_ERR_OS);
}
END_TEST

/* A full disk: the step is not there, and later ones are. */
START_TEST(test_full)
{
    sfi_boards *b = open_boards();
    char *text;
    size_t len;

    play(b);
    text = test_read(path, &len);
    free(text);
    limit_files(len + 20);
    ck_assert_fails_about(sfi_boards_begin(b, 0, "x", NULL, NULL), SFI_ERR_OS,
                          path, "cannot write");
    unlimit_files();
    assert_played(b);
    ck_assert_ok(sfi_boards_begin(b, 0, "x", NULL, NULL));
    sfi_boards_free(b);
    b = open_boards();
    ck_assert_uint_eq(sfi_boards_count(b), 4);
    sfi_boards_free(b);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_boards *b = open_boards();
    sfi_status st = SFI_ERR_NOMEM;

    play(b);
    sfi_boards_free(b);
    for (size_t n = 1; st == SFI_ERR_NOMEM; n++) {
        memory.fail_at = n;
        st = sfi_boards_open(ctx, path, &b);
        memory.fail_at = 0;
        ck_assert(st == SFI_OK || (st == SFI_ERR_NOMEM && b == NULL));
    }
    assert_played(b);
    sfi_boards_free(b);
    for (size_t n = 1; n < 20; n++) {
        b = open_boards();
        memory.fail_at = n;
        st = sfi_boards_begin(b, 0, "x", "y", NULL);
        memory.fail_at = 0;
        ck_assert(st == SFI_OK || st == SFI_ERR_NOMEM);
        sfi_boards_free(b);
    }
    b = open_boards();
    ck_assert_uint_ge(sfi_boards_count(b), 4);
    sfi_boards_free(b);
}
END_TEST

START_TEST(test_advice)
{
    sfi_board board = {.struct_size = sizeof(board), .state = SFI_BOARD_BEGUN};

    for (board.phase = 1; board.phase <= SFI_PHASE_RECORDS; board.phase++)
        ck_assert_ptr_nonnull(strstr(sfi_board_advice(&board), "again"));
    ck_assert_str_eq(sfi_board_advice(NULL), "");
}
END_TEST

/* ---- values of JSON ---- */

static const struct {
    const char *raw, *text; /* NULL: refused */
} values[] = {
    {"\"\"", ""},
    {"\"a b\"", "a b"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u0041\\u00e9\\u20ac\"", "A\xc3\xa9\xe2\x82\xac"},
    {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
    {"\"\\u0000\"", NULL},
    {"\"\\ud83d\"", NULL},
    {"\"\\ude00\"", NULL},
    {"\"\\ud83d\\u0041\"", NULL},
    {"\"\\u00g0\"", NULL},
    {"\"\\u00\"", NULL},
    {"\"\\x\"", NULL},
    {"12", NULL},
    {"\"0123456789abcdef\"", NULL}, /* does not fit */
};

START_TEST(test_value)
{
    struct json_value v = {.raw = values[_i].raw,
                           .len = strlen(values[_i].raw)};
    char out[16];

    ck_assert_int_eq(sfi__json_value_text(&v, out, sizeof(out)),
                     values[_i].text != NULL);
    if (values[_i].text != NULL)
        ck_assert_str_eq(out, values[_i].text);
}
END_TEST

START_TEST(test_number)
{
    struct json_value v = {.raw = "18446744073709551615", .len = 20};
    uint64_t n;

    ck_assert(sfi__json_value_number(&v, &n));
    ck_assert_uint_eq(n, UINT64_MAX);
    v.raw = "18446744073709551616";
    ck_assert(!sfi__json_value_number(&v, &n));
    v.raw = "-1";
    v.len = 2;
    ck_assert(!sfi__json_value_number(&v, &n));
    v.len = 0;
    ck_assert(!sfi__json_value_number(&v, &n));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("boards");
    TCase *tc = tcase_create("boards");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_next_process);
    tcase_add_test(tc, test_order_of_calls);
    tcase_add_test(tc, test_facts);
    tcase_add_test(tc, test_one_has_it);
    tcase_add_test(tc, test_torn);
    tcase_add_test(tc, test_zeros);
    tcase_add_test(tc, test_altered);
    tcase_add_test(tc, test_other_files);
    tcase_add_test(tc, test_full);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_advice);
    tcase_add_loop_test(tc, test_value, 0, ROWS(values));
    tcase_add_test(tc, test_number);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
