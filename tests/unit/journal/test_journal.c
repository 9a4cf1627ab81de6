/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/journal: each line is whole or not there, whoever else writes and
 * whenever the power fails; and no other file is appended to. */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sfi/journal.h>

#include "util/date.h"
#include "util/sys.h"
#include "journal/json.h"

#include "fixture.h"
#include "system.h"
#include "together.h"

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

static void
put(const char *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static char *
read_all(void)
{
    size_t len;

    return test_read(path, &len);
}

static sfi_journal *
open_journal(void)
{
    sfi_journal *j;

    ck_assert_ok(sfi_journal_open(ctx, path, &j));
    return j;
}

static const sfi_journal_job plain = {
    .struct_size = sizeof(plain),
    .port = "serial:/dev/ttyUSB0",
    .milliseconds = 1234,
};

/* Open, add, close. */
static sfi_status
add(const sfi_journal_job *job)
{
    sfi_journal *j;
    sfi_status st = sfi_journal_open(ctx, path, &j);

    if (st == SFI_OK)
        st = sfi_journal_add(j, job);
    sfi_journal_free(j);
    return st;
}

/* The only line, behind the members that differ from run to run. */
static char *
only_line(void)
{
    char *text = read_all(), *at, *line;
    struct json_line read;
    uint64_t seconds;

    ck_assert_ptr_eq(strchr(text, '\n') + 1, strchr(text, '\0'));
    ck_assert(sfi__json_read_line(text, strlen(text) - 1, &read));
    ck_assert(sfi__date_parse(read.time, &seconds));
    at = strstr(text, "\"libsfi\": \"1.0.0\", ");
    ck_assert_ptr_nonnull(at);
    line = strdup(at + strlen("\"libsfi\": \"1.0.0\", "));
    ck_assert_ptr_nonnull(line);
    free(text);
    return line;
}

static void
assert_line(const char *expected)
{
    char *line = only_line();

    ck_assert_str_eq(line, expected);
    free(line);
}

/* Every line is a record but at most `fragments`; returns the records. */
static unsigned
count_lines(unsigned fragments)
{
    char *text = read_all();
    unsigned records = 0;

    for (char *at = text; *at != '\0';) {
        char *end = strchr(at, '\n');
        struct json_line read;
        size_t len = end != NULL ? (size_t)(end - at) : strlen(at);

        if (sfi__json_read_line(at, len, &read))
            records++;
        else
            ck_assert_msg(fragments-- > 0, "\"%.*s\"", (int)len, at);
        at += len + (end != NULL);
    }
    free(text);
    return records;
}

/* ---- lines ---- */

START_TEST(test_plain_line)
{
    ck_assert_ok(add(&plain));
    assert_line("\"port\": \"serial:/dev/ttyUSB0\", \"result\": \"done\", "
                "\"milliseconds\": 1234}\n");
}
END_TEST

START_TEST(test_whole_line)
{
    static const uint8_t tag[16] = {0x12, 0x34};
    static const char *const files[] = {"a \"b\".elf", "c\x1b\xff.hex", NULL};
    const sfi_journal_job job = {
        .struct_size = sizeof(job),
        .image_version = 7,
        .milliseconds = UINT64_MAX,
        .hsm_remaining = 3,
        .hsm_low_water = 3,
        .result = "installed",
        .phase = "done",
        .image = "fw.sfi",
        .image_tag = tag,
        .protocol = "live",
        .files = files,
        .file_count = 3,
        .port = "usb",
        .chip = "stm32h753xi",
        .device_id = "00ff",
        .board_serial = "B-1",
        .license = "counted",
        .hsm_serial = "ab",
        .hsm_firmware_id = "x",
        .more = " {\"erased\": true, \"n\": [1, {\"m\": \"}\"}]}",
    };

    ck_assert_ok(add(&job));
    assert_line(
        "\"image\": \"fw.sfi\", "
        "\"header_tag\": \"12340000000000000000000000000000\", "
        "\"image_version\": 7, \"protocol\": \"live\", "
        "\"files\": [\"a \\\"b\\\".elf\", \"c\\u001b\\ufffd.hex\", \"\"], "
        "\"port\": \"usb\", \"result\": \"installed\", \"phase\": \"done\", "
        "\"chip\": \"stm32h753xi\", \"device_id\": \"00ff\", "
        "\"board_serial\": \"B-1\", \"milliseconds\": 18446744073709551615, "
        "\"license\": \"counted\", \"hsm_serial\": \"ab\", "
        "\"hsm_firmware_id\": \"x\", \"hsm_remaining\": 3, "
        "\"hsm_low_water\": true, "
        "\"erased\": true, \"n\": [1, {\"m\": \"}\"}]}\n");
}
END_TEST

/* Line ends of further members are left out, not those inside texts, which are
 * escaped. */
START_TEST(test_more_lines)
{
    sfi_journal_job job = plain;

    job.more = "{\n  \"erased\": true,\r\n  \"n\": [\n    1,\n    {}\n  ],"
               "\n\n  \"m\": \"a,\\n  b\"\n}\n";
    ck_assert_ok(add(&job));
    assert_line("\"port\": \"serial:/dev/ttyUSB0\", \"result\": \"done\", "
                "\"milliseconds\": 1234, \"erased\": true, "
                "\"n\": [1, {}], \"m\": \"a,\\n  b\"}\n");
    ck_assert_int_eq(unlink(path), 0);
    job.more = "\n{\n}\n";
    ck_assert_ok(add(&job));
    assert_line("\"port\": \"serial:/dev/ttyUSB0\", \"result\": \"done\", "
                "\"milliseconds\": 1234}\n");
}
END_TEST

/* The error of the journal's own context is read before it is cleared. */
START_TEST(test_failed_line)
{
    sfi_journal_job job = plain;
    sfi_journal *j = open_journal();

    sfi_ctx_report(ctx, SFI_ERR_DEVICE, 0x37, "the area does not verify");
    job.error = sfi_ctx_error(ctx);
    ck_assert_ok(sfi_journal_add(j, &job));
    assert_line("\"port\": \"serial:/dev/ttyUSB0\", \"result\": \"failed\", "
                "\"milliseconds\": 1234, \"error\": {\"status\": -503, "
                "\"name\": \"SFI_ERR_DEVICE\", \"where\": \"\", \"message\": "
                "\"the area does not verify\", \"os_code\": 0, "
                "\"peer_code\": 55}}\n");
    sfi_journal_free(j);
    ck_assert_int_eq(unlink(path), 0);
    j = open_journal();
    sfi_ctx_report(ctx, SFI_ERR_CANCELLED, 0, "");
    job.error = sfi_ctx_error(ctx);
    job.more = "{ }";
    ck_assert_ok(sfi_journal_add(j, &job));
    assert_line("\"port\": \"serial:/dev/ttyUSB0\", \"result\": \"cancelled\", "
                "\"milliseconds\": 1234, \"error\": {\"status\": -703, "
                "\"name\": \"SFI_ERR_CANCELLED\", \"where\": \"\", "
                "\"message\": \"cancelled\", \"os_code\": 0, "
                "\"peer_code\": 0}}\n");
    sfi_journal_free(j);
}
END_TEST

START_TEST(test_arguments)
{
    static const char *const bad[] = {
        "", "x", "[]", "{\"a\": \"1\n\"}", "{\"a\"}", "{} {}", "{\"a\": 1"};
    struct {
        sfi_journal_job job;
        uint64_t tail;
    } newer = {.job = plain, .tail = 1};
    sfi_journal_job job = plain;
    sfi_journal *j;

    ck_assert_fails_about(sfi_journal_open(ctx, NULL, &j), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    ck_assert_ptr_null(j);
    ck_assert_int_eq(sfi_journal_add(NULL, &job), SFI_ERR_ARGUMENT);
    j = open_journal();
    ck_assert_fails_about(sfi_journal_add(j, NULL), SFI_ERR_ARGUMENT, "",
                          "job != NULL");
    job.struct_size = 8;
    ck_assert_fails_about(sfi_journal_add(j, &job), SFI_ERR_ABI, "",
                          "struct_size is 8");
    newer.job.struct_size = sizeof(newer);
    ck_assert_int_eq(sfi_journal_add(j, &newer.job), SFI_ERR_ABI);
    newer.tail = 0;
    ck_assert_ok(sfi_journal_add(j, &newer.job));
    job = plain;
    for (size_t i = 0; i < ROWS(bad); i++) {
        job.more = bad[i];
        ck_assert_fails_about(sfi_journal_add(j, &job), SFI_ERR_FORMAT, "",
                              "JSON object");
    }
    sfi_journal_free(j);
    sfi_journal_free(NULL);
    ck_assert_uint_eq(count_lines(0), 1);
}
END_TEST

/* ---- other files ---- */

#define LINE "{\"time\": \"2026-01-01T00:00:00Z\", \"result\": \"done\"}\n"

static const struct {
    const char *content;
    unsigned repeats; /* of the content, before `rest` */
    const char *rest;
    bool good;
} files[] = {
    {"", 0, "", true},
    {LINE, 1, "", true},
    {LINE, 2000, "", true},
    {LINE, 1, "{\"time\"", true},
    {LINE, 1, "{\"ti", true},
    {LINE, 1, "{\n", true},
    {LINE, 0, "{", true},
    {LINE, 0, "{\"time\"", true},
    {LINE, 0, "{\"time\": \"2026\n{\"t", true},
    /* a long line, as -r8 leaves one */
    {"{\"time\": \"2026-01-01T00:00:00Z\", \"text\": \"", 1, NULL, true},
    {"a letter\n", 1, "", false},
    {"{}\n", 1, "", false},
    {"x", 1, "", false},
    {"{\"a\": 1}\n", 1, "", false},
    {"x", 70000, "", false},
    {LINE, 1, "x\n", false},
    {LINE, 1, "x", false},
    {LINE, 1, "\n", false},
    {"x\n", 9000, "", false},
};

START_TEST(test_files)
{
    const char *rest = files[_i].rest != NULL ? files[_i].rest : "y";
    size_t count = files[_i].rest != NULL ? 1 : 200000, len = 0;
    char *text = malloc(strlen(files[_i].content) * files[_i].repeats +
                        strlen(rest) * count + 4);
    char *after;

    ck_assert_ptr_nonnull(text);
    for (unsigned i = 0; i < files[_i].repeats; i++)
        len += (size_t)sprintf(text + len, "%s", files[_i].content);
    for (size_t i = 0; i < count; i++)
        len += (size_t)sprintf(text + len, "%s", rest);
    if (count > 1)
        len += (size_t)sprintf(text + len, "\"}\n");
    put(text, len);
    if (files[_i].good) {
        ck_assert_ok(add(&plain));
    } else {
        ck_assert_fails_about(add(&plain), SFI_ERR_FORMAT, path,
                              "last line is not a record");
    }
    after = read_all();
    ck_assert_mem_eq(after, text, len);
    if (!files[_i].good)
        ck_assert_uint_eq(strlen(after), len);
    else if (len > 0 && text[len - 1] != '\n')
        ck_assert_mem_eq(after + len, "\n{\"time\": ", 10);
    else
        ck_assert_mem_eq(after + len, "{\"time\": ", 9);
    free(after);
    free(text);
}
END_TEST

START_TEST(test_no_file)
{
    sfi_journal *j;

    ck_assert_fails_about(sfi_journal_open(ctx, folder, &j), SFI_ERR_OS, folder,
                          "directory");
    ck_assert_fails_about(sfi_journal_open(ctx, null_device, &j), SFI_ERR_OS,
                          null_device, "regular file");
    (void)snprintf(path, sizeof(path), "%s/none/line", folder);
    ck_assert_fails_about(sfi_journal_open(ctx, path, &j), SFI_ERR_OS, path,
                          "cannot write");
    (void)snprintf(path, sizeof(path), "%s/db", folder);
    put("SQLite format 3\0", 16);
    ck_assert_int_eq(sfi_journal_open(ctx, path, &j), SFI_ERR_ACCESS);
}
END_TEST

START_TEST(test_fifo)
{
    sfi_journal *j;

    make_fifo(path);
    ck_assert_fails_about(sfi_journal_open(ctx, path, &j), SFI_ERR_OS, path,
                          "regular file");
}
END_TEST

/* Its first file, of one line, is `old` now; the new one has two. */
static sfi_journal *
open_renamed(char *old, size_t cap)
{
    sfi_journal *j = open_journal();

    (void)snprintf(old, cap, "%s.1", path);
    ck_assert_ok(sfi_journal_add(j, &plain));
    ck_assert_int_eq(sfi__sys_rename(path, old), 0);
    ck_assert_ok(sfi_journal_add(j, &plain));
    ck_assert_ok(sfi_journal_add(j, &plain));
    return j;
}

/* A program that keeps logs in order renames the file, or removes it: the
 * journal goes on under the name. */
START_TEST(test_renamed)
{
    char old[320];
    sfi_journal *j = open_renamed(old, sizeof(old));

    ck_assert_uint_eq(count_lines(0), 2);
    (void)snprintf(old, sizeof(old), "%s.2", path);
    ck_assert_int_eq(sfi__sys_rename(path, old), 0);
    put("a letter\n", 9);
    ck_assert_fails_about(sfi_journal_add(j, &plain), SFI_ERR_FORMAT, path,
                          "not a record");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_journal_add(j, &plain));
    ck_assert_uint_eq(count_lines(0), 1);
    sfi_journal_free(j);
}
END_TEST

START_TEST(test_removed)
{
    sfi_journal *j = open_journal();

    ck_assert_ok(sfi_journal_add(j, &plain));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_journal_add(j, &plain));
    sfi_journal_free(j);
    ck_assert_uint_eq(count_lines(0), 1);
}
END_TEST

