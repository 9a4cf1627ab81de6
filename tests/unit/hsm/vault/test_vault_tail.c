/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault with more records than a login verifies: what a login and a licence
 * read of them, and where damage far from the end is found. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "hsm/vault/check.h"

#include <bench/maker.h>
#include <disk/disk.h>
#include <disk/ledger_fill.h>
#include "fixture.h"

#define CHIPS 4u
#define COUNT 3000u
/* Chips 0 and 1 are in records 1 and 2; so many more records follow. */
#define MORE 200u
#define LAST (2u + MORE)
#define MARK (LAST - VAULT_TAIL) /* the login starts here */

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {7, 2};
static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], path[300], where[320];
static uint8_t licenses[2][SFI_LICENSE_LEN];

/* ---- a ledger that counts its reads ---- */

static struct {
    struct ledger_ops ops;
    sfi_status (*find)(struct ledger *l, const struct ledger_key *key,
                       struct ledger_record *out, bool *found);
    size_t finds;
} counter;

static sfi_status
counted_find(struct ledger *l, const struct ledger_key *key,
             struct ledger_record *out, bool *found)
{
    counter.finds++;
    return counter.find(l, key, out, found);
}

static sfi_status
counted_open(sfi_ctx *c, const char *name, struct ledger **out)
{
    sfi_status st = sfi__ledger_sqlite.open(c, name, out);

    if (st == SFI_OK && *out != NULL) {
        counter.ops = *(*out)->ops;
        counter.find = counter.ops.find;
        counter.ops.find = counted_find;
        (*out)->ops = &counter.ops;
    }
    return st;
}

static const struct ledger_place counted_place = {.open = counted_open};

/* ---- vaults ---- */

static sfi_status
license(sfi_hsm *hsm, size_t chip, uint32_t session, uint8_t *data)
{
    sfi_license *lic;
    sfi_status st = session == 0
                        ? sfi_hsm_generate_license(hsm, chips[chip].cert, &lic)
                        : sfi_hsm_generate_live_license(hsm, chips[chip].cert,
                                                        session, &lic);

    if (st != SFI_OK)
        return st;
    chip_opens(&chips[chip], &maker, lic);
    memcpy(data, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return SFI_OK;
}

static void
fill(uint64_t count)
{
    ck_assert_ok(ledger_fill(ctx, &sfi__ledger_sqlite, path, audit_key, count));
}

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
setup(void)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .audit_key = audit_key};
    sfi_hsm *hsm;

    fixture_setup();
    disk_install(DISK_FAST, 0);
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    for (size_t i = 0; i < CHIPS; i++)
        chip_share(&maker, &chips[i]);
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", COUNT,
                                   maker.perso, &options));
    for (size_t i = 0; i < ROWS(licenses); i++)
        ck_assert_ok(license(hsm, i, 0, licenses[i]));
    sfi_hsm_free(hsm);
    fill(MORE);
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

/* ---- how much is read ---- */

/* What a login reads, and a new licence after it, and one after many records
 * of another process. */
static void
measure(uint32_t session, size_t reads[3])
{
    uint8_t given[SFI_LICENSE_LEN];
    sfi_hsm *hsm;

    vault_place = &counted_place;
    ck_assert_ok(vault_open(path, &hsm));
    vault_place = NULL;
    counter.finds = 0;
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    reads[0] = counter.finds;
    ck_assert_ok(license(hsm, 2, session, given));
    reads[1] = counter.finds - reads[0];
    fill(MORE);
    ck_assert_ok(license(hsm, 3, session, given));
    reads[2] = counter.finds - reads[1] - reads[0];
    sfi_hsm_free(hsm);
}

START_TEST(test_reads_stay_the_same)
{
    size_t few[3], many[3], none[3];

    measure(1, none); /* counts the chips */
    measure(2, few);
    fill(2000);
    measure(3, many);
    for (size_t i = 0; i < ROWS(few); i++) {
        ck_assert_uint_gt(few[i], 0);
        ck_assert_uint_eq(few[i], many[i]);
    }
    /* each of the tail by its number, its session and its device */
    ck_assert_uint_lt(many[0], 4 * VAULT_TAIL);
    ck_assert_uint_lt(many[1], VAULT_TAIL / 2);
    ck_assert_uint_lt(many[2], 4 * VAULT_TAIL);
}
END_TEST

START_TEST(test_all_is_well)
{
    uint8_t given[SFI_LICENSE_LEN];
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    for (size_t i = 0; i < ROWS(licenses); i++) {
        ck_assert_ok(license(hsm, i, 0, given));
        ck_assert_mem_eq(given, licenses[i], sizeof(given));
    }
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - LAST);
    ck_assert_ok(license(hsm, 0, 5, given)); /* counted long ago */
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - LAST);
    ck_assert_ok(license(hsm, 2, 0, given));
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - LAST - 1);
    fill(2 * VAULT_TAIL);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_hsm_free(hsm);
}
END_TEST

