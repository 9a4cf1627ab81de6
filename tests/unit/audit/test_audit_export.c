/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Export of the audit log of a custom HSM and of a vault. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/version.h>

#include "util/mem.h"
#include "core/err.h"

#include "fixture.h"
#include <disk/audit_kit.h>
#include <bench/maker.h>

static struct story story;
static char dir[256], path[300];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.log", dir);
    story_begin(&story, SFI_HSM_LIVE_ONLY, 5, 1);
    story_add(&story, SFI_AUDIT_COUNTED, 'A', 1);
    story_add(&story, SFI_AUDIT_COUNTED, 'B', 2);
    story_sign(&story);
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

/* ---- a custom HSM ---- */

static sfi_status
own_head(void *user, sfi_audit_head *out)
{
    struct story *s = user;

    *out = s->head;
    return SFI_OK;
}

static sfi_status
own_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    struct story *s = user;

    *out = s->records[sequence - 1];
    if (sequence == s->fail_at) {
        sfi_ctx_report(ctx, SFI_ERR_IO, 0, "the wire broke");
        return SFI_ERR_IO;
    }
    if (sequence == s->lie_at)
        out->device[0] ^= 1;
    return SFI_OK;
}

static sfi_hsm *
own(void)
{
    sfi_hsm_ops ops = {
        .struct_size = sizeof(ops),
        .audit_head = own_head,
        .audit_record = own_record,
    };
    sfi_hsm *hsm;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &ops, &story, &hsm));
    return hsm;
}

START_TEST(test_own)
{
    sfi_hsm *hsm = own();
    sfi_audit_summary sum;

    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.licensed, 2);
    /* the same again is no failure, and no failure changes the file */
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    story_add(&story, SFI_AUDIT_AGAIN, 'A', 3);
    story_sign(&story);
    story.fail_at = 3;
    ck_assert_fails(sfi_hsm_export_audit(hsm, path), SFI_ERR_IO, "",
                    "the wire broke");
    story.fail_at = 0;
    story.lie_at = 1;
    ck_assert_fails_about(sfi_hsm_export_audit(hsm, path), SFI_ERR_HSM, "",
                          "record 1", "hash");
    story.lie_at = 0;
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.records, 2);
    /* a longer log does not replace the shorter one, which --before needs */
    ck_assert_fails_about(sfi_hsm_export_audit(hsm, path), SFI_ERR_ACCESS, path,
                          "refusing to replace an audit log");
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.records, 2);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.records, 3);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_no_log)
{
    sfi_hsm_ops ops = {.struct_size = sizeof(ops)};
    sfi_hsm *hsm;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &ops, NULL, &hsm));
    ck_assert_fails_about(sfi_hsm_export_audit(hsm, path), SFI_ERR_UNSUPPORTED,
                          "", "audit");
    ck_assert_int_ne(access(path, F_OK), 0);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_hsm *hsm = own();

    ck_assert_int_eq(sfi_hsm_export_audit(NULL, path), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_hsm_export_audit(hsm, NULL), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- a vault ---- */

static sfi_hsm *
new_vault(const struct maker *m, const char *name)
{
    sfi_provision_options options = {
        .struct_size = sizeof(options),
        .low_water = 2,
        .audit_key = story.key_secret,
    };
    sfi_hsm *hsm = vault_login(name);

    ck_assert_ok(sfi_hsm_provision(hsm, m->key, m->nonce, SFI_NONCE_LEN,
                                   MAKER_FIRMWARE_ID, 3, m->perso, &options));
    return hsm;
}

/* Counted, again and retired; verified with the owner's key. */
START_TEST(test_vault)
{
    char vault[300], where[320], none[320];
    struct maker m;
    struct chip chip;
    sfi_audit_summary sum;
    sfi_license *lic;
    sfi_hsm *hsm;

    if (!sfi_has_feature("vault"))
        return; /* this build has no vault */
    (void)snprintf(vault, sizeof(vault), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", vault);
    (void)snprintf(none, sizeof(none), "%s/none/log", dir);
    maker_init(&m);
    chip_make(&m, MAKER_PRODUCT, &chip);
    ck_assert_ok(vault_open(vault, &hsm));
    ck_assert_fails_about(sfi_hsm_export_audit(hsm, path), SFI_ERR_HSM_STATE,
                          where, "blank");
    sfi_hsm_free(hsm);
    sfi__clear_error(ctx);
    hsm = new_vault(&m, vault);
    ck_assert_ok(sfi_hsm_generate_license(hsm, chip.cert, &lic));
    sfi_license_free(lic);
    ck_assert_ok(sfi_hsm_generate_live_license(hsm, chip.cert, 7, &lic));
    sfi_license_free(lic);
    sfi_hsm_free(hsm);
    ck_assert_ok(vault_open(vault, &hsm)); /* no PIN is needed */
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.records, 2);
    ck_assert_uint_eq(sum.licensed, 1);
    ck_assert_uint_eq(sum.remaining, 2);
    ck_assert_str_eq(sum.firmware_id, MAKER_FIRMWARE_ID);
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_ok(sfi_hsm_retire(hsm));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.retired, 1);
    ck_assert_fails_about(sfi_hsm_export_audit(hsm, none), SFI_ERR_OS, none,
                          "write", "No such file");
    sfi_hsm_free(hsm);
    chip_free(&chip);
    maker_free(&m);
}
END_TEST

