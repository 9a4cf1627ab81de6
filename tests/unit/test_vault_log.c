/* What a vault writes down: who was counted, who got another licence, the end;
 * and what changes nothing in it.
 *   test_vault_log          in SQLite files
 *   test_vault_log memory   in another ledger */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "hsm/chain.h"
#include "license/license.h"

#include "fixture.h"
#include "ledger_memory.h"
#include "maker.h"

#define COUNT 2u
#define CHIPS 3u

static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], path[300], where[320];

static void
setup(void)
{
    fixture_setup();
    maker_init(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    for (size_t i = 0; i < CHIPS; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
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
get_record(sfi_hsm *hsm, uint64_t sequence, sfi_log_record *r)
{
    r->struct_size = sizeof(*r);
    ck_assert_ok(sfi_hsm_get_log_record(hsm, sequence, r));
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
    static const uint32_t kinds[] = {SFI_LOG_COUNTED, SFI_LOG_AGAIN,
                                     SFI_LOG_AGAIN,   SFI_LOG_COUNTED,
                                     SFI_LOG_AGAIN,   SFI_LOG_AGAIN};
    uint8_t given[ROWS(rows)][SFI_LICENSE_LEN];
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    sfi_log_record r;

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
    ck_assert_fails(license(hsm, 2, 7, NULL), SFI_ERR_HSM_COUNTER, where,
                    "no installations left: all 2 were used");
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

/* ---- what the log tells ---- */

START_TEST(test_chain)
{
    static const uint8_t log_key[SFI_LOG_KEY_LEN] = {7, 1};
    sfi_provision_options options = {
        .struct_size = sizeof(options), .low_water = 1, .log_key = log_key};
    sfi_log_head head = {.struct_size = sizeof(head)};
    uint8_t given[SFI_LICENSE_LEN], hash[32], mac[32], previous[32];
    sfi_hsm *hsm = vault_login(path);
    sfi_log_record r = {.struct_size = sizeof(r)};

    ck_assert_fails(sfi_hsm_get_log_head(hsm, &head), SFI_ERR_HSM_STATE, where,
                    "the vault is blank: provision it first");
    ck_assert_fails(sfi_hsm_get_log_record(hsm, 1, &r), SFI_ERR_HSM_STATE,
                    where, "the vault is blank: provision it first");
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    ck_assert_ok(license(hsm, 0, 9, given));
    ck_assert_ok(license(hsm, 0, 0, NULL));
    ck_assert_ok(sfi_hsm_retire(hsm));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm)); /* no PIN is needed */
    ck_assert_ok(sfi_hsm_get_log_head(hsm, &head));
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
    ck_assert_ok(sfi__chain_head_mac(ctx, &head, log_key, mac));
    ck_assert_mem_eq(head.mac, mac, 32);
    memcpy(previous, head.genesis, 32);
    for (uint64_t i = 1; i <= 3; i++) {
        get_record(hsm, i, &r);
        ck_assert_mem_eq(r.previous, previous, 32);
        ck_assert_ok(sfi__chain_record(ctx, &head, &r, log_key, hash, mac));
        ck_assert_mem_eq(r.hash, hash, 32);
        ck_assert_mem_eq(r.mac, mac, 32);
        memcpy(previous, r.hash, 32);
    }
    ck_assert_mem_eq(head.log_head, previous, 32);
    get_record(hsm, 1, &r);
    ck_assert_uint_eq(r.session, 9);
    ck_assert_ok(sfi__sha256(ctx, given, sizeof(given), hash));
    ck_assert_mem_eq(r.license, hash, 32);
    ck_assert_ok(sfi__sha256(ctx, chips[0].public_key, 64, hash));
    ck_assert_mem_eq(r.device, hash, 32);
    ck_assert_fails(sfi_hsm_get_log_record(hsm, 4, &r), SFI_ERR_RANGE, where,
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
    sfi_log_head head = {.struct_size = sizeof(head)};
    sfi_hsm *hsm = vault_login(path);
    char serial[33];

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_str_eq(info.serial, "");
    ck_assert_uint_eq(info.records, 0);
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 3,
                                   maker.perso, &options));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_ok(sfi_hsm_get_log_head(hsm, &head));
    hex_encode(serial, head.serial, sizeof(head.serial));
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
                        "the vault gives live licences only, not a static one");
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
    sfi_log_record r;
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_retire(hsm), SFI_ERR_HSM_STATE, where,
                    "the vault is blank: provision it first");
    sfi_hsm_free(hsm);
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_ok(license(hsm, 0, 0, NULL));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_retire(hsm), SFI_ERR_HSM_PIN, where,
                    "the vault is retired only after a login");
    sfi_hsm_free(hsm);
    hsm = vault_login(path);
    ck_assert_ok(sfi_hsm_retire(hsm));
    for (int day = 0; day < 2; day++) {
        ck_assert_uint_eq(state(hsm), SFI_HSM_RETIRED);
        ck_assert_uint_eq(vault_remaining(hsm), 1);
        for (size_t i = 0; i < CHIPS; i++)
            ck_assert_fails(license(hsm, i, (uint32_t)i, NULL),
                            SFI_ERR_HSM_STATE, where,
                            "the vault is retired: it gives no licence any "
                            "more");
        ck_assert_fails(sfi_hsm_retire(hsm), SFI_ERR_HSM_STATE, where,
                        "the vault is retired already");
        sfi_hsm_free(hsm);
        hsm = vault_login(path);
    }
    get_record(hsm, 2, &r);
    ck_assert_uint_eq(r.kind, SFI_LOG_RETIRED);
    ck_assert_uint_eq(r.remaining, 1);
    ck_assert_uint_eq(r.session, 0);
    for (size_t i = 0; i < 32; i++)
        ck_assert(r.device[i] == 0 && r.license[i] == 0);
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
    ck_assert_fails(sfi_hsm_change_pin(hsm, "wrong", 5, "new-pin", 7),
                    SFI_ERR_HSM_PIN, where, "wrong PIN, 9 tries left");
    ck_assert_ok(
        sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), "new-pin", 7));
    ck_assert_ok(license(hsm, 0, 0, after)); /* logged in now */
    ck_assert_mem_eq(before, after, sizeof(after));
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_fails(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)),
                    SFI_ERR_HSM_PIN, where, "wrong PIN, 9 tries left");
    ck_assert_ok(sfi_hsm_login(hsm, "new-pin", 7));
    ck_assert_ok(license(hsm, 1, 0, NULL));
    sfi_hsm_free(hsm);
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *s = suite_create("vault_log");
    TCase *tc = tcase_create("log");

    if (argc > 1 && strcmp(argv[1], "memory") == 0)
        vault_place = &ledger_memory;

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_sessions);
    tcase_add_test(tc, test_chain);
    tcase_add_test(tc, test_info);
    tcase_add_test(tc, test_live_only);
    tcase_add_test(tc, test_retire);
    tcase_add_test(tc, test_change_pin);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
