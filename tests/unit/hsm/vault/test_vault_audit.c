/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The audit of a vault: devices that are counted, further licences, retiring,
 * and calls that add no record.
 *   test_vault_audit           in SQLite files
 *   test_vault_audit memory    in the ledger in memory
 *   test_vault_audit postgres  in PostgreSQL */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "audit/chain.h"
#include "hsm/vault/seal.h"
#include "license/license.h"

#include "fixture.h"
#include <disk/ledger_memory.h>
#include <bench/maker.h>

#define COUNT 2u
#define CHIPS 3u

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {7, 1};
static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], path[300], where[320];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    vault_path(path, sizeof(path), dir, "line");
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    for (size_t i = 0; i < CHIPS; i++)
        chip_share(&maker, &chips[i]);
}

static void
teardown(void)
{
    test_rmdir(dir);
    ledger_memory_clear();
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

/* A licence for a session, or a static one; `data` may be NULL. */
static sfi_status
license(sfi_hsm *hsm, size_t chip, uint32_t session, uint8_t *data)
{
    sfi_license *lic;
    sfi_status st = session == 0
                        ? sfi_hsm_generate_license(hsm, chips[chip].cert, &lic)
                        : sfi_hsm_generate_live_license(hsm, chips[chip].cert,
                                                        session, &lic);

    ck_assert_int_eq(lic != NULL, st == SFI_OK);
    if (st != SFI_OK)
        return st;
    chip_opens(&chips[chip], &maker, lic);
    ck_assert_uint_eq(sfi_license_session(lic), session);
    if (data != NULL)
        memcpy(data, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return SFI_OK;
}

static uint32_t
state(sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    return info.state;
}

static void
get_record(sfi_hsm *hsm, uint64_t sequence, sfi_audit_record *r)
{
    r->struct_size = sizeof(*r);
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, sequence, r));
    ck_assert_uint_eq(r->sequence, sequence);
}

/* ---- kinds ---- */

/* One device, many sessions: counted once, and each session has its licence
 * and its record, whatever the order. */
