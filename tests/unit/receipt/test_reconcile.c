/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/receipt: an order as counted, installed and unproven. */
#include <stdio.h>
#include <string.h>

#include <fixture.h>
#include <sfi/receipt.h>

#include "util/hex.h"
#include "receipt/receipt.h"

#include <disk/audit_kit.h>

#define PRODUCT "45002001"
#define CHIPS 4u /* the last is not in the log */

static uint8_t ca_secret[32];
static struct chip {
    uint8_t secret[32], public_key[64], hash[32], receipt[SFI_RECEIPT_LEN];
} chips[CHIPS];
static struct story story;
static char dir[256], audit[300], file[300];

static void
sign_receipt(struct chip *c, uint32_t installs)
{
    struct receipt_statement s = {.version = 1, .installs = installs};

    memcpy(s.magic, "SFRC", 4);
    memcpy(s.product_id, PRODUCT, 8);
    memcpy(s.device, c->hash, sizeof(s.device));
    sfi__receipt_write(c->receipt, &s);
    ck_assert_int_eq(sfi__ecc_sign(ctx, c->secret, c->receipt,
                                   RECEIPT_STATEMENT_LEN,
                                   c->receipt + RECEIPT_STATEMENT_LEN),
                     SFI_OK);
    ck_assert_int_eq(sfi__cert_issue(ctx, ca_secret, PRODUCT, c->public_key,
                                     c->receipt + RECEIPT_LEN),
                     SFI_OK);
}

static void
setup(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(audit, sizeof(audit), "%s/hsm.audit", dir);
    (void)snprintf(file, sizeof(file), "%s/line.jsonl", dir);
    story_begin(&story, 0, 10, 1);
    ck_assert_int_eq(sfi__ecc_generate(ctx, ca_secret, story.head.ca_public),
                     SFI_OK);
    for (size_t i = 0; i < CHIPS; i++) {
        struct chip *c = &chips[i];

        ck_assert_int_eq(sfi__ecc_generate(ctx, c->secret, c->public_key),
                         SFI_OK);
        ck_assert_int_eq(sfi__sha256(ctx, c->public_key, 64, c->hash), SFI_OK);
        sign_receipt(c, 1);
        if (i < CHIPS - 1)
            memcpy(story_add(&story, SFI_AUDIT_COUNTED, (uint32_t)i, 0)->device,
                   c->hash, 32);
    }
    memcpy(story_add(&story, SFI_AUDIT_AGAIN, 0, 7)->device, chips[0].hash, 32);
    story_sign(&story);
    ck_assert_ok(story_write(&story, audit));
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

static sfi_reconciliation *
begin(void)
{
    const char *const logs[] = {audit};
    sfi_reconciliation *r;

    ck_assert_ok(sfi_reconciliation_new(ctx, logs, 1, story.key_secret,
                                        sizeof(story.key_secret), &r));
    return r;
}

static sfi_status
add(sfi_reconciliation *r, const struct chip *c)
{
    sfi_receipt *receipt;
    sfi_status st;

    ck_assert_ok(sfi_receipt_parse(ctx, c->receipt, SFI_RECEIPT_LEN, &receipt));
    st = sfi_reconciliation_add(r, receipt);
    sfi_receipt_free(receipt);
    return st;
}

static void
assert_sum(sfi_reconciliation *r, const uint64_t want[7])
{
    sfi_reconciliation_sum s = {.struct_size = sizeof(s)};

    ck_assert_ok(sfi_reconciliation_get_sum(r, &s));
    ck_assert_uint_eq(s.counted, want[0]);
    ck_assert_uint_eq(s.installed, want[1]);
    ck_assert_uint_eq(s.unproven, want[2]);
    ck_assert_uint_eq(s.receipts, want[3]);
    ck_assert_uint_eq(s.repeated, want[4]);
    ck_assert_uint_eq(s.foreign, want[5]);
    ck_assert_uint_eq(s.refused, want[6]);
}
#define SUM(r, ...) assert_sum((r), (const uint64_t[7]){__VA_ARGS__})

START_TEST(test_order)
{
    sfi_reconciled_device d = {.struct_size = sizeof(d)};
    sfi_reconciliation *r = begin();
    char id[65];

    SUM(r, 3, 0, 3, 0, 0, 0, 0);
    ck_assert_ok(add(r, &chips[0]));
    ck_assert_ok(add(r, &chips[2]));
    SUM(r, 3, 2, 1, 2, 0, 0, 0);
    sign_receipt(&chips[0], 2); /* installed again */
    ck_assert_ok(add(r, &chips[0]));
    SUM(r, 3, 2, 1, 3, 1, 0, 0);
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert_ok(sfi_reconciliation_get_device(r, i, &d));
        sfi__hex_encode(id, chips[i].hash, 32);
        ck_assert_str_eq(d.device_id, id);
        ck_assert_uint_eq(d.installed, i != 1);
    }
    ck_assert_int_eq(sfi_reconciliation_get_device(r, 3, &d), SFI_ERR_ARGUMENT);
    sfi_reconciliation_free(r);
}
END_TEST

