/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a card does: PIN, personalisation, licences, retiring; chained commands;
 * and its status words when its HSM fails. */
#include <string.h>

#include "util/mem.h"
#include "wire/card_command.h"
#include "license/license.h"

#include <card/card_kit.h>
#include "fixture.h"

/* ---- the PIN ---- */

START_TEST(test_verify)
{
    uint8_t long_pin[64];

    card_select();
    ck_assert_card(card, "00200001", "63ca"); /* ten tries */
    ck_assert_int_eq(own.calls, 0);
    ck_assert_card(card, "0020000104 34373131", "9000");
    ck_assert_uint_eq(own.pin_len, 4);
    ck_assert_mem_eq(own.pin, "4711", 4);
    ck_assert_card(card, "00200001", "9000"); /* not needed any more */
    /* a wrong one ends the login */
    own.answer = SFI_ERR_HSM_PIN;
    own.info.pin_tries_left = 9;
    own.report = "wrong PIN";
    ck_assert_card(card, "0020000104 34373132", "63c9");
    ck_assert_str_eq(sfi_card_reason(card), "wrong PIN");
    ck_assert_card(card, "00200001", "63c9");
    own.info.pin_tries_left = 200; /* the status word can express at most 15 */
    ck_assert_card(card, "00200001", "63cf");
    own.info.pin_tries_left = 0;
    ck_assert_card(card, "0020000104 34373132", "63c0");
    own.info.state = SFI_HSM_BLOCKED;
    own.answer = SFI_ERR_HSM_STATE;
    ck_assert_card(card, "0020000104 34373132", "6983");
    ck_assert_card(card, "00200001", "6983");
    /* the longest */
    own.answer = SFI_OK;
    sfi__fill(long_pin, 0xff, sizeof(long_pin));
    ck_assert_uint_eq(
        card_say(card, 0x00200001, long_pin, sizeof(long_pin), NULL, NULL),
        CARD_SW_OK);
    ck_assert_uint_eq(own.pin_len, 64);
}
END_TEST

START_TEST(test_change_pin)
{
    card_select();
    ck_assert_card(card, "0024000109 04 34373131 35383232", "9000");
    ck_assert_mem_eq(own.pin, "4711", 4);
    ck_assert_uint_eq(own.pin_len, 4);
    ck_assert_mem_eq(own.new_pin, "5822", 4);
    ck_assert_uint_eq(own.new_pin_len, 4);
    ck_assert_card(card, "00200001", "9000"); /* and it is a login */
    own.answer = SFI_ERR_HSM_PIN;
    own.info.pin_tries_left = 3;
    ck_assert_card(card, "002400010b 05 3437313131 3538323333", "63c3");
    ck_assert_uint_eq(own.pin_len, 5);
    ck_assert_card(card, "00200001", "63c3");
    own.answer = SFI_ERR_HSM_STATE;
    ck_assert_card(card, "0024000109 04 34373131 35383232", "6985");
    own.info.state = SFI_HSM_BLOCKED;
    ck_assert_card(card, "0024000109 04 34373131 35383232", "6983");
}
END_TEST

/* SELECT and a reset start a new session. */
START_TEST(test_login_ends)
{
    card_login();
    ck_assert_card(card, CARD_SELECT_HEX, CARD_SELECTED_HEX);
    ck_assert_card(card, "80f0000e", "6982");
    card_login();
    sfi_card_reset(card);
    card_select();
    ck_assert_card(card, "80f0000e", "6982");
    card_login();
    ck_assert_card(card, "00a4040001ff00", "6a82"); /* but not of another */
    ck_assert_card(card, "80f0000e", "9000");
    ck_assert_int_eq(own.retired, 1);
}
END_TEST

/* ---- licences ---- */