/* ---- without a file ---- */

static struct {
    uint8_t data[16384];
    size_t len, pieces, fail_at;
    sfi_hsm *reenter;
} held;

static sfi_status
hold(void *user, const uint8_t *data, size_t len)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};

    ck_assert_ptr_eq(user, &held);
    ck_assert_uint_le(len, sizeof(held.data) - held.len);
    memcpy(held.data + held.len, data, len);
    held.len += len;
    ck_assert_int_eq(sfi_hsm_get_audit_head(held.reenter, &head),
                     SFI_ERR_STATE);
    if (++held.pieces == held.fail_at) {
        sfi_ctx_report(ctx, SFI_ERR_CANCELLED, 0, "enough");
        return SFI_ERR_CANCELLED;
    }
    return SFI_OK;
}

/* The same bytes as in a file, and they verify. */
START_TEST(test_memory)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    sfi_hsm *hsm = own();
    size_t len;
    char *file;

    memset(&held, 0, sizeof(held));
    held.reenter = hsm;
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    file = test_read(path, &len);
    ck_assert_ok(sfi_hsm_write_audit(hsm, hold, &held));
    ck_assert_uint_eq(held.len, len);
    ck_assert_mem_eq(held.data, file, len);
    free(file);
    ck_assert_ok(sfi_audit_verify_data(ctx, held.data, held.len,
                                       story.key_secret, SFI_AUDIT_KEY_LEN,
                                       held.data, held.len, &sum));
    ck_assert_uint_eq(sum.records, 2);
    held.data[len - 2] ^= 1;
    ck_assert_fails_about(
        sfi_audit_verify_data(ctx, held.data, held.len, story.key_secret,
                              SFI_AUDIT_KEY_LEN, NULL, 0, &sum),
        SFI_ERR_AUTH, "12", "MAC");
    held.fail_at = held.pieces + 1;
    held.len = 0;
    ck_assert_fails(sfi_hsm_write_audit(hsm, hold, &held), SFI_ERR_CANCELLED,
                    "", "enough");
    ck_assert_int_eq(sfi_hsm_write_audit(hsm, NULL, NULL), SFI_ERR_ARGUMENT);
    sfi_hsm_free(hsm);
}
END_TEST

static void
read_all(sfi_audit_reader *r)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    uint64_t n = 0;
    int more = 1;

    ck_assert_ok(sfi_audit_reader_get_head(r, &head));
    ck_assert_uint_eq(head.maximum, 5);
    ck_assert_uint_eq(head.sequence, 0); /* the end was not read */
    while (more != 0) {
        ck_assert_ok(sfi_audit_reader_next(r, &record, &more));
        if (more != 0)
            ck_assert_mem_eq(&record, &story.records[n++], sizeof(record));
    }
    ck_assert_uint_eq(n, 2);
    ck_assert_ok(sfi_audit_reader_next(r, &record, &more));
    ck_assert_int_eq(more, 0);
    ck_assert_ok(sfi_audit_reader_get_head(r, &head));
    ck_assert_uint_eq(head.sequence, 2);
    sfi_audit_reader_free(r);
}

START_TEST(test_reader)
{
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_audit_reader *r;
    sfi_hsm *hsm = own();
    int more;

    memset(&held, 0, sizeof(held));
    held.reenter = hsm;
    ck_assert_ok(sfi_hsm_write_audit(hsm, hold, &held));
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    sfi_hsm_free(hsm);
    ck_assert_ok(sfi_audit_reader_open(ctx, path, &r));
    read_all(r);
    ck_assert_ok(sfi_audit_reader_open_data(ctx, held.data, held.len, &r));
    read_all(r);
    ck_assert_ok(sfi_audit_reader_open_data(ctx, held.data, held.len - 9, &r));
    ck_assert_ok(sfi_audit_reader_next(r, &record, &more));
    ck_assert_ok(sfi_audit_reader_next(r, &record, &more));
    for (int i = 0; i < 2; i++) /* it stays there */
        ck_assert_fails_about(sfi_audit_reader_next(r, &record, &more),
                              SFI_ERR_TRUNCATED, "12", "middle of a line");
    sfi_audit_reader_free(r);
    ck_assert_fails_about(
        sfi_audit_reader_open_data(ctx, (const uint8_t *)"x\n", 2, &r),
        SFI_ERR_FORMAT, "1", "SFI-LOG 1");
    ck_assert_fails_about(sfi_audit_reader_open(ctx, dir, &r), SFI_ERR_OS, dir,
                          "cannot read");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("audit_export");
    TCase *tc = tcase_create("export");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_memory);
    tcase_add_test(tc, test_reader);
    tcase_add_test(tc, test_own);
    tcase_add_test(tc, test_no_log);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_vault);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
