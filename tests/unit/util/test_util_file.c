/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/util: whole files and deadlines. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "util/clock.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/sys.h"

#include "fixture.h"
#include "system.h"

static char dir[512];

static void
setup(void)
{
    test_mkdir(dir, sizeof(dir));
}

static void
teardown(void)
{
    test_rmdir(dir); /* also proves that no temporary file was left */
}

static char *
in_dir(const char *name)
{
    static char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void
put(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void
content_is(const char *path, const char *want)
{
    struct buf b;

    sfi__buf_init(&b, &sfi__alloc_default, false);
    ck_assert_int_eq(sfi__file_read(path, 1000, &b), 0);
    ck_assert_uint_eq(b.len, strlen(want));
    ck_assert(sfi__equal(b.data, want, b.len));
    sfi__buf_free(&b);
}

START_TEST(test_read_appends)
{
    struct buf b;

    put(in_dir("a"), "hello", 5);
    sfi__buf_init(&b, &sfi__alloc_default, false);
    ck_assert_int_eq(sfi__file_read(in_dir("a"), 5, &b), 0);
    ck_assert_int_eq(sfi__file_read(in_dir("a"), 5, &b), 0);
    ck_assert_uint_eq(b.len, 10);
    ck_assert_mem_eq(b.data, "hellohello", 10);
    sfi__buf_free(&b);
    ck_assert_int_eq(unlink(in_dir("a")), 0);
}
END_TEST

START_TEST(test_read_limit)
{
    static uint8_t data[200000];
    struct buf b;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    put(in_dir("big"), data, sizeof(data));
    sfi__buf_init(&b, &sfi__alloc_default, false);
    ck_assert_int_eq(sfi__file_read(in_dir("big"), sizeof(data) - 1, &b),
                     EFBIG);
    sfi__buf_clear(&b);
    ck_assert_int_eq(sfi__file_read(in_dir("big"), 0, &b), EFBIG);
    sfi__buf_clear(&b);
    ck_assert_int_eq(sfi__file_read(in_dir("big"), sizeof(data), &b), 0);
    ck_assert_uint_eq(b.len, sizeof(data));
    ck_assert_mem_eq(b.data, data, sizeof(data));
    sfi__buf_free(&b);
    ck_assert_int_eq(unlink(in_dir("big")), 0);
}
END_TEST

START_TEST(test_read_empty_and_missing)
{
    struct buf b;

    put(in_dir("empty"), "", 0);
    sfi__buf_init(&b, &sfi__alloc_default, false);
    ck_assert_int_eq(sfi__file_read(in_dir("empty"), 0, &b), 0);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_int_eq(sfi__file_read(in_dir("none"), 9, &b), ENOENT);
    ck_assert_int_eq(sfi__file_read(dir, 9, &b), EISDIR);
    sfi__buf_free(&b);
    ck_assert_int_eq(unlink(in_dir("empty")), 0);
}
END_TEST

START_TEST(test_read_without_memory)
{
    struct counter c = {.fail_at = 1};
    sfi_allocator a = counting_allocator(&c);
    struct alloc alloc = {.user = a.user, .alloc = a.alloc, .free = a.free};
    struct buf b;

    put(in_dir("a"), "hello", 5);
    sfi__buf_init(&b, &alloc, false);
    ck_assert_int_eq(sfi__file_read(in_dir("a"), 9, &b), ENOMEM);
    sfi__buf_free(&b);
    ck_assert_uint_eq(c.live, 0);
    ck_assert_int_eq(unlink(in_dir("a")), 0);
}
END_TEST

START_TEST(test_read_in_pieces)
{
    struct file_in f;
    uint8_t out[8];
    size_t got;

    put(in_dir("a"), "hello world", 11);
    ck_assert_int_eq(sfi__file_open(&f, in_dir("a")), 0);
    ck_assert_uint_eq(f.size, 11);
    ck_assert_int_eq(sfi__file_fill(&f, out, 0, &got), 0);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(sfi__file_fill(&f, out, 8, &got), 0);
    ck_assert_uint_eq(got, 8);
    ck_assert_mem_eq(out, "hello wo", 8);
    ck_assert_int_eq(sfi__file_fill(&f, out, 8, &got), 0);
    ck_assert_uint_eq(got, 3);
    ck_assert_mem_eq(out, "rld", 3);
    ck_assert_int_eq(sfi__file_fill(&f, out, 8, &got), 0);
    ck_assert_uint_eq(got, 0);
    sfi__file_close(&f);
    ck_assert_int_eq(unlink(in_dir("a")), 0);

    ck_assert_int_eq(sfi__file_open(&f, in_dir("a")), ENOENT);
    /* systems refuse a folder when it is opened, or when it is read */
    if (sfi__file_open(&f, dir) == 0) {
        ck_assert_uint_eq(f.size, 0);
        ck_assert_int_eq(sfi__file_fill(&f, out, 8, &got), EISDIR);
        ck_assert_uint_eq(got, 0);
        sfi__file_close(&f);
    } else {
        ck_assert_int_eq(sfi__file_open(&f, dir), EISDIR);
    }
}
END_TEST

static int
write_twice(void *path)
{
    int fd = open(path, O_WRONLY);
    bool ok = write(fd, "hel", 3) == 3;

    sfi__clock_system.sleep_ms(NULL, 30);
    return ok && write(fd, "lo", 2) == 2 ? 0 : 1;
}

/* A pipe returns less than was asked for, but a piece is filled. */
START_TEST(test_read_in_pieces_from_a_pipe)
{
    char *path = in_dir("pipe");
    struct file_in f;
    char out[9] = {0};
    size_t got;
    int writer;

    make_fifo(path);
    writer = start_child(write_twice, path);
    ck_assert_int_eq(sfi__file_open(&f, path), 0);
    ck_assert_uint_eq(f.size, 0);
    ck_assert_int_eq(sfi__file_fill(&f, out, 8, &got), 0);
    ck_assert_uint_eq(got, 5);
    ck_assert_str_eq(out, "hello");
    sfi__file_close(&f);
    ck_assert_int_eq(child_result(writer), 0);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_write_appears_whole)
{
    const char *path = in_dir("out");
    struct file_out f;

    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, path, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "hel", 3), 0);
    ck_assert_int_eq(access(path, F_OK), -1);
    ck_assert_int_eq(sfi__file_write(&f, "", 0), 0);
    ck_assert_int_eq(sfi__file_write(&f, "lo", 2), 0);
    ck_assert_int_eq(access(path, F_OK), -1);
    ck_assert_int_eq(sfi__file_commit(&f), 0);
    content_is(path, "hello");
    ck_assert_uint_eq(mode_of_file(path), 0600);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_write_replaces_at_once)
{
    const char *path = in_dir("out");
    struct file_out f;

    put(path, "old", 3);
    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, path, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "new", 3), 0);
    content_is(path, "old");
    ck_assert_int_eq(sfi__file_commit(&f), 0);
    content_is(path, "new");
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* There before, umask, asked for, expected. */
static const struct {
    unsigned old, mask, mode, want;
} modes[] = {
    {0, 0, 0644, 0644},      {0, 022, 0644, 0644},    {0, 027, 0644, 0640},
    {0, 077, 0644, 0600},    {0600, 022, 0644, 0600}, {0640, 0, 0644, 0640},
    {0400, 022, 0644, 0400}, {0666, 022, 0644, 0644}, {0644, 022, 0600, 0600},
    {04755, 0, 0644, 0644},
};

