/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/core: files with the context's errors, and what no file may replace. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "util/fd.h"
#include "core/file_guard.h"
#include "core/files.h"
#include "util/sys.h"

#include "fixture.h"
#include "system.h"

static char folder[512];
static char path[600];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/file", folder);
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static void
put_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(name, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(test_load_and_save)
{
    char where[700];
    struct buf b;

    ck_assert_ok(sfi__save(ctx, path, 0600, "content", 7));
    ck_assert_uint_eq(mode_of_file(path), 0600);
    ck_assert_ok(sfi__load(ctx, path, 7, true, &b));
    ck_assert_uint_eq(b.len, 7);
    ck_assert(b.wipe);
    ck_assert_mem_eq(b.data, "content", 7);
    sfi__buf_free(&b);
    ck_assert_fails(sfi__load(ctx, path, 6, false, &b), SFI_ERR_LIMIT, path,
                    "longer than 6 bytes");
    sfi__buf_free(&b);
    memory.fail_at = 1;
    ck_assert_fails(sfi__load(ctx, path, 7, false, &b), SFI_ERR_NOMEM, path,
                    "cannot read: Cannot allocate memory");
    sfi__buf_free(&b);
    ck_assert_fails_about(sfi__load(ctx, folder, 7, false, &b), SFI_ERR_OS,
                          folder, "read", "directory");
    sfi__buf_free(&b);
    (void)snprintf(where, sizeof(where), "%s/none/file", folder);
    ck_assert_fails_about(sfi__load(ctx, where, 7, false, &b), SFI_ERR_OS,
                          where, "read", "No such file");
    ck_assert_int_eq(sfi_error_os_code(sfi_ctx_error(ctx)), ENOENT);
    sfi__buf_free(&b);
    ck_assert_fails(sfi__save(ctx, where, 0600, "x", 1), SFI_ERR_OS, where,
                    "cannot write: No such file or directory");
}
END_TEST

START_TEST(test_full)
{
    const char *full = full_device();

    ck_assert_fails_about(sfi__save(ctx, full, 0600, "x", 1), SFI_ERR_OS, full,
                          "write", "No space");
}
END_TEST

#define MAGIC "SQLite format 3"

static const struct {
    const char *head;
    size_t len;
    sfi_status want;
} heads[] = {
    {MAGIC "\0 and more", 25, SFI_ERR_ACCESS},
    {MAGIC, 16, SFI_ERR_ACCESS},
    {MAGIC, 15, SFI_OK},
    {MAGIC " ", 17, SFI_OK},
    {"sqlite format 3", 16, SFI_OK},
    {"", 0, SFI_OK},
};

START_TEST(test_guard_knows_a_database)
{
    put_file(path, heads[_i].head, heads[_i].len);
    ck_assert_int_eq(sfi_ctx_check_path(ctx, path), heads[_i].want);
}
END_TEST

START_TEST(test_guard)
{
    put_file(path, MAGIC, sizeof(MAGIC));
    ck_assert_fails(sfi_ctx_check_path(ctx, path), SFI_ERR_ACCESS, path,
                    "refusing to open or overwrite a vault or other SQLite "
                    "database");
    ck_assert_int_eq(sfi__save(ctx, path, 0600, "x", 1), SFI_ERR_ACCESS);
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), path);
    memory.fail_at = 1;
    ck_assert_fails_about(sfi_ctx_check_path(ctx, path), SFI_ERR_NOMEM, "",
                          "memory");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_ctx_check_path(ctx, path)); /* nothing is there */
    ck_assert_ok(sfi_ctx_check_path(ctx, folder));
    ck_assert_ok(sfi_ctx_check_path(ctx, null_device));
    ck_assert_int_eq(sfi_ctx_check_path(ctx, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_check_path(NULL, path), SFI_ERR_ARGUMENT);
}
END_TEST

/* A process that opens and closes a file loses its locks on that file, also
 * SQLite's locks on an open vault. */