START_TEST(test_license)
{
    uint8_t in[SFI_CERTIFICATE_LEN + 4], out[SFI_CARD_APDU_MAX];
    size_t len;

    memcpy(in, chip.data, sizeof(chip.data));
    memcpy(in + sizeof(chip.data), "\x01\x02\x03\x04", 4);
    card_select();
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, 136, NULL, NULL),
                      CARD_SW_SECURITY);
    ck_assert_int_eq(own.calls, 0);
    card_login();
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, 136, out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(len, SFI_LICENSE_LEN);
    ck_assert_mem_eq(out, own.license, len);
    ck_assert_mem_eq(own.cert, chip.data, sizeof(own.cert));
    ck_assert_uint_eq(own.session, 0);
    /* without Le it waits */
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, 136, NULL, NULL), 0x6188);
    ck_assert_uint_eq(card_say(card, 0x00c00000, NULL, 0, out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(len, SFI_LICENSE_LEN);
    ck_assert_mem_eq(out, own.license, len);
    /* a live one */
    ck_assert_ok(sfi__license_make(ctx, chip.public_key, LICENSE_LIVE,
                                   0x01020304, maker.key_secret, maker.nonce,
                                   own.license));
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, 140, out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(own.session, 0x01020304);
    sfi__zero(in + 136, 4);
    own.calls = 0;
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, 140, NULL, NULL),
                      CARD_SW_DATA); /* no session */
    for (size_t n = 0; n < 300; n++) {
        static const uint8_t zeros[300];

        if (n != 136 && n != 140)
            ck_assert_uint_eq(card_say(card, 0x802a0000, zeros, n, NULL, NULL),
                              CARD_SW_LENGTH);
    }
    in[0] = 'x'; /* no certificate */
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, 136, NULL, NULL),
                      CARD_SW_DATA);
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

START_TEST(test_check_image)
{
    uint8_t in[SFI_IMAGE_HEADER_LEN + 1] = {0};

    maker_header(&maker, in);
    card_select();
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 28, NULL, NULL),
                      CARD_SW_SECURITY);
    ck_assert_int_eq(own.calls, 0);
    card_login();
    own.calls = 0;
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 27, NULL, NULL),
                      CARD_SW_LENGTH);
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 29, NULL, NULL),
                      CARD_SW_LENGTH);
    in[0] ^= 1; /* not an image */
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 28, NULL, NULL),
                      CARD_SW_DATA);
    in[0] ^= 1;
    ck_assert_int_eq(own.calls, 0);
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 28, NULL, NULL),
                      CARD_SW_OK);
    ck_assert_int_eq(own.calls, 1);
    ck_assert_mem_eq(own.header, in, sizeof(own.header));
    own.answer = SFI_ERR_AUTH;
    own.report = "another key";
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 28, NULL, NULL),
                      CARD_SW_DATA);
    own.answer = SFI_ERR_UNSUPPORTED;
    ck_assert_uint_eq(card_say(card, 0x802a0002, in, 28, NULL, NULL),
                      CARD_SW_INS);
    own.answer = SFI_OK;
}
END_TEST

/* The HSM's statuses as the card's status words. */
static const struct {
    sfi_status st;
    uint16_t sw;
} words[] = {
    {SFI_ERR_CERTIFICATE, 0x6a80}, {SFI_ERR_AUTH, 0x6a80},
    {SFI_ERR_FORMAT, 0x6a80},      {SFI_ERR_RANGE, 0x6a80},
    {SFI_ERR_HSM_COUNTER, 0x6985}, {SFI_ERR_HSM_STATE, 0x6985},
    {SFI_ERR_HSM_PIN, 0x6982},     {SFI_ERR_UNSUPPORTED, 0x6d00},
    {SFI_ERR_HSM, 0x6581},         {SFI_ERR_ACCESS, 0x6581},
    {SFI_ERR_OS, 0x6581},          {SFI_ERR_TIMEOUT, 0x6581},
    {SFI_ERR_NO_DEVICE, 0x6581},   {SFI_ERR_IO, 0x6581},
    {SFI_ERR_CRYPTO, 0x6f00},      {SFI_ERR_NOMEM, 0x6f00},
    {SFI_ERR_INTERNAL, 0x6f00},    {1, 0x6f00},
};

