/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that an older libsfi provisioned and used: its state, its licences,
 * and an audit log that continues the one of that time. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/sfi.h>

#include "fixture.h"

#define KEPT "data/kept/"

static char dir[256], name[300], audit[300];
static sfi_hsm *hsm;

/* The vault is a copy: opening one may write to it. */
static void
setup(void)
{
    size_t len;
    char *data;
    FILE *f;

    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(name, sizeof(name), "vault:%s/line.vault", dir);
    (void)snprintf(audit, sizeof(audit), "%s/now.audit", dir);
    data = test_read(test_path(KEPT "line.vault"), &len);
    f = fopen(name + strlen("vault:"), "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(data);
    ck_assert_ok(sfi_hsm_open(ctx, name, &hsm));
}

static void
teardown(void)
{
    sfi_hsm_free(hsm);
    test_rmdir(dir);
    fixture_teardown();
}

static void
assert_remaining(uint64_t remaining, uint64_t records)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_OPERATIONAL);
    ck_assert_str_eq(info.firmware_id, "blink-1");
    ck_assert_str_eq(info.product_id, "46201002");
    ck_assert_uint_eq(info.maximum, 5);
    ck_assert_uint_eq(info.low_water, 2);
    ck_assert_uint_eq(info.remaining, remaining);
    ck_assert_uint_eq(info.records, records);
}

/* A licence for a device that it has counted, and one more record. */
static void
license_again(const char *certificate)
{
    sfi_certificate *cert;
    sfi_license *lic;

    ck_assert_ok(sfi_certificate_load(ctx, test_path(certificate), &cert));
    ck_assert_ok(sfi_hsm_generate_license(hsm, cert, &lic));
    sfi_license_free(lic);
    sfi_certificate_free(cert);
}

START_TEST(test_state)
{
    assert_remaining(3, 2);
}
END_TEST

START_TEST(test_licenses)
{
    ck_assert_ok(sfi_hsm_login(hsm, "12345678", 8));
    license_again(KEPT "device.cert");
    license_again(KEPT "other.cert");
    assert_remaining(3, 2);
}
END_TEST

START_TEST(test_audit)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];

    ck_assert_ok(sfi_hsm_export_audit(hsm, audit));
    ck_assert_ok(
        sfi_audit_key_load(ctx, test_path(KEPT "audit.key"), key_secret));
    ck_assert_ok(sfi_audit_verify(ctx, audit, key_secret, sizeof(key_secret),
                                  test_path(KEPT "first.audit"), &sum));
    ck_assert_uint_eq(sum.records, 2);
    ck_assert_uint_eq(sum.licensed, 2);
    ck_assert_uint_eq(sum.remaining, 3);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("kept vault");
    TCase *tc = tcase_create("use");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_state);
    tcase_add_test(tc, test_licenses);
    tcase_add_test(tc, test_audit);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