START_TEST(test_replaced)
{
    char old[320];
    sfi_journal *j = open_renamed(old, sizeof(old));

    ck_assert_int_eq(sfi__sys_rename(old, path), 0);
    ck_assert_uint_eq(count_lines(0), 1);
    ck_assert_ok(sfi_journal_add(j, &plain));
    ck_assert_uint_eq(count_lines(0), 2);
    sfi_journal_free(j);
}
END_TEST

/* ---- what fails ---- */

/* A power cut leaves any beginning of the last line. */
START_TEST(test_every_length)
{
    char *text;
    size_t len, first;

    ck_assert_ok(add(&plain));
    ck_assert_ok(add(&plain));
    text = test_read(path, &len);
    first = (size_t)(strchr(text, '\n') + 1 - text);
    for (size_t at = 0; at <= len; at++) {
        unsigned whole = at >= len - 1 ? 2 : at >= first - 1 ? 1 : 0;
        bool torn = at != 0 && at < len - 1 && at != first && at != first - 1;

        put(text, at);
        ck_assert_ok(add(&plain));
        ck_assert_uint_eq(count_lines(torn), whole + 1u);
    }
    free(text);
}
END_TEST

/* check itself writes files, so this is a process without it.  Returns what
 * went wrong. */
static size_t room;