START_TEST(test_sessions)
{
    static const struct {
        size_t chip;
        uint32_t session;
        uint64_t records, remaining; /* afterwards */
    } rows[] = {
        {0, 5, 1, 1}, {0, 6, 2, 1}, {0, 5, 2, 1}, {0, 0, 3, 1},
        {0, 0, 3, 1}, {1, 0, 4, 0}, {1, 5, 5, 0}, {0, 0xffffffff, 6, 0},
        {0, 6, 6, 0}, {1, 5, 6, 0},
    };
    static const uint32_t kinds[] = {SFI_AUDIT_COUNTED, SFI_AUDIT_AGAIN,
                                     SFI_AUDIT_AGAIN,   SFI_AUDIT_COUNTED,
                                     SFI_AUDIT_AGAIN,   SFI_AUDIT_AGAIN};
    uint8_t given[ROWS(rows)][SFI_LICENSE_LEN];
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_audit_record r;

    for (size_t i = 0; i < ROWS(rows); i++) {
        ck_assert_ok(license(hsm, rows[i].chip, rows[i].session, given[i]));
        ck_assert_ok(sfi_hsm_get_info(hsm, &info));
        ck_assert_uint_eq(info.records, rows[i].records);
        ck_assert_uint_eq(info.remaining, rows[i].remaining);
        for (size_t k = 0; k < i; k++)
            ck_assert_int_eq(sfi__equal(given[k], given[i], SFI_LICENSE_LEN),
                             rows[k].chip == rows[i].chip &&
                                 rows[k].session == rows[i].session);
    }
    ck_assert_fails_about(license(hsm, 2, 7, NULL), SFI_ERR_HSM_COUNTER, where,
                          "installations", "all 2");
    sfi_hsm_free(hsm);
    hsm = vault_login(path); /* the audit agrees */
    ck_assert_uint_eq(state(hsm), SFI_HSM_EXHAUSTED);
    for (size_t i = 0; i < ROWS(kinds); i++) {
        get_record(hsm, i + 1, &r);
        ck_assert_uint_eq(r.kind, kinds[i]);
        ck_assert_uint_eq(r.remaining, i < 3 ? 1 : 0);
    }
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- what the audit states ---- */

START_TEST(test_chain)
{
    sfi_provision_options options = {
        .struct_size = sizeof(options), .low_water = 1, .audit_key = audit_key};
    sfi_audit_head head = {.struct_size = sizeof(head)};
    uint8_t given[SFI_LICENSE_LEN], hash[32], mac[32], previous[32];
    sfi_hsm *hsm = vault_login(path);
    sfi_audit_record r = {.struct_size = sizeof(r)};

    ck_assert_fails_about(sfi_hsm_get_audit_head(hsm, &head), SFI_ERR_HSM_STATE,
                          where, "blank");
    ck_assert_fails_about(sfi_hsm_get_audit_record(hsm, 1, &r),
                          SFI_ERR_HSM_STATE, where, "blank");
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    ck_assert_ok(license(hsm, 0, 9, given));
    ck_assert_ok(license(hsm, 0, 0, NULL));
    ck_assert_ok(sfi_hsm_retire(hsm));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm)); /* no PIN is needed */
    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &head));
    ck_assert_uint_eq(head.struct_size, sizeof(head));
    ck_assert_uint_eq(head.flags, 0);
    ck_assert_uint_eq(head.maximum, 3);
    ck_assert_uint_eq(head.low_water, 1);
    ck_assert_uint_eq(head.remaining, 2);
    ck_assert_uint_eq(head.sequence, 3);
    ck_assert_str_eq(head.firmware_id, "fw");
    ck_assert_str_eq(head.product_id, MAKER_PRODUCT);
    ck_assert_mem_eq(head.ca_public, maker.ca_public, 64);
    ck_assert_ok(sfi__chain_genesis(ctx, &head, hash));
    ck_assert_mem_eq(head.genesis, hash, 32);
    ck_assert_ok(sfi__chain_head_mac(ctx, &head, audit_key, mac));
    ck_assert_mem_eq(head.mac, mac, 32);
    memcpy(previous, head.genesis, 32);
    for (uint64_t i = 1; i <= 3; i++) {
        get_record(hsm, i, &r);
        ck_assert_mem_eq(r.previous, previous, 32);
        ck_assert_ok(sfi__chain_record(ctx, &head, &r, audit_key, hash, mac));
        ck_assert_mem_eq(r.hash, hash, 32);
        ck_assert_mem_eq(r.mac, mac, 32);
        memcpy(previous, r.hash, 32);
    }
    ck_assert_mem_eq(head.audit_head, previous, 32);
    get_record(hsm, 1, &r);
    ck_assert_uint_eq(r.session, 9);
    ck_assert_ok(sfi__sha256(ctx, given, sizeof(given), hash));
    ck_assert_mem_eq(r.license, hash, 32);
    ck_assert_ok(sfi__sha256(ctx, chips[0].public_key, 64, hash));
    ck_assert_mem_eq(r.device, hash, 32);
    ck_assert_fails(sfi_hsm_get_audit_record(hsm, 4, &r), SFI_ERR_RANGE, where,
                    "there is no record 4, the last is 3");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_info)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .flags = SFI_HSM_LIVE_ONLY,
                                     .low_water = 2};
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_hsm *hsm = vault_login(path);
    char serial[33];

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_str_eq(info.serial, "");
    ck_assert_uint_eq(info.records, 0);
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &head));
    sfi__hex_encode(serial, head.serial, sizeof(head.serial));
    ck_assert_str_eq(info.serial, serial);
    ck_assert_str_ne(info.serial, "00000000000000000000000000000000");
    ck_assert_uint_eq(info.flags, SFI_HSM_LIVE_ONLY);
    ck_assert_uint_eq(info.low_water, 2);
    ck_assert_uint_eq(info.records, 0);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- live only ---- */