START_TEST(test_words)
{
    card_login();
    own.answer = words[_i].st;
    own.report = words[_i].st < 0 ? "this is why" : NULL;
    ck_assert_uint_eq(card_say(card, 0x802a0000, chip.data, 136, NULL, NULL),
                      words[_i].sw);
    if (own.report != NULL)
        ck_assert_str_eq(sfi_card_reason(card), "this is why");
    else
        ck_assert_str_eq(sfi_card_reason(card),
                         "HSM licence returned 1, expected an sfi_status");
    own.answer = SFI_OK;
    own.report = NULL;
    if (words[_i].st == SFI_ERR_HSM_PIN) /* it forgot us */
        ck_assert_card(card, "80f0000e", "6982");
    else
        ck_assert_card(card, "80f0000e", "9000");
    ck_assert_str_eq(sfi_card_reason(card), "");
}
END_TEST

/* Without a login the state is reported first, since no PIN would change it. */
START_TEST(test_states)
{
    static const struct {
        uint32_t state;
        uint16_t license, retire, lock;
    } rows[] = {
        {SFI_HSM_BLANK, 0x6985, 0x6985, 0x6982},
        {SFI_HSM_OPERATIONAL, 0x6982, 0x6982, 0x6985},
        {SFI_HSM_EXHAUSTED, 0x6982, 0x6982, 0x6985},
        {SFI_HSM_BLOCKED, 0x6983, 0x6983, 0x6983},
        {SFI_HSM_RETIRED, 0x6985, 0x6985, 0x6985},
    };

    card_select();
    for (size_t i = 0; i < ROWS(rows); i++) {
        own.info.state = rows[i].state;
        ck_assert_uint_eq(
            card_say(card, 0x802a0000, chip.data, 136, NULL, NULL),
            rows[i].license);
        ck_assert_uint_eq(card_say(card, 0x80f0000e, NULL, 0, NULL, NULL),
                          rows[i].retire);
        ck_assert_uint_eq(card_say(card, 0x80f0000f, NULL, 0, NULL, NULL),
                          rows[i].lock);
    }
    own.info_answer = SFI_ERR_OS;
    ck_assert_card(card, "80f0000e", "6581");
    ck_assert_card(card, "00200001", "6581");
    ck_assert_card(card, "80da010b04 00000001", "6581");
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

/* A card whose HSM has no functions refuses. */
START_TEST(test_offers_nothing)
{
    static const sfi_hsm_ops none = {.struct_size = sizeof(none)};
    sfi_card *empty = card_of(&none);

    ck_assert_card(empty, CARD_SELECT_HEX, CARD_SELECTED_HEX);
    ck_assert_card(empty, "80ca010100", "6581");
    ck_assert_card(empty, "0020000104 34373131", "6d00");
    ck_assert_card(empty, "0024000109 0434373131 35383232", "6d00");
    ck_assert_card(empty, "80b2000008 0000000000000001 00", "6d00");
    ck_assert_card(empty, "80ca011100", "6a88");
    ck_assert_card(empty, "80f0000e", "6581");
    sfi_card_free(empty);
}
END_TEST

/* ---- personalisation ---- */

#define KEY_RECORD_LEN 32u

static void
key_record(uint8_t out[KEY_RECORD_LEN])
{
    sfi__zero(out, KEY_RECORD_LEN);
    memcpy(out, maker.nonce, SFI_NONCE_LEN);
    memcpy(out + 16, maker.key_secret, SFI_KEY_LEN);
}

enum { PUT_KEY, PUT_ID, PUT_MAXIMUM, PUT_PERSO, PUT_NEEDED };

/* What LOCK needs, but `missing`. */
static void
put_needed(int missing)
{
    uint8_t record[KEY_RECORD_LEN];

    key_record(record);
    if (missing != PUT_KEY)
        ck_assert_uint_eq(
            card_say(card, 0x80da0120, record, sizeof(record), NULL, NULL),
            CARD_SW_OK);
    if (missing != PUT_ID)
        ck_assert_card(card, "80da010208 626c696e6b203100", "6a80");
    if (missing != PUT_ID)
        ck_assert_card(card, "80da010207 626c696e6b2031", "9000");
    if (missing != PUT_MAXIMUM)
        ck_assert_card(card, "80da010408 0000000000000064", "9000");
    if (missing != PUT_PERSO)
        ck_assert_uint_eq(
            card_say(card, 0x80da0121, maker.perso_data, PERSO_LEN, NULL, NULL),
            CARD_SW_OK);
}

START_TEST(test_personalise)
{
    uint8_t audit_key[SFI_AUDIT_KEY_LEN];

    own.info.state = SFI_HSM_BLANK;
    card_login();
    put_needed(-1);
    ck_assert_card(card, "80f0000f", "9000");
    ck_assert_mem_eq(own.key, maker.key_secret, SFI_KEY_LEN);
    ck_assert_mem_eq(own.nonce, maker.nonce, SFI_NONCE_LEN);
    ck_assert_mem_eq(own.perso, maker.perso_data, PERSO_LEN);
    ck_assert_str_eq(own.firmware_id, "blink 1");
    ck_assert_uint_eq(own.max_count, 100);
    ck_assert_uint_eq(own.low_water, 10); /* a tenth */
    ck_assert_uint_eq(own.flags, 0);
    ck_assert(!own.has_audit_key);
    ck_assert_card(card, "80f0000f", "6985"); /* nothing is left to lock */
    /* with all options; what is put twice counts the second time */
    sfi__fill(audit_key, 0xa7, sizeof(audit_key));
    put_needed(-1);
    put_needed(-1);
    ck_assert_uint_eq(
        card_say(card, 0x80da0122, audit_key, sizeof(audit_key), NULL, NULL),
        CARD_SW_OK);
    ck_assert_card(card, "80da010a08 0000000000000009", "9000");
    ck_assert_card(card, "80da010b04 00000001", "9000");
    ck_assert_card(card, "80f0000f", "9000");
    ck_assert_uint_eq(own.low_water, 9);
    ck_assert_uint_eq(own.flags, SFI_HSM_LIVE_ONLY);
    ck_assert(own.has_audit_key);
    ck_assert_mem_eq(own.audit_key, audit_key, sizeof(audit_key));
    /* no PIN is needed to put, but to lock */
    card_select();
    put_needed(-1);
    own.calls = 0;
    ck_assert_card(card, "80f0000f", "6982");
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

START_TEST(test_missing)
{
    own.info.state = SFI_HSM_BLANK;
    card_login();
    own.calls = 0;
    put_needed(_i);
    ck_assert_card(card, "80f0000f", "6985");
    ck_assert_int_eq(own.calls, 0);
    put_needed(-1); /* and what was put is still there */
    ck_assert_card(card, "80f0000f", "9000");
}
END_TEST

/* A partial personalisation is discarded by a reset, a SELECT or a failure. */
START_TEST(test_staged_is_wiped)
{
    own.info.state = SFI_HSM_BLANK;
    card_login();
    put_needed(-1);
    if (_i == 0)
        sfi_card_reset(card);
    if (_i == 2) {
        own.answer = SFI_ERR_OS;
        ck_assert_card(card, "80f0000f", "6581");
        own.answer = SFI_OK;
    }
    card_login();
    own.calls = 0;
    ck_assert_card(card, "80f0000f", "6985");
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

START_TEST(test_bad_object)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"80da0101 01 01", "6a88"},
        {"80da0103 08 0000000000000064", "6a88"},
        {"80da0105 01 01", "6a88"},
        {"80da0110 01 01", "6a88"},
        {"80da0123 01 01", "6a88"},
        {"80da0120", "6700"},
        {"80da0120 01 00", "6700"},
        {"80da0121", "6700"},
        {"80da0121 01 00", "6a80"},
        {"80da0122 01 00", "6700"},
        {"80da0102", "6700"},
        {"80da0102 01 0a", "6a80"},
        {"80da0102 01 7f", "6a80"},
        {"80da0102 01 80", "6a80"},
        {"80da0104", "6700"},
        {"80da0104 04 00000001", "6700"},
        {"80da0104 08 0000000000000000", "6a80"},
        {"80da0104 08 0000000100000000", "6a80"},
        {"80da0104 08 00000000ffffffff", "9000"},
        {"80da010a 08 0000000000000000", "9000"},
        {"80da010a 08 0000000100000000", "6a80"},
        {"80da010a 07 00000000000000", "6700"},
        {"80da010b 08 0000000000000000", "6700"},
    };
    uint8_t bytes[256] = {0};

    own.info.state = SFI_HSM_BLANK;
    card_login();
    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_card(card, rows[i].in, rows[i].out);
    sfi__fill(bytes, 'x', 64);
    ck_assert_uint_eq(card_say(card, 0x80da0102, bytes, 64, NULL, NULL),
                      CARD_SW_LENGTH);
    ck_assert_uint_eq(card_say(card, 0x80da0102, bytes, 63, NULL, NULL),
                      CARD_SW_OK);
    for (size_t i = 12; i < 16; i++) { /* the zeros of an IV field */
        key_record(bytes);
        bytes[i] = 1;
        ck_assert_uint_eq(
            card_say(card, 0x80da0120, bytes, KEY_RECORD_LEN, NULL, NULL),
            CARD_SW_DATA);
    }
    memcpy(bytes, maker.perso_data, PERSO_LEN);
    bytes[PERSO_LEN - 1] ^= 1;
    ck_assert_uint_eq(card_say(card, 0x80da0121, bytes, PERSO_LEN, NULL, NULL),
                      CARD_SW_DATA);
    ck_assert_str_ne(sfi_card_reason(card), "");
    own.info.state = SFI_HSM_OPERATIONAL;
    ck_assert_card(card, "80da010b04 00000001", "6985");
}
END_TEST

