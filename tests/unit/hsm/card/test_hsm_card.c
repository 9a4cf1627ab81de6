/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's side of a smartcard HSM, against scripted cards: which commands
 * are sent, how each reply is treated, and what is sent again after a lost
 * reply. */
#include <stdio.h>
#include <string.h>

#include <sfi/key.h>
#include <sfi/license.h>

#include "util/mem.h"
#include "hsm/card/card.h"

#include <card/card_play.h>
#include "fixture.h"

/* ---- open ---- */

static const struct {
    const char *text;
    sfi_status st;
    const char *message;
} openings[] = {
    {PLAY_OPENING, SFI_OK, NULL},
    {"B > $sel < 6f0a8408f053464948534d01 9000 > $ask < $info 9000 e", SFI_OK,
     NULL},
    {"B > $sel < $info 6110 > 00c0000010 < ^16 9000 > $ask < $info 9000 e",
     SFI_OK, NULL},
    {"b!", SFI_ERR_NO_DEVICE, "the card was removed"},
    {"B > $sel < 6a82 e", SFI_ERR_UNSUPPORTED,
     "the card does not contain the libsfi HSM application (0x6a82 to SELECT)"},
    {"B > $sel < 6d00 e", SFI_ERR_UNSUPPORTED,
     "the card does not contain the libsfi HSM application (0x6d00 to SELECT)"},
    {"B > $sel < $info ^129 9000 e", SFI_ERR_HSM,
     "the card's reply to SELECT has 257 bytes or more, expected at most 256"},
    {"B > $sel < 9000 > $ask < 6a88 e", SFI_ERR_HSM_STATE,
     "the card has no such object (0x6a88 to GET DATA information)"},
    {"B > $sel < 9000 > $ask < ^127 9000 e", SFI_ERR_HSM,
     "the card's reply to GET DATA information has 127 bytes, expected 128"},
    {"B > $sel < 9000 > $ask < $info 00 9000 e", SFI_ERR_HSM,
     "the card's reply to GET DATA information has 129 bytes or more, expected "
     "at most 128"},
    {"B > $sel < 9000 > $ask < 9000 e", SFI_ERR_HSM,
     "the card's reply to GET DATA information has 0 bytes, expected 128"},
    {"B > $sel < 9000 > $ask < 6180 > 00c0000080 < 6180 e", SFI_ERR_HSM,
     "the card announces more of its reply to GET DATA information, but does "
     "not deliver it"},
    {"B > $sel < 9000 > $ask < 9001 e", SFI_ERR_HSM,
     "unknown status word (0x9001 to GET DATA information)"},
    /* once more when an answer is lost, and no more than once */
    {"B > $sel !io e " PLAY_OPENING, SFI_OK, NULL},
    {"B > $sel < 90 e " PLAY_OPENING, SFI_OK, NULL},
    {"B > $sel < 9000 > $ask !io e b " PLAY_MEET " e", SFI_OK, NULL},
    {"B > $sel !gone e b!", SFI_ERR_NO_DEVICE, "the card was removed"},
    {"B > $sel !io e B > $sel !io e", SFI_ERR_IO, "the reader failed"},
    {"B > $sel < e b > $sel < 90 e", SFI_ERR_IO,
     "a reply of 1 bytes to SELECT, expected at least 2"},
    /* not selected after all */
    {"B > $sel < 9000 > $ask < 6e00 e b " PLAY_MEET " e", SFI_OK, NULL},
    {"B > $sel < 9000 > $ask < 6d00 e b > $sel < 9000 > $ask < 6d00 e",
     SFI_ERR_HSM,
     "the card does not support this command (0x6d00 to GET DATA information)"},
};

START_TEST(test_open)
{
    sfi_status st;

    play_text(openings[_i].text);
    st = play_open(false);
    if (openings[_i].st == SFI_OK)
        ck_assert_int_eq(st, SFI_OK);
    else
        ck_assert_fails(st, openings[_i].st, "", openings[_i].message);
    ck_assert_int_eq(play_card != NULL, st == SFI_OK);
    ck_assert_int_eq(play.closed, st != SFI_OK);
}
END_TEST

START_TEST(test_open_no_memory)
{
    memory.fail_at = 1;
    ck_assert_int_eq(play_open(false), SFI_ERR_NOMEM);
    ck_assert_ptr_null(play_card);
}
END_TEST

/* ---- what a card says of itself ---- */

