/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates: the exact layout, and everything that is refused. */
#include <stdio.h>
#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/obj.h"
#include "license/certificate.h"

#include "fixture.h"

static uint8_t ca_secret[SFI_ECC_SECRET_LEN];
static uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
static uint8_t device_secret[SFI_ECC_SECRET_LEN];
static uint8_t device_public[SFI_ECC_PUBLIC_LEN];
static uint8_t issued[SFI_CERTIFICATE_LEN];

static void
setup(void)
{
    fixture_setup();
    ck_assert_ok(sfi__ecc_generate(ctx, ca_secret, ca_public));
    ck_assert_ok(sfi__ecc_generate(ctx, device_secret, device_public));
    ck_assert_ok(
        sfi__cert_issue(ctx, ca_secret, "45002001", device_public, issued));
}

START_TEST(test_layout)
{
    sfi_certificate *cert;
    uint8_t hash[SFI_SHA256_LEN];
    char hex[2 * SFI_SHA256_LEN + 1];
    size_t len = 0;

    ck_assert_mem_eq(issued, "45002001", 8);
    ck_assert_mem_eq(issued + 8, device_public, 64);
    ck_assert_ok(sfi__ecc_verify(ctx, ca_public, issued, 72, issued + 72));
    ck_assert_ok(sfi_certificate_parse(ctx, issued, sizeof(issued), &cert));
    ck_assert_str_eq(sfi_certificate_product_id(cert), "45002001");
    ck_assert_mem_eq(sfi_certificate_data(cert, &len), issued, 136);
    ck_assert_uint_eq(len, 136);
    ck_assert_mem_eq(sfi_certificate_public_key(cert, &len), device_public, 64);
    ck_assert_uint_eq(len, 64);
    ck_assert_ptr_null(sfi_certificate_public_key(NULL, &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_ok(sfi__sha256(ctx, device_public, 64, hash));
    sfi__hex_encode(hex, hash, sizeof(hash));
    ck_assert_str_eq(sfi_certificate_device_id(cert), hex);
    ck_assert_ok(sfi_certificate_verify(cert, ca_public, 64));
    sfi_certificate_free(cert);
}
END_TEST

START_TEST(test_file)
{
    sfi_certificate *cert;
    sfi_certificate *again;
    char dir[256], path[300], text[400];
    FILE *f;

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/cert.bin", dir);
    ck_assert_ok(sfi_certificate_parse(ctx, issued, sizeof(issued), &cert));
    ck_assert_ok(sfi_certificate_save(cert, path));
    ck_assert_ok(sfi_certificate_load(ctx, path, &again));
    ck_assert_mem_eq(sfi_certificate_data(again, NULL), issued, 136);
    sfi_certificate_free(again);
    f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fputc('4' ^ 0x80, f), '4' ^ 0x80);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_fails_about(sfi_certificate_load(ctx, path, &again),
                          SFI_ERR_FORMAT, path, "character 1", "product id",
                          "0xb4");
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_fails(sfi_certificate_load(ctx, path, &again), SFI_ERR_TRUNCATED,
                    path, "a certificate of 0 bytes, expected 136");
    (void)snprintf(text, sizeof(text), "%s/none", dir);
    ck_assert_fails_about(sfi_certificate_load(ctx, text, &again), SFI_ERR_OS,
                          text, "read", "No such file");
    ck_assert_ptr_null(again);
    (void)snprintf(text, sizeof(text), "%s/no/cert.bin", dir);
    ck_assert_fails_about(sfi_certificate_save(cert, text), SFI_ERR_OS, text,
                          "write", "No such file");
    /* a certificate never overwrites a vault, closed or open */
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite("SQLite format 3\0", 1, 17, f), 17);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(sfi_certificate_save(cert, path), SFI_ERR_ACCESS);
    (void)snprintf(text, sizeof(text), "%s/open", dir);
    ck_assert_ok(sfi_certificate_save(cert, text));
    (void)snprintf(path, sizeof(path), "%s/open-wal", dir);
    ck_assert_ok(sfi_certificate_save(cert, path));
    ck_assert_int_eq(sfi_certificate_save(cert, text), SFI_ERR_ACCESS);
    sfi_certificate_free(cert);
    test_rmdir(dir);
}
END_TEST