START_TEST(test_live_only)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .flags = SFI_HSM_LIVE_ONLY};
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    for (int day = 0; day < 2; day++) {
        ck_assert_fails(license(hsm, 0, 0, NULL), SFI_ERR_HSM_STATE, where,
                        "the vault issues live licences only");
        ck_assert_ok(license(hsm, 0, 5, NULL));
        ck_assert_uint_eq(vault_remaining(hsm), 2);
        sfi_hsm_free(hsm);
        hsm = vault_login(path);
    }
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- retired ---- */

START_TEST(test_retire)
{
    sfi_audit_record r;
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails_about(sfi_hsm_retire(hsm), SFI_ERR_HSM_STATE, where,
                          "blank");
    sfi_hsm_free(hsm);
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_ok(license(hsm, 0, 0, NULL));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_retire(hsm), SFI_ERR_HSM_PIN, where,
                    "the vault can be retired only after a login");
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_retire(hsm));
    for (int day = 0; day < 2; day++) {
        ck_assert_uint_eq(state(hsm), SFI_HSM_RETIRED);
        ck_assert_uint_eq(vault_remaining(hsm), 1);
        for (size_t i = 0; i < CHIPS; i++)
            ck_assert_fails(license(hsm, i, (uint32_t)i, NULL),
                            SFI_ERR_HSM_STATE, where,
                            "the vault is retired and issues no licences");
        ck_assert_fails(sfi_hsm_retire(hsm), SFI_ERR_HSM_STATE, where,
                        "the vault is already retired");
        sfi_hsm_free(hsm);
        hsm = vault_login(path);
    }
    get_record(hsm, 2, &r);
    ck_assert_uint_eq(r.kind, SFI_AUDIT_RETIRED);
    ck_assert_uint_eq(r.remaining, 1);
    ck_assert_uint_eq(r.session, 0);
    for (size_t i = 0; i < 32; i++)
        ck_assert(r.device[i] == 0 && r.license[i] == 0);
    sfi_hsm_free(hsm);
}
END_TEST

