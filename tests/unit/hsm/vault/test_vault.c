/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The vault: what is counted, what is refused, what stays.
 *   test_vault            in SQLite files
 *   test_vault memory     the same in another ledger, but for what is about
 *                         files
 *   test_vault postgres   and in PostgreSQL
 */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "util/mem.h"
#include "hsm/open.h"

#include <disk/disk.h>
#include "fixture.h"
#include <disk/ledger_memory.h>
#include <bench/maker.h>

static struct maker maker;
static char dir[256], path[300], where[320];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    vault_path(path, sizeof(path), dir, "line");
    (void)snprintf(where, sizeof(where), "vault:%s", path);
}

static void
teardown(void)
{
    test_rmdir(dir);
    ledger_memory_clear();
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
license(sfi_hsm *hsm, const struct chip *c, uint8_t *data)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, c->cert, &lic);

    if (st != SFI_OK) {
        ck_assert_ptr_null(lic);
        return st;
    }
    chip_opens(c, &maker, lic);
    if (data != NULL)
        memcpy(data, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return SFI_OK;
}

/* ---- blank, provisioned, locked ---- */

START_TEST(test_blank)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    struct stat st;
    struct chip c;
    sfi_hsm *hsm;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_BLANK);
    ck_assert_uint_eq(info.remaining, 0);
    ck_assert_uint_eq(info.maximum, 0);
    ck_assert_uint_eq(info.pin_tries_left, 10);
    ck_assert_str_eq(info.firmware_id, "");
    ck_assert_str_eq(info.product_id, "");
    ck_assert_fails(license(hsm, &c, NULL), SFI_ERR_HSM_STATE, where,
                    "the vault is blank: provision it first");
    ck_assert_fails(
        sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 1, maker.perso,
                          NULL),
        SFI_ERR_HSM_PIN, where,
        "no PIN set: log in with the PIN that will protect the vault");
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    sfi_hsm_free(hsm);
    ck_assert_int_ne(stat(path, &st), 0); /* nothing was written */
    chip_free(&c);
}
END_TEST

START_TEST(test_provision)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, 7);

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_OPERATIONAL);
    ck_assert_uint_eq(info.remaining, 7);
    ck_assert_uint_eq(info.maximum, 7);
    ck_assert_uint_eq(info.pin_tries_left, 10);
    ck_assert_str_eq(info.firmware_id, MAKER_FIRMWARE_ID);
    ck_assert_str_eq(info.product_id, MAKER_PRODUCT);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_file_mode)
{
    sfi_hsm *hsm = vault_new(&maker, path, 7);
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(mode_of_file(path), 0600);
    ck_assert(st.st_nlink == 1);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_locked)
{
    sfi_hsm *hsm = vault_new(&maker, path, 7);
    sfi_hsm *other;

    ck_assert_fails_about(sfi_hsm_check_provision(hsm, 12, "fw", 0, NULL),
                          SFI_ERR_RANGE, where, "count of 0");
    ck_assert_fails_about(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "",
                                            9, maker.perso, NULL),
                          SFI_ERR_RANGE, where, "0 characters");
    ck_assert_fails(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                      maker.perso, NULL),
                    SFI_ERR_HSM_STATE, where,
                    "already provisioned, and locked for ever");
    ck_assert_ok(vault_open(path, &other)); /* also before the login */
    ck_assert_fails_about(sfi_hsm_provision(other, maker.key, maker.nonce, 12,
                                            "fw", 9, maker.perso, NULL),
                          SFI_ERR_HSM_STATE, where, "provisioned", "locked");
    ck_assert_uint_eq(vault_remaining(other), 7);
    sfi_hsm_free(other);
    sfi_hsm_free(hsm);
}
END_TEST