START_TEST(test_refused)
{
    sfi_reconciliation *r = begin();

    ck_assert_fails(add(r, &chips[3]), SFI_ERR_MISMATCH, "",
                    "the receipt is of device ... which the audit log has not "
                    "counted");
    SUM(r, 3, 0, 3, 1, 0, 1, 0);
    chips[0].receipt[20] ^= 1;
    ck_assert_int_eq(add(r, &chips[0]), SFI_ERR_CERTIFICATE);
    chips[0].receipt[20] ^= 1;
    chips[0].receipt[131] ^= 1;
    ck_assert_int_eq(add(r, &chips[0]), SFI_ERR_AUTH);
    chips[0].receipt[131] ^= 1;
    ca_secret[31] ^= 1; /* another CA */
    sign_receipt(&chips[0], 1);
    ck_assert_int_eq(add(r, &chips[0]), SFI_ERR_CERTIFICATE);
    SUM(r, 3, 0, 3, 4, 0, 1, 3);
    sfi_reconciliation_free(r);
}
END_TEST

/* A log that was altered, or another key. */
START_TEST(test_log)
{
    const char *const logs[] = {audit};
    sfi_reconciliation *r;

    story.key_secret[0] ^= 1;
    ck_assert_int_eq(sfi_reconciliation_new(ctx, logs, 1, story.key_secret,
                                            sizeof(story.key_secret), &r),
                     SFI_ERR_AUTH);
    ck_assert_ptr_null(r);
    ck_assert_int_eq(sfi_reconciliation_new(ctx, logs, 0, story.key_secret,
                                            sizeof(story.key_secret), &r),
                     SFI_ERR_RANGE);
}
END_TEST

/* A record of three chips, one of them without a receipt, with a forgery and
 * what a power cut has left. */
START_TEST(test_files)
{
    char hex[2 * SFI_RECEIPT_LEN + 1], bad[2 * SFI_RECEIPT_LEN + 1];
    sfi_reconciliation *r = begin();
    FILE *f = fopen(file, "w");
    char *last = &bad[2 * SFI_RECEIPT_LEN - 1];

    ck_assert_ptr_nonnull(f);
    sfi__hex_encode(hex, chips[0].receipt, SFI_RECEIPT_LEN);
    memcpy(bad, hex, sizeof(bad));
    *last = *last == '0' ? '1' : '0';
    ck_assert_int_gt(fprintf(f,
                             "{\"time\":\"x\",\"receipt\":\"%s\"}\n"
                             "{\"time\":\"x\",\"no_receipt\":\"it has none\"}\n"
                             "{\"time\":\"x\",\"receipt\":\"%s\"}\n"
                             "{\"time\":\"x\",\"receipt\":\"%.100s\"}\n"
                             "{\"time\":\"x\",\"receipt\":\"%.100s",
                             hex, bad, hex, hex),
                     0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ok(sfi_reconciliation_add_file(r, file));
    SUM(r, 3, 1, 2, 3, 0, 0, 2);
    (void)remove(file);
    f = fopen(file, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(chips[1].receipt, 1, SFI_RECEIPT_LEN, f),
                      SFI_RECEIPT_LEN);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ok(sfi_reconciliation_add_file(r, file));
    SUM(r, 3, 2, 1, 4, 0, 0, 2);
    ck_assert_fails_about(sfi_reconciliation_add_file(r, audit), SFI_ERR_FORMAT,
                          audit, "audit log", "receipt", "record");
    sfi_reconciliation_free(r);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("reconcile");
    TCase *tc = tcase_create("reconcile");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_order);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_log);
    tcase_add_test(tc, test_files);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