static int
write_without_room(size_t which)
{
    sfi_journal *j = NULL;
    struct stat before, after;
    sfi_status st;

    (void)which;
    if (sfi_journal_open(ctx, path, &j) != SFI_OK || stat(path, &before) != 0)
        return 1;
    limit_files((uint64_t)before.st_size + room);
    st = sfi_journal_add(j, &plain);
    if (stat(path, &after) != 0)
        return 1;
    return st == SFI_ERR_OS && after.st_size == before.st_size ? 0 : 1;
}

/* No room, at some bytes: the file is as it was. */
START_TEST(test_no_room)
{
    ck_assert_ok(add(&plain));
    for (room = 0; room < 80; room += 13)
        ck_assert_int_eq(together(1, write_without_room), 0);
    ck_assert_ok(add(&plain));
    ck_assert_uint_eq(count_lines(0), 2);
}
END_TEST

START_TEST(test_no_memory)
{
    unsigned lines = 0;

    for (size_t n = 1;; n++) {
        sfi_status st;

        memory.fail_at = n;
        st = add(&plain);
        if (memory.fail_at != 0) { /* it was not reached */
            memory.fail_at = 0;
            ck_assert_ok(st);
            break;
        }
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        if (access(path, F_OK) == 0)
            lines = count_lines(0);
        ck_assert_uint_eq(lines, 0);
    }
    ck_assert_uint_eq(count_lines(0), 1);
}
END_TEST