START_TEST(test_info)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    play.info[PLAY_FLAGS] = SFI_HSM_LIVE_ONLY;
    play.info[PLAY_REMAINING] = 3;
    play.info[PLAY_LOW] = 1;
    play.info[PLAY_RECORDS] = 2;
    play_text("b > $ask < $info 9000 e");
    ck_assert_ok(play_ops.info(play_card, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_OPERATIONAL);
    ck_assert_uint_eq(info.pin_tries_left, 10);
    ck_assert_uint_eq(info.flags, SFI_HSM_LIVE_ONLY);
    ck_assert_uint_eq(info.remaining, 3);
    ck_assert_uint_eq(info.maximum, 5);
    ck_assert_uint_eq(info.low_water, 1);
    ck_assert_uint_eq(info.records, 2);
    ck_assert_str_eq(info.serial, "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e");
    ck_assert_str_eq(info.product_id, "45002001");
    ck_assert_str_eq(info.firmware_id, "blink 1.0");
}
END_TEST

START_TEST(test_info_blank)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    play_text("b > $ask < $info 9000 e");
    ck_assert_ok(play_ops.info(play_card, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_BLANK);
    ck_assert_uint_eq(info.pin_tries_left, 10);
    ck_assert_str_eq(info.serial, "");
    ck_assert_str_eq(info.firmware_id, "");
}
END_TEST

/* A byte of the reply that is invalid, and the message. */
static const struct {
    size_t at;
    uint8_t byte;
    sfi_status st;
    const char *message;
} bad_infos[] = {
    {0, 2, SFI_ERR_UNSUPPORTED,
     "the card speaks version 2 of its protocol, expected 1"},
    {PLAY_STATE, 5, SFI_ERR_HSM,
     "the card reports an invalid value: state 5, expected at most 4"},
    {PLAY_REMAINING, 6, SFI_ERR_HSM,
     "the card reports an invalid value: 6 of 5 installations left"},
    {PLAY_MAXIMUM - 4, 1, SFI_ERR_HSM,
     "the card reports an invalid value: 5 of 4294967301 installations left"},
    {PLAY_PRODUCT + 3, 7, SFI_ERR_HSM,
     "the card reports an invalid value: the product id is not text"},
    {PLAY_PRODUCT + 3, 0, SFI_ERR_HSM,
     "the card reports an invalid value: the product id is not text"},
    {PLAY_FIRMWARE + 1, 0xff, SFI_ERR_HSM,
     "the card reports an invalid value: the firmware id is not text"},
    {PLAY_FIRMWARE + 20, 'x', SFI_ERR_HSM,
     "the card reports an invalid value: the firmware id is not text"},
    {PLAY_FIRMWARE + 63, 'x', SFI_ERR_HSM,
     "the card reports an invalid value: the firmware id is not text"},
};

START_TEST(test_info_bad)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    play.info[bad_infos[_i].at] = bad_infos[_i].byte;
    play_text("b > $ask < $info 9000 e");
    ck_assert_fails(play_ops.info(play_card, &info), bad_infos[_i].st, "",
                    bad_infos[_i].message);
}
END_TEST

/* ---- the PIN ---- */

static const struct {
    const char *text;
    sfi_status st;
    const char *message;
} logins[] = {
    {"b " PLAY_MEET " " PLAY_VERIFY " < 9000 e", SFI_OK, NULL},
    {"b " PLAY_MEET " " PLAY_VERIFY " < 63c3 e", SFI_ERR_HSM_PIN,
     "wrong PIN, 3 tries left"},
    {"b " PLAY_MEET " " PLAY_VERIFY " < 63c0 e", SFI_ERR_HSM_PIN,
     "wrong PIN, 0 tries left: the card is blocked for ever"},
    {"b " PLAY_MEET " " PLAY_VERIFY " < 6983 e", SFI_ERR_HSM_STATE,
     "the card is blocked: no PIN tries are left (0x6983 to VERIFY)"},
    {"b " PLAY_MEET " " PLAY_VERIFY " < 6581 e", SFI_ERR_HSM,
     "the card could not store its state (0x6581 to VERIFY)"},
    {"b " PLAY_MEET " " PLAY_VERIFY " < ^1 9000 e", SFI_ERR_HSM,
     "the card's reply to VERIFY has 1 bytes or more, expected at most 0"},
    /* a try may have been spent: it is not sent again */
    {"b " PLAY_MEET " " PLAY_VERIFY " !io e", SFI_ERR_IO, "the reader failed"},
    {"b " PLAY_MEET " " PLAY_VERIFY " !gone e", SFI_ERR_NO_DEVICE,
     "the card was removed"},
    {"b " PLAY_MEET " " PLAY_VERIFY " < 63 e", SFI_ERR_IO,
     "a reply of 1 bytes to VERIFY, expected at least 2"},
    {"b " PLAY_MEET " " PLAY_VERIFY " < 6d00 e", SFI_ERR_HSM,
     "the card does not support this command (0x6d00 to VERIFY)"},
    /* before it was sent, everything may be repeated */
    {"b > $sel !io e B " PLAY_MEET " " PLAY_VERIFY " < 9000 e", SFI_OK, NULL},
    {"b > $sel < 9000 > $ask !gone e B " PLAY_MEET " " PLAY_VERIFY " < 63c9 e",
     SFI_ERR_HSM_PIN, "wrong PIN, 9 tries left"},
};