START_TEST(test_guard_does_not_touch_an_open_database)
{
    char sidecar[700];
    int fd;

    (void)snprintf(sidecar, sizeof(sidecar), "%s%s", path,
                   sfi__file_guard_sidecars[_i]);
    put_file(path, MAGIC, sizeof(MAGIC));
    put_file(sidecar, "", 0);
    fd = lock_file(path);
    ck_assert_int_eq(sfi_ctx_check_path(ctx, path), SFI_ERR_ACCESS);
    ck_assert(is_locked(path));
    ck_assert_int_eq(sfi__sys_close(fd), 0);
    ck_assert(!is_locked(path));
}
END_TEST

/* "vault-wal" is part of "vault", also when no process has it open, and of
 * nothing when there is no vault. */
START_TEST(test_guard_knows_a_sidecar)
{
    char sidecar[700];

    (void)snprintf(sidecar, sizeof(sidecar), "%s%s", path,
                   sfi__file_guard_sidecars[_i]);
    ck_assert_ok(sfi_ctx_check_path(ctx, sidecar));
    put_file(path, "text", 4);
    ck_assert_ok(sfi_ctx_check_path(ctx, sidecar));
    put_file(path, MAGIC, sizeof(MAGIC));
    ck_assert_fails_about(sfi_ctx_check_path(ctx, sidecar), SFI_ERR_ACCESS,
                          sidecar, "overwrite", "vault");
}
END_TEST

/* What this process has locked is neither read nor written nor asked about. */
START_TEST(test_guard_locks)
{
    static const char why[] =
        "the file belongs to a vault that this program has open";
    struct locked_file *locked, *other;
    char soft[700], message[200];
    struct buf b;

    (void)snprintf(soft, sizeof(soft), "%s.link", path);
    make_link(path, soft);
    put_file(path, "x", 1);
    ck_assert_ok(sfi__file_guard_lock(ctx, path, &locked));
    (void)snprintf(message, sizeof(message),
                   "refusing to open or overwrite: %s", why);
    ck_assert_fails(sfi_ctx_check_path(ctx, soft), SFI_ERR_ACCESS, soft,
                    message);
    ck_assert_int_eq(sfi_error_os_code(sfi_ctx_error(ctx)), 0);
    ck_assert_fails_about(sfi__load(ctx, soft, 7, false, &b), SFI_ERR_ACCESS,
                          soft, "cannot read", why);
    sfi__buf_free(&b);
    ck_assert_fails_about(sfi__save(ctx, path, 0600, "y", 1), SFI_ERR_ACCESS,
                          path, why);
    sfi__locked_file_remove(locked);
    ck_assert_ok(sfi_ctx_check_path(ctx, soft)); /* forgets the error */
    ck_assert_ok(sfi__load(ctx, soft, 7, false, &b));
    ck_assert_mem_eq(b.data, "x", 1);
    sfi__buf_free(&b);
    (void)snprintf(soft, sizeof(soft), "%s/none", folder);
    ck_assert_fails_about(sfi__file_guard_lock(ctx, soft, &other), SFI_ERR_OS,
                          "", "No such file");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("files");
    TCase *tc = tcase_create("files");

    tcase_add_checked_fixture(tc, setup, teardown);
    suite_add_tcase(s, tc);
    tcase_add_test(tc, test_load_and_save);
    tcase_add_test(tc, test_full);
    tcase_add_loop_test(tc, test_guard_knows_a_database, 0, (int)ROWS(heads));
    tcase_add_test(tc, test_guard);
    tcase_add_loop_test(tc, test_guard_does_not_touch_an_open_database, 0,
                        FILE_GUARD_SIDECARS);
    tcase_add_loop_test(tc, test_guard_knows_a_sidecar, 0, FILE_GUARD_SIDECARS);
    tcase_add_test(tc, test_guard_locks);
    return run_suite(s);
}