/* Two handles that both saw a blank vault. */
START_TEST(test_provision_race)
{
    sfi_hsm *one, *two;
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(vault_open(path, &one));
    ck_assert_ok(vault_open(path, &two));
    ck_assert_ok(sfi_hsm_login(one, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_ok(sfi_hsm_login(two, "another", 7));
    ck_assert_ok(sfi_hsm_provision(one, maker.key, maker.nonce, 12, "fw", 1,
                                   maker.perso, NULL));
    ck_assert_fails_about(sfi_hsm_provision(two, maker.key, maker.nonce, 12,
                                            "fw", 9, maker.perso, NULL),
                          SFI_ERR_HSM_STATE, where, "provisioned", "locked");
    ck_assert_fails(license(two, &c, NULL), SFI_ERR_HSM_PIN, where,
                    "the vault issues licences only after a login");
    ck_assert_ok(sfi_hsm_login(two, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_ok(license(two, &c, NULL));
    sfi_hsm_free(one);
    sfi_hsm_free(two);
    chip_free(&c);
}
END_TEST

static const char *const sidecars[] = {"-wal", "-shm", "-journal"};

/* SQLite must not replay the log of a deleted vault into a new one. */
START_TEST(test_left_over_log)
{
    char name[320], message[128];
    sfi_hsm *hsm = vault_login(path);
    FILE *f;

    (void)snprintf(name, sizeof(name), "%s%s", path, sidecars[_i]);
    f = fopen(name, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fclose(f), 0);
    (void)snprintf(message, sizeof(message),
                   "a file *%s of an earlier vault exists: restore that vault "
                   "or delete the file",
                   sidecars[_i]);
    ck_assert_fails(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                      maker.perso, NULL),
                    SFI_ERR_HSM_STATE, where, message);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(unlink(name), 0);
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                   maker.perso, NULL));
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_no_folder)
{
    char none[320], there[330];
    sfi_hsm *hsm;

    (void)snprintf(none, sizeof(none), "%s/no/line.vault", dir);
    (void)snprintf(there, sizeof(there), "vault:%s", none);
    ck_assert_ok(vault_open(none, &hsm));
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_fails(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                      maker.perso, NULL),
                    SFI_ERR_OS, there,
                    "the vault cannot be created: No such file or directory");
    sfi_hsm_free(hsm);
}
END_TEST

/* SQLite gives these names a special meaning; for a vault they are file
 * names. */
START_TEST(test_odd_names)
{
    static const char *const names[] = {":memory:", "file:x?mode=memory"};
    char cwd[1024];

    ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
    ck_assert_int_eq(chdir(dir), 0);
    for (size_t i = 0; i < ROWS(names); i++) {
        sfi_hsm *hsm = vault_new(&maker, names[i], 3);

        sfi_hsm_free(hsm);
        ck_assert_int_eq(access(names[i], F_OK), 0);
        hsm = vault_login(names[i]);
        ck_assert_uint_eq(vault_remaining(hsm), 3);
        sfi_hsm_free(hsm);
    }
    ck_assert_int_eq(chdir(cwd), 0);
}
END_TEST

/* ---- devices are counted, not attempts ---- */

START_TEST(test_counts_devices)
{
    enum { COUNT = 3 };
    struct chip chips[COUNT + 1];
    uint8_t first[COUNT][SFI_LICENSE_LEN];
    uint8_t again[SFI_LICENSE_LEN];
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    for (size_t i = 0; i <= COUNT; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_ok(license(hsm, &chips[i], first[i]));
        ck_assert_uint_eq(vault_remaining(hsm), COUNT - 1 - i);
        ck_assert_ok(license(hsm, &chips[i], again));
        ck_assert_mem_eq(first[i], again, sizeof(again));
        ck_assert_uint_eq(vault_remaining(hsm), COUNT - 1 - i);
    }
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_EXHAUSTED);
    ck_assert_fails(license(hsm, &chips[COUNT], NULL), SFI_ERR_HSM_COUNTER,
                    where, "no installations left: all 3 were used");
    sfi_hsm_free(hsm);

    hsm = vault_login(path); /* another day */
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_ok(license(hsm, &chips[i], again));
        ck_assert_mem_eq(first[i], again, sizeof(again));
    }
    ck_assert_fails_about(license(hsm, &chips[COUNT], NULL),
                          SFI_ERR_HSM_COUNTER, where, "installations", "all 3");
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i <= COUNT; i++)
        chip_free(&chips[i]);
}
END_TEST

