/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The licence store: a licence is found by its device, completely or not at
 * all; a damaged file is named and never mistaken for an absent one. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/license_store.h>

#include "core/err.h"
#include "license/certificate.h"
#include "license/license.h"
#include "util/sys.h"

#include "fixture.h"
#include <bench/maker.h>
#include "system.h"
#include "together.h"

static struct maker maker;
static struct chip one, two;
static char dir[256];
static char folder[300];
static sfi_license_store *store;

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    chip_share(&maker, &one);
    chip_share(&maker, &two);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(folder, sizeof(folder), "%s/store", dir);
    ck_assert_ok(sfi_license_store_open(ctx, folder, 1, &store));
}

static const char *
path_of(const struct chip *c)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s.lic", folder,
                   sfi_certificate_device_id(c->cert));
    return path;
}

static void
teardown(void)
{
    sfi_license_store_free(store);
    (void)unlink(path_of(&one));
    (void)unlink(path_of(&two));
    ck_assert_int_eq(rmdir(folder), 0); /* and it held no other file */
    test_rmdir(dir);
    chip_free(&one);
    chip_free(&two);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_license *
license_for(const struct chip *c)
{
    uint8_t data[SFI_LICENSE_LEN];
    sfi_license *lic;

    ck_assert_ok(sfi__license_make(ctx, c->public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, data));
    ck_assert_ok(sfi_license_parse(ctx, data, sizeof(data), &lic));
    return lic;
}

static void
put(const struct chip *c)
{
    sfi_license *lic = license_for(c);

    ck_assert_ok(sfi_license_store_put(store, c->cert, lic));
    sfi_license_free(lic);
}

/* Write a file of the store as somebody may have left it. */
static void
write_file(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void
finds_nothing(const struct chip *c)
{
    sfi_license *lic = (sfi_license *)(void *)&one;

    ck_assert_ok(sfi_license_store_find(store, c->cert, &lic));
    ck_assert_ptr_null(lic);
}

static void
finds_its_own(const struct chip *c)
{
    sfi_license *lic;

    ck_assert_ok(sfi_license_store_find(store, c->cert, &lic));
    ck_assert_ptr_nonnull(lic);
    chip_opens(c, &maker, lic);
    sfi_license_free(lic);
}

/* ---- store and find ---- */

START_TEST(test_by_device)
{
    finds_nothing(&one);
    put(&one);
    finds_its_own(&one);
    finds_nothing(&two);
    put(&two);
    finds_its_own(&one);
    finds_its_own(&two);
}
END_TEST

START_TEST(test_files)
{
    sfi_license *lic = license_for(&one);
    size_t len;
    char *data;

    ck_assert_ok(sfi_license_store_put(store, one.cert, lic));
    ck_assert_uint_eq(strlen(sfi_certificate_device_id(one.cert)), 64);
    ck_assert_uint_eq(mode_of_file(path_of(&one)), 0644);
    data = test_read(path_of(&one), &len);
    ck_assert_uint_eq(len, SFI_LICENSE_LEN);
    ck_assert_mem_eq(data, sfi_license_data(lic, NULL), len);
    free(data);
    sfi_license_free(lic);
}
END_TEST

START_TEST(test_another_handle_finds_it)
{
    put(&one);
    sfi_license_store_free(store);
    ck_assert_ok(sfi_license_store_open(ctx, folder, 0, &store));
    finds_its_own(&one);
}
END_TEST

/* Two certificates with the same key identify the same device. */
START_TEST(test_device_not_certificate)
{
    struct maker other;
    struct chip again = one;

    put(&one);
    maker_init(&other);
    ck_assert_ok(sfi__cert_issue(ctx, other.ca_secret, MAKER_PRODUCT,
                                 one.public_key, again.data));
    ck_assert_ok(sfi_certificate_parse(ctx, again.data, sizeof(again.data),
                                       &again.cert));
    ck_assert_mem_ne(again.data, one.data, SFI_CERTIFICATE_LEN);
    finds_its_own(&again);
    chip_free(&again);
    maker_free(&other);
}
END_TEST

START_TEST(test_put_replaces)
{
    sfi_license *a = license_for(&one);
    sfi_license *b = license_for(&one);
    sfi_license *found;

    ck_assert_ok(sfi_license_store_put(store, one.cert, a));
    ck_assert_ok(sfi_license_store_put(store, one.cert, a));
    ck_assert_ok(sfi_license_store_put(store, one.cert, b));
    ck_assert_ok(sfi_license_store_find(store, one.cert, &found));
    ck_assert_mem_eq(sfi_license_data(found, NULL), sfi_license_data(b, NULL),
                     SFI_LICENSE_LEN);
    sfi_license_free(found);
    sfi_license_free(b);
    sfi_license_free(a);
}
END_TEST

/* A licence does not name its device: the store returns the file with the
 * device's name, and only the device can refuse it. */
START_TEST(test_license_of_another_device)
{
    sfi_license *lic = license_for(&two);
    sfi_license *found;
    uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];

    ck_assert_ok(sfi_license_store_put(store, one.cert, lic));
    ck_assert_ok(sfi_license_store_find(store, one.cert, &found));
    ck_assert_fails_about(sfi__license_open(ctx, one.secret,
                                            sfi_license_data(found, NULL), key,
                                            nonce),
                          SFI_ERR_AUTH, "", "licence", "device");
    sfi_license_free(found);
    sfi_license_free(lic);
}
END_TEST

/* ---- folders ---- */

START_TEST(test_absent_folder)
{
    sfi_license_store *other;
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/none", dir);
    ck_assert_fails(
        sfi_license_store_open(ctx, path, 0, &other), SFI_ERR_OS, path,
        "the licence store does not exist: No such file or directory");
    ck_assert_ptr_null(other);
    ck_assert_int_ne(access(path, F_OK), 0);
    (void)snprintf(path, sizeof(path), "%s/none/deeper", dir);
    ck_assert_fails(sfi_license_store_open(ctx, path, 1, &other), SFI_ERR_OS,
                    path,
                    "cannot create the folder: No such file or directory");
    ck_assert_ptr_null(other);
}
END_TEST

/* Also with a slash at the end, and if the folder was created meanwhile. */
START_TEST(test_made_folder)
{
    sfi_license_store *other;
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/new/", dir);
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(sfi_license_store_open(ctx, path, 1, &other));
        sfi_license_store_free(other);
    }
    /* no write permission for others */
    ck_assert_uint_eq(mode_of_file(path) & 0022, 0);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(test_path_is_a_file)
{
    sfi_license_store *other;
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/file", dir);
    write_file(path, "x", 1);
    for (int create = 0; create < 2; create++) {
        ck_assert_fails(
            sfi_license_store_open(ctx, path, create, &other), SFI_ERR_OS, path,
            "not a licence store, expected a folder: Not a directory");
        ck_assert_ptr_null(other);
    }
}
END_TEST

/* A disconnected drive is not an empty store. */
START_TEST(test_folder_goes_away)
{
    sfi_license *lic = license_for(&one);
    sfi_license *found;

    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_fails(
        sfi_license_store_find(store, one.cert, &found), SFI_ERR_OS, folder,
        "the licence store no longer exists: No such file or directory");
    ck_assert_ptr_null(found);
    ck_assert_fails_about(sfi_license_store_put(store, one.cert, lic),
                          SFI_ERR_OS, path_of(&one), "write", "No such file");
    ck_assert_int_eq(sfi__sys_make_folder(folder, 0755), 0);
    finds_nothing(&one);
    sfi_license_free(lic);
}
END_TEST

START_TEST(test_read_only_folder)
{
    sfi_license *lic = license_for(&two);
    sfi_license_store *other;
    sfi_license *found;
    char path[400];

    put(&one);
    (void)snprintf(path, sizeof(path), "%s/new", folder);
    set_mode(dir, 0755);
    set_mode(folder, 0555);
    without_rights(true);
    ck_assert_fails_about(sfi_license_store_put(store, two.cert, lic),
                          SFI_ERR_ACCESS, path_of(&two), "write", "Permission");
    ck_assert_fails_about(sfi_license_store_put(store, one.cert, lic),
                          SFI_ERR_ACCESS, path_of(&one), "write", "Permission");
    ck_assert_fails(sfi_license_store_open(ctx, path, 1, &other),
                    SFI_ERR_ACCESS, path,
                    "cannot create the folder: Permission denied");
    finds_its_own(&one); /* reading still works */
    finds_nothing(&two);
    without_rights(false);
    set_mode(folder, 0);
    without_rights(true);
    ck_assert_fails_about(sfi_license_store_find(store, one.cert, &found),
                          SFI_ERR_ACCESS, path_of(&one), "read", "Permission");
    ck_assert_fails(sfi_license_store_open(ctx, path, 0, &other),
                    SFI_ERR_ACCESS, path,
                    "cannot access the licence store: Permission denied");
    without_rights(false);
    set_mode(folder, 0755);
    sfi_license_free(lic);
}
END_TEST

/* ---- completely or not at all ---- */

/* The disk is full: the old file stays, and no temporary file remains. */
START_TEST(test_disk_full)
{
    sfi_license *lic = license_for(&one);

    put(&one);
    limit_files(100);
    ck_assert_fails_about(sfi_license_store_put(store, two.cert, lic),
                          SFI_ERR_LIMIT, path_of(&two), "write", "too large");
    ck_assert_fails_about(sfi_license_store_put(store, one.cert, lic),
                          SFI_ERR_LIMIT, path_of(&one), "write", "too large");
    unlimit_files();
    finds_its_own(&one);
    finds_nothing(&two);
    sfi_license_free(lic);
}
END_TEST

/* A temporary file of a killed writer is not found as a licence. */
START_TEST(test_left_over)
{
    char path[450];

    (void)snprintf(path, sizeof(path), "%s.aB3xYz", path_of(&one));
    write_file(path, "half a lic", 10);
    finds_nothing(&one);
    put(&one);
    finds_its_own(&one);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* The number of files left by killed writers. */
static size_t
sweep(void)
{
    struct sys_folder *d;
    const char *name;
    size_t n = 0;

    ck_assert_int_eq(sfi__sys_folder_open(folder, &d), 0);
    while ((name = sfi__sys_folder_next(d)) != NULL) {
        char path[600];

        if (strstr(name, ".lic.") == NULL)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        ck_assert_int_eq(sfi__sys_remove(path), 0);
        n++;
    }
    sfi__sys_folder_close(d);
    return n;
}

struct writer {
    int which;
    sfi_license *lic[2];
};

static int
write_until_killed(void *user)
{
    const struct writer *w = user;

    leave_check();
    while (sfi_license_store_put(store, one.cert, w->lic[0]) == SFI_OK &&
           unlink(path_of(&one)) == 0)
        continue;
    return 1;
}

/* A writer killed at any moment leaves a complete licence, or none. */
START_TEST(test_killed_writer)
{
    struct writer writer = {.lic = {license_for(&one)}};
    size_t kills = 120 / test_step(6);
    size_t left_over = 0;
    size_t there = 0;

    for (size_t i = 0; i < kills; i++) {
        int child = start_child(write_until_killed, &writer);
        sfi_license *found;

        sfi__sys_sleep_us(i % 40 * 50);
        kill_child(child);
        ck_assert_ok(sfi_license_store_find(store, one.cert, &found));
        there += found != NULL;
        sfi_license_free(found);
        left_over += sweep();
    }
    (void)printf("%zu kills: %zu whole, %zu left over\n", kills, there,
                 left_over);
    put(&one);
    finds_its_own(&one);
    sfi_license_free(writer.lic[0]);
}
END_TEST

#define WRITERS 6
#define READERS 2
#define ROUNDS 40

/* Some write licences of the same two devices while others read: each licence
 * that is read is complete, and the device's own. */
static int
write_or_read(void *user)
{
    const struct writer *w = user;
    const struct chip *chips[] = {&one, &two};

    leave_check();
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t k = (i + (size_t)w->which) % 2;
        sfi_license *found = NULL;
        bool right = true;
        sfi_status st;

        if (w->which < WRITERS) {
            st = sfi_license_store_put(store, chips[k]->cert, w->lic[k]);
        } else {
            st = sfi_license_store_find(store, chips[k]->cert, &found);
            right = found == NULL || memcmp(sfi_license_data(found, NULL),
                                            sfi_license_data(w->lic[k], NULL),
                                            SFI_LICENSE_LEN) == 0;
            sfi_license_free(found);
        }
        if (st != SFI_OK || !right)
            return 1;
    }
    return 0;
}

START_TEST(test_many_processes)
{
    struct writer w = {.lic = {license_for(&one), license_for(&two)}};
    int children[WRITERS + READERS];

    for (; w.which < WRITERS + READERS; w.which++)
        children[w.which] = start_child(write_or_read, &w);
    for (int i = 0; i < WRITERS + READERS; i++)
        ck_assert_int_eq(child_result(children[i]), 0);
    finds_its_own(&one);
    finds_its_own(&two);
    sfi_license_free(w.lic[0]);
    sfi_license_free(w.lic[1]);
}
END_TEST

/* ---- damaged files ---- */

static const struct {
    const char *name;
    size_t len;  /* of the file */
    size_t flip; /* which byte */
    sfi_status status;
    const char *message;
} damages[] = {
    {"empty", 0, 0, SFI_ERR_TRUNCATED, "a licence of 0 bytes, expected 136"},
    {"cut", 135, 0, SFI_ERR_TRUNCATED, "a licence of 135 bytes, expected 136"},
    {"long", 137, 0, SFI_ERR_FORMAT, "a licence of 137 bytes, expected 136"},
    {"version", 136, 8, SFI_ERR_FORMAT, "licence version is 254, expected 1"},
    {"reserved", 136, 20, SFI_ERR_FORMAT, "... bytes 12 to 23 ... zeros"},
    {"point", 136, 24, SFI_ERR_FORMAT, "... ephemeral key is not ... P-256"},
};

START_TEST(test_damaged)
{
    uint8_t data[SFI_LICENSE_LEN + 1] = {0};
    sfi_license *lic = license_for(&one);
    sfi_license *found;

    memcpy(data, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    if (damages[_i].flip != 0)
        data[damages[_i].flip] ^= 0xff;
    write_file(path_of(&one), data, damages[_i].len);
    ck_assert_fails(sfi_license_store_find(store, one.cert, &found),
                    damages[_i].status, path_of(&one), damages[_i].message);
    ck_assert_ptr_null(found);
    finds_nothing(&two); /* the other device is unaffected */
    ck_assert_ok(sfi_license_store_put(store, one.cert, lic));
    finds_its_own(&one);
    sfi_license_free(lic);
}
END_TEST

START_TEST(test_folder_in_the_place_of_a_file)
{
    sfi_license *lic = license_for(&one);
    sfi_license *found;

    ck_assert_int_eq(sfi__sys_make_folder(path_of(&one), 0755), 0);
    ck_assert_fails_about(sfi_license_store_find(store, one.cert, &found),
                          SFI_ERR_OS, path_of(&one), "read", "directory");
    ck_assert_fails_about(sfi_license_store_put(store, one.cert, lic),
                          SFI_ERR_OS, path_of(&one), "write", "directory");
    ck_assert_int_eq(rmdir(path_of(&one)), 0);
    sfi_license_free(lic);
}
END_TEST

/* A live licence is valid for one session: it must not be found later. */
START_TEST(test_live_license)
{
    static const char message[] =
        "a live licence, valid for one session only; expected a static one";
    sfi_license *lic = license_for(&one);
    sfi_license *found;

    memcpy(lic->data, "SFIL\x01", 5);
    ck_assert_fails(sfi_license_store_put(store, one.cert, lic), SFI_ERR_FORMAT,
                    folder, message);
    finds_nothing(&one);
    write_file(path_of(&one), lic->data, sizeof(lic->data));
    ck_assert_int_eq(sfi_license_store_find(store, one.cert, &found),
                     SFI_ERR_FORMAT);
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), path_of(&one));
    ck_assert_ptr_null(found);
    sfi_license_free(lic);
}
END_TEST