/* Which state is reported when several apply. */
START_TEST(test_states)
{
    sfi_hsm *hsm = vault_new(&maker, path, 1);
    sfi_hsm *other = vault_login(path);

    ck_assert_uint_eq(state(hsm), SFI_HSM_OPERATIONAL);
    ck_assert_ok(license(hsm, 0, 0, NULL));
    ck_assert_uint_eq(state(hsm), SFI_HSM_EXHAUSTED);
    ck_assert_ok(sfi_hsm_retire(other));
    ck_assert_uint_eq(state(hsm), SFI_HSM_RETIRED);
    /* also for a handle that was logged in before */
    ck_assert_fails_about(license(hsm, 0, 0, NULL), SFI_ERR_HSM_STATE, where,
                          "retired");
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(sfi_hsm_login(other, "wrong", 5), SFI_ERR_HSM_PIN);
    ck_assert_uint_eq(state(hsm), SFI_HSM_BLOCKED);
    sfi_hsm_free(other);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- few are left ---- */

static char warnings[256];

static void
hear(void *user, int level, const char *line)
{
    size_t len = strlen(warnings);

    (void)user;
    ck_assert_int_eq(level, SFI_LOG_WARNING);
    (void)snprintf(warnings + len, sizeof(warnings) - len, "%s;", line);
}

/* Warned when a device was counted, and only then. */
START_TEST(test_low_water)
{
    static const struct {
        size_t chip;
        uint32_t session;
        const char *said;
    } rows[] = {
        {0, 0, ""}, {0, 0, ""}, {1, 3, "1 of 3 installations left;"},
        {1, 3, ""}, {1, 4, ""}, {2, 0, "0 of 3 installations left;"},
        {2, 1, ""},
    };
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .low_water = 1};
    sfi_hsm *hsm = vault_login(path);

    ctx->log = hear;
    ctx->log_level = SFI_LOG_WARNING;
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    for (size_t i = 0; i < ROWS(rows); i++) {
        warnings[0] = '\0';
        ck_assert_ok(license(hsm, rows[i].chip, rows[i].session, NULL));
        ck_assert_str_eq(warnings, rows[i].said);
    }
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- another PIN ---- */

START_TEST(test_change_pin)
{
    uint8_t before[SFI_LICENSE_LEN], after[SFI_LICENSE_LEN];
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    ck_assert_ok(license(hsm, 0, 0, before));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm)); /* no login before */
    ck_assert_fails_about(sfi_hsm_change_pin(hsm, "wrong", 5, "new-pin", 7),
                          SFI_ERR_HSM_PIN, where, "PIN", "9 tries");
    ck_assert_ok(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "new-pin", 7));
    ck_assert_ok(license(hsm, 0, 0, after)); /* logged in now */
    ck_assert_mem_eq(before, after, sizeof(after));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails_about(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                          SFI_ERR_HSM_PIN, where, "PIN", "9 tries");
    ck_assert_ok(sfi_hsm_login(hsm, "new-pin", 7));
    ck_assert_ok(license(hsm, 1, 0, NULL));
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_change_pin_lengths)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    char pin[65];
    sfi_hsm *hsm;

    sfi__fill(pin, 'p', sizeof(pin));
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails_about(sfi_hsm_change_pin(hsm, pin, 4, pin, 4),
                          SFI_ERR_HSM_STATE, where, "blank");
    sfi_hsm_free(hsm);
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_fails_about(sfi_hsm_change_pin(hsm, pin, 3, pin, 4),
                          SFI_ERR_HSM_PIN, where, "PIN", "3 bytes", "4 to 64");
    ck_assert_fails(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), pin, 65),
        SFI_ERR_HSM_PIN, where, "a new PIN of 65 bytes, expected 4 to 64");
    ck_assert_fails_about(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), pin, 3),
        SFI_ERR_HSM_PIN, where, "new PIN", "3 bytes", "4 to 64");
    ck_assert_ok(sfi_hsm_get_info(hsm, &info)); /* cost no try */
    ck_assert_uint_eq(info.pin_tries_left, 10);
    ck_assert_ok(license(hsm, 0, 0, NULL)); /* and not the login */
    ck_assert_ok(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), pin, 64));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_login(hsm, pin, 64));
    sfi_hsm_free(hsm);
}
END_TEST

/* A guess costs a try here too. */
START_TEST(test_change_pin_until_blocked)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_hsm *other = vault_login(path);

    ck_assert_int_eq(sfi_hsm_change_pin(hsm, "wrong", 5, "1234", 4),
                     SFI_ERR_HSM_PIN);
    ck_assert_fails_about(license(hsm, 0, 0, NULL), SFI_ERR_HSM_PIN, where,
                          "login");
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(sfi_hsm_change_pin(hsm, "wrong", 5, "1234", 4),
                         SFI_ERR_HSM_PIN);
    ck_assert_fails_about(sfi_hsm_change_pin(hsm, "wrong", 5, "1234", 4),
                          SFI_ERR_HSM_PIN, where, "PIN", "0 tries", "blocked");
    ck_assert_fails_about(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "1234", 4),
        SFI_ERR_HSM_STATE, where, "blocked");
    ck_assert_ok(license(other, 0, 0, NULL)); /* a login lasts */
    sfi_hsm_free(other);
    sfi_hsm_free(hsm);
}
END_TEST