/* How many records it was told to be; cancels in the middle. */
static struct told {
    unsigned calls;
    uint64_t done, total;
    bool cancels;
} told;

static void
take_progress(void *user, const sfi_progress *p)
{
    ck_assert_ptr_eq(user, &told);
    ck_assert_uint_eq(p->phase, SFI_PHASE_RECORDS);
    if (told.calls++ == 0)
        ck_assert_uint_eq(p->done, 0);
    else
        ck_assert_uint_gt(p->done, told.done);
    told.done = p->done;
    told.total = p->total;
    if (told.cancels && p->done > 0)
        sfi_ctx_cancel(ctx, 1);
}

/* More records than are verified in one transaction. */
START_TEST(test_verify_many)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;

    fill(2500);
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    sfi_ctx_set_progress(ctx, take_progress, &told);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    ck_assert_uint_gt(told.calls, 3);
    ck_assert_uint_eq(told.done, info.records);
    ck_assert_uint_eq(told.total, info.records);
    told = (struct told){.cancels = true};
    ck_assert_fails(sfi_hsm_verify_audit(hsm), SFI_ERR_CANCELLED, where,
                    "cancelled");
    ck_assert_uint_lt(told.done, info.records);
    sfi_ctx_cancel(ctx, 0);
    sfi_ctx_set_progress(ctx, NULL, NULL);
    edit("UPDATE record SET mac = zeroblob(32) WHERE sequence = 1500");
    ck_assert_fails_about(sfi_hsm_verify_audit(hsm), SFI_ERR_HSM, where,
                          "record 1500");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_verify_refused)
{
    char other[320];
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_verify_audit(hsm), SFI_ERR_HSM_PIN, where,
                    "the vault verifies its audit only after a login");
    sfi_hsm_free(hsm);
    (void)snprintf(other, sizeof(other), "%s/blank", dir);
    ck_assert_ok(vault_open(other, &hsm));
    ck_assert_int_eq(sfi_hsm_verify_audit(hsm), SFI_ERR_HSM_STATE);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- damage ---- */

#define ALTERED "the vault was altered: "
#define DAMAGED "the vault is damaged: "

/* In what the login verifies. */
static const struct {
    const char *change; /* of a record */
    uint64_t sequence;
    const char *message;
} late[] = {
    {"UPDATE record SET time = 7", MARK, ALTERED "record %u does not"},
    {"UPDATE record SET mac = zeroblob(32)", MARK, ALTERED "record %u does"},
    {"DELETE FROM record", MARK, DAMAGED "record %u is missing"},
    {"UPDATE record SET time = 7", MARK + 1, ALTERED "record %u does not"},
    {"DELETE FROM record", MARK + 1, DAMAGED "record %u is missing"},
    {"UPDATE record SET remaining = 9", LAST - 1, ALTERED "record %u does"},
    {"DELETE FROM record", LAST, DAMAGED "record %u is missing"},
};

START_TEST(test_damaged_late)
{
    char sql[120], message[80];
    sfi_hsm *hsm;

    (void)snprintf(sql, sizeof(sql), "%s WHERE sequence = %u", late[_i].change,
                   (unsigned)late[_i].sequence);
    (void)snprintf(message, sizeof(message), late[_i].message,
                   (unsigned)late[_i].sequence);
    edit(sql);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails_about(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                          SFI_ERR_HSM, where, message);
    sfi_hsm_free(hsm);
}
END_TEST

/* Record 1, which a login leaves alone: the chip that it is about gets nothing
 * from it, the others are served, and an export is refused. */
static const struct {
    const char *sql;
    const char *license; /* of chip 0 */
    const char *record;
} early[] = {
    {"UPDATE record SET license = zeroblob(136) WHERE sequence = 1",
     ALTERED "record 1 does not match its MAC",
     DAMAGED "record 1 does not match its hash"},
    {"UPDATE record SET mac = zeroblob(32) WHERE sequence = 1",
     ALTERED "record 1 does not match its MAC",
     ALTERED "record 1 does not match its MAC"},
    {"UPDATE record SET time = time + 1 WHERE sequence = 1",
     ALTERED "record 1 does not match its MAC",
     DAMAGED "record 1 does not match its hash"},
    /* the licence of chip 1 under the name of chip 0 */
    {"UPDATE record SET device = zeroblob(32) WHERE sequence = 2;"
     "UPDATE record SET license = (SELECT license FROM record"
     " WHERE sequence = 2) WHERE sequence = 1",
     ALTERED "record 1 does not match its MAC",
     DAMAGED "record 1 does not match its hash"},
};