/* ---- arguments, memory ---- */

START_TEST(test_arguments)
{
    sfi_license *lic = license_for(&one);
    sfi_license *found;
    sfi_license_store *other;

    ck_assert_fails_about(sfi_license_store_open(ctx, NULL, 1, &other),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_fails_about(sfi_license_store_put(store, NULL, lic),
                          SFI_ERR_ARGUMENT, "", "cert is NULL",
                          "a certificate");
    ck_assert_fails_about(sfi_license_store_put(store, one.cert, NULL),
                          SFI_ERR_ARGUMENT, "", "lic is NULL", "a licence");
    ck_assert_fails_about(sfi_license_store_find(store, NULL, &found),
                          SFI_ERR_ARGUMENT, "", "cert is NULL",
                          "a certificate");
    ck_assert_ptr_null(found);
    ck_assert_int_eq(sfi_license_store_put(NULL, one.cert, lic),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_license_store_put((sfi_license_store *)(void *)lic, one.cert, lic),
        SFI_ERR_ARGUMENT);
    sfi_license_store_free(NULL);
    sfi_license_free(lic);
}
END_TEST

/* The n-th allocation fails: an error, no handle, no leak. */
START_TEST(test_no_memory)
{
    sfi_license *lic = license_for(&one);
    sfi_license_store *other = NULL;
    sfi_license *found = NULL;
    sfi_status st;
    size_t n;

    for (n = 1, st = SFI_ERR_NOMEM; st == SFI_ERR_NOMEM; n++) {
        memory.fail_at = n;
        st = sfi_license_store_open(ctx, folder, 0, &other);
        ck_assert(st == SFI_OK || other == NULL);
    }
    ck_assert_uint_gt(n, 2);
    for (n = 1, st = SFI_ERR_NOMEM; st == SFI_ERR_NOMEM; n++) {
        memory.fail_at = n;
        st = sfi_license_store_put(other, one.cert, lic);
    }
    ck_assert_uint_gt(n, 2);
    for (n = 1, st = SFI_ERR_NOMEM; st == SFI_ERR_NOMEM; n++) {
        memory.fail_at = n;
        st = sfi_license_store_find(other, one.cert, &found);
        ck_assert(st == SFI_OK || found == NULL);
    }
    ck_assert_uint_gt(n, 3);
    memory.fail_at = 0;
    ck_assert_ok(st);
    sfi_license_free(found);
    sfi_license_store_free(other);
    sfi_license_free(lic);
}
END_TEST

/* ---- all of them, and the end of one ---- */

static struct {
    size_t good, bad;
    bool first;
} listed;

static void
list(void *user, const char *device_id, sfi_status st, const sfi_license *lic)
{
    ck_assert_ptr_eq(user, &listed);
    ck_assert_int_eq(lic != NULL, st == SFI_OK);
    listed.good += st == SFI_OK;
    listed.bad += st != SFI_OK;
    if (st != SFI_OK)
        ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), path_of(&two));
    listed.first |= strcmp(device_id, sfi_certificate_device_id(one.cert)) == 0;
    ck_assert_int_eq(sfi_license_store_remove(store, device_id), SFI_ERR_STATE);
}

