/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that was cut short, garbled or edited: a clean error that says what
 * was found, or all is as it was; never a licence too many. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "util/hex.h"
#include "audit/chain.h"
#include "util/sys.h"

#include <disk/disk.h>
#include "fixture.h"
#include "system.h"
#include <bench/maker.h>

/* Three installations, two of them used. */
#define COUNT 3u
#define USED 2u
#define CHIPS 5u
/* SQLite's "File format write version" and "... read version": 2 is WAL. */
#define WAL_MARK 18u

static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], path[300], where[320];
static uint8_t licenses[USED][SFI_LICENSE_LEN];
static char *whole;
static size_t whole_len;

static void
put_file(const char *data, size_t len)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    char name[320];
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    for (size_t i = 0; i < ROWS(suffixes); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

static void
make_vault(void)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    for (size_t i = 0; i < CHIPS; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    for (size_t i = 0; i < USED; i++) {
        sfi_license *lic;

        ck_assert_ok(sfi_hsm_generate_license(hsm, chips[i].cert, &lic));
        memcpy(licenses[i], sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
        sfi_license_free(lic);
    }
    sfi_hsm_free(hsm);
    whole = test_read(path, &whole_len);
}

static void
setup(void)
{
    fixture_setup();
    disk_install(DISK_FAST, 0);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    if (maker_share(&maker)) {
        put_file(whole, whole_len);
        for (size_t i = 0; i < CHIPS; i++)
            chip_share(&maker, &chips[i]);
        return;
    }
    free(whole);
    make_vault();
}

static void
teardown(void)
{
    test_rmdir(dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

/* ---- any damage ---- */

/* The kinds of error that damage may give. */
static bool
is_clean(sfi_status st)
{
    return st == SFI_OK || st == SFI_ERR_HSM || st == SFI_ERR_HSM_STATE ||
           st == SFI_ERR_ACCESS || st == SFI_ERR_OS;
}

static sfi_status
license(sfi_hsm *hsm, size_t chip, const uint8_t *same)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, chips[chip].cert, &lic);

    if (st != SFI_OK)
        return st;
    chip_opens(&chips[chip], &maker, lic);
    if (same != NULL)
        ck_assert_mem_eq(sfi_license_data(lic, NULL), same, SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return SFI_OK;
}

/* Try everything on the file as it is; true: nothing was noticed. */
static bool
survey(const char *what, size_t at)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    size_t granted = 0;
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);
    bool all_well;

    if (st == SFI_OK)
        st = sfi_hsm_get_info(hsm, &info);
    if (st == SFI_OK) {
        ck_assert_msg(info.remaining <= COUNT - USED, "%s at %zu: %llu left",
                      what, at, (unsigned long long)info.remaining);
        st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    }
    ck_assert_msg(is_clean(st), "%s at %zu: %s, %s", what, at,
                  sfi_status_name(st), sfi_error_message(sfi_ctx_error(ctx)));
    all_well = st == SFI_OK;
    for (size_t i = 0; st == SFI_OK && i < USED; i++)
        all_well = license(hsm, i, licenses[i]) == SFI_OK && all_well;
    for (size_t i = USED; st == SFI_OK && i < CHIPS; i++)
        granted += license(hsm, i, NULL) == SFI_OK;
    ck_assert_msg(granted <= COUNT - USED, "%s at %zu: %zu granted", what, at,
                  granted);
    sfi_hsm_free(hsm);
    return all_well && granted == COUNT - USED;
}

START_TEST(test_whole)
{
    ck_assert(survey("nothing", 0));
}
END_TEST

START_TEST(test_cut_short)
{
    for (size_t len = 0; len < whole_len;) {
        put_file(whole, len);
        ck_assert_msg(!survey("cut", len), "cut at %zu was not noticed", len);
        len += (len < 128 ? 1 : 256) * test_step(40);
    }
}
END_TEST

/* One bit in each byte that says something, and in some of the others. */
#define FLIP_PARTS 4

START_TEST(test_flipped)
{
    size_t noticed = 0;

    for (size_t at = (size_t)_i; at < whole_len;
         at += FLIP_PARTS * test_step(40)) {
        if (whole[at] == 0 && at % 61 != 0)
            continue;
        whole[at] = (char)(whole[at] ^ 1 << at % 8);
        put_file(whole, whole_len);
        noticed += !survey("flip", at);
        whole[at] = (char)(whole[at] ^ 1 << at % 8);
    }
    ck_assert_uint_gt(noticed, 100 / test_step(40));
}
END_TEST

START_TEST(test_garbage)
{
    static const struct {
        const char *data;
        size_t len;
        const char *message;
    } rows[] = {
        {"", 0, "not a vault: application id 0x00000000, expected 0x53464956"},
        {"xy", 2, "not a vault: file is not a database"},
        {"this is no vault, but long enough to have a header of SQLite's "
         "length: a hundred bytes at least, and some more",
         110, "not a vault: file is not a database"},
    };
    sfi_hsm *hsm;

    for (size_t i = 0; i < ROWS(rows); i++) {
        put_file(rows[i].data, rows[i].len);
        ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where,
                        rows[i].message);
        ck_assert_ptr_null(hsm);
    }
    (void)unlink(path);
    ck_assert_int_eq(sfi__sys_make_folder(path, 0700), 0);
    ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where,
                    "not a vault: not a regular file");
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