START_TEST(test_mode)
{
    const char *path = in_dir("out");
    struct file_out f;
    struct stat st, old;
    unsigned before = set_umask(modes[_i / 2].mask);

    memset(&old, 0, sizeof(old));
    if (modes[_i / 2].old != 0) {
        put(path, "old", 3);
        set_mode(path, modes[_i / 2].old);
        ck_assert_int_eq(stat(path, &old), 0);
    }
    if (_i % 2 == 0)
        ck_assert_int_eq(
            sfi__file_begin(&f, &sfi__alloc_default, path, modes[_i / 2].mode),
            0);
    else
        ck_assert_int_eq(
            sfi__file_create(&f, &sfi__alloc_default, path, modes[_i / 2].mode),
            0);
    ck_assert_int_eq(sfi__file_write(&f, "new", 3), 0);
    ck_assert_int_eq(sfi__file_commit(&f), 0);
    (void)set_umask(before);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, modes[_i / 2].want);
    ck_assert_uint_ne(st.st_ino, old.st_ino);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* Without a mode of the system's own, which Windows does not have. */
START_TEST(test_replacing_keeps_others_out)
{
    static const unsigned rows[][3] = {
        {0600, 0600, 0600},
        {0600, 0644, 0600},
        {0644, 0600, 0600},
        {0644, 0644, 0644},
    };
    const char *path = in_dir("out");
    struct file_out f;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            sfi__file_begin(&f, &sfi__alloc_default, path, rows[_i][i]), 0);
        ck_assert_int_eq(sfi__file_commit(&f), 0);
    }
    ck_assert_uint_eq(mode_of_file(path), rows[_i][2]);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_others_read)
{
    const char *path = in_dir("key");
    char cure[SYS_CURE_MAX];

    ck_assert(!sfi__sys_others_read(path, cure));
    ck_assert(!sfi__sys_others_read(dir, cure));
    put(path, "key", 3);
    set_mode(path, 0640);
    ck_assert(!sfi__sys_others_read(path, cure));
    set_mode(path, 0604);
    ck_assert(sfi__sys_others_read(path, cure));
    ck_assert_str_eq(cure, "(mode 0604): chmod 600");
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_abort_leaves_nothing)
{
    const char *path = in_dir("out");
    struct file_out f;

    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, path, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "half", 4), 0);
    sfi__file_abort(&f);
    ck_assert_int_eq(access(path, F_OK), -1);

    put(path, "old", 3);
    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, path, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "half", 4), 0);
    sfi__file_abort(&f);
    content_is(path, "old");
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_commit_that_fails)
{
    const char *path = in_dir("out");
    struct file_out f;

    /* a folder with that name appears while the file is being written */
    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, path, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "data", 4), 0);
    ck_assert_int_eq(sfi__sys_make_folder(path, 0700), 0);
    ck_assert_int_ne(sfi__file_commit(&f), 0);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(test_begin_refuses)
{
    struct file_out f;

    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default,
                                     in_dir("no/such/folder"), 0600),
                     ENOENT);
    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, dir, 0600),
                     EISDIR);
}
END_TEST