START_TEST(test_login)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);

    play_text(logins[_i].text);
    if (logins[_i].st == SFI_OK) {
        ck_assert_int_eq(play_login(), SFI_OK);
        return;
    }
    ck_assert_fails(play_login(), logins[_i].st, "", logins[_i].message);
    play_done();
    /* and it is not kept */
    play.text = play.at =
        ((struct card *)play_card)->selected ? "b e" : "b " PLAY_MEET " e";
    ck_assert_fails(
        play_ops.license(play_card, play.cert, sizeof(play.cert), 0, out, &len),
        SFI_ERR_HSM_PIN, "", "the card issues licences only after a login");
}
END_TEST

START_TEST(test_pin_length)
{
    static const char pin[CARD_PIN_MAX + 1];

    ck_assert_fails(play_ops.login(play_card, pin, 3), SFI_ERR_HSM_PIN, "",
                    "a PIN of 3 bytes, expected 4 to 64");
    ck_assert_fails_about(play_ops.login(play_card, pin, sizeof(pin)),
                          SFI_ERR_HSM_PIN, "", "PIN", "65 bytes", "4 to 64");
    ck_assert_fails_about(play_ops.change_pin(play_card, pin, 3, pin, 4),
                          SFI_ERR_HSM_PIN, "", "PIN", "3 bytes", "4 to 64");
    ck_assert_fails_about(play_ops.change_pin(play_card, pin, 4, pin, 65),
                          SFI_ERR_HSM_PIN, "", "PIN", "65 bytes", "4 to 64");
}
END_TEST

static sfi_status
change_pin(void)
{
    return play_ops.change_pin(play_card, PLAY_PIN, strlen(PLAY_PIN),
                               PLAY_NEW_PIN, strlen(PLAY_NEW_PIN));
}

#define CHANGE "> 0024000112 09 $pin $new"

static const struct {
    const char *text;
    sfi_status st;
    const char *message;
} changes[] = {
    {"b " PLAY_MEET " " CHANGE " < 63c2 e", SFI_ERR_HSM_PIN,
     "wrong PIN, 2 tries left"},
    {"b " PLAY_MEET " " CHANGE " < 6983 e", SFI_ERR_HSM_STATE,
     "the card is blocked: no PIN tries are left (0x6983 to CHANGE PIN)"},
    {"b " PLAY_MEET " " CHANGE " < 6985 e", SFI_ERR_HSM_STATE,
     "not allowed in the card's present state (0x6985 to CHANGE PIN)"},
    {"b " PLAY_MEET " " CHANGE " !io e", SFI_ERR_IO,
     "the card was lost during the change of its PIN: the old or the new PIN "
     "is valid"},
    {"b " PLAY_MEET " " CHANGE " !gone e", SFI_ERR_NO_DEVICE,
     "the card was lost during the change of its PIN: the old or the new PIN "
     "is valid"},
    {"b > $sel !gone e b!", SFI_ERR_NO_DEVICE, "the card was removed"},
};

START_TEST(test_change_pin)
{
    play_text("b " PLAY_MEET " " CHANGE " < 9000 e");
    ck_assert_ok(change_pin());
    /* the new PIN is the one that is sent again */
    play_text("B " PLAY_MEET " > 0020000108 $new < 9000 > $ask < $info 9000 e");
    ck_assert_ok(play_ops.info(
        play_card, &(sfi_hsm_info){.struct_size = sizeof(sfi_hsm_info)}));
}
END_TEST

START_TEST(test_change_pin_fails)
{
    play_text(changes[_i].text);
    ck_assert_fails(change_pin(), changes[_i].st, "", changes[_i].message);
    play_done();
    ck_assert_uint_eq(((struct card *)play_card)->pin_len, 0);
}
END_TEST

/* ---- the audit ---- */