/* Any other bit, key or nonce is refused, and nothing is counted: also when no
 * installations are left, and after the end. */
START_TEST(test_check_image)
{
    uint8_t header[SFI_IMAGE_HEADER_LEN];
    struct maker other = maker;
    sfi_hsm *hsm;

    maker_header(&maker, header);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails_about(sfi_hsm_check_image(hsm, header, sizeof(header)),
                          SFI_ERR_HSM_STATE, where, "blank");
    sfi_hsm_free(hsm);
    hsm = vault_new(&maker, path, 1);
    ck_assert_ok(sfi_hsm_check_image(hsm, header, sizeof(header)));
    for (size_t bit = 10 * 8; bit < 8 * sizeof(header); bit++) {
        header[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_fails_about(sfi_hsm_check_image(hsm, header, sizeof(header)),
                              SFI_ERR_AUTH, where, "another key or nonce");
        header[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    other.key_secret[0] ^= 1;
    maker_header(&other, header);
    ck_assert_fails_about(sfi_hsm_check_image(hsm, header, sizeof(header)),
                          SFI_ERR_AUTH, where, "another key or nonce");
    other.key_secret[0] ^= 1;
    other.nonce[SFI_NONCE_LEN - 1] ^= 1;
    maker_header(&other, header);
    ck_assert_fails_about(sfi_hsm_check_image(hsm, header, sizeof(header)),
                          SFI_ERR_AUTH, where, "another key or nonce");
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    ck_assert_ok(sfi_hsm_retire(hsm));
    maker_header(&maker, header);
    ck_assert_ok(sfi_hsm_check_image(hsm, header, sizeof(header)));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_check_image(hsm, header, sizeof(header)),
                    SFI_ERR_HSM_PIN, where,
                    "the vault checks images only after a login");
    sfi_hsm_free(hsm);
}
END_TEST

/* Two handles on one vault see each other's records. */
START_TEST(test_two_handles)
{
    sfi_hsm *one = vault_new(&maker, path, 4);
    sfi_hsm *two = vault_login(path);
    struct chip chips[4];
    uint8_t a[SFI_LICENSE_LEN], b[SFI_LICENSE_LEN];

    for (size_t i = 0; i < ROWS(chips); i++) {
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
        ck_assert_ok(license(i % 2 ? one : two, &chips[i], a));
        ck_assert_ok(license(i % 2 ? two : one, &chips[i], b));
        ck_assert_mem_eq(a, b, sizeof(a));
    }
    ck_assert_uint_eq(vault_remaining(one), 0);
    sfi_hsm_free(one);
    sfi_hsm_free(two);
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_free(&chips[i]);
}
END_TEST

/* ---- who gets a licence ---- */

START_TEST(test_other_product)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    struct chip c;

    chip_make(&maker, "46201002", &c);
    ck_assert_fails(
        license(hsm, &c, NULL), SFI_ERR_CERTIFICATE, where,
        "the certificate is for product 46201002, the vault for 45002001");
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

START_TEST(test_other_ca)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    struct maker other;
    struct chip c;
    char device[32];

    maker_init(&other);
    chip_make(&other, MAKER_PRODUCT, &c);
    (void)snprintf(device, sizeof(device), "device %.16s...",
                   sfi_certificate_device_id(c.cert));
    ck_assert_fails_about(license(hsm, &c, NULL), SFI_ERR_CERTIFICATE, where,
                          device, "not signed", "CA");
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    sfi_hsm_free(hsm);
    chip_free(&c);
    maker_free(&other);
}
END_TEST

/* ---- the PIN ---- */

START_TEST(test_pin_lengths)
{
    char pin[66];
    sfi_hsm *hsm;

    sfi__fill(pin, 'p', sizeof(pin));
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails_about(sfi_hsm_login(hsm, pin, 3), SFI_ERR_HSM_PIN, where,
                          "PIN", " 3 bytes", "4 to 64");
    ck_assert_fails_about(sfi_hsm_login(hsm, pin, 65), SFI_ERR_HSM_PIN, where,
                          "PIN", "65 bytes", "4 to 64");
    ck_assert_fails_about(sfi_hsm_login(hsm, pin, 0), SFI_ERR_HSM_PIN, where,
                          "PIN", "0 bytes", "4 to 64");
    ck_assert_ok(sfi_hsm_login(hsm, pin, 64));
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 1,
                                   maker.perso, NULL));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_login(hsm, pin, 63), SFI_ERR_HSM_PIN, where,
                    "wrong PIN, 9 tries left");
    ck_assert_fails_about(sfi_hsm_login(hsm, pin, 3), SFI_ERR_HSM_PIN, where,
                          "PIN", "3 bytes", "4 to 64"); /* costs no try */
    ck_assert_fails_about(sfi_hsm_login(hsm, pin, 62), SFI_ERR_HSM_PIN, where,
                          "PIN", "8 tries");
    ck_assert_ok(sfi_hsm_login(hsm, pin, 64));
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_wrong_pin_until_blocked)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    sfi_hsm *before;
    struct chip c;
    char message[64];

    chip_make(&maker, MAKER_PRODUCT, &c);
    sfi_hsm_free(hsm);
    before = vault_login(path);
    for (unsigned left = 9; left > 0; left--) {
        ck_assert_ok(vault_open(path, &hsm)); /* kept across handles */
        (void)snprintf(message, sizeof(message), "wrong PIN, %u tries left",
                       left);
        ck_assert_fails(sfi_hsm_login(hsm, "12345678", 8), SFI_ERR_HSM_PIN,
                        where, message);
        ck_assert_ok(sfi_hsm_get_info(hsm, &info));
        ck_assert_uint_eq(info.pin_tries_left, left);
        ck_assert_uint_eq(info.state, SFI_HSM_OPERATIONAL);
        ck_assert_fails_about(license(hsm, &c, NULL), SFI_ERR_HSM_PIN, where,
                              "login");
        sfi_hsm_free(hsm);
    }
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_login(hsm, "12345678", 8), SFI_ERR_HSM_PIN, where,
                    "wrong PIN, 0 tries left: the vault is blocked for ever");
    ck_assert_fails(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                    SFI_ERR_HSM_STATE, where,
                    "the vault is blocked: no PIN tries are left");
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_BLOCKED);
    ck_assert_uint_eq(info.pin_tries_left, 0);
    sfi_hsm_free(hsm);
    ck_assert_ok(license(before, &c, NULL)); /* a login lasts */
    sfi_hsm_free(before);
    chip_free(&c);
}
END_TEST