START_TEST(test_each)
{
    sfi_license *lic;
    uint8_t data[SFI_LICENSE_LEN];
    FILE *f;

    ck_assert_ok(sfi__license_make(ctx, one.public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, data));
    ck_assert_ok(sfi_license_parse(ctx, data, sizeof(data), &lic));
    ck_assert_ok(sfi_license_store_put(store, one.cert, lic));
    sfi_license_free(lic);
    f = fopen(path_of(&two), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ok(sfi_license_store_each(store, list, &listed));
    ck_assert_uint_eq(listed.good, 1);
    ck_assert_uint_eq(listed.bad, 1);
    ck_assert(listed.first);
    ck_assert_int_eq(sfi_license_store_each(store, NULL, NULL),
                     SFI_ERR_ARGUMENT);
}
END_TEST

START_TEST(test_remove)
{
    const char *id = sfi_certificate_device_id(one.cert);
    uint8_t data[SFI_LICENSE_LEN];
    sfi_license *lic;

    ck_assert_fails(sfi_license_store_remove(store, id), SFI_ERR_NO_LICENSE,
                    path_of(&one), "the store has no licence of this device");
    ck_assert_fails(sfi_license_store_remove(store, "../../etc/passwd"),
                    SFI_ERR_RANGE, "", "a device id has 64 hexadecimal digits");
    ck_assert_int_eq(sfi_license_store_remove(store, NULL), SFI_ERR_ARGUMENT);
    sfi__clear_error(ctx);
    ck_assert_ok(sfi__license_make(ctx, one.public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, data));
    ck_assert_ok(sfi_license_parse(ctx, data, sizeof(data), &lic));
    ck_assert_ok(sfi_license_store_put(store, one.cert, lic));
    sfi_license_free(lic);
    ck_assert_ok(sfi_license_store_remove(store, id));
    ck_assert_ok(sfi_license_store_find(store, one.cert, &lic));
    ck_assert_ptr_null(lic);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("license_store");
    TCase *tc = tcase_create("license_store");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_each);
    tcase_add_test(tc, test_remove);
    tcase_add_test(tc, test_by_device);
    tcase_add_test(tc, test_files);
    tcase_add_test(tc, test_another_handle_finds_it);
    tcase_add_test(tc, test_device_not_certificate);
    tcase_add_test(tc, test_put_replaces);
    tcase_add_test(tc, test_license_of_another_device);
    tcase_add_test(tc, test_absent_folder);
    tcase_add_test(tc, test_made_folder);
    tcase_add_test(tc, test_path_is_a_file);
    tcase_add_test(tc, test_folder_goes_away);
    tcase_add_test(tc, test_read_only_folder);
    tcase_add_test(tc, test_disk_full);
    tcase_add_test(tc, test_left_over);
    tcase_add_test(tc, test_killed_writer);
    tcase_add_test(tc, test_many_processes);
    tcase_add_loop_test(tc, test_damaged, 0, (int)ROWS(damages));
    tcase_add_test(tc, test_folder_in_the_place_of_a_file);
    tcase_add_test(tc, test_live_license);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