/* A process died during provisioning while the file had two names. */
START_TEST(test_two_names)
{
    static const char two[] =
        "the vault's file has 2 names, expected 1: keep this one and delete "
        "the temporary file of an interrupted provisioning";
    char other[320];
    sfi_hsm *hsm;

    (void)snprintf(other, sizeof(other), "%s.a1b2c3", path);
    make_second_name(path, other);
    ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where, two);
    ck_assert_int_eq(unlink(other), 0);
    ck_assert_ok(vault_open(path, &hsm));
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- edits ---- */

#define DAMAGED "the vault is damaged: "
#define ALTERED "the vault was altered: "
#define COUNTS_FAIL \
    DAMAGED "2 of 3 installations remain, expected 1 after record 2"
#define NO_MATCH DAMAGED "the provisioned data do not match their hash"
#define NO_SEAL DAMAGED "the seal does not match its hash"

/* The message of each call after an edit; NULL: the call does not notice it. */
static const struct {
    const char *sql;
    const char *info;
    const char *login;   /* edited before it */
    const char *license; /* edited after the login */
} edits[] = {
    {"UPDATE vault SET remaining = 2", COUNTS_FAIL, COUNTS_FAIL, COUNTS_FAIL},
    {"UPDATE vault SET remaining = 4000000000",
     DAMAGED "4000000000 of 3 installations remain after 2 records",
     DAMAGED "4000000000 of 3 installations remain after 2 records",
     DAMAGED "4000000000 of 3 installations remain after 2 records"},
    {"UPDATE vault SET maximum = 4, remaining = 2", NO_MATCH, NO_MATCH,
     NO_MATCH},
    {"UPDATE vault SET firmware_id = 'other'", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET product_id = '46201002'", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET ca_public = zeroblob(64)", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET flags = 1", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET serial = zeroblob(16)", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET low_water = 3", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET seal = 2", NO_SEAL, NO_SEAL, NO_SEAL},
    {"UPDATE vault SET salt = zeroblob(16)", NO_SEAL, NO_SEAL, NO_SEAL},
    {"UPDATE vault SET sealed = zeroblob(88)", NO_SEAL, NO_SEAL, NO_SEAL},
    {"UPDATE vault SET sealed_check = zeroblob(32)", NO_SEAL, NO_SEAL, NO_SEAL},
    {"UPDATE vault SET log2_n = 30", NO_SEAL, NO_SEAL, NO_SEAL},
    {"UPDATE vault SET genesis = zeroblob(32)", NO_MATCH, NO_MATCH, NO_MATCH},
    {"UPDATE vault SET mac = zeroblob(32)", NULL,
     ALTERED "its counter does not match its MAC",
     ALTERED "its counter does not match its MAC"},
    {"UPDATE vault SET log_head = zeroblob(32)",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit"},
    {"DELETE FROM record WHERE sequence = 2", DAMAGED "record 2 is missing",
     DAMAGED "record 2 is missing", DAMAGED "record 2 is missing"},
    {"DELETE FROM record WHERE sequence = 1", NULL,
     DAMAGED "record 1 is missing", NULL},
    /* the last record removed, with every value that can be computed without a
     * key */
    {"UPDATE vault SET remaining = 2, sequence = 1, log_head ="
     " (SELECT hash FROM record WHERE sequence = 1);"
     "DELETE FROM record WHERE sequence = 2",
     NULL, ALTERED "its counter does not match its MAC",
     ALTERED "its counter does not match its MAC"},
    {"UPDATE vault SET remaining = 2, sequence = 1, log_head ="
     " (SELECT hash FROM record WHERE sequence = 1)",
     DAMAGED "found record 2, expected 1 to be the last",
     DAMAGED "found record 2, expected 1 to be the last",
     DAMAGED "found record 2, expected 1 to be the last"},
    {"UPDATE record SET device = zeroblob(32) WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET device = zeroblob(32) WHERE sequence = 2",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit"},
    {"UPDATE record SET license = zeroblob(136) WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET kind = 2 WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET kind = 3 WHERE sequence = 2",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit"},
    {"UPDATE record SET session = 7 WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET time = time + 1 WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET remaining = 9 WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET previous = zeroblob(32) WHERE sequence = 1", NULL,
     ALTERED "record 1 does not match its MAC", NULL},
    {"UPDATE record SET mac = zeroblob(32) WHERE sequence = 2", NULL,
     ALTERED "record 2 does not match its MAC", NULL},
    /* the two records exchanged */
    {"UPDATE record SET sequence = 9 WHERE sequence = 1;"
     "UPDATE record SET sequence = 1 WHERE sequence = 2;"
     "UPDATE record SET sequence = 2 WHERE sequence = 9",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit",
     DAMAGED "record 2 does not match the end of the audit"},
    {"UPDATE vault SET pin_tries = 11", DAMAGED "11 PIN tries left, at most 10",
     DAMAGED "11 PIN tries left, at most 10",
     DAMAGED "11 PIN tries left, at most 10"},
    {"UPDATE vault SET pin_tries = -1",
     DAMAGED "column pin_tries is -1, expected at most 4294967295",
     DAMAGED "column pin_tries is -1, expected at most 4294967295",
     DAMAGED "column pin_tries is -1, expected at most 4294967295"},
    {"UPDATE vault SET remaining = 'many'",
     DAMAGED "column remaining has the wrong type",
     DAMAGED "column remaining has the wrong type",
     DAMAGED "column remaining has the wrong type"},
    {"UPDATE vault SET salt = zeroblob(15)",
     DAMAGED "column salt has 15 bytes, expected 16",
     DAMAGED "column salt has 15 bytes, expected 16",
     DAMAGED "column salt has 15 bytes, expected 16"},
    {"UPDATE vault SET salt = zeroblob(100000)",
     DAMAGED "a row is longer than its page",
     DAMAGED "a row is longer than its page",
     DAMAGED "a row is longer than its page"},
    {"UPDATE vault SET firmware_id = ''",
     DAMAGED "column firmware_id has 0 bytes, expected 63",
     DAMAGED "column firmware_id has 0 bytes, expected 63",
     DAMAGED "column firmware_id has 0 bytes, expected 63"},
    {"DELETE FROM vault", DAMAGED "table vault has no row, expected 1",
     DAMAGED "table vault has no row, expected 1",
     DAMAGED "table vault has no row, expected 1"},
    {"PRAGMA ignore_check_constraints = 1; INSERT INTO vault SELECT 2, flags,"
     " serial, firmware_id, product_id, ca_public, maximum, low_water, genesis,"
     " remaining, sequence, log_head, mac, seal, log2_n, r, p, salt, sealed,"
     " sealed_check, pin_tries FROM vault",
     DAMAGED "table vault has more than one row",
     DAMAGED "table vault has more than one row",
     DAMAGED "table vault has more than one row"},
};

static void
edit(const char *sql)
{
    char *message = NULL;
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK,
                  "%s: %s", sql, message);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
fails_or_not(const char *call, sfi_status st, const char *message)
{
    const char *got = sfi_error_message(sfi_ctx_error(ctx));

    if (message == NULL)
        ck_assert_msg(st == SFI_OK, "%s: %s", call, got);
    else
        ck_assert_msg(st == SFI_ERR_HSM && strcmp(got, message) == 0,
                      "%s gave %s: \"%s\"\nexpected \"%s\"", call,
                      sfi_status_name(st), got, message);
}

START_TEST(test_edited_before_login)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;

    edit(edits[_i].sql);
    ck_assert_ok(vault_open(path, &hsm));
    fails_or_not("info", sfi_hsm_get_info(hsm, &info), edits[_i].info);
    fails_or_not("login", sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                 edits[_i].login);
    if (edits[_i].login != NULL)
        ck_assert_fails_about(license(hsm, 0, NULL), SFI_ERR_HSM_PIN, where,
                              "login");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_edited_after_login)
{
    sfi_hsm *hsm = vault_login(path);
    size_t granted = 0;

    edit(edits[_i].sql);
    fails_or_not("licence", license(hsm, USED, NULL), edits[_i].license);
    for (size_t i = USED; i < CHIPS; i++)
        granted += license(hsm, i, NULL) == SFI_OK;
    ck_assert_uint_le(granted, COUNT - USED);
    sfi_hsm_free(hsm);
}
END_TEST

/* A record whose licence was exchanged is not handed out. */
START_TEST(test_exchanged_license)
{
    sfi_hsm *hsm = vault_login(path);

    edit("UPDATE record SET license = (SELECT license FROM record"
         " WHERE sequence = 2) WHERE sequence = 1");
    ck_assert_fails(license(hsm, 0, NULL), SFI_ERR_HSM, where,
                    ALTERED "record 1 does not match its MAC");
    ck_assert_ok(license(hsm, 1, licenses[1]));
    sfi_hsm_free(hsm);
}
END_TEST

/* The end of a retired vault taken off again. */
START_TEST(test_retired_no_more)
{
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(sfi_hsm_retire(hsm));
    sfi_hsm_free(hsm);
    edit("DELETE FROM record WHERE sequence = 3;"
         "UPDATE vault SET sequence = 2, log_head ="
         " (SELECT hash FROM record WHERE sequence = 2)");
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                    SFI_ERR_HSM, where,
                    ALTERED "its counter does not match its MAC");
    sfi_hsm_free(hsm);
}
END_TEST

static const struct {
    const char *sql;
    const char *message;
} record_edits[] = {
    {"UPDATE record SET license = zeroblob(136) WHERE sequence = 1",
     DAMAGED "record 1 does not match its hash"},
    {"UPDATE record SET kind = 3 WHERE sequence = 1",
     DAMAGED "record 1 does not match its hash"},
    {"UPDATE record SET session = 9 WHERE sequence = 1",
     DAMAGED "record 1 does not match its hash"},
    {"DELETE FROM record WHERE sequence = 1", DAMAGED "record 1 is missing"},
    {"UPDATE record SET session = 4294967296 WHERE sequence = 1",
     DAMAGED "column session is 4294967296, expected at most 4294967295"},
    {"UPDATE record SET kind = 'x' WHERE sequence = 1",
     DAMAGED "column kind has the wrong type"},
};

/* Also without the PIN. */
START_TEST(test_edited_record)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};
    sfi_hsm *hsm;

    edit(record_edits[_i].sql);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_get_audit_record(hsm, 1, &r), SFI_ERR_HSM, where,
                    record_edits[_i].message);
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 2, &r));
    sfi_hsm_free(hsm);
}
END_TEST