/* The HSM decides last: data that it refuses is reported as wrong data. */
START_TEST(test_refused_at_lock)
{
    own.info.state = SFI_HSM_BLANK;
    card_login();
    put_needed(-1);
    ck_assert_card(card, "80da010b04 ffffffff", "9000"); /* unknown flags */
    own.calls = 0;
    ck_assert_card(card, "80f0000f", "6a80");
    ck_assert_int_eq(own.calls, 0);
    put_needed(-1);
    ck_assert_card(card, "80da010a08 0000000000000065", "9000");
    ck_assert_card(card, "80f0000f", "6a80"); /* more than the maximum */
    put_needed(-1);
    own.answer = SFI_ERR_HSM_STATE;
    ck_assert_card(card, "80f0000f", "6985");
}
END_TEST

/* ---- commands in parts ---- */

/* GET LICENCE in parts of `part` bytes; `last`: with Le. */
static uint16_t
license_in_parts(size_t part, uint8_t *out, size_t *len)
{
    size_t at = 0;

    for (; SFI_CERTIFICATE_LEN - at > part; at += part)
        ck_assert_uint_eq(
            card_say(card, 0x902a0000, chip.data + at, part, NULL, NULL),
            CARD_SW_OK);
    return card_say(card, 0x802a0000, chip.data + at, SFI_CERTIFICATE_LEN - at,
                    out, len);
}

