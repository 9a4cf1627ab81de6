/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The firmware in an image: what went in, and nothing before every tag has
 * verified. */
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>

#include "fixture.h"

#define KEPT "data/kept/"

static sfi_key *key;
static uint8_t nonce[SFI_NONCE_LEN];
static uint8_t *image;
static size_t len;

static void
setup(void)
{
    fixture_setup();
    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    image = (uint8_t *)test_read(test_path(KEPT "image.sfi"), &len);
}

static void
teardown(void)
{
    free(image);
    sfi_key_free(key);
    fixture_teardown();
}

static sfi_status
extract(size_t n, uint32_t area, sfi_firmware **out)
{
    return sfi_image_firmware(ctx, image, n, key, nonce, area, out);
}

START_TEST(test_all)
{
    static const uint64_t at[] = {0x08001000, 0x08010000, 0x08040000,
                                  0x08074800};
    sfi_firmware *fw;

    ck_assert_ok(extract(len, 0, &fw));
    ck_assert_str_eq(sfi_firmware_format(fw), "sfi");
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 4);
    for (size_t i = 0; i < 4; i++) {
        const uint8_t *data;
        uint64_t address;
        size_t n;

        ck_assert_ok(sfi_firmware_segment(fw, i, &address, &data, &n));
        ck_assert_uint_eq(address, at[i]);
    }
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_one_area)
{
    size_t want_len;
    char *want = test_read(test_path("data/blink-stm32l462ce-0x08010000.bin"),
                           &want_len);
    const uint8_t *data;
    sfi_firmware *fw;
    uint64_t address;
    size_t n;

    ck_assert_ok(extract(len, 2, &fw));
    ck_assert_ok(sfi_firmware_segment(fw, 0, &address, &data, &n));
    ck_assert_uint_eq(n, want_len);
    ck_assert_mem_eq(data, want, n);
    sfi_firmware_free(fw);
    free(want);
    ck_assert_fails_about(extract(len, 5, &fw), SFI_ERR_FORMAT, "", "area 5",
                          "no firmware");
    ck_assert_ptr_null(fw);
    ck_assert_fails_about(extract(len, 6, &fw), SFI_ERR_RANGE, "", "area 6");
}
END_TEST

START_TEST(test_damage)
{
    sfi_firmware *fw;

    for (size_t n = 0; n < len; n += test_step(97)) {
        image[n] ^= 1;
        ck_assert_int_ne(extract(len, 1, &fw), SFI_OK);
        ck_assert_ptr_null(fw);
        image[n] ^= 1;
        ck_assert_int_ne(extract(n, 1, &fw), SFI_OK);
        ck_assert_ptr_null(fw);
    }
    ck_assert_int_eq(sfi_image_firmware(ctx, image, len, NULL, nonce, 0, &fw),
                     SFI_ERR_ARGUMENT);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_firmware *fw;
    sfi_status st = SFI_ERR_NOMEM;

    for (size_t n = 1; st != SFI_OK; n++) {
        memory.fail_at = n;
        st = extract(len, 0, &fw);
        memory.fail_at = 0;
        if (st != SFI_OK) {
            ck_assert_int_eq(st, SFI_ERR_NOMEM);
            ck_assert_ptr_null(fw);
        }
    }
    sfi_firmware_free(fw);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("extract");
    TCase *t = tcase_create("extract");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_all);
    tcase_add_test(t, test_one_area);
    tcase_add_test(t, test_damage);
    tcase_add_test(t, test_no_memory);
    suite_add_tcase(s, t);
    return run_suite(s);
}