START_TEST(test_altered_early)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};
    uint8_t given[SFI_LICENSE_LEN];
    char to[320];
    sfi_hsm *hsm;

    edit(early[_i].sql);
    (void)snprintf(to, sizeof(to), "%s/log", dir);
    hsm = vault_login(path);
    ck_assert_fails(license(hsm, 0, 0, given), SFI_ERR_HSM, where,
                    early[_i].license);
    ck_assert_fails(license(hsm, 0, 9, given), SFI_ERR_HSM, where,
                    early[_i].license);
    ck_assert_fails(sfi_hsm_get_audit_record(hsm, 1, &r), SFI_ERR_HSM, where,
                    early[_i].record);
    ck_assert_fails(sfi_hsm_export_audit(hsm, to), SFI_ERR_HSM, where,
                    early[_i].record);
    ck_assert_fails(sfi_hsm_verify_audit(hsm), SFI_ERR_HSM, where,
                    early[_i].license);
    ck_assert_ok(license(hsm, 2, 0, given));
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - LAST - 1);
    sfi_hsm_free(hsm);
}
END_TEST

/* A deleted record makes the vault count its device again: never one less. */
START_TEST(test_deleted_early)
{
    uint8_t given[SFI_LICENSE_LEN];
    char to[320];
    sfi_hsm *hsm;

    edit("DELETE FROM record WHERE sequence = 1");
    (void)snprintf(to, sizeof(to), "%s/log", dir);
    hsm = vault_login(path);
    ck_assert_ok(license(hsm, 0, 0, given));
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - LAST - 1);
    ck_assert_fails(sfi_hsm_export_audit(hsm, to), SFI_ERR_HSM, where,
                    DAMAGED "record 1 is missing");
    ck_assert_fails(sfi_hsm_verify_audit(hsm), SFI_ERR_HSM, where,
                    DAMAGED "record 1 is missing");
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- records of another copy ---- */

/* Change the vault with a second file, `old`, beside it. */
static void
edit_beside(const char *sql)
{
    char text[1024];

    (void)snprintf(text, sizeof(text), "ATTACH '%s/old' AS old; %s", dir, sql);
    edit(text);
}

static void
keep_copy(void)
{
    edit_beside("CREATE TABLE old.head AS SELECT * FROM vault");
}

/* Back to the kept head, with everything that others knew afterwards. */
static void
set_back(void)
{
    edit_beside("CREATE TABLE old.gone AS SELECT * FROM record WHERE sequence >"
                " (SELECT sequence FROM old.head);"
                "DELETE FROM record WHERE sequence >"
                " (SELECT sequence FROM old.head);"
                "UPDATE vault SET (remaining, sequence, log_head, mac) ="
                " (SELECT remaining, sequence, log_head, mac FROM old.head)");
}

/* The file goes another way after the login, further than a login verifies. */
START_TEST(test_other_way)
{
    uint8_t given[SFI_LICENSE_LEN];
    sfi_hsm *hsm = vault_login(path);

    keep_copy();
    ck_assert_ok(license(hsm, 2, 0, given));
    set_back();
    fill(MORE);
    ck_assert_fails(license(hsm, 3, 0, given), SFI_ERR_HSM, where,
                    ALTERED "record 204 does not follow record 203");
    sfi_hsm_free(hsm);
}
END_TEST

/* An authentic record of another copy, planted behind the end. */
START_TEST(test_planted)
{
    uint8_t given[SFI_LICENSE_LEN];
    sfi_hsm *hsm = vault_login(path);

    keep_copy();
    ck_assert_ok(license(hsm, 2, 0, given));
    ck_assert_ok(license(hsm, 3, 0, given));
    sfi_hsm_free(hsm);
    set_back();
    edit_beside("INSERT INTO record SELECT * FROM old.gone"
                " WHERE sequence = 204");
    hsm = vault_login(path);
    ck_assert_fails(license(hsm, 3, 0, given), SFI_ERR_HSM, where,
                    ALTERED "found record 204, expected 202 to be the last");
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_tail");
    TCase *tc = tcase_create("tail");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_reads_stay_the_same);
    tcase_add_test(tc, test_all_is_well);
    tcase_add_test(tc, test_verify_many);
    tcase_add_test(tc, test_verify_refused);
    tcase_add_loop_test(tc, test_damaged_late, 0, (int)ROWS(late));
    tcase_add_loop_test(tc, test_altered_early, 0, (int)ROWS(early));
    tcase_add_test(tc, test_deleted_early);
    tcase_add_test(tc, test_other_way);
    tcase_add_test(tc, test_planted);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