/* A logged-in handle stays logged in, and the tries are restored. */
START_TEST(test_change_pin_of_others)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_hsm *other = vault_login(path);

    ck_assert_int_eq(sfi_hsm_login(hsm, "wrong", 5), SFI_ERR_HSM_PIN);
    for (int i = 0; i < 3; i++) {
        ck_assert_ok(
            sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "1234", 4));
        ck_assert_ok(license(other, 0, (uint32_t)i, NULL));
        ck_assert_ok(
            sfi_hsm_change_pin(hsm, "1234", 4, MAKER_PIN, strlen(MAKER_PIN)));
        ck_assert_ok(license(hsm, 1, (uint32_t)i, NULL));
    }
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.pin_tries_left, 10);
    sfi_hsm_free(other);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- another process, at the worst moment ---- */

/* A ledger whose n-th write transaction begins just after another process has
 * changed the PIN to OTHER_PIN. */
#define OTHER_PIN "other-pin"

static struct {
    struct ledger_ops ops;
    sfi_status (*begin)(struct ledger *l, enum ledger_use use);
    const struct ledger_place *real; /* as vault_place */
    int countdown;
} meddler;

static sfi_status
meddle_begin(struct ledger *l, enum ledger_use use)
{
    if (use == LEDGER_WRITE && meddler.countdown > 0 &&
        --meddler.countdown == 0) {
        const struct ledger_place *place = vault_place;
        sfi_hsm *other;

        vault_place = meddler.real;
        ck_assert_ok(vault_open(path, &other));
        vault_place = place;
        ck_assert_ok(sfi_hsm_change_pin(other, MAKER_PIN, strlen(MAKER_PIN),
                                        OTHER_PIN, strlen(OTHER_PIN)));
        sfi_hsm_free(other);
    }
    return meddler.begin(l, use);
}

static sfi_status
meddle_open(sfi_ctx *c, const char *name, struct ledger **out)
{
    const struct ledger_place *place =
        meddler.real != NULL ? meddler.real : sfi__ledger_place(name);
    sfi_status st = place->open(c, name, out);

    if (st == SFI_OK && *out != NULL) {
        meddler.ops = *(*out)->ops;
        meddler.begin = meddler.ops.begin;
        meddler.ops.begin = meddle_begin;
        (*out)->ops = &meddler.ops;
    }
    return st;
}

/* Opens the vault with such a ledger. */
static sfi_hsm *
open_meddled(int countdown)
{
    static const struct ledger_place place = {.open = meddle_open};
    sfi_hsm *hsm;

    meddler.real = vault_place;
    meddler.countdown = countdown;
    vault_place = &place;
    ck_assert_ok(vault_open(path, &hsm));
    vault_place = meddler.real;
    return hsm;
}

/* Changed between the look at the vault and the try: the PIN is checked against
 * the vault as it is when the try is spent. */
START_TEST(test_changed_before_the_try)
{
    static const struct {
        const char *pin;
        sfi_status status;
    } rows[] = {{MAKER_PIN, SFI_ERR_HSM_PIN}, {OTHER_PIN, SFI_OK}};
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    sfi_hsm_free(hsm);
    hsm = open_meddled(1);
    ck_assert_int_eq(sfi_hsm_login(hsm, rows[_i].pin, strlen(rows[_i].pin)),
                     rows[_i].status);
    ck_assert_int_eq(meddler.countdown, 0);
    sfi_hsm_free(hsm);
}
END_TEST

/* Changed between the try and the exchange: the other process's change is not
 * undone. */
START_TEST(test_changed_before_the_exchange)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    sfi_hsm_free(hsm);
    hsm = open_meddled(3); /* the try, the tries given back, the exchange */
    ck_assert_fails(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "mine", 4),
        SFI_ERR_HSM_PIN, where,
        "another process changed the PIN meanwhile: log in again");
    ck_assert_int_eq(meddler.countdown, 0);
    ck_assert_int_eq(sfi_hsm_login(hsm, "mine", 4), SFI_ERR_HSM_PIN);
    ck_assert_ok(sfi_hsm_login(hsm, OTHER_PIN, strlen(OTHER_PIN)));
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- memory ---- */