START_TEST(test_chained)
{
    static const size_t parts[] = {1, 2, 7, 68, 100, 135, 136};
    uint8_t out[SFI_CARD_APDU_MAX];
    size_t len;

    card_login();
    for (size_t i = 0; i < ROWS(parts); i++) {
        sfi__zero(own.cert, sizeof(own.cert));
        ck_assert_uint_eq(license_in_parts(parts[i], out, &len), CARD_SW_OK);
        ck_assert_uint_eq(len, SFI_LICENSE_LEN);
        ck_assert_mem_eq(own.cert, chip.data, sizeof(own.cert));
    }
    /* parts without data, and a last one without */
    ck_assert_card(card, "902a0000", "9000");
    ck_assert_uint_eq(
        card_say(card, 0x902a0000, chip.data, SFI_CERTIFICATE_LEN, NULL, NULL),
        CARD_SW_OK);
    ck_assert_uint_eq(card_say(card, 0x802a0000, NULL, 0, out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(len, SFI_LICENSE_LEN);
    /* a PIN in parts, and a record */
    ck_assert_card(card, "1020000102 3437", "9000");
    ck_assert_card(card, "0020000102 3131", "9000");
    ck_assert_mem_eq(own.pin, "4711", 4);
    ck_assert_card(card, "90b2000004 00000000", "9000");
    own.answer = SFI_ERR_RANGE;
    ck_assert_card(card, "80b2000004 00000007 00", "6a83");
    ck_assert_uint_eq(own.sequence, 7);
}
END_TEST

/* A different command ends a chain, whose parts are discarded. */
START_TEST(test_chain_is_dropped)
{
    static const char *const between[][2] = {
        {"80ca010100", "019000"}, {"ffca0101", "6e00"},
        {"80", "6700"},           {"00c0000000", "6985"},
        {"90ca010100", "6884"},   {"90b2000001 00", "9000"},
        {"802a0001 00", "6a86"},  {"902a0001 01 00", "9000"},
    };
    uint8_t out[SFI_CARD_APDU_MAX];
    size_t len;

    card_login();
    own.calls = 0;
    for (size_t i = 0; i < ROWS(between); i++) {
        ck_assert_uint_eq(
            card_say(card, 0x902a0000, chip.data, 100, NULL, NULL), CARD_SW_OK);
        ck_assert_card(card, between[i][0], between[i][1]);
        ck_assert_uint_eq(
            card_say(card, 0x802a0000, chip.data + 100, 36, NULL, NULL),
            CARD_SW_LENGTH);
    }
    ck_assert_int_eq(own.calls, 0);
    ck_assert_uint_eq(card_say(card, 0x902a0000, chip.data, 100, NULL, NULL),
                      CARD_SW_OK);
    card_login(); /* a host that died, and the next one */
    ck_assert_uint_eq(license_in_parts(50, out, &len), CARD_SW_OK);
    ck_assert_uint_eq(card_say(card, 0x902a0000, chip.data, 100, NULL, NULL),
                      CARD_SW_OK);
    sfi_card_reset(card);
    card_login();
    ck_assert_uint_eq(
        card_say(card, 0x802a0000, chip.data + 100, 36, NULL, NULL),
        CARD_SW_LENGTH);
}
END_TEST

START_TEST(test_chain_is_too_long)
{
    uint8_t bytes[255] = {0};

    card_login();
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(card_say(card, 0x902a0000, bytes, 255, NULL, NULL),
                          CARD_SW_OK);
    ck_assert_uint_eq(card_say(card, 0x902a0000, bytes, 4, NULL, NULL),
                      CARD_SW_OK);
    ck_assert_uint_eq(card_say(card, 0x902a0000, bytes, 1, NULL, NULL),
                      CARD_SW_LENGTH);
    /* dropped: this is a whole command */
    ck_assert_uint_eq(card_say(card, 0x802a0000, chip.data, 136, NULL, NULL),
                      0x6188);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(card_say(card, 0x902a0000, bytes, 255, NULL, NULL),
                          CARD_SW_OK);
    ck_assert_uint_eq(card_say(card, 0x802a0000, bytes, 5, NULL, NULL),
                      CARD_SW_LENGTH);
    ck_assert_uint_eq(card_say(card, 0x802a0000, chip.data, 136, NULL, NULL),
                      0x6188);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("card_issue");
    TCase *t = tcase_create("commands");

    tcase_add_checked_fixture(t, card_setup, card_teardown);
    tcase_add_test(t, test_verify);
    tcase_add_test(t, test_change_pin);
    tcase_add_test(t, test_login_ends);
    tcase_add_test(t, test_license);
    tcase_add_test(t, test_check_image);
    tcase_add_loop_test(t, test_words, 0, ROWS(words));
    tcase_add_test(t, test_states);
    tcase_add_test(t, test_offers_nothing);
    tcase_add_test(t, test_personalise);
    tcase_add_loop_test(t, test_missing, 0, PUT_NEEDED);
    tcase_add_loop_test(t, test_staged_is_wiped, 0, 3);
    tcase_add_test(t, test_bad_object);
    tcase_add_test(t, test_refused_at_lock);
    tcase_add_test(t, test_chained);
    tcase_add_test(t, test_chain_is_dropped);
    tcase_add_test(t, test_chain_is_too_long);
    suite_add_tcase(s, t);
    return run_suite(s);
}