START_TEST(test_pipe_is_written_in_place)
{
    const char *path = in_dir("pipe");
    struct file_out f;
    char got[8] = {0};
    int fd;

    make_fifo(path);
    ck_assert_int_eq(sfi__sys_open(path, SYS_READ | SYS_NO_WAIT, 0, &fd), 0);
    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, path, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "hello", 5), 0);
    ck_assert_int_eq(sfi__file_commit(&f), 0);
    ck_assert_int_eq((int)read(fd, got, sizeof(got)), 5);
    ck_assert_str_eq(got, "hello");
    close(fd);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(test_null_is_written_in_place)
{
    struct file_out f;

    ck_assert_int_eq(
        sfi__file_begin(&f, &sfi__alloc_default, null_device, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "hello", 5), 0);
    ck_assert_int_eq(sfi__file_commit(&f), 0);
}
END_TEST

START_TEST(test_full_is_written_in_place)
{
    const char *full = full_device();
    struct file_out f;

    ck_assert_int_eq(sfi__file_begin(&f, &sfi__alloc_default, full, 0600), 0);
    ck_assert_int_eq(sfi__file_write(&f, "hello", 5), ENOSPC);
    sfi__file_abort(&f);
    ck_assert_int_eq(access(full, F_OK), 0);
}
END_TEST

/* ---- deadlines --------------------------------------------------------- */

static uint64_t
fake_now(void *user)
{
    return *(uint64_t *)user;
}

START_TEST(test_folders)
{
    ck_assert_int_eq(sfi__file_is_folder(dir), 0);
    ck_assert_int_eq(sfi__file_is_folder(in_dir("sub")), ENOENT);
    ck_assert_int_eq(sfi__file_make_folder(in_dir("sub"), 0750), 0);
    ck_assert_int_eq(sfi__file_is_folder(in_dir("sub")), 0);
    ck_assert_int_eq(sfi__file_make_folder(in_dir("sub"), 0750), 0); /* there */
    ck_assert_int_eq(sfi__file_make_folder(in_dir("no/sub"), 0750), ENOENT);
    put(in_dir("file"), "x", 1);
    ck_assert_int_eq(sfi__file_is_folder(in_dir("file")), ENOTDIR);
    ck_assert_int_eq(sfi__file_make_folder(in_dir("file"), 0750), ENOTDIR);
    ck_assert_int_ne(sfi__file_is_folder(in_dir("file/sub")), 0);
    ck_assert_int_eq(unlink(in_dir("file")), 0);
    ck_assert_int_eq(rmdir(in_dir("sub")), 0);
}
END_TEST

