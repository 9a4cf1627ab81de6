/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/receipt: what is accepted, and each refusal with its own message. */
#include <stdio.h>
#include <string.h>

#include <fixture.h>
#include <sfi/receipt.h>

#include "option_bytes/option_bytes.h"
#include "receipt/receipt.h"

#define PRODUCT "45002001"
#define IMAGE_LEN (28u + 30u + 4u + 30u + 36u)

/* A chip maker's CA, another one, and two chips of the first. */
static uint8_t ca_secret[32], ca[64], other_secret[32], other_ca[64];
static struct chip {
    uint8_t secret[32], public_key[64], certificate[136];
} one, two;
static uint8_t image[IMAGE_LEN];
static uint32_t options[9];
static uint8_t good[SFI_RECEIPT_LEN];

static void
make_chip(struct chip *c, const uint8_t by[32])
{
    ck_assert_int_eq(sfi__ecc_generate(ctx, c->secret, c->public_key), SFI_OK);
    ck_assert_int_eq(
        sfi__cert_issue(ctx, by, PRODUCT, c->public_key, c->certificate),
        SFI_OK);
}

/* A firmware area of 4 bytes, and the option bytes; the tags are any. */
static void
make_image(void)
{
    struct image_header h = {
        .version = 1, .areas = 2, .tag = "the header's tag"};
    struct image_area f = {.type = 'F',
                           .version = 1,
                           .index = 1,
                           .size = 4,
                           .address = 0x08000000,
                           .areas = 2,
                           .tag = "firmware's tag.."};
    struct image_area c = {.type = 'C',
                           .version = 1,
                           .index = 2,
                           .size = 36,
                           .areas = 2,
                           .tag = "the options' tag"};

    memset(image, 0x5c, sizeof(image));
    memcpy(h.magic, SFI_FORMAT_MAGIC, sizeof(h.magic));
    sfi__image_write_header(image, &h);
    sfi__image_write_area(image + 28, &f);
    sfi__image_write_area(image + 62, &c);
}

static void
sum_areas(uint8_t sum[32])
{
    uint8_t link[62] = {0};

    memcpy(link + 32, image + 28, 30);
    ck_assert_int_eq(sfi__sha256(ctx, link, sizeof(link), link), SFI_OK);
    memcpy(link + 32, image + 62, 30);
    ck_assert_int_eq(sfi__sha256(ctx, link, sizeof(link), sum), SFI_OK);
}

static void
sign(uint8_t out[SFI_RECEIPT_LEN], const struct receipt_statement *s,
     const struct chip *by)
{
    sfi__receipt_write(out, s);
    ck_assert_int_eq(sfi__ecc_sign(ctx, by->secret, out, RECEIPT_STATEMENT_LEN,
                                   out + RECEIPT_STATEMENT_LEN),
                     SFI_OK);
    memcpy(out + RECEIPT_LEN, by->certificate, 136);
}

static struct receipt_statement
state(const struct chip *c)
{
    struct receipt_statement s = {
        .version = 1, .chip_id = 0x450, .installs = 7};

    memcpy(s.magic, "SFRC", 4);
    memcpy(s.product_id, PRODUCT, 8);
    ck_assert_int_eq(sfi__sha256(ctx, c->public_key, 64, s.device), SFI_OK);
    memcpy(s.header_tag, image + 12, 16);
    sum_areas(s.areas);
    ck_assert_int_eq(sfi__sha256(ctx, options, sizeof(options), s.option_bytes),
                     SFI_OK);
    return s;
}

static void
setup(void)
{
    struct receipt_statement s;

    fixture_setup();
    ck_assert_int_eq(sfi__ecc_generate(ctx, ca_secret, ca), SFI_OK);
    ck_assert_int_eq(sfi__ecc_generate(ctx, other_secret, other_ca), SFI_OK);
    make_chip(&one, ca_secret);
    make_chip(&two, ca_secret);
    make_image();
    for (size_t i = 0; i < ROWS(options); i++)
        options[i] = 0; /* the same in each byte order */
    s = state(&one);
    sign(good, &s, &one);
}

