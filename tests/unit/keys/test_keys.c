/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/crypto: keys and nonces, and their files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include <sfi/audit.h>
#include <sfi/key.h>

#include "util/mem.h"
#include "keys/key.h"

#include "fixture.h"

static const uint8_t key[SFI_KEY_LEN] = "0123456789abcde";

static char dir[512];

static void
setup_dir(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
}

static void
teardown_dir(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

static const char *
in_dir(const char *name)
{
    static char paths[2][600];
    static int turn;
    char *path = paths[turn++ % 2];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void
put(const char *path, size_t len)
{
    FILE *f = fopen(path, "wb");
    bool written = true;

    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < len; i++)
        written = written && fputc((int)(i & 0x7f), f) != EOF;
    ck_assert(written);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(test_key_new)
{
    sfi_key *k = (sfi_key *)&memory;

    ck_assert_ok(sfi_key_new(ctx, key, sizeof(key), &k));
    ck_assert_mem_eq(k->key_secret, key, sizeof(key));
    sfi_key_free(k);
    sfi_key_free(NULL);

    k = (sfi_key *)&memory;
    ck_assert_fails(sfi_key_new(ctx, key, 15, &k), SFI_ERR_RANGE, "",
                    "a key of 15 bytes, expected 16");
    ck_assert_ptr_null(k);
    ck_assert_fails_about(sfi_key_new(ctx, key, 17, &k), SFI_ERR_RANGE, "",
                          "key", "17 bytes", "16");
    ck_assert_fails_about(sfi_key_new(ctx, key, 0, &k), SFI_ERR_RANGE, "",
                          "key", "0 bytes", "16");
    k = (sfi_key *)&memory;
    ck_assert_fails_about(sfi_key_new(ctx, NULL, 16, &k), SFI_ERR_ARGUMENT, "",
                          "data != NULL");
    ck_assert_ptr_null(k);
    ck_assert_fails_about(sfi_key_new(ctx, key, 16, NULL), SFI_ERR_ARGUMENT, "",
                          "out != NULL");
    ck_assert_int_eq(sfi_key_new(NULL, key, 16, &k), SFI_ERR_ARGUMENT);
    memory.fail_at = 1;
    k = (sfi_key *)&memory;
    ck_assert_fails_about(sfi_key_new(ctx, key, 16, &k), SFI_ERR_NOMEM, "",
                          "memory");
    ck_assert_ptr_null(k);
}
END_TEST

/* A block is checked when it is freed. */
static size_t keys_seen;

static void *
plain_alloc(void *user, size_t size)
{
    (void)user;
    return calloc(1, size + sizeof(key)); /* so that it can be searched */
}

static void
searching_free(void *user, void *ptr)
{
    const uint8_t *bytes = ptr;

    for (size_t i = 0; i < *(size_t *)user; i++)
        keys_seen += sfi__equal(bytes + i, key, sizeof(key));
    free(ptr);
}

START_TEST(test_key_is_wiped)
{
    size_t size = 0;
    sfi_allocator a = {
        .struct_size = sizeof(a),
        .user = &size,
        .alloc = plain_alloc,
        .free = searching_free,
    };
    sfi_ctx_options opts = {.struct_size = sizeof(opts), .allocator = &a};
    sfi_ctx *c;
    sfi_key *k;

    keys_seen = 0;
    ck_assert_int_eq(sfi_ctx_new(&opts, &c), SFI_OK);
    ck_assert_int_eq(sfi_key_new(c, key, sizeof(key), &k), SFI_OK);
    size = sizeof(*k);
    sfi_key_free(k);
    size = 0;
    sfi_ctx_free(c);
    ck_assert_uint_eq(keys_seen, 0);
}
END_TEST

START_TEST(test_key_load)
{
    const char *path = in_dir("key");
    sfi_key *k;

    put(path, SFI_KEY_LEN);
    ck_assert_ok(sfi_key_load(ctx, path, &k));
    for (size_t i = 0; i < SFI_KEY_LEN; i++)
        ck_assert_uint_eq(k->key_secret[i], i);
    sfi_key_free(k);
    memory.fail_at = 3; /* the file was read, the handle has no room */
    k = (sfi_key *)&memory;
    ck_assert_fails_about(sfi_key_load(ctx, path, &k), SFI_ERR_NOMEM, path,
                          "memory");
    ck_assert_ptr_null(k);
}
END_TEST

static const struct {
    size_t len;
    const char *key_why;
    const char *nonce_why;
} key_load_refuses_rows[] = {
    {0, "a key of 0 bytes, expected 16", "a nonce of 0 bytes, ... 12"},
    {11, "a key of 11 bytes, expected 16", "a nonce of 11 bytes, ... 12"},
    {13, "a key of 13 bytes, expected 16", "a nonce of 13 bytes, ... 12"},
    {15, "a key of 15 bytes, expected 16", "a nonce of 15 bytes, ... 12"},
    {17, "a key of 17 bytes, expected 16", "a nonce of 17 bytes, ... 12"},
    {1 << 20, "a key of 1048576 bytes, expected 16",
     "a nonce of 1048576 bytes, ... 12"},
};

START_TEST(test_key_load_refuses)
{
    static const uint8_t zero[SFI_NONCE_LEN];
    const char *path = in_dir("file");
    sfi_key *k = (sfi_key *)&memory;
    uint8_t nonce[SFI_NONCE_LEN] = {1};

    put(path, key_load_refuses_rows[_i].len);
    ck_assert_fails(sfi_key_load(ctx, path, &k), SFI_ERR_RANGE, path,
                    key_load_refuses_rows[_i].key_why);
    ck_assert_ptr_null(k);
    ck_assert_fails(sfi_nonce_load(ctx, path, nonce), SFI_ERR_RANGE, path,
                    key_load_refuses_rows[_i].nonce_why);
    ck_assert_mem_eq(nonce, zero, sizeof(nonce));
}
END_TEST

START_TEST(test_key_load_errors)
{
    const char *none = in_dir("none");
    const char *huge = in_dir("huge");
    sfi_key *k = (sfi_key *)&memory;
    uint8_t nonce[SFI_NONCE_LEN];

    put(huge, (1 << 20) + 1);
    ck_assert_fails_about(sfi_key_load(ctx, huge, &k), SFI_ERR_LIMIT, huge,
                          "longer", "1048576 bytes");
    ck_assert_fails_about(sfi_nonce_load(ctx, huge, nonce), SFI_ERR_LIMIT, huge,
                          "longer", "1048576 bytes");
    ck_assert_fails_about(sfi_key_load(ctx, none, &k), SFI_ERR_OS, none, "read",
                          "No such file");
    ck_assert_ptr_null(k);
    ck_assert_fails_about(sfi_nonce_load(ctx, none, nonce), SFI_ERR_OS, none,
                          "read", "No such file");
    ck_assert_fails_about(sfi_key_load(ctx, NULL, &k), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    ck_assert_fails_about(sfi_key_load(ctx, none, NULL), SFI_ERR_ARGUMENT, "",
                          "out != NULL");
    ck_assert_fails_about(sfi_nonce_load(ctx, NULL, nonce), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_fails_about(sfi_nonce_load(ctx, none, NULL), SFI_ERR_ARGUMENT, "",
                          "nonce != NULL");
}
END_TEST

START_TEST(test_key_create)
{
    const char *key_path = in_dir("key");
    const char *nonce_path = in_dir("nonce");
    uint8_t nonce[SFI_NONCE_LEN];
    uint8_t again[SFI_NONCE_LEN];
    struct stat st;
    sfi_key *k;
    sfi_key *other;

    ck_assert_ok(sfi_key_create(ctx, key_path));
    ck_assert_ok(sfi_nonce_create(ctx, nonce_path));
    ck_assert_int_eq(stat(key_path, &st), 0);
    ck_assert_uint_eq(mode_of_file(key_path), 0600);
    ck_assert_int_eq(st.st_size, SFI_KEY_LEN);
    ck_assert_int_eq(stat(nonce_path, &st), 0);
    ck_assert_uint_eq(mode_of_file(nonce_path), 0600);
    ck_assert_int_eq(st.st_size, SFI_NONCE_LEN);
    ck_assert_ok(sfi_key_load(ctx, key_path, &k));
    ck_assert_ok(sfi_nonce_load(ctx, nonce_path, nonce));

    /* the existing file stays: it may be the only copy */
    ck_assert_fails_about(sfi_key_create(ctx, key_path), SFI_ERR_ACCESS,
                          key_path, "create", "exists");
    ck_assert_fails_about(sfi_nonce_create(ctx, nonce_path), SFI_ERR_ACCESS,
                          nonce_path, "create", "exists");
    ck_assert_ok(sfi_key_load(ctx, key_path, &other));
    ck_assert_mem_eq(k->key_secret, other->key_secret, SFI_KEY_LEN);
    sfi_key_free(other);
    ck_assert_ok(sfi_nonce_load(ctx, nonce_path, again));
    ck_assert_mem_eq(nonce, again, sizeof(nonce));

    ck_assert_int_eq(unlink(key_path), 0);
    ck_assert_ok(sfi_key_create(ctx, key_path));
    ck_assert_ok(sfi_key_load(ctx, key_path, &other));
    ck_assert_mem_ne(k->key_secret, other->key_secret, SFI_KEY_LEN);
    sfi_key_free(other);
    sfi_key_free(k);
}
END_TEST

/* In memory: never the same, and nothing is left of a failure. */
START_TEST(test_generate)
{
    uint8_t nonce[2][SFI_NONCE_LEN], audit[2][SFI_AUDIT_KEY_LEN];
    sfi_key *k[2];

    for (size_t i = 0; i < 2; i++) {
        ck_assert_ok(sfi_key_generate(ctx, &k[i]));
        ck_assert_ok(sfi_nonce_generate(ctx, nonce[i]));
        ck_assert_ok(sfi_audit_key_generate(ctx, audit[i]));
    }
    ck_assert_mem_ne(k[0]->key_secret, k[1]->key_secret, SFI_KEY_LEN);
    ck_assert_mem_ne(nonce[0], nonce[1], SFI_NONCE_LEN);
    ck_assert_mem_ne(audit[0], audit[1], SFI_AUDIT_KEY_LEN);
    sfi_key_free(k[0]);
    sfi_key_free(k[1]);
    ck_assert_fails_about(sfi_nonce_generate(ctx, NULL), SFI_ERR_ARGUMENT, "",
                          "nonce != NULL");
    ck_assert_fails_about(sfi_audit_key_generate(ctx, NULL), SFI_ERR_ARGUMENT,
                          "", "key != NULL");
    ck_assert_int_eq(sfi_nonce_generate(NULL, nonce[0]), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_audit_key_generate(NULL, audit[0]), SFI_ERR_ARGUMENT);
    for (size_t i = 0; i < SFI_NONCE_LEN; i++)
        ck_assert_uint_eq(nonce[0][i], 0);
    for (size_t i = 0; i < SFI_AUDIT_KEY_LEN; i++)
        ck_assert_uint_eq(audit[0][i], 0);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_key_generate(ctx, &k[0]), SFI_ERR_NOMEM);
    ck_assert_ptr_null(k[0]);
    memory.fail_at = 0;
}
END_TEST

START_TEST(test_key_create_errors)
{
    const char *path = in_dir("no/such/folder");

    ck_assert_fails_about(sfi_key_create(ctx, path), SFI_ERR_OS, path, "create",
                          "No such file");
    ck_assert_int_eq(sfi_error_os_code(sfi_ctx_error(ctx)), ENOENT);
    ck_assert_fails_about(sfi_key_create(ctx, NULL), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    ck_assert_fails_about(sfi_nonce_create(ctx, NULL), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    ck_assert_int_eq(sfi_key_create(NULL, path), SFI_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("keys");
    TCase *tc = tcase_create("keys");

    tcase_add_checked_fixture(tc, setup_dir, teardown_dir);
    tcase_add_test(tc, test_key_new);
    tcase_add_test(tc, test_key_is_wiped);
    tcase_add_test(tc, test_key_load);
    tcase_add_loop_test(tc, test_key_load_refuses, 0,
                        (int)ROWS(key_load_refuses_rows));
    tcase_add_test(tc, test_key_load_errors);
    tcase_add_test(tc, test_key_create);
    tcase_add_test(tc, test_key_create_errors);
    tcase_add_test(tc, test_generate);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