static const struct {
    size_t at;
    uint8_t byte;
    sfi_status status;
    const char *message;
} bad_bytes[] = {
    {0, 'a', SFI_ERR_FORMAT,
     "character 1 of the certificate's product id is 0x61, expected 0-9 or "
     "A-F"},
    {7, 0, SFI_ERR_FORMAT,
     "character 8 of the certificate's product id is 0x00, expected 0-9 or "
     "A-F"},
    {3, 'G', SFI_ERR_FORMAT,
     "character 4 of the certificate's product id is 0x47, expected 0-9 or "
     "A-F"},
    {2, '/', SFI_ERR_FORMAT,
     "character 3 of the certificate's product id is 0x2f, expected 0-9 or "
     "A-F"},
    {2, ':', SFI_ERR_FORMAT,
     "character 3 of the certificate's product id is 0x3a, expected 0-9 or "
     "A-F"},
};

START_TEST(test_bad_byte)
{
    sfi_certificate *cert;

    issued[bad_bytes[_i].at] = bad_bytes[_i].byte;
    ck_assert_fails(sfi_certificate_parse(ctx, issued, sizeof(issued), &cert),
                    bad_bytes[_i].status, "", bad_bytes[_i].message);
    ck_assert_ptr_null(cert);
}
END_TEST

START_TEST(test_every_length)
{
    uint8_t longer[SFI_CERTIFICATE_LEN + 8] = {0};
    sfi_certificate *cert;
    char message[128];

    memcpy(longer, issued, sizeof(issued));
    for (size_t len = 0; len <= sizeof(longer); len++) {
        if (len == SFI_CERTIFICATE_LEN)
            continue;
        (void)snprintf(message, sizeof(message),
                       "a certificate of %zu bytes, expected 136", len);
        ck_assert_fails(sfi_certificate_parse(ctx, longer, len, &cert),
                        len < SFI_CERTIFICATE_LEN ? SFI_ERR_TRUNCATED
                                                  : SFI_ERR_FORMAT,
                        "", message);
        ck_assert_ptr_null(cert);
    }
}
END_TEST

/* A change of any byte of the public key: the point is no longer on the curve,
 * or (never seen) is another point, and the signature fails. */
START_TEST(test_off_the_curve)
{
    sfi_certificate *cert;

    for (size_t at = 8; at < 72; at++) {
        issued[at] ^= 1;
        ck_assert_fails(
            sfi_certificate_parse(ctx, issued, sizeof(issued), &cert),
            SFI_ERR_CERTIFICATE, "",
            "the certificate's public key is not a point on P-256");
        issued[at] ^= 1;
    }
    sfi__zero(issued + 8, 64);
    ck_assert_fails_about(
        sfi_certificate_parse(ctx, issued, sizeof(issued), &cert),
        SFI_ERR_CERTIFICATE, "", "public key", "P-256");
    sfi__fill(issued + 8, 0xff, 64);
    ck_assert_fails_about(
        sfi_certificate_parse(ctx, issued, sizeof(issued), &cert),
        SFI_ERR_CERTIFICATE, "", "public key", "P-256");
}
END_TEST

static void
refused(const uint8_t *ca)
{
    sfi_certificate *cert;
    char message[128];

    ck_assert_ok(sfi_certificate_parse(ctx, issued, sizeof(issued), &cert));
    (void)snprintf(message, sizeof(message),
                   "the certificate of device %.16s... is not signed by this "
                   "CA",
                   sfi_certificate_device_id(cert));
    ck_assert_fails(sfi_certificate_verify(cert, ca, 64), SFI_ERR_CERTIFICATE,
                    "", message);
    sfi_certificate_free(cert);
}

START_TEST(test_altered_signature)
{
    for (size_t at = 72; at < 136; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            issued[at] ^= (uint8_t)(1 << bit);
            refused(ca_public);
            issued[at] ^= (uint8_t)(1 << bit);
        }
    }
    sfi__zero(issued + 72, 64);
    refused(ca_public);
    sfi__fill(issued + 72, 0xff, 64);
    refused(ca_public);
}
END_TEST