START_TEST(test_right_pin_gives_tries_back)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(sfi_hsm_login(hsm, "12345678", 8), SFI_ERR_HSM_PIN);
        ck_assert_int_eq(sfi_hsm_login(hsm, "12345678", 8), SFI_ERR_HSM_PIN);
        ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    }
    ck_assert_fails_about(sfi_hsm_login(hsm, "12345678", 8), SFI_ERR_HSM_PIN,
                          where, "PIN", "9 tries");
    sfi_hsm_free(hsm);
}
END_TEST

/* A failed login ends the one before. */
START_TEST(test_wrong_pin_ends_the_login)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_int_eq(sfi_hsm_login(hsm, "12345678", 8), SFI_ERR_HSM_PIN);
    ck_assert_fails_about(license(hsm, &c, NULL), SFI_ERR_HSM_PIN, where,
                          "login");
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* ---- nothing secret in the file ---- */

static bool
contains(const char *data, size_t len, const void *what, size_t n)
{
    for (size_t i = 0; n <= len && i <= len - n; i++) {
        if (sfi__equal(data + i, what, n))
            return true;
    }
    return false;
}

START_TEST(test_sealed)
{
    sfi_hsm *hsm = vault_new(&maker, path, 2);
    struct chip c;
    char *data;
    size_t len;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(license(hsm, &c, NULL));
    sfi_hsm_free(hsm);
    data = test_read(path, &len);
    ck_assert(contains(data, len, MAKER_FIRMWARE_ID, 9));
    ck_assert(contains(data, len, maker.ca_public, 64));
    ck_assert(!contains(data, len, maker.key_secret, 16));
    ck_assert(!contains(data, len, maker.nonce, 12));
    ck_assert(!contains(data, len, MAKER_PIN, strlen(MAKER_PIN)));
    free(data);
    chip_free(&c);
}
END_TEST