START_TEST(test_mode_of_folder)
{
    unsigned before = set_umask(0);

    ck_assert_int_eq(sfi__file_make_folder(in_dir("sub"), 0750), 0);
    (void)set_umask(before);
    ck_assert_uint_eq(mode_of_file(in_dir("sub")), 0750);
    ck_assert_int_eq(rmdir(in_dir("sub")), 0);
}
END_TEST

START_TEST(test_deadline)
{
    uint64_t now = 1000;
    struct clock clock = {.user = &now, .now_ms = fake_now};
    struct deadline dl = sfi__deadline_in(&clock, 500);

    ck_assert(!sfi__deadline_passed(&dl));
    ck_assert_uint_eq(sfi__deadline_left(&dl), 500);
    now = 1499;
    ck_assert(!sfi__deadline_passed(&dl));
    ck_assert_uint_eq(sfi__deadline_left(&dl), 1);
    now = 1500;
    ck_assert(sfi__deadline_passed(&dl));
    ck_assert_uint_eq(sfi__deadline_left(&dl), 0);
    now = 99999;
    ck_assert(sfi__deadline_passed(&dl));
    ck_assert_uint_eq(sfi__deadline_left(&dl), 0);

    dl = sfi__deadline_in(&clock, 0);
    ck_assert(sfi__deadline_passed(&dl));
}
END_TEST

START_TEST(test_deadline_far_away)
{
    uint64_t now = 1000;
    struct clock clock = {.user = &now, .now_ms = fake_now};
    struct deadline dl = sfi__deadline_in(&clock, UINT64_MAX);

    ck_assert(!sfi__deadline_passed(&dl));
    ck_assert_uint_eq(sfi__deadline_left(&dl), UINT32_MAX);
    dl = sfi__deadline_in(&clock, UINT64_MAX - 1000);
    ck_assert_uint_eq(dl.at_ms, UINT64_MAX);
    dl = sfi__deadline_in(&clock, (uint64_t)UINT32_MAX + 1);
    ck_assert_uint_eq(sfi__deadline_left(&dl), UINT32_MAX);
    now++;
    ck_assert_uint_eq(sfi__deadline_left(&dl), UINT32_MAX);
    now++;
    ck_assert_uint_eq(sfi__deadline_left(&dl), UINT32_MAX - 1);
}
END_TEST

START_TEST(test_system_clock)
{
    const struct clock *clock = &sfi__clock_system;
    uint64_t before = clock->now_ms(clock->user);
    uint64_t after;

    clock->sleep_ms(clock->user, 20);
    after = clock->now_ms(clock->user);
    ck_assert_uint_ge(after - before, 19);
    ck_assert_uint_gt(sfi__wall_clock(), 1600000000); /* after 2020 */
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("util_file");
    TCase *files = tcase_create("files");
    TCase *time = tcase_create("deadlines");

    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(files, test_read_appends);
    tcase_add_test(files, test_read_limit);
    tcase_add_test(files, test_read_empty_and_missing);
    tcase_add_test(files, test_read_without_memory);
    tcase_add_test(files, test_read_in_pieces);
    tcase_add_test(files, test_read_in_pieces_from_a_pipe);
    tcase_add_test(files, test_write_appears_whole);
    tcase_add_test(files, test_write_replaces_at_once);
    tcase_add_loop_test(files, test_mode, 0, 2 * (int)ROWS(modes));
    tcase_add_loop_test(files, test_replacing_keeps_others_out, 0, 4);
    tcase_add_test(files, test_others_read);
    tcase_add_test(files, test_abort_leaves_nothing);
    tcase_add_test(files, test_commit_that_fails);
    tcase_add_test(files, test_begin_refuses);
    tcase_add_test(files, test_pipe_is_written_in_place);
    tcase_add_test(files, test_null_is_written_in_place);
    tcase_add_test(files, test_full_is_written_in_place);
    tcase_add_test(files, test_folders);
    tcase_add_test(files, test_mode_of_folder);
    suite_add_tcase(s, files);
    tcase_add_test(time, test_deadline);
    tcase_add_test(time, test_deadline_far_away);
    tcase_add_test(time, test_system_clock);
    suite_add_tcase(s, time);
    return run_suite(s);
}