/* A different file under the same name, or an older copy of the same file. */
START_TEST(test_set_back)
{
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(license(hsm, USED, NULL));
    edit("DELETE FROM record WHERE sequence = 3;"
         "UPDATE vault SET remaining = 1, sequence = 2, log_head ="
         " (SELECT hash FROM record WHERE sequence = 2)");
    ck_assert_fails(license(hsm, USED + 1, NULL), SFI_ERR_HSM, where,
                    ALTERED "its counter does not match its MAC");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_other_identity)
{
    sfi_hsm *hsm;

    edit("PRAGMA application_id = 7");
    ck_assert_fails_about(vault_open(path, &hsm), SFI_ERR_HSM, where,
                          "not a vault", "0x00000007");
    edit("PRAGMA application_id = 0x53464956; PRAGMA user_version = 2");
    ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where,
                    "a vault of version 2, expected 1");
    ck_assert_ptr_null(hsm);
}
END_TEST

/* An attacker who can write the file can make all hashes fit, but not make a
 * terminal show control characters. */
static const struct {
    const char *firmware, *product;
} names[] = {
    {"blink\x1b[2J", MAKER_PRODUCT},
    {"blink\nHSM STATE: OPERATIONAL_STATE", MAKER_PRODUCT},
    {"blink\x7f", MAKER_PRODUCT},
    {"bl\xc3\xafnk", MAKER_PRODUCT},
    {"blink", "4500\x1b[2J"},
};

