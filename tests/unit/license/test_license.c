/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences: the exact layout; opened by one device only; a change of any bit is
 * refused.  Known answers are in tests/kat/license.txt. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "license/license.h"

#include "fixture.h"

static const uint8_t key[SFI_KEY_LEN] = {0, 1, 2,  3,  4,  5,  6,  7,
                                         8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t nonce[SFI_NONCE_LEN] = {
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab};
static uint8_t device_secret[SFI_ECC_SECRET_LEN];
static uint8_t device_public[SFI_ECC_PUBLIC_LEN];
static uint8_t made[SFI_LICENSE_LEN];
static uint8_t got_key[SFI_KEY_LEN];
static uint8_t got_nonce[SFI_NONCE_LEN];

static void
setup(void)
{
    fixture_setup();
    ck_assert_ok(sfi__ecc_generate(ctx, device_secret, device_public));
    ck_assert_ok(sfi__license_make(ctx, device_public, LICENSE_STATIC, 0, key,
                                   nonce, made));
    sfi__fill(got_key, 0x5a, sizeof(got_key));
    sfi__fill(got_nonce, 0x5a, sizeof(got_nonce));
}

static void
nothing_came_out(void)
{
    static const uint8_t none[SFI_KEY_LEN];

    ck_assert_mem_eq(got_key, none, sizeof(got_key));
    ck_assert_mem_eq(got_nonce, none, sizeof(got_nonce));
}

START_TEST(test_layout)
{
    static const uint8_t head[24] = {'S', 'F', 'I', '.', 0, 0, 0, 0, 1};

    ck_assert_mem_eq(made, head, sizeof(head));
    ck_assert_ok(sfi__ecc_check_public(ctx, made + 24));
}
END_TEST

START_TEST(test_round_trip)
{
    ck_assert_ok(
        sfi__license_open(ctx, device_secret, made, got_key, got_nonce));
    ck_assert_mem_eq(got_key, key, sizeof(key));
    ck_assert_mem_eq(got_nonce, nonce, sizeof(nonce));
}
END_TEST

/* An ephemeral key is never used twice. */
START_TEST(test_fresh_each_time)
{
    uint8_t other[SFI_LICENSE_LEN];

    ck_assert_ok(sfi__license_make(ctx, device_public, LICENSE_STATIC, 0, key,
                                   nonce, other));
    ck_assert_mem_eq(made, other, 24);
    ck_assert_mem_ne(made + 24, other + 24, 64);
    ck_assert_mem_ne(made + 88, other + 88, 32);
    ck_assert_mem_ne(made + 120, other + 120, 16);
}
END_TEST

START_TEST(test_other_device)
{
    uint8_t other_secret[SFI_ECC_SECRET_LEN];
    uint8_t other_public[SFI_ECC_PUBLIC_LEN];

    ck_assert_ok(sfi__ecc_generate(ctx, other_secret, other_public));
    ck_assert_fails(
        sfi__license_open(ctx, other_secret, made, got_key, got_nonce),
        SFI_ERR_AUTH, "", "the licence is not for this device");
    nothing_came_out();
}
END_TEST

/* A change of any of its 1088 bits is refused, and no key is released. */
START_TEST(test_every_bit)
{
    size_t by_tag = 0;

    for (size_t bit = 0; bit < 8 * sizeof(made); bit++) {
        sfi_status st;

        made[bit / 8] ^= (uint8_t)(1 << bit % 8);
        sfi__fill(got_key, 0x5a, sizeof(got_key));
        sfi__fill(got_nonce, 0x5a, sizeof(got_nonce));
        st = sfi__license_open(ctx, device_secret, made, got_key, got_nonce);
        made[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(st == (bit < 8 * 88 ? SFI_ERR_FORMAT : SFI_ERR_AUTH),
                      "bit %zu: %s", bit, sfi_status_name(st));
        nothing_came_out();
        by_tag += st == SFI_ERR_AUTH;
    }
    ck_assert_uint_eq(by_tag, 8 * 48);
}
END_TEST

/* A well-formed head that differs from the sealed one. */
START_TEST(test_swapped_ephemeral)
{
    uint8_t other[SFI_LICENSE_LEN];

    ck_assert_ok(sfi__license_make(ctx, device_public, LICENSE_STATIC, 0, key,
                                   nonce, other));
    memcpy(made + 24, other + 24, 64);
    ck_assert_fails_about(
        sfi__license_open(ctx, device_secret, made, got_key, got_nonce),
        SFI_ERR_AUTH, "", "licence", "device");
    nothing_came_out();
}
END_TEST

static const struct {
    size_t at;
    uint8_t byte;
    const char *message;
} bad_bytes[] = {
    {0, 'T',
     "licence type is 0x5446492e, expected 0x5346492e (\"SFI.\") or "
     "0x5346494c (\"SFIL\")"},
    {3, 'G',
     "licence type is 0x53464947, expected 0x5346492e (\"SFI.\") or "
     "0x5346494c (\"SFIL\")"},
    {3, 'L',
     "a live licence with session id 0, expected that of the device's session"},
    {4, 1, "a static licence with session id 0x00000001, expected 0"},
    {7, 0x80, "a static licence with session id 0x80000000, expected 0"},
    {8, 2, "licence version is 2, expected 1"},
    {8, 0, "licence version is 0, expected 1"},
    {9, 1, "licence version is 257, expected 1"},
    {12, 1, "licence bytes 12 to 23 are in use, expected zeros"},
    {16, 1, "licence bytes 12 to 23 are in use, expected zeros"},
    {23, 1, "licence bytes 12 to 23 are in use, expected zeros"},
};

START_TEST(test_bad_byte)
{
    sfi_license *lic;

    made[bad_bytes[_i].at] = bad_bytes[_i].byte;
    ck_assert_fails(sfi_license_parse(ctx, made, sizeof(made), &lic),
                    SFI_ERR_FORMAT, "", bad_bytes[_i].message);
    ck_assert_ptr_null(lic);
}
END_TEST

/* ---- live licences ---- */

#define SESSION 0x8badf00du

static void
make_live(uint8_t out[SFI_LICENSE_LEN])
{
    ck_assert_ok(sfi__license_make(ctx, device_public, LICENSE_LIVE, SESSION,
                                   key, nonce, out));
}

START_TEST(test_live)
{
    static const uint8_t head[24] = {'S',  'F',  'I',  'L', 0x0d,
                                     0xf0, 0xad, 0x8b, 1};
    uint8_t live[SFI_LICENSE_LEN];
    sfi_license *lic;

    make_live(live);
    ck_assert_mem_eq(live, head, sizeof(head));
    ck_assert_ok(
        sfi__license_open(ctx, device_secret, live, got_key, got_nonce));
    ck_assert_mem_eq(got_key, key, sizeof(key));
    ck_assert_mem_eq(got_nonce, nonce, sizeof(nonce));
    ck_assert_ok(sfi_license_parse(ctx, live, sizeof(live), &lic));
    ck_assert_uint_eq(sfi_license_type(lic), SFI_LICENSE_LIVE);
    ck_assert_uint_eq(sfi_license_session(lic), SESSION);
    sfi_license_free(lic);
    ck_assert_ok(sfi_license_parse(ctx, made, sizeof(made), &lic));
    ck_assert_uint_eq(sfi_license_type(lic), SFI_LICENSE_STATIC);
    ck_assert_uint_eq(sfi_license_session(lic), 0);
    sfi_license_free(lic);
    ck_assert_uint_eq(sfi_license_type(NULL), 0);
    ck_assert_uint_eq(sfi_license_session(NULL), 0);
}
END_TEST

/* The tag covers type and session: a change of either is refused. */
START_TEST(test_live_altered)
{
    uint8_t live[SFI_LICENSE_LEN];

    make_live(live);
    for (size_t bit = 32; bit < 64; bit++) {
        live[bit / 8] ^= (uint8_t)(1 << bit % 8);
        sfi__fill(got_key, 0x5a, sizeof(got_key));
        sfi__fill(got_nonce, 0x5a, sizeof(got_nonce));
        ck_assert_int_eq(
            sfi__license_open(ctx, device_secret, live, got_key, got_nonce),
            SFI_ERR_AUTH);
        nothing_came_out();
        live[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memcpy(live, "SFI.\0\0\0\0", 8);
    ck_assert_fails_about(
        sfi__license_open(ctx, device_secret, live, got_key, got_nonce),
        SFI_ERR_AUTH, "", "licence", "device");
    memcpy(made, "SFIL\1\0\0\0", 8);
    ck_assert_fails_about(
        sfi__license_open(ctx, device_secret, made, got_key, got_nonce),
        SFI_ERR_AUTH, "", "licence", "device");
    nothing_came_out();
}
END_TEST

START_TEST(test_ephemeral_off_the_curve)
{
    sfi_license *lic;

    made[24] ^= 1;
    ck_assert_fails(sfi_license_parse(ctx, made, sizeof(made), &lic),
                    SFI_ERR_FORMAT, "",
                    "the licence's ephemeral key is not a point on P-256");
}
END_TEST

START_TEST(test_every_length)
{
    uint8_t longer[SFI_LICENSE_LEN + 8] = {0};
    sfi_license *lic;
    char message[128];

    memcpy(longer, made, sizeof(made));
    for (size_t len = 0; len <= sizeof(longer); len++) {
        if (len == SFI_LICENSE_LEN)
            continue;
        (void)snprintf(message, sizeof(message),
                       "a licence of %zu bytes, expected 136", len);
        ck_assert_fails(sfi_license_parse(ctx, longer, len, &lic),
                        len < SFI_LICENSE_LEN ? SFI_ERR_TRUNCATED
                                              : SFI_ERR_FORMAT,
                        "", message);
        ck_assert_ptr_null(lic);
    }
}
END_TEST

START_TEST(test_file)
{
    sfi_license *lic;
    sfi_license *again;
    char dir[256], path[300];
    FILE *f;

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/licence.bin", dir);
    ck_assert_ok(sfi_license_parse(ctx, made, sizeof(made), &lic));
    ck_assert_ok(sfi_license_save(lic, path));
    ck_assert_ok(sfi_license_load(ctx, path, &again));
    ck_assert_mem_eq(sfi_license_data(again, NULL), made, sizeof(made));
    sfi_license_free(again);
    f = fopen(path, "ab");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fputc(0, f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_fails_about(sfi_license_load(ctx, path, &again), SFI_ERR_FORMAT,
                          path, "licence", "137 bytes", "136");
    f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite("\xff", 1, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(truncate(path, 136), 0);
    ck_assert_fails_about(sfi_license_load(ctx, path, &again), SFI_ERR_FORMAT,
                          path, "licence type", "0xff46492e");
    ck_assert_ptr_null(again);
    sfi_license_free(lic);
    test_rmdir(dir);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_license *lic;
    size_t len = 1;

    ck_assert_fails_about(sfi_license_parse(ctx, made, 136, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails_about(sfi_license_parse(ctx, NULL, 136, &lic),
                          SFI_ERR_ARGUMENT, "", "data != NULL");
    ck_assert_fails_about(sfi_license_load(ctx, NULL, &lic), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_ok(sfi_license_parse(ctx, made, 136, &lic));
    ck_assert_fails_about(sfi_license_save(lic, NULL), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    ck_assert_mem_eq(sfi_license_data(lic, &len), made, 136);
    ck_assert_uint_eq(len, 136);
    sfi_license_free(lic);
    sfi_license_free(NULL);
    ck_assert_ptr_null(sfi_license_data(NULL, &len));
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_license *lic;

    memory.fail_at = 1;
    ck_assert_fails_about(sfi_license_parse(ctx, made, 136, &lic),
                          SFI_ERR_NOMEM, "", "memory");
    ck_assert_ptr_null(lic);
}
END_TEST

START_TEST(test_bad_device_key)
{
    device_public[0] ^= 1;
    ck_assert_fails_about(sfi__license_make(ctx, device_public, LICENSE_STATIC,
                                            0, key, nonce, made),
                          SFI_ERR_CERTIFICATE, "", "public key", "P-256");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("license");
    TCase *tc = tcase_create("license");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, fixture_teardown);
    tcase_add_test(tc, test_layout);
    tcase_add_test(tc, test_round_trip);
    tcase_add_test(tc, test_fresh_each_time);
    tcase_add_test(tc, test_other_device);
    tcase_add_test(tc, test_every_bit);
    tcase_add_test(tc, test_swapped_ephemeral);
    tcase_add_loop_test(tc, test_bad_byte, 0, (int)ROWS(bad_bytes));
    tcase_add_test(tc, test_live);
    tcase_add_test(tc, test_live_altered);
    tcase_add_test(tc, test_ephemeral_off_the_curve);
    tcase_add_test(tc, test_every_length);
    tcase_add_test(tc, test_file);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_bad_device_key);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
