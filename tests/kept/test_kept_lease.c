/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A lease of an older libsfi: it is given back to the HSM of that time, opened
 * once more with its request, and both audit logs account for it. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>

#include <sfi/sfi.h>

#include "fixture.h"

#define KEPT "data/kept/lease/"

static char dir[256];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

/* An HSM in the folder, logged in: a copy of the kept vault, or a new one. */
static sfi_hsm *
open_vault(const char *kept)
{
    char path[300], name[320];
    sfi_hsm *hsm;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/vault", dir);
    (void)snprintf(name, sizeof(name), "vault:%s", path);
    if (kept != NULL) {
        char *data = test_read(test_path(kept), &len);
        FILE *f = fopen(path, "wb");

        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(data, 1, len, f), len);
        ck_assert_int_eq(fclose(f), 0);
        free(data);
    }
    ck_assert_ok(sfi_hsm_open(ctx, name, &hsm));
    ck_assert_ok(sfi_hsm_login(hsm, "12345678", 8));
    return hsm;
}

START_TEST(test_return)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = open_vault(KEPT "hsm.vault");
    uint64_t returned;
    size_t len;
    char *end = test_read(test_path(KEPT "site.end"), &len);

    ck_assert_ok(
        sfi_hsm_return_lease(hsm, (const uint8_t *)end, len, &returned));
    ck_assert_uint_eq(returned, 3);
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.remaining, 8);
    free(end);
    sfi_hsm_free(hsm);
}
END_TEST

/* The site's vault has ended, and gives the same certificate again. */
START_TEST(test_end)
{
    sfi_hsm *site = open_vault(KEPT "site.vault");
    uint8_t end[SFI_LEASE_END_LEN];
    size_t len = sizeof(end), kept_len;
    char *kept = test_read(test_path(KEPT "site.end"), &kept_len);

    ck_assert_ok(sfi_hsm_end_lease(site, end, &len));
    ck_assert_uint_eq(len, kept_len);
    ck_assert_mem_eq(end, kept, len);
    free(kept);
    sfi_hsm_free(site);
}
END_TEST

START_TEST(test_request)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *site = open_vault(NULL);
    sfi_lease_request *req;
    size_t len;
    char *lease = test_read(test_path(KEPT "site.lease"), &len);

    ck_assert_ok(
        sfi_lease_request_load(ctx, test_path(KEPT "site.request"), &req));
    ck_assert_ok(
        sfi_hsm_provision_lease(site, req, (const uint8_t *)lease, len));
    ck_assert_ok(sfi_hsm_get_info(site, &info));
    ck_assert_uint_eq(info.remaining, 4);
    ck_assert_str_eq(info.firmware_id, "blink-2");
    sfi_lease_request_free(req);
    free(lease);
    sfi_hsm_free(site);
}
END_TEST

START_TEST(test_logs)
{
    sfi_audit_total total = {.struct_size = sizeof(total)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    char site[400];
    const char *logs[2] = {site};

    (void)snprintf(site, sizeof(site), "%s", test_path(KEPT "site.audit"));
    logs[1] = test_path(KEPT "hsm.audit");
    ck_assert_ok(
        sfi_audit_key_load(ctx, test_path(KEPT "lease-audit.key"), key_secret));
    ck_assert_ok(sfi_audit_verify_all(ctx, logs, 2, key_secret,
                                      sizeof(key_secret), &total));
    ck_assert_uint_eq(total.maximum, 10);
    ck_assert_uint_eq(total.licensed, 2);
    ck_assert_uint_eq(total.remaining, 5);
    ck_assert_uint_eq(total.outstanding, 3);
    ck_assert_uint_eq(total.missing, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("kept lease");
    TCase *tc = tcase_create("use");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_return);
    tcase_add_test(tc, test_end);
    tcase_add_test(tc, test_request);
    tcase_add_test(tc, test_logs);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