static sfi_receipt *
parse(const uint8_t *data)
{
    sfi_receipt *r;

    ck_assert_ok(sfi_receipt_parse(ctx, data, SFI_RECEIPT_LEN, &r));
    return r;
}

START_TEST(test_genuine)
{
    sfi_receipt_info info = {.struct_size = sizeof(info)};
    struct receipt_statement s = state(&one);
    sfi_receipt *r = parse(good);
    size_t len;

    ck_assert_ok(sfi_receipt_verify(r, ca, sizeof(ca)));
    ck_assert_ok(sfi_receipt_check_image(r, image, sizeof(image)));
    ck_assert_ok(sfi_receipt_check_install(r, 7));
    ck_assert_mem_eq(sfi_receipt_data(r, &len), good, sizeof(good));
    ck_assert_uint_eq(len, sizeof(good));
    ck_assert_ok(sfi_receipt_get_info(r, &info));
    ck_assert_uint_eq(info.chip_id, 0x450);
    ck_assert_uint_eq(info.installs, 7);
    ck_assert_str_eq(info.product_id, PRODUCT);
    ck_assert_str_eq(info.device_id,
                     sfi_certificate_device_id(sfi_receipt_certificate(r)));
    ck_assert_mem_eq(info.header_tag, s.header_tag, 16);
    ck_assert_mem_eq(info.areas, s.areas, 32);
    ck_assert_mem_eq(info.option_bytes, s.option_bytes, 32);
    sfi_receipt_free(r);
    sfi_receipt_free(NULL);
    ck_assert_ptr_null(sfi_receipt_data(NULL, &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_null(sfi_receipt_certificate(NULL));
}
END_TEST

/* Any bit, of statement, signature or certificate: refused. */
START_TEST(test_bit_flips)
{
    for (size_t bit = 0; bit < 8 * sizeof(good); bit += test_step(11)) {
        uint8_t bad[SFI_RECEIPT_LEN];
        sfi_receipt *r = NULL;
        sfi_status st;

        memcpy(bad, good, sizeof(bad));
        bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        st = sfi_receipt_parse(ctx, bad, sizeof(bad), &r);
        if (st == SFI_OK)
            st = sfi_receipt_verify(r, ca, sizeof(ca));
        ck_assert_msg(st == SFI_ERR_FORMAT || st == SFI_ERR_AUTH ||
                          st == SFI_ERR_CERTIFICATE,
                      "bit %zu: %s", bit, sfi_status_name(st));
        sfi_receipt_free(r);
    }
}
END_TEST

START_TEST(test_another_chip)
{
    uint8_t bad[SFI_RECEIPT_LEN];
    struct receipt_statement s = state(&one);
    sfi_receipt *r;

    /* its certificate behind the receipt of this one */
    memcpy(bad, good, sizeof(bad));
    memcpy(bad + RECEIPT_LEN, two.certificate, 136);
    r = parse(bad);
    ck_assert_fails(sfi_receipt_verify(r, ca, sizeof(ca)), SFI_ERR_CERTIFICATE,
                    "",
                    "the receipt is of device ... its certificate of device "
                    "...");
    sfi_receipt_free(r);
    /* its key signed for this one */
    sign(bad, &s, &two);
    memcpy(bad + RECEIPT_LEN, one.certificate, 136);
    r = parse(bad);
    ck_assert_fails(sfi_receipt_verify(r, ca, sizeof(ca)), SFI_ERR_AUTH, "",
                    "the receipt of device ... was altered, or not signed by "
                    "this device");
    sfi_receipt_free(r);
}
END_TEST

START_TEST(test_another_ca)
{
    struct receipt_statement s;
    uint8_t bad[SFI_RECEIPT_LEN];
    struct chip stranger;
    sfi_receipt *r;

    make_chip(&stranger, other_secret);
    s = state(&stranger);
    sign(bad, &s, &stranger);
    r = parse(bad);
    ck_assert_ok(sfi_receipt_verify(r, other_ca, sizeof(other_ca)));
    ck_assert_fails(sfi_receipt_verify(r, ca, sizeof(ca)), SFI_ERR_CERTIFICATE,
                    "",
                    "the certificate of device ... is not signed by this CA");
    ck_assert_fails_about(sfi_receipt_verify(r, ca, 63), SFI_ERR_ARGUMENT, "",
                          "len");
    sfi_receipt_free(r);
}
END_TEST

START_TEST(test_another_image)
{
    sfi_receipt *r = parse(good);

    image[37] ^= 1; /* the address of the first area */
    ck_assert_fails(sfi_receipt_check_image(r, image, sizeof(image)),
                    SFI_ERR_MISMATCH, "",
                    "the chip holds other areas than this image, whose header "
                    "is the same");
    image[37] ^= 1;
    image[91] ^= 0x80; /* the last tag */
    ck_assert_fails_about(sfi_receipt_check_image(r, image, sizeof(image)),
                          SFI_ERR_MISMATCH, "", "areas");
    image[91] ^= 0x80;
    image[27] ^= 1;
    ck_assert_fails(sfi_receipt_check_image(r, image, sizeof(image)),
                    SFI_ERR_MISMATCH, "",
                    "the chip holds another image: its header has tag ... "
                    "expected ...");
    ck_assert_int_eq(sfi_receipt_check_image(r, image, sizeof(image) - 1),
                     SFI_ERR_TRUNCATED);
    ck_assert_int_eq(sfi_receipt_check_image(r, good, sizeof(good)),
                     SFI_ERR_FORMAT);
    sfi_receipt_free(r);
}
END_TEST

START_TEST(test_another_install)
{
    sfi_receipt *r = parse(good);

    ck_assert_fails(sfi_receipt_check_install(r, 8), SFI_ERR_MISMATCH, "",
                    "the receipt is of install 7 of this chip, expected 8");
    ck_assert_int_eq(sfi_receipt_check_install(r, 6), SFI_ERR_MISMATCH);
    sfi_receipt_free(r);
}
END_TEST

START_TEST(test_option_bytes)
{
    const struct sfi_chip *h7 = sfi_chip_find("stm32h753xi");
    sfi_option_bytes *ob;
    sfi_receipt *r = parse(good);

    ck_assert_ok(sfi__option_bytes_new(ctx, h7, options, &ob));
    ck_assert_ok(sfi_receipt_check_option_bytes(r, ob));
    sfi_option_bytes_free(ob);
    options[8] ^= 1;
    ck_assert_ok(sfi__option_bytes_new(ctx, h7, options, &ob));
    ck_assert_fails(sfi_receipt_check_option_bytes(r, ob), SFI_ERR_MISMATCH, "",
                    "the chip programmed other option bytes than these");
    sfi_option_bytes_free(ob);
    sfi_receipt_free(r);
}
END_TEST

START_TEST(test_form)
{
    uint8_t bad[SFI_RECEIPT_LEN + 1];
    sfi_receipt *r;

    memcpy(bad, good, sizeof(good));
    ck_assert_fails_about(sfi_receipt_parse(ctx, bad, SFI_RECEIPT_LEN - 1, &r),
                          SFI_ERR_TRUNCATED, "", "331", "332");
    ck_assert_fails_about(sfi_receipt_parse(ctx, bad, SFI_RECEIPT_LEN + 1, &r),
                          SFI_ERR_FORMAT, "", "333", "332");
    bad[4] = 2;
    ck_assert_fails(sfi_receipt_parse(ctx, bad, SFI_RECEIPT_LEN, &r),
                    SFI_ERR_FORMAT, "",
                    "a receipt of version 2.0, expected 1.0");
    bad[0] = 'X';
    ck_assert_fails(sfi_receipt_parse(ctx, bad, SFI_RECEIPT_LEN, &r),
                    SFI_ERR_FORMAT, "",
                    "not a receipt: it does not begin with \"SFRC\"");
    ck_assert_ptr_null(r);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("receipt");
    TCase *tc = tcase_create("receipt");

    tcase_add_checked_fixture(tc, setup, fixture_teardown);
    tcase_add_test(tc, test_genuine);
    tcase_add_test(tc, test_bit_flips);
    tcase_add_test(tc, test_another_chip);
    tcase_add_test(tc, test_another_ca);
    tcase_add_test(tc, test_another_image);
    tcase_add_test(tc, test_another_install);
    tcase_add_test(tc, test_option_bytes);
    tcase_add_test(tc, test_form);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