START_TEST(test_unprintable_names)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_login(path);
    char sql[700], firmware[200], product[40], genesis[80];

    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &head));
    sfi_hsm_free(hsm);
    memset(head.firmware_id, 0, sizeof(head.firmware_id));
    memcpy(head.firmware_id, names[_i].firmware, strlen(names[_i].firmware));
    memcpy(head.product_id, names[_i].product, strlen(names[_i].product));
    ck_assert_ok(sfi__chain_genesis(ctx, &head, head.genesis));
    sfi__hex_encode(firmware, (const uint8_t *)head.firmware_id,
                    strlen(head.firmware_id));
    sfi__hex_encode(product, (const uint8_t *)head.product_id, 8);
    sfi__hex_encode(genesis, head.genesis, sizeof(head.genesis));
    (void)snprintf(sql, sizeof(sql),
                   "DELETE FROM record; UPDATE vault SET remaining = 3,"
                   " sequence = 0, firmware_id = CAST(x'%s' AS TEXT),"
                   " product_id = CAST(x'%s' AS TEXT), genesis = x'%s';"
                   " UPDATE vault SET log_head = genesis",
                   firmware, product, genesis);
    edit(sql);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_get_info(hsm, &info), SFI_ERR_HSM, where,
                    DAMAGED "firmware or product id is not printable ASCII");
    sfi_hsm_free(hsm);
}
END_TEST