/* ---- many at once ---- */

#define LINES 20u
#define WRITERS 6u

static void *
write_lines(void *user)
{
    sfi_journal_job job = plain;
    char text[3000];
    sfi_ctx *own;
    sfi_journal *j;
    intptr_t bad = 0;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    job.board_serial = text;
    (void)user;
    if (sfi_ctx_new(NULL, &own) != SFI_OK ||
        sfi_journal_open(own, path, &j) != SFI_OK)
        return (void *)1;
    for (unsigned i = 0; i < LINES; i++)
        bad += sfi_journal_add(j, &job) == SFI_OK ? 0 : 1;
    sfi_journal_free(j);
    sfi_ctx_free(own);
    return (void *)bad;
}

START_TEST(test_threads)
{
    pthread_t threads[WRITERS];
    void *bad;

    for (size_t i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, NULL),
                         0);
    for (size_t i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &bad), 0);
        ck_assert_ptr_null(bad);
    }
    ck_assert_uint_eq(count_lines(0), WRITERS * LINES);
}
END_TEST

static int
write_lines_in_a_process(size_t which)
{
    (void)which;
    return write_lines(NULL) == NULL ? 0 : 1;
}

START_TEST(test_processes)
{
    put("{\"time\": \"20", 12); /* which one of them ends */
    ck_assert_int_eq(together(WRITERS, write_lines_in_a_process), 0);
    ck_assert_uint_eq(count_lines(1), WRITERS * LINES);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal");
    TCase *tc = tcase_create("journal");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_plain_line);
    tcase_add_test(tc, test_whole_line);
    tcase_add_test(tc, test_more_lines);
    tcase_add_test(tc, test_failed_line);
    tcase_add_test(tc, test_arguments);
    tcase_add_loop_test(tc, test_files, 0, (int)ROWS(files));
    tcase_add_test(tc, test_no_file);
    tcase_add_test(tc, test_fifo);
    tcase_add_test(tc, test_renamed);
    tcase_add_test(tc, test_removed);
    tcase_add_test(tc, test_replaced);
    tcase_add_test(tc, test_every_length);
    tcase_add_test(tc, test_no_room);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_threads);
    tcase_add_test(tc, test_processes);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