/* The n-th allocation fails, for each n: a clean error, and the PIN is the old
 * or the new one. */
START_TEST(test_no_memory)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_status st = SFI_ERR_NOMEM;
    size_t n = 0;

    sfi_hsm_free(hsm);
    while (st == SFI_ERR_NOMEM) {
        memory.fail_at = ++n;
        st = vault_open(path, &hsm);
        if (st == SFI_OK)
            st = sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "1234",
                                    4);
        if (st == SFI_OK)
            st = license(hsm, 0, 7, NULL);
        if (st == SFI_OK)
            st = sfi_hsm_retire(hsm);
        ck_assert(st == SFI_OK || st == SFI_ERR_NOMEM);
        memory.fail_at = 0;
        sfi_hsm_free(hsm);
        if (st == SFI_OK)
            break;
        ck_assert_ok(vault_open(path, &hsm)); /* back to the old PIN */
        if (sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)) != SFI_OK)
            ck_assert_ok(sfi_hsm_change_pin(hsm, "1234", 4, MAKER_PIN,
                                            strlen(MAKER_PIN)));
        sfi_hsm_free(hsm);
    }
    ck_assert_uint_gt(n, 3);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_uint_eq(state(hsm), SFI_HSM_RETIRED);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- forged audits, which need the audit key ---- */

/* Append a record whose hashes and MACs are all right. */
static void
forge(sfi_audit_record record)
{
    const struct ledger_place *place =
        vault_place != NULL ? vault_place : sfi__ledger_place(path);
    struct ledger_record r = {.audit = record};
    struct ledger_head h;
    struct ledger *l;

    ck_assert_ok(place->open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_WRITE));
    ck_assert_ok(l->ops->read_head(l, &h));
    r.audit.sequence = ++h.audit.sequence;
    h.audit.remaining = r.audit.remaining;
    if (sfi__chain_has_license(r.audit.kind))
        ck_assert_ok(
            sfi__sha256(ctx, r.license, sizeof(r.license), r.audit.license));
    memcpy(r.audit.previous, h.audit.audit_head, 32);
    ck_assert_ok(sfi__chain_record(ctx, &h.audit, &r.audit, audit_key,
                                   r.audit.hash, r.audit.mac));
    memcpy(h.audit.audit_head, r.audit.hash, 32);
    ck_assert_ok(sfi__chain_head_mac(ctx, &h.audit, audit_key, h.audit.mac));
    ck_assert_ok(l->ops->append(l, &r));
    ck_assert_ok(l->ops->write_head(l, LEDGER_COUNTS, &h));
    ck_assert_ok(l->ops->end(l, true));
    l->ops->close(l);
}

/* After one that counted device 1, two left. */
static const struct {
    sfi_audit_record add[2];
    const char *message; /* message of the login; NULL: it succeeds */
} forgeries[] = {
    {{{.kind = SFI_AUDIT_COUNTED, .device = {2}, .remaining = 1}}, NULL},
    {{{.kind = SFI_AUDIT_AGAIN, .device = {1}, .session = 5, .remaining = 2}},
     NULL},
    {{{.kind = SFI_AUDIT_RETIRED, .remaining = 2}}, NULL},
    {{{.kind = SFI_AUDIT_COUNTED, .device = {2}, .remaining = 2}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_COUNTED, .device = {2}, .remaining = 3}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_AGAIN, .device = {1}, .session = 5, .remaining = 1}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_AGAIN, .device = {2}, .session = 5, .remaining = 2}},
     "the vault is damaged: its index does not lead to record 2"},
    {{{.kind = SFI_AUDIT_AGAIN, .device = {2}, .session = 5, .remaining = 2},
      {.kind = SFI_AUDIT_COUNTED, .device = {2}, .remaining = 1}},
     "the vault is damaged: its index does not lead to record 2"},
    {{{.kind = 7, .device = {1}, .session = 5, .remaining = 2}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_LEASE, .device = {1}, .session = 5, .remaining = 2}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_RETURN, .device = {3}, .remaining = 2}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_RESTORED, .session = 1, .remaining = 3}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_RETIRED, .remaining = 2},
      {.kind = SFI_AUDIT_COUNTED, .device = {2}, .remaining = 1}},
     "the vault was altered: record 2 does not follow record 1"},
    {{{.kind = SFI_AUDIT_RETIRED, .remaining = 1}},
     "the vault was altered: record 2 does not follow record 1"},
};