/* The old seal is not left in a gap of the file, even if the row's length
 * changed. */
START_TEST(test_old_seal_is_gone)
{
    static const struct kdf_cost other = {.log2_n = 2, .r = 8, .p = 1};
    sfi_hsm *hsm = vault_new(&maker, path, 2);
    struct ledger_head old;
    struct ledger *l;
    char *data;
    size_t len;

    sfi_hsm_free(hsm);
    ck_assert_ok(sfi__ledger_sqlite.open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_READ));
    ck_assert_ok(l->ops->read_head(l, &old));
    sfi__ledger_rollback(l);
    l->ops->close(l);
    data = test_read(path, &len);
    ck_assert(contains(data, len, old.sealed, 16));
    ck_assert(contains(data, len, old.salt, sizeof(old.salt)));
    free(data);
    ck_assert_ok(sfi__hsm_open_vault(ctx, path, &other, NULL, &hsm));
    ck_assert_ok(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "new-pin", 7));
    sfi_hsm_free(hsm);
    data = test_read(path, &len);
    for (size_t i = 0; i + 16 <= sizeof(old.sealed); i += 8)
        ck_assert(!contains(data, len, old.sealed + i, 16));
    ck_assert(!contains(data, len, old.salt, sizeof(old.salt)));
    free(data);
}
END_TEST

/* ---- memory ---- */

/* The n-th allocation fails, for each n: a clean error, and the number counted
 * equals the number granted. */
START_TEST(test_no_memory)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    struct chip c;
    size_t n = 0;
    sfi_status st = SFI_ERR_NOMEM;

    chip_make(&maker, MAKER_PRODUCT, &c);
    sfi_hsm_free(hsm);
    while (st == SFI_ERR_NOMEM) {
        memory.fail_at = ++n;
        st = vault_open(path, &hsm);
        if (st == SFI_OK)
            st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
        if (st == SFI_OK)
            st = license(hsm, &c, NULL);
        ck_assert(st == SFI_OK || st == SFI_ERR_NOMEM);
        memory.fail_at = 0;
        sfi_hsm_free(hsm);
    }
    ck_assert_uint_gt(n, 5);
    hsm = vault_login(path);
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    ck_assert_ok(license(hsm, &c, NULL));
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* SQLite has memory of its own. */
static sqlite3_mem_methods plain;
static size_t fail_at;

static void *
failing_malloc(int size)
{
    return fail_at > 0 && --fail_at == 0 ? NULL : plain.xMalloc(size);
}

static void *
failing_realloc(void *p, int size)
{
    return fail_at > 0 && --fail_at == 0 ? NULL : plain.xRealloc(p, size);
}

static void
fail_in_sqlite(void)
{
    sqlite3_mem_methods failing;

    ck_assert_int_eq(sqlite3_shutdown(), SQLITE_OK);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain),
                     SQLITE_OK);
    failing = plain;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
    /* a cache of small blocks would hide most requests */
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    ck_assert_int_eq(sqlite3_initialize(), SQLITE_OK);
}

