/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Personalisation files: the exact layout, and what is refused. */
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "license/personalization.h"

#include "fixture.h"

static uint8_t ca_secret[SFI_ECC_SECRET_LEN];
static uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
static uint8_t issued[PERSO_LEN];

static void
setup(void)
{
    size_t len;

    fixture_setup();
    ck_assert_ok(sfi__ecc_generate(ctx, ca_secret, ca_public));
    ck_assert_ok(sfi__perso_issue(ctx, ca_secret, "45002001", issued,
                                  sizeof(issued), &len));
    ck_assert_uint_eq(len, 160);
}

START_TEST(test_layout)
{
    static const uint8_t head[32] = "SFIPERSO"
                                    "\x01\0\0\0"
                                    "SFI."
                                    "\x01\0\0\0"
                                    "\0\0\0\0"
                                    "4500200";
    sfi_personalization *p;
    size_t len = 0;

    ck_assert_mem_eq(issued, head, 31);
    ck_assert_uint_eq(issued[31], '1');
    ck_assert_mem_eq(issued + 32, ca_public, 64);
    ck_assert_ok(sfi__ecc_verify(ctx, ca_public, issued, 96, issued + 96));
    ck_assert_ok(sfi_personalization_parse(ctx, issued, sizeof(issued), &p));
    ck_assert_str_eq(sfi_personalization_product_id(p), "45002001");
    ck_assert_mem_eq(sfi_personalization_ca_public_key(p, &len), ca_public, 64);
    ck_assert_uint_eq(len, 64);
    ck_assert_ptr_null(sfi_personalization_ca_public_key(NULL, &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_mem_eq(p->data, issued, 160);
    sfi_personalization_free(p);
}
END_TEST

START_TEST(test_name)
{
    char name[PERSO_NAME_LEN];

    sfi__perso_name("45002001", name);
    ck_assert_str_eq(name, "45002001_SFI_01000000_00000000.pd");
}
END_TEST

static const struct {
    size_t at;
    uint8_t byte;
    sfi_status status;
    const char *message;
} bad_bytes[] = {
    {0, 'X', SFI_ERR_FORMAT,
     "not a personalisation file, expected \"SFIPERSO\" as its first bytes"},
    {7, 'P', SFI_ERR_FORMAT,
     "not a personalisation file, expected \"SFIPERSO\" as its first bytes"},
    {8, 2, SFI_ERR_FORMAT, "personalisation format 2, expected 1"},
    {11, 1, SFI_ERR_FORMAT, "personalisation format 16777217, expected 1"},
    {15, 'A', SFI_ERR_FORMAT,
     "personalisation for licences of type 0x53464941, expected 0x5346492e "
     "(\"SFI.\")"},
    {16, 0, SFI_ERR_FORMAT,
     "personalisation for licence version 0, expected 1"},
    {20, 7, SFI_ERR_FORMAT,
     "personalisation for security version 7, expected 0"},
    {24, 'x', SFI_ERR_FORMAT,
     "character 1 of the personalisation file's product id is 0x78, expected "
     "0-9 or A-F"},
    {24, '5', SFI_ERR_AUTH,
     "the CA's signature of the personalisation file does not match"},
    {32, 0x5a, SFI_ERR_CERTIFICATE,
     "the personalisation's CA key is not a point on P-256"},
    {159, 0x5a, SFI_ERR_AUTH,
     "the CA's signature of the personalisation file does not match"},
};

START_TEST(test_bad_byte)
{
    sfi_personalization *p;
    size_t at = bad_bytes[_i].at;

    if (issued[at] == bad_bytes[_i].byte)
        issued[at] ^= 1;
    else
        issued[at] = bad_bytes[_i].byte;
    ck_assert_fails(sfi_personalization_parse(ctx, issued, sizeof(issued), &p),
                    bad_bytes[_i].status, "", bad_bytes[_i].message);
    ck_assert_ptr_null(p);
}
END_TEST

/* A change of any bit is refused. */
START_TEST(test_every_bit)
{
    sfi_personalization *p;

    for (size_t bit = 0; bit < 8 * sizeof(issued); bit++) {
        issued[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_ne(
            sfi_personalization_parse(ctx, issued, sizeof(issued), &p), SFI_OK);
        ck_assert_ptr_null(p);
        issued[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_ok(sfi_personalization_parse(ctx, issued, sizeof(issued), &p));
    sfi_personalization_free(p);
}
END_TEST

START_TEST(test_every_length)
{
    uint8_t longer[PERSO_LEN + 8] = {0};
    sfi_personalization *p;
    char message[128];

    memcpy(longer, issued, sizeof(issued));
    for (size_t len = 0; len <= sizeof(longer); len++) {
        if (len == PERSO_LEN)
            continue;
        (void)snprintf(message, sizeof(message),
                       "a personalisation file of %zu bytes, expected 160",
                       len);
        ck_assert_fails(sfi_personalization_parse(ctx, longer, len, &p),
                        len < PERSO_LEN ? SFI_ERR_TRUNCATED : SFI_ERR_FORMAT,
                        "", message);
        ck_assert_ptr_null(p);
    }
}
END_TEST

START_TEST(test_file)
{
    sfi_personalization *p;
    char dir[256], path[300];
    FILE *f;

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/p.pd", dir);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(issued, 1, sizeof(issued), f), sizeof(issued));
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ok(sfi_personalization_load(ctx, path, &p));
    ck_assert_str_eq(sfi_personalization_product_id(p), "45002001");
    sfi_personalization_free(p);
    issued[159] ^= 1;
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(issued, 1, sizeof(issued), f), sizeof(issued));
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_fails_about(sfi_personalization_load(ctx, path, &p), SFI_ERR_AUTH,
                          path, "signature", "personalisation file");
    ck_assert_ptr_null(p);
    test_rmdir(dir);
}
END_TEST

/* Saved as it was issued; another one is not overwritten. */
START_TEST(test_save)
{
    sfi_personalization *p, *again;
    char dir[256], path[300];
    uint8_t other[PERSO_LEN];
    const uint8_t *data;
    size_t len = 1;

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/p.pd", dir);
    ck_assert_ptr_null(sfi_personalization_data(NULL, &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_ok(sfi_personalization_parse(ctx, issued, sizeof(issued), &p));
    data = sfi_personalization_data(p, &len);
    ck_assert_uint_eq(len, sizeof(issued));
    ck_assert_mem_eq(data, issued, sizeof(issued));
    ck_assert_ok(sfi_personalization_save(p, path));
    ck_assert_ok(sfi_personalization_save(p, path));
    ck_assert_ok(sfi_personalization_load(ctx, path, &again));
    ck_assert_mem_eq(sfi_personalization_data(again, NULL), issued, len);
    sfi_personalization_free(again);
    sfi_personalization_free(p);
    ck_assert_ok(sfi__perso_issue(ctx, ca_secret, "46201002", other,
                                  sizeof(other), &len));
    ck_assert_ok(sfi_personalization_parse(ctx, other, len, &p));
    ck_assert_int_eq(sfi_personalization_save(p, path), SFI_ERR_ACCESS);
    ck_assert_fails_about(sfi_personalization_save(p, NULL), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_int_eq(sfi_personalization_save(NULL, path), SFI_ERR_ARGUMENT);
    sfi_personalization_free(p);
    test_rmdir(dir);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_personalization *p;
    size_t len;

    ck_assert_fails_about(sfi_personalization_parse(ctx, issued, 160, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails_about(sfi_personalization_parse(ctx, NULL, 160, &p),
                          SFI_ERR_ARGUMENT, "", "data != NULL");
    ck_assert_fails_about(sfi_personalization_load(ctx, NULL, &p),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_str_eq(sfi_personalization_product_id(NULL), "");
    sfi_personalization_free(NULL);
    ck_assert_fails(
        sfi__perso_issue(ctx, ca_secret, "45002001", issued, 159, &len),
        SFI_ERR_BUFFER, "", "a personalisation file needs 160 bytes, got 159");
    ck_assert_fails_about(
        sfi__perso_issue(ctx, ca_secret, "450020011", issued, 160, &len),
        SFI_ERR_FORMAT, "", "product id", "9 bytes");
    ck_assert_fails_about(
        sfi__perso_issue(ctx, ca_secret, "45002g01", issued, 160, &len),
        SFI_ERR_FORMAT, "", "character 6", "product id", "0x67");
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_personalization *p;

    memory.fail_at = 1;
    ck_assert_fails_about(sfi_personalization_parse(ctx, issued, 160, &p),
                          SFI_ERR_NOMEM, "", "memory");
    ck_assert_ptr_null(p);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("personalization");
    TCase *tc = tcase_create("perso");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, fixture_teardown);
    tcase_add_test(tc, test_layout);
    tcase_add_test(tc, test_name);
    tcase_add_loop_test(tc, test_bad_byte, 0, (int)ROWS(bad_bytes));
    tcase_add_test(tc, test_every_bit);
    tcase_add_test(tc, test_every_length);
    tcase_add_test(tc, test_file);
    tcase_add_test(tc, test_save);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