START_TEST(test_log_head)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};

    play_text("b > 80ca0111000000 < $audit 9000 e");
    ck_assert_ok(play_ops.audit_head(play_card, &head));
    ck_assert_uint_eq(head.maximum, 5);
    ck_assert_uint_eq(head.remaining, 4);
    ck_assert_uint_eq(head.sequence, 1);
    ck_assert_str_eq(head.firmware_id, "blink 1.0");
    ck_assert_str_eq(head.product_id, "45002001");
    ck_assert_mem_eq(head.serial, play.audit + 108, 16);
    ck_assert_mem_eq(head.ca_public, play.audit + 124, 64);
    ck_assert_mem_eq(head.genesis, play.audit + 188, 32);
    ck_assert_mem_eq(head.audit_head, play.audit + 220, 32);
    ck_assert_mem_eq(head.mac, play.audit + 252, 32);

    play_text("b > 80ca0111000000 < 6a88 e");
    ck_assert_fails(play_ops.audit_head(play_card, &head), SFI_ERR_HSM_STATE,
                    "", "the card is blank: it has no audit");
    play_text("b > 80ca0111000000 < 6581 e");
    ck_assert_fails(
        play_ops.audit_head(play_card, &head), SFI_ERR_HSM, "",
        "the card could not store its state (0x6581 to GET DATA audit)");
    play.audit[27] = 6;
    play_text("b > 80ca0111000000 < $audit 9000 e");
    ck_assert_fails_about(play_ops.audit_head(play_card, &head), SFI_ERR_HSM,
                          "", "6 of 5 installations left");
    play.audit[36] = 1;
    play_text("b > 80ca0111000000 < $audit 9000 e");
    ck_assert_fails_about(play_ops.audit_head(play_card, &head), SFI_ERR_HSM,
                          "", "the firmware id is not text");
}
END_TEST

#define RECORD "b > 80b2000008 0000000000000001 00"

START_TEST(test_log_record)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};

    play_text(RECORD " < $rec 9000 e");
    ck_assert_ok(play_ops.audit_record(play_card, 1, &r));
    ck_assert_uint_eq(r.kind, SFI_AUDIT_COUNTED);
    ck_assert_uint_eq(r.sequence, 1);
    ck_assert_uint_eq(r.time, 99);
    ck_assert_uint_eq(r.remaining, 4);
    ck_assert_uint_eq(r.session, 0x1c1d1e1f);
    ck_assert_mem_eq(r.device, play.rec + 32, 32);
    ck_assert_mem_eq(r.license, play.rec + 64, 32);
    ck_assert_mem_eq(r.previous, play.rec + 96, 32);
    ck_assert_mem_eq(r.hash, play.rec + 128, 32);
    ck_assert_mem_eq(r.mac, play.rec + 160, 32);

    play_text(RECORD " < 6a83 e");
    ck_assert_fails(play_ops.audit_record(play_card, 1, &r), SFI_ERR_RANGE, "",
                    "the card has no such record (0x6a83 to GET RECORD)");
    play.rec[11] = 2;
    play_text(RECORD " < $rec 9000 e");
    ck_assert_fails(play_ops.audit_record(play_card, 1, &r), SFI_ERR_HSM, "",
                    "the card returned record 2, expected 1");
    play.rec[3] = 4;
    play_text(RECORD " < $rec 9000 e");
    ck_assert_fails(
        play_ops.audit_record(play_card, 1, &r), SFI_ERR_HSM, "",
        "the card reports an invalid value: unknown kind of record");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hsm_card");
    TCase *opening = tcase_create("opening");
    TCase *open = tcase_create("open");
    TCase *blank = tcase_create("blank");

    tcase_add_checked_fixture(opening, play_setup, play_teardown);
    tcase_add_loop_test(opening, test_open, 0, (int)ROWS(openings));
    tcase_add_test(opening, test_open_no_memory);
    suite_add_tcase(s, opening);

    tcase_add_checked_fixture(open, play_setup_open, play_teardown);
    tcase_add_test(open, test_info);
    tcase_add_loop_test(open, test_info_bad, 0, (int)ROWS(bad_infos));
    tcase_add_loop_test(open, test_login, 0, (int)ROWS(logins));
    tcase_add_test(open, test_pin_length);
    tcase_add_test(open, test_change_pin);
    tcase_add_loop_test(open, test_change_pin_fails, 0, (int)ROWS(changes));
    tcase_add_test(open, test_log_head);
    tcase_add_test(open, test_log_record);
    suite_add_tcase(s, open);

    tcase_add_checked_fixture(blank, play_setup_blank, play_teardown);
    tcase_add_test(blank, test_info_blank);
    suite_add_tcase(s, blank);
    return run_suite(s);
}
