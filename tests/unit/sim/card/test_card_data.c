/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a card reports without a PIN: GET DATA, GET RECORD, and fetching a long
 * reply. */
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "wire/card_command.h"

#include <card/card_kit.h>
#include "fixture.h"

/* ---- GET DATA, GET RECORD, GET RESPONSE ---- */

#define FW_HEX "626c696e6b20312e30"
#define ZEROS8 "0000000000000000"
#define ZEROS16 ZEROS8 ZEROS8
#define ZEROS32 ZEROS16 ZEROS16
#define ZEROS55 ZEROS32 ZEROS16 "00000000000000" /* behind a firmware id */
#define ZEROS64 ZEROS32 ZEROS32
#define SERIAL_HEX "000102030405060708090a0b0c0d0e0f"
#define PRODUCT_HEX "3435303032303031"

START_TEST(test_get_data)
{
    static const struct {
        uint8_t object;
        const char *out;
    } rows[] = {
        {CARD_DO_VERSION, "019000"},
        {CARD_DO_FIRMWARE_ID, FW_HEX "9000"},
        {CARD_DO_REMAINING, "00000000000011229000"},
        {CARD_DO_MAXIMUM, "00000000334455669000"},
        {CARD_DO_STATE, "019000"},
        {CARD_DO_PRODUCT_ID, PRODUCT_HEX "9000"},
        {CARD_DO_SERIAL, SERIAL_HEX "9000"},
        {CARD_DO_PIN_TRIES, "0a9000"},
        {CARD_DO_LOW_WATER, "00000000000000079000"},
        {CARD_DO_FLAGS, "000000019000"},
        {CARD_DO_RECORDS, "00000000000000999000"},
        {CARD_DO_INFO,
         "01010a00 00000001 0000000000001122 0000000033445566 "
         "0000000000000007 0000000000000099 " SERIAL_HEX PRODUCT_HEX FW_HEX
             ZEROS55 "9000"},
    };
    char in[32];

    card_select();
    for (size_t i = 0; i < ROWS(rows); i++) {
        (void)snprintf(in, sizeof(in), "80ca01%02x00", rows[i].object);
        ck_assert_card(card, in, rows[i].out);
    }
    /* a PIN is not needed, and does not change it */
    card_login();
    ck_assert_card(card, "80ca010300", rows[2].out);
    own.info_answer = SFI_ERR_IO;
    ck_assert_card(card, "80ca010300", "6581");
    ck_assert_str_eq(sfi_card_reason(card),
                     "HSM information: input or output failed");
    own.info_answer = SFI_OK;
    ck_assert_card(card, "80ca010300", rows[2].out);
    ck_assert_str_eq(sfi_card_reason(card), "");
}
END_TEST