START_TEST(test_no_memory_in_sqlite)
{
    sfi_hsm *hsm = NULL;
    struct chip c;
    sfi_status st = SFI_ERR_NOMEM;
    size_t n = 0;

    fail_in_sqlite();
    disk_install(DISK_FAST, 0);
    chip_make(&maker, MAKER_PRODUCT, &c);
    hsm = vault_new(&maker, path, 1);
    sfi_hsm_free(hsm);
    while (st != SFI_OK) {
        fail_at = ++n;
        st = vault_open(path, &hsm);
        if (st == SFI_OK)
            st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
        if (st == SFI_OK)
            st = license(hsm, &c, NULL);
        ck_assert_msg(st == SFI_OK || st == SFI_ERR_NOMEM, "at %zu: %s", n,
                      sfi_error_message(sfi_ctx_error(ctx)));
        fail_at = 0;
        sfi_hsm_free(hsm);
        hsm = vault_login(path); /* also gives the tries back */
        if (st == SFI_OK)
            ck_assert_uint_eq(vault_remaining(hsm), 0);
        sfi_hsm_free(hsm);
        hsm = NULL;
    }
    ck_assert_uint_gt(n, 50);
    chip_free(&c);
}
END_TEST

START_TEST(test_no_memory_to_provision)
{
    sfi_hsm *hsm = NULL;
    size_t n = 0;
    sfi_status st = SFI_ERR_NOMEM;

    while (st == SFI_ERR_NOMEM) {
        memory.fail_at = ++n;
        st = vault_open(path, &hsm);
        if (st == SFI_OK)
            st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
        if (st == SFI_OK)
            st = sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 1,
                                   maker.perso, NULL);
        ck_assert(st == SFI_OK || st == SFI_ERR_NOMEM);
        memory.fail_at = 0;
        ck_assert_int_eq(access(path, F_OK) == 0, st == SFI_OK);
        sfi_hsm_free(hsm);
        hsm = NULL;
    }
    ck_assert_uint_gt(n, 5);
}
END_TEST

static TCase *
any_ledger(void)
{
    TCase *tc = tcase_create("vault");

    tcase_add_test(tc, test_blank);
    tcase_add_test(tc, test_provision);
    tcase_add_test(tc, test_locked);
    tcase_add_test(tc, test_provision_race);
    tcase_add_test(tc, test_counts_devices);
    tcase_add_test(tc, test_check_image);
    tcase_add_test(tc, test_two_handles);
    tcase_add_test(tc, test_other_product);
    tcase_add_test(tc, test_other_ca);
    tcase_add_test(tc, test_pin_lengths);
    tcase_add_test(tc, test_wrong_pin_until_blocked);
    tcase_add_test(tc, test_right_pin_gives_tries_back);
    tcase_add_test(tc, test_wrong_pin_ends_the_login);
    tcase_add_test(tc, test_no_memory);
    return tc;
}

static TCase *
in_files(void)
{
    TCase *tc = tcase_create("files");

    tcase_add_test(tc, test_file_mode);
    tcase_add_loop_test(tc, test_left_over_log, 0, (int)ROWS(sidecars));
    tcase_add_test(tc, test_no_folder);
    tcase_add_test(tc, test_odd_names);
    tcase_add_test(tc, test_sealed);
    tcase_add_test(tc, test_old_seal_is_gone);
    tcase_add_test(tc, test_no_memory_in_sqlite);
    tcase_add_test(tc, test_no_memory_to_provision);
    return tc;
}

static void
add(Suite *s, TCase *tc)
{
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    suite_add_tcase(s, tc);
}

int
main(int argc, char **argv)
{
    bool files = vault_choose(argc, argv);
    Suite *s = suite_create("vault");

    add(s, any_ledger());
    if (files)
        add(s, in_files());
    return run_suite(s);
}