START_TEST(test_forged)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .audit_key = audit_key};
    const sfi_audit_record *add = forgeries[_i].add;
    sfi_hsm *hsm = vault_login(path);
    sfi_status st;

    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    sfi_hsm_free(hsm);
    forge((sfi_audit_record){
        .kind = SFI_AUDIT_COUNTED, .device = {1}, .remaining = 2});
    for (size_t i = 0; i < 2 && add[i].kind != 0; i++)
        forge(add[i]);
    ck_assert_ok(vault_open(path, &hsm));
    st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    if (forgeries[_i].message != NULL)
        ck_assert_fails(st, SFI_ERR_HSM, where, forgeries[_i].message);
    else
        ck_assert_ok(st);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- seals of another kind ---- */

static const struct {
    uint32_t seal, log2_n, r;
    const char *message;
} seals[] = {
    {3, 1, 8, "the vault has a seal of type 3, expected 1 or 2"},
    {1, 0, 8,
     "the vault is damaged: invalid cost of a PIN guess: log2_n 0, r 8, p 1"},
    {1, 19, 8,
     "the vault is damaged: invalid cost of a PIN guess: log2_n 19, r 8, p 1"},
    {1, 1, 9,
     "the vault is damaged: invalid cost of a PIN guess: log2_n 1, r 9, p 1"},
};

START_TEST(test_other_seal)
{
    const struct ledger_place *place =
        vault_place != NULL ? vault_place : sfi__ledger_place(path);
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, 3);
    struct ledger_head h;
    struct ledger *l;

    ck_assert_ok(place->open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_WRITE));
    ck_assert_ok(l->ops->read_head(l, &h));
    h.seal = seals[_i].seal;
    h.cost.log2_n = seals[_i].log2_n;
    h.cost.r = seals[_i].r;
    ck_assert_ok(sfi__vault_sealed_check(ctx, &h, h.sealed_check));
    ck_assert_ok(l->ops->write_head(l, LEDGER_SEAL, &h));
    ck_assert_ok(l->ops->end(l, true));
    l->ops->close(l);
    ck_assert_fails(sfi_hsm_get_info(hsm, &info), SFI_ERR_HSM, where,
                    seals[_i].message);
    ck_assert_fails(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                    SFI_ERR_HSM, where, seals[_i].message);
    sfi_hsm_free(hsm);
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *s = suite_create("vault_audit");
    TCase *tc = tcase_create("audit");

    (void)vault_choose(argc, argv);
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_sessions);
    tcase_add_test(tc, test_chain);
    tcase_add_test(tc, test_info);
    tcase_add_test(tc, test_live_only);
    tcase_add_test(tc, test_retire);
    tcase_add_test(tc, test_states);
    tcase_add_test(tc, test_low_water);
    tcase_add_test(tc, test_change_pin);
    tcase_add_test(tc, test_change_pin_lengths);
    tcase_add_test(tc, test_change_pin_until_blocked);
    tcase_add_test(tc, test_change_pin_of_others);
    tcase_add_loop_test(tc, test_changed_before_the_try, 0, 2);
    tcase_add_test(tc, test_changed_before_the_exchange);
    tcase_add_test(tc, test_no_memory);
    tcase_add_loop_test(tc, test_forged, 0, (int)ROWS(forgeries));
    tcase_add_loop_test(tc, test_other_seal, 0, (int)ROWS(seals));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