START_TEST(test_other_product_under_the_signature)
{
    issued[7] = '2';
    refused(ca_public);
}
END_TEST

START_TEST(test_other_ca)
{
    uint8_t other_secret[SFI_ECC_SECRET_LEN];
    uint8_t other[SFI_ECC_PUBLIC_LEN];

    ck_assert_ok(sfi__ecc_generate(ctx, other_secret, other));
    refused(other);
}
END_TEST

START_TEST(test_ca_key_is_no_point)
{
    sfi_certificate *cert;

    ca_public[5] ^= 1;
    ck_assert_ok(sfi_certificate_parse(ctx, issued, sizeof(issued), &cert));
    ck_assert_fails(sfi_certificate_verify(cert, ca_public, 64), SFI_ERR_FORMAT,
                    "", "the CA's public key is not a point on P-256");
    sfi_certificate_free(cert);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_certificate *cert;
    size_t len = 1;

    ck_assert_fails_about(sfi_certificate_parse(ctx, issued, 136, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails_about(sfi_certificate_parse(ctx, NULL, 136, &cert),
                          SFI_ERR_ARGUMENT, "", "data != NULL");
    ck_assert_fails_about(sfi_certificate_load(ctx, NULL, &cert),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_ok(sfi_certificate_parse(ctx, issued, 136, &cert));
    ck_assert_fails_about(sfi_certificate_verify(cert, ca_public, 63),
                          SFI_ERR_ARGUMENT, "", "len == SFI_ECC_PUBLIC_LEN");
    ck_assert_fails_about(sfi_certificate_verify(cert, NULL, 64),
                          SFI_ERR_ARGUMENT, "", "ca_public_key != NULL");
    ck_assert_fails_about(sfi_certificate_save(cert, NULL), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    sfi_certificate_free(cert);
    sfi_certificate_free(NULL);
    ck_assert_int_eq(sfi_certificate_verify(NULL, ca_public, 64),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_certificate_save(NULL, "x"), SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(sfi_certificate_data(NULL, &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(sfi_certificate_product_id(NULL), "");
    ck_assert_str_eq(sfi_certificate_device_id(NULL), "");
}
END_TEST

START_TEST(test_issue_refuses)
{
    ck_assert_fails(
        sfi__cert_issue(ctx, ca_secret, "4500200", device_public, issued),
        SFI_ERR_TRUNCATED, "", "a product id of 7 bytes, expected 8");
    ck_assert_fails_about(
        sfi__cert_issue(ctx, ca_secret, "4500200x", device_public, issued),
        SFI_ERR_FORMAT, "", "character 8", "product id", "0x78");
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_certificate *cert;

    memory.fail_at = 1;
    ck_assert_fails_about(sfi_certificate_parse(ctx, issued, 136, &cert),
                          SFI_ERR_NOMEM, "", "memory");
    ck_assert_ptr_null(cert);
}
END_TEST

/* The context may be freed first. */
START_TEST(test_free_order)
{
    sfi_certificate *cert;

    ck_assert_ok(sfi_certificate_parse(ctx, issued, 136, &cert));
    sfi_ctx_free(ctx);
    ck_assert_str_eq(sfi_certificate_product_id(cert), "45002001");
    sfi_certificate_free(cert);
    ck_assert_uint_eq(memory.live, 0);
    fixture_setup();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("certificate");
    TCase *tc = tcase_create("cert");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, fixture_teardown);
    tcase_add_test(tc, test_layout);
    tcase_add_test(tc, test_file);
    tcase_add_loop_test(tc, test_bad_byte, 0, (int)ROWS(bad_bytes));
    tcase_add_test(tc, test_every_length);
    tcase_add_test(tc, test_off_the_curve);
    tcase_add_test(tc, test_altered_signature);
    tcase_add_test(tc, test_other_product_under_the_signature);
    tcase_add_test(tc, test_other_ca);
    tcase_add_test(tc, test_ca_key_is_no_point);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_issue_refuses);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_free_order);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