START_TEST(test_blank)
{
    static const uint8_t made[] = {
        CARD_DO_FIRMWARE_ID, CARD_DO_REMAINING, CARD_DO_MAXIMUM,
        CARD_DO_PRODUCT_ID,  CARD_DO_SERIAL,    CARD_DO_LOW_WATER,
        CARD_DO_FLAGS,       CARD_DO_RECORDS,   CARD_DO_AUDIT_HEAD,
        CARD_DO_AUDIT,
    };
    char in[32];

    sfi__zero(&own.info, sizeof(own.info));
    own.info.pin_tries_left = 10;
    own.answer = SFI_ERR_HSM_STATE; /* of audit and licence */
    card_select();
    for (size_t i = 0; i < ROWS(made); i++) {
        (void)snprintf(in, sizeof(in), "80ca01%02x00", made[i]);
        ck_assert_card(card, in, "6a88");
    }
    ck_assert_card(card, "80ca010100", "019000");
    ck_assert_card(card, "80ca010500", "009000");
    ck_assert_card(card, "80ca010900", "0a9000");
    ck_assert_card(card, "80ca011000",
                   "01000a00 00000000" ZEROS32 ZEROS16 ZEROS8 ZEROS64 "9000");
    ck_assert_card(card, "80b2000008 0000000000000001 00", "6985");
    ck_assert_uint_eq(
        card_say(card, 0x802a0000, chip.data, sizeof(chip.data), NULL, NULL),
        CARD_SW_CONDITIONS);
    ck_assert_card(card, "80f0000e", "6985");
    ck_assert_card(card, "80f0000f", "6982");
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

/* Bytes that identify their position. */
static void
fill_log(void)
{
    own.head.flags = 0x01020304;
    own.head.maximum = 0x10;
    own.head.low_water = 0x20;
    own.head.remaining = 0x30;
    own.head.sequence = 0x40;
    (void)strcpy(own.head.firmware_id, "blink 1.0");
    (void)strcpy(own.head.product_id, MAKER_PRODUCT);
    sfi__fill(own.head.serial, 0x50, sizeof(own.head.serial));
    sfi__fill(own.head.ca_public, 0x60, sizeof(own.head.ca_public));
    sfi__fill(own.head.genesis, 0x70, sizeof(own.head.genesis));
    sfi__fill(own.head.audit_head, 0x80, sizeof(own.head.audit_head));
    sfi__fill(own.head.mac, 0x90, sizeof(own.head.mac));
    own.record.kind = SFI_AUDIT_AGAIN;
    own.record.sequence = 0x11;
    own.record.time = 0x22;
    own.record.remaining = 0x33;
    own.record.session = 0x44;
    sfi__fill(own.record.device, 0x55, 32);
    sfi__fill(own.record.license, 0x66, 32);
    sfi__fill(own.record.previous, 0x77, 32);
    sfi__fill(own.record.hash, 0x88, 32);
    sfi__fill(own.record.mac, 0x99, 32);
}

static void
expect_log(uint8_t expected[CARD_AUDIT_LEN])
{
    static const uint8_t numbers[] = {
        1, 2,    3, 4, 0, 0, 0, 0, 0, 0,    0, 0x10, 0, 0, 0, 0, 0, 0,
        0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x30, 0, 0,    0, 0, 0, 0, 0, 0x40};
    size_t at = sizeof(numbers);

    memcpy(expected, numbers, at);
    sfi__zero(expected + at, 64);
    memcpy(expected + at, "blink 1.0", 9);
    at += 64;
    memcpy(expected + at, MAKER_PRODUCT, 8);
    at += 8;
    sfi__fill(expected + at, 0x50, 16);
    sfi__fill(expected + at + 16, 0x60, 64);
    for (int i = 0; i < 3; i++)
        sfi__fill(expected + at + 80 + 32 * i, 0x70 + 0x10 * i, 32);
    ck_assert_uint_eq(at + 80 + 96, CARD_AUDIT_LEN);
}

START_TEST(test_log)
{
    static const uint8_t extended[] = {0x80, 0xca, 1, CARD_DO_AUDIT, 0, 0, 0};
    uint8_t expected[CARD_AUDIT_LEN], out[SFI_CARD_APDU_MAX];
    size_t len, at = 0;
    uint16_t sw;

    fill_log();
    expect_log(expected);
    card_select();
    /* at once */
    ck_assert_uint_eq(card_send(card, extended, sizeof(extended), out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(len, CARD_AUDIT_LEN);
    ck_assert_mem_eq(out, expected, CARD_AUDIT_LEN);
    ck_assert_card(card, "00c0000000", "6985"); /* nothing waits */
    /* 256, and 28 that wait */
    sw = card_say(card, 0x80ca0111, NULL, 0, out, &len);
    ck_assert_uint_eq(sw, 0x611c);
    ck_assert_uint_eq(len, 256);
    ck_assert_mem_eq(out, expected, 256);
    sw = card_say(card, 0x00c00000, NULL, 0, out, &len);
    ck_assert_uint_eq(sw, CARD_SW_OK);
    ck_assert_uint_eq(len, 28);
    ck_assert_mem_eq(out, expected + 256, 28);
    ck_assert_card(card, "00c0000000", "6985");
    /* nothing at first, and then by ten */
    ck_assert_card(card, "80ca0111", "6100");
    ck_assert_card(card, "00c00000", "6100");
    while (at < CARD_AUDIT_LEN) {
        static const uint8_t ten[] = {0, 0xc0, 0, 0, 10};
        size_t left;

        sw = card_send(card, ten, sizeof(ten), out, &len);
        ck_assert_mem_eq(out, expected + at, len);
        at += len;
        left = CARD_AUDIT_LEN - at;
        ck_assert_uint_eq(len, at < CARD_AUDIT_LEN ? 10 : 4);
        ck_assert_uint_eq(sw, left == 0     ? CARD_SW_OK
                              : left >= 256 ? CARD_SW_MORE
                                            : CARD_SW_MORE | left);
    }
    ck_assert_card(card, "00c0000000", "6985");
    /* the head alone */
    sw = card_say(card, 0x80ca0106, NULL, 0, out, &len);
    ck_assert_uint_eq(sw, CARD_SW_OK);
    ck_assert_uint_eq(len, 32);
    ck_assert_mem_eq(out, expected + CARD_AUDIT_LEN - 64, 32);
}
END_TEST

/* Any other command, also an invalid or a partial one, discards the rest of a
 * reply. */
START_TEST(test_answer_is_dropped)
{
    static const char *const between[][2] = {
        {"80ca010100", "019000"},   {"80", "6700"},
        {"ff000000", "6e00"},       {"802a000001 00", "6700"},
        {"902a000001 00", "9000"},  {CARD_SELECT_HEX, CARD_SELECTED_HEX},
        {"00a4040001ff00", "6a82"},
    };

    card_select();
    for (size_t i = 0; i < ROWS(between); i++) {
        ck_assert_card(card, "80ca0111", "6100");
        ck_assert_card(card, between[i][0], between[i][1]);
        ck_assert_card(card, "00c0000000", "6985");
    }
    ck_assert_card(card, "80ca0111", "6100");
    sfi_card_reset(card);
    ck_assert_card(card, "00c0000000", "6985");
}
END_TEST

START_TEST(test_record)
{
    uint8_t expected[CARD_RECORD_LEN], out[SFI_CARD_APDU_MAX];
    static const uint8_t numbers[] = {
        0, 0, 0, 2,    0, 0, 0, 0, 0, 0, 0, 0x11, 0, 0, 0, 0,
        0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0, 0x33, 0, 0, 0, 0x44};
    size_t len;

    fill_log();
    memcpy(expected, numbers, sizeof(numbers));
    for (int i = 0; i < 5; i++)
        sfi__fill(expected + 32 + 32 * i, 0x55 + 0x11 * i, 32);
    card_select();
    ck_assert_uint_eq(
        card_say(card, 0x80b20000, "\0\0\0\0\0\0\0\x11", 8, out, &len),
        CARD_SW_OK);
    ck_assert_uint_eq(own.sequence, 0x11);
    ck_assert_uint_eq(len, CARD_RECORD_LEN);
    ck_assert_mem_eq(out, expected, CARD_RECORD_LEN);
    own.answer = SFI_ERR_RANGE;
    ck_assert_card(card, "80b2000008 0102030405060708 00", "6a83");
    ck_assert_uint_eq(own.sequence, 0x0102030405060708);
    own.answer = SFI_ERR_HSM;
    ck_assert_card(card, "80b2000008 0000000000000001 00", "6581");
    ck_assert_card(card, "80ca011100", "6581");
    own.answer = SFI_ERR_UNSUPPORTED;
    ck_assert_card(card, "80b2000008 0000000000000001 00", "6d00");
    ck_assert_card(card, "80ca011100", "6a88");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("card_data");
    TCase *t = tcase_create("answers");

    tcase_add_checked_fixture(t, card_setup, card_teardown);
    tcase_add_test(t, test_get_data);
    tcase_add_test(t, test_blank);
    tcase_add_test(t, test_log);
    tcase_add_test(t, test_answer_is_dropped);
    tcase_add_test(t, test_record);
    suite_add_tcase(s, t);
    return run_suite(s);
}