/* A tool turned the write-ahead log off.  Only commits in that log are synced,
 * so a power cut could give a count back. */
START_TEST(test_other_journal)
{
    sfi_hsm *hsm;
    size_t len;
    char *now;

    edit("PRAGMA journal_mode = DELETE");
    hsm = vault_login(path);
    ck_assert_ok(license(hsm, USED, NULL));
    sfi_hsm_free(hsm);
    now = test_read(path, &len);
    ck_assert_uint_gt(len, WAL_MARK + 2);
    ck_assert_mem_eq(now + WAL_MARK, "\2\2", 2);
    free(now);
}
END_TEST

/* A damaged vault is not blank: it cannot be provisioned again. */
START_TEST(test_not_provisioned_over)
{
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    edit("DROP TABLE vault");
    ck_assert_fails_about(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12,
                                            "fw", 9, maker.perso, NULL),
                          SFI_ERR_HSM_STATE, where, "provisioned", "locked");
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_damage");
    TCase *tc = tcase_create("damage");

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_whole);
    tcase_add_test(tc, test_cut_short);
    tcase_add_loop_test(tc, test_flipped, 0, FLIP_PARTS);
    tcase_add_test(tc, test_garbage);
    tcase_add_test(tc, test_two_names);
    tcase_add_loop_test(tc, test_edited_before_login, 0, (int)ROWS(edits));
    tcase_add_loop_test(tc, test_edited_after_login, 0, (int)ROWS(edits));
    tcase_add_test(tc, test_exchanged_license);
    tcase_add_test(tc, test_retired_no_more);
    tcase_add_loop_test(tc, test_edited_record, 0, (int)ROWS(record_edits));
    tcase_add_test(tc, test_set_back);
    tcase_add_test(tc, test_other_identity);
    tcase_add_loop_test(tc, test_unprintable_names, 0, (int)ROWS(names));
    tcase_add_test(tc, test_other_journal);
    tcase_add_test(tc, test_not_provisioned_over);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
