/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's side of licences, retiring and provisioning, against scripted
 * cards. */
#include <stdio.h>
#include <string.h>

#include <sfi/key.h>
#include <sfi/license.h>

#include "util/mem.h"
#include "hsm/card/card.h"

#include <card/card_play.h>
#include "fixture.h"

/* ---- licences ---- */

#define LICENSE "> 802a0000000088 $cert 0000"

#define STATE(state) PLAY_STATE, state

/* The card's information with `byte` at offset `at`. */
static const struct {
    const char *text;
    size_t at;
    uint8_t byte;
    sfi_status st;
    const char *message;
} licenses[] = {
    {LICENSE " < $lic 9000 > $ask < $info 9000 e", STATE(1), SFI_OK, NULL},
    {LICENSE " < $lic 9000 > $ask < 6f00 e", STATE(1), SFI_OK, NULL},
    {LICENSE " < $lic 9000 > $ask !io e", STATE(1), SFI_OK, NULL},
    {LICENSE " < 6985 > $ask < $info 9000 e", STATE(SFI_HSM_BLANK),
     SFI_ERR_HSM_STATE, "the card is blank: provision it first"},
    {LICENSE " < 6985 > $ask < $info 9000 e", STATE(SFI_HSM_EXHAUSTED),
     SFI_ERR_HSM_COUNTER, "no installations left: all 5 ..."},
    {LICENSE " < 6985 > $ask < $info 9000 e", STATE(SFI_HSM_BLOCKED),
     SFI_ERR_HSM_STATE, "the card is blocked: ... (0x6983 to GET LICENCE)"},
    {LICENSE " < 6985 > $ask < $info 9000 e", STATE(SFI_HSM_RETIRED),
     SFI_ERR_HSM_STATE, "the card is retired and issues no licences"},
    {LICENSE " < 6985 > $ask < $info 9000 e", PLAY_FLAGS, SFI_HSM_LIVE_ONLY,
     SFI_ERR_HSM_STATE, "the card issues live licences only"},
    {LICENSE " < 6985 > $ask < $info 9000 e", STATE(1), SFI_ERR_HSM_STATE,
     "not allowed ... state (0x6985 to GET LICENCE)"},
    {LICENSE " < 6a80 e", STATE(1), SFI_ERR_CERTIFICATE,
     "the card refuses the certificate: it is for a different product, or not "
     "signed by the card's CA"},
    {LICENSE " < 6581 e", STATE(1), SFI_ERR_HSM,
     "... store its state (0x6581 to GET LICENCE)"},
    {LICENSE " < 6f00 e", STATE(1), SFI_ERR_HSM,
     "the card reports an internal error (0x6f00 to GET LICENCE)"},
    {LICENSE " < 9000 e", STATE(1), SFI_ERR_HSM,
     "the card's reply to GET LICENCE has 0 bytes, expected 136"},
    {LICENSE " < ^135 9000 e", STATE(1), SFI_ERR_HSM,
     "the card's reply to GET LICENCE has 135 bytes, expected 136"},
    {LICENSE " < ^137 9000 e", STATE(1), SFI_ERR_HSM,
     "the card's reply to GET LICENCE has 137 bytes or more, expected at most "
     "136"},
    {LICENSE " < ^135 6101 > 00c0000001 < ff 9000 > $ask < $info 9000 e",
     STATE(1), SFI_OK, NULL},
    /* lost: one more try, for which the card must be told everything again */
    {LICENSE " !io e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
             " < $lic 9000 > $ask < $info 9000 e",
     STATE(1), SFI_OK, NULL},
    {LICENSE " < 90 e B " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
             " < $lic 9000 > $ask < $info 9000 e",
     STATE(1), SFI_OK, NULL},
    {LICENSE " !io e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE " !io e",
     STATE(1), SFI_ERR_IO, "the reader failed"},
    {LICENSE " !gone e b!", STATE(1), SFI_ERR_NO_DEVICE,
     "the card was removed"},
    {LICENSE " !io e b " PLAY_MEET " " PLAY_VERIFY " !io e", STATE(1),
     SFI_ERR_IO, "the reader failed"},
    /* another program selected a different application, or reset the PIN */
    {LICENSE " < 6d00 e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
             " < $lic 9000 > $ask < $info 9000 e",
     STATE(1), SFI_OK, NULL},
    {LICENSE " < 6982 e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
             " < $lic 9000 > $ask < $info 9000 e",
     STATE(1), SFI_OK, NULL},
    {LICENSE " < 6982 e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
             " < 6982 e",
     STATE(1), SFI_ERR_HSM_PIN,
     "the card requires the PIN first (0x6982 to GET LICENCE)"},
};

START_TEST(test_license)
{
    char text[1000];
    uint8_t out[SFI_LICENSE_LEN + 4] = {0};
    size_t len = SFI_LICENSE_LEN;
    sfi_status st;

    play.info[licenses[_i].at] = licenses[_i].byte;
    (void)snprintf(text, sizeof(text), "b %s", licenses[_i].text);
    play_text(text);
    st =
        play_ops.license(play_card, play.cert, sizeof(play.cert), 0, out, &len);
    if (licenses[_i].st != SFI_OK) {
        ck_assert_fails(st, licenses[_i].st, "", licenses[_i].message);
    } else {
        ck_assert_int_eq(st, SFI_OK);
        ck_assert_uint_eq(len, SFI_LICENSE_LEN);
    }
    ck_assert_uint_eq(out[SFI_LICENSE_LEN], 0);
    play_done();
    play.text = play.at = "";
}
END_TEST

/* ---- several ---- */

/* Whether each was counted; `$info` tells of one less after it. */
static const struct {
    const char *text;
    sfi_status st;
    const char *told;
} steps[] = {
    {"b > $ask < $full 9000 " LICENSE " < $lic 9000 > $ask < $info 9000 e "
     "b > $ask < $info 9000 " LICENSE " < $lic 9000 > $ask < $info 9000 e",
     SFI_OK, "0 1, 1 2, "},
    {"b > $ask < $full 9000 " LICENSE " < 6a80 e "
     "b > $ask < $full 9000 " LICENSE " < $lic 9000 > $ask < $info 9000 e",
     SFI_OK, "0 0, 1 1, "},
    /* nobody knows whether the lost one counted */
    {"b > $ask < $full 9000 " LICENSE " !io e b " PLAY_MEET " " PLAY_VERIFY
     " < 9000 > $ask < $info 9000 " LICENSE
     " < $lic 9000 > $ask < $info 9000 e "
     "b > $ask < $info 9000 " LICENSE " < $lic 9000 > $ask < 6f00 e",
     SFI_OK, "0 3, 1 3, "},
    {"b > $ask < $full 9000 " LICENSE " !gone e b!", SFI_ERR_NO_DEVICE,
     "0 3 SFI_ERR_NO_DEVICE, "},
};

static char told[256];

static void
tell(void *to, size_t index, sfi_status st, uint32_t count,
     const uint8_t *license, size_t license_len)
{
    size_t len = strlen(told);

    ck_assert_ptr_eq(to, told);
    ck_assert_int_eq(license != NULL, st == SFI_OK);
    ck_assert_uint_eq(license_len, st == SFI_OK ? SFI_LICENSE_LEN : 0);
    (void)snprintf(told + len, sizeof(told) - len, "%zu %u%s%s, ", index, count,
                   st != SFI_OK && count != 0 ? " " : "",
                   st != SFI_OK && count != 0 ? sfi_status_name(st) : "");
}

START_TEST(test_licenses)
{
    const uint8_t *certs[] = {play.cert, play.cert};
    const uint32_t sessions[] = {0, 0};

    play.info[PLAY_REMAINING] = 4;
    told[0] = '\0';
    play_text(steps[_i].text);
    ck_assert_int_eq(play_ops.licenses(play_card, certs, sizeof(play.cert),
                                       sessions, 2, tell, told),
                     steps[_i].st);
    ck_assert_str_eq(told, steps[_i].told);
    play_done();
    play.text = play.at = "";
}
END_TEST

#define IMAGE                               \
    "> 802a00021c 5346494d4147494301000200" \
    "00000000000000000000000000000000"

static const struct {
    const char *text;
    sfi_status st;
    const char *message;
} images[] = {
    {IMAGE " < 9000 e", SFI_OK, NULL},
    {IMAGE " < 6a80 e", SFI_ERR_AUTH,
     "the image was built with another key or nonce than this HSM has: use the "
     "HSM of this image, or build the image again"},
    {IMAGE " < 6a86 e", SFI_ERR_UNSUPPORTED,
     "the card does not support a check of images"},
    {IMAGE " < 6d00 e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " IMAGE
           " < 6d00 e",
     SFI_ERR_UNSUPPORTED, "the card does not support a check of images"},
    {IMAGE " < 6985 e", SFI_ERR_HSM_STATE,
     "not allowed ... state (0x6985 to CHECK IMAGE)"},
    {IMAGE " < 6f00 e", SFI_ERR_HSM,
     "the card reports an internal error (0x6f00 to CHECK IMAGE)"},
    {IMAGE " < 6982 e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " IMAGE
           " < 9000 e",
     SFI_OK, NULL},
    {IMAGE " !io e b " PLAY_MEET " " PLAY_VERIFY " < 9000 " IMAGE " < 6a80 e",
     SFI_ERR_AUTH,
     "the image was built with another key or nonce than this HSM has: use the "
     "HSM of this image, or build the image again"},
};

/* The header's tag is all zeros. */
START_TEST(test_check_image)
{
    static const uint8_t header[SFI_IMAGE_HEADER_LEN] = "SFIMAGIC\1\0\2";
    char text[1000];
    sfi_status st;

    (void)snprintf(text, sizeof(text), "b %s", images[_i].text);
    play_text(text);
    st = play_ops.check_image(play_card, header, sizeof(header));
    if (images[_i].st != SFI_OK)
        ck_assert_fails(st, images[_i].st, "", images[_i].message);
    else
        ck_assert_int_eq(st, SFI_OK);
    play_done();
    play.text = play.at = "";
}
END_TEST

/* A different card is sent nothing, not even the PIN; the old card goes on. */
START_TEST(test_another_card)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);

    play.info[PLAY_SERIAL]++;
    play_text("B " PLAY_MEET " e b " PLAY_MEET " e");
    for (int i = 0; i < 2; i++)
        ck_assert_fails(play_ops.license(play_card, play.cert,
                                         sizeof(play.cert), 0, out, &len),
                        SFI_ERR_HSM, "",
                        "the reader contains a different card than the one "
                        "that was opened");
    play.info[PLAY_SERIAL]--;
    play_text("B " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
              " < $lic 9000 > $ask < $info 9000 e");
    ck_assert_int_eq(
        play_ops.license(play_card, play.cert, sizeof(play.cert), 0, out, &len),
        SFI_OK);
}
END_TEST

/* A card that does not identify itself is sent nothing either. */
static const char *const strangers[] = {
    "< 6f00", "< 6a88", "< 6982", "< ^127 9000", "< 9000", "< ff ^127 9000",
};

START_TEST(test_stranger)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);
    char text[200];

    (void)snprintf(text, sizeof(text),
                   "B > $sel < 9000 > $ask %s e b > $sel < 9000 > $ask %s e",
                   strangers[_i], strangers[_i]);
    play_text(text);
    for (int i = 0; i < 2; i++)
        ck_assert_int_ne(play_ops.license(play_card, play.cert,
                                          sizeof(play.cert), 0, out, &len),
                         SFI_OK);
    play_done();
    play.text = play.at = "";
}
END_TEST

START_TEST(test_live_license)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);

    play_text("b > 802a000000008c $cert 01020304 0000 < $lic 9000 "
              "> $ask < $info 9000 e");
    ck_assert_ok(play_ops.license(play_card, play.cert, sizeof(play.cert),
                                  0x01020304, out, &len));
    ck_assert_mem_eq(out, play.lic, sizeof(out));
}
END_TEST

/* A card that knows no extended length is not asked a second time. */
START_TEST(test_no_extended_length)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);
    char first[500], again[500], text[2100];

    memset(play.cert, 0, sizeof(play.cert));
    (void)snprintf(first, sizeof(first), "%s < 6700", LICENSE);
    memcpy(again, "> 902a000080 ", 14);
    for (int i = 0; i < 128; i++)
        (void)strcat(again, "00");
    (void)strcat(again, " < 9000 > 802a000008 0000000000000000 00 < $lic 9000 "
                        "> $ask < $info 9000 e");
    (void)snprintf(text, sizeof(text), "b %s %s b %s", first, again, again);
    play_text(text);
    for (int i = 0; i < 2; i++)
        ck_assert_ok(play_ops.license(play_card, play.cert, sizeof(play.cert),
                                      0, out, &len));
    ck_assert_mem_eq(out, play.lic, sizeof(out));
    play_done();
    play.text = play.at = "";
}
END_TEST

/* After a reset by another program the PIN is sent again; a PIN that was
 * changed meanwhile is not sent twice. */
START_TEST(test_license_after_reset)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);

    play_text("B " PLAY_MEET " " PLAY_VERIFY " < 9000 " LICENSE
              " < $lic 9000 > $ask < $info 9000 e");
    ck_assert_ok(play_ops.license(play_card, play.cert, sizeof(play.cert), 0,
                                  out, &len));
    play_text("B " PLAY_MEET " " PLAY_VERIFY " < 63c9 e");
    ck_assert_fails_about(
        play_ops.license(play_card, play.cert, sizeof(play.cert), 0, out, &len),
        SFI_ERR_HSM_PIN, "", "PIN", "9 tries");
    play_text("B " PLAY_MEET " e");
    ck_assert_fails_about(
        play_ops.license(play_card, play.cert, sizeof(play.cert), 0, out, &len),
        SFI_ERR_HSM_PIN, "", "login");
}
END_TEST

/* ---- few are left ---- */

static char warned[200];

static void
on_log(void *user, int level, const char *line)
{
    (void)user;
    if (level == SFI_LOG_WARNING)
        (void)snprintf(warned, sizeof(warned), "%s", line);
}

static void
ask_license(const char *text, uint8_t remaining)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);

    warned[0] = '\0';
    play.info[PLAY_REMAINING] = remaining;
    play_text(text);
    ck_assert_int_eq(
        play_ops.license(play_card, play.cert, sizeof(play.cert), 0, out, &len),
        SFI_OK);
}

START_TEST(test_low_water)
{
    sfi_ctx_options options = {.struct_size = sizeof(options),
                               .log_level = SFI_LOG_WARNING,
                               .log = on_log};
    sfi_ctx *counted = ctx;

    ck_assert_int_eq(sfi_ctx_new(&options, &ctx), SFI_OK);
    play.info[PLAY_LOW] = 3;
    play_text(PLAY_OPENING " b " PLAY_MEET " " PLAY_VERIFY " < 9000 e");
    ck_assert_int_eq(play_open(false), SFI_OK);
    ck_assert_int_eq(play_login(), SFI_OK);
#define GIVEN "b " LICENSE " < $lic 9000 > $ask < $info 9000 e"
    ask_license(GIVEN, 4);
    ck_assert_str_eq(warned, "");
    ask_license(GIVEN, 3);
    ck_assert_str_eq(warned, "3 of 5 installations left");
    ask_license(GIVEN, 3); /* not counted */
    ck_assert_str_eq(warned, "");
    /* counted, and the answer lost */
    ask_license("b " LICENSE " !io e b " PLAY_MEET " " PLAY_VERIFY
                " < 9000 " LICENSE " < $lic 9000 > $ask < $info 9000 e",
                2);
    ck_assert_str_eq(warned, "2 of 5 installations left");
    play_done();
    play_ops.close(play_card);
    play_card = NULL;
    sfi_ctx_free(ctx);
    ctx = counted;
}
END_TEST

/* ---- the end ---- */

#define RETIRE "> 80f0000e"

static const struct {
    const char *text;
    uint8_t state;
    sfi_status st;
    const char *message;
} ends[] = {
    {"b > $ask < $info 9000 " RETIRE " < 9000 e", SFI_HSM_EXHAUSTED, SFI_OK,
     NULL},
    {"b > $ask < $info 9000 e", SFI_HSM_RETIRED, SFI_ERR_HSM_STATE,
     "the card is already retired"},
    {"b > $ask < $info 9000 e", SFI_HSM_BLANK, SFI_ERR_HSM_STATE,
     "the card is blank: there is nothing to retire"},
    {"b > $ask < $info 9000 " RETIRE " < 6985 e", SFI_HSM_OPERATIONAL,
     SFI_ERR_HSM_STATE, "not allowed ... state (0x6985 to RETIRE)"},
    {"b > $ask < $info 9000 " RETIRE " !io e b " PLAY_MEET " " PLAY_VERIFY
     " < 9000 > $ask < $info 9000 " RETIRE " < 9000 e",
     SFI_HSM_OPERATIONAL, SFI_OK, NULL},
};

START_TEST(test_retire)
{
    play.info[PLAY_STATE] = ends[_i].state;
    play_text(ends[_i].text);
    if (ends[_i].st == SFI_OK)
        ck_assert_int_eq(play_ops.retire(play_card), SFI_OK);
    else
        ck_assert_fails(play_ops.retire(play_card), ends[_i].st, "",
                        ends[_i].message);
}
END_TEST

START_TEST(test_retire_without_pin)
{
    play_text("b e");
    ck_assert_fails(play_ops.retire(play_card), SFI_ERR_HSM_PIN, "",
                    "the card can be retired only after a login");
}
END_TEST

/* ---- provisioning ---- */

static const uint8_t key[SFI_KEY_LEN] = "\x10\x11\x12\x13\x14\x15\x16\x17"
                                        "\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {0xaa, 0xbb};

static sfi_status
provision(const sfi_provision_options *options)
{
    static const uint8_t nonce[SFI_NONCE_LEN] = {0, 1, 2, 3, 4,  5,
                                                 6, 7, 8, 9, 10, 11};

    return play_ops.provision(play_card, key, sizeof(key), nonce, sizeof(nonce),
                              "blink 1.0", 5, play.perso, sizeof(play.perso),
                              options);
}

#define PUTS                                                             \
    "> 80da012020 ^12 00000000 101112131415161718191a1b1c1d1e1f < 9000 " \
    "> 80da010209 626c696e6b20312e30 < 9000 "                            \
    "> 80da010408 0000000000000005 < 9000 > 80da010b04 00000000 < 9000 " \
    "> 80da01210000a0 $perso < 9000 "
#define LOCK "> 80f0000f"

static const struct {
    const char *text;
    sfi_status st;
    const char *message;
} fillings[] = {
    {"b > $ask < $info 9000 " PUTS LOCK " < 9000 > $ask < $full 9000 e", SFI_OK,
     NULL},
    /* done, but the answer was lost */
    {"b > $ask < $info 9000 " PUTS LOCK " !io e B > $sel < 9000 "
     "> $ask < $full 9000 > $ask < $full 9000 e",
     SFI_OK, NULL},
    {"b > $ask < $info 9000 " PUTS LOCK " < 90 e b > $sel < 9000 "
     "> $ask < $full 9000 > $ask < $full 9000 e",
     SFI_OK, NULL},
    /* its content cannot be read */
    {"b > $ask < $info 9000 " PUTS LOCK " < 9000 > $ask !io e b > $sel < 9000 "
     "> $ask < $full 9000 > $ask < $full 9000 e",
     SFI_OK, NULL},
    /* somebody else was quicker */
    {"b > $ask < $full 9000 e", SFI_ERR_HSM_STATE,
     "already provisioned, ... locked ..."},
    {"b > $ask < $info 9000 > 80da012020 ^12 00000000 "
     "101112131415161718191a1b1c1d1e1f < 6a80 e",
     SFI_ERR_HSM, "the card rejects the data (0x6a80 to PUT DATA key)"},
    {"b > $ask < $info 9000 " PUTS LOCK " < 6581 e", SFI_ERR_HSM,
     "... store its state (0x6581 to LOCK)"},
    {"b > $ask < $info 9000 " PUTS LOCK " < 6a80 e", SFI_ERR_HSM,
     "the card rejects the data (0x6a80 to LOCK)"},
    /* it reports success, but is still blank */
    {"b > $ask < $info 9000 " PUTS LOCK " < 9000 > $ask < $info 9000 e",
     SFI_ERR_HSM, "the card does not contain the data that it was given"},
    /* lost before it was done: everything is sent again, also the PIN */
    {"b > $ask < $info 9000 " PUTS LOCK " !io e B " PLAY_MEET
     " > $ask < $info 9000 " PLAY_VERIFY " < 9000 " PUTS LOCK " !gone e",
     SFI_ERR_NO_DEVICE, "the card was removed"},
    {"b > $ask < $info 9000 > 80da012020 ^12 00000000 "
     "101112131415161718191a1b1c1d1e1f !io e B " PLAY_MEET " " PLAY_VERIFY
     " < 9000 > $ask < $info 9000 " PUTS LOCK " < 6581 e",
     SFI_ERR_HSM, "... store its state (0x6581 to LOCK)"},
};

START_TEST(test_provision)
{
    sfi_status st;

    play_text(fillings[_i].text);
    st = provision(NULL);
    if (fillings[_i].st == SFI_OK)
        ck_assert_int_eq(st, SFI_OK);
    else
        ck_assert_fails(st, fillings[_i].st, "", fillings[_i].message);
}
END_TEST

/* From now on that card is used, and logged in. */
START_TEST(test_provision_and_license)
{
    uint8_t out[SFI_LICENSE_LEN];
    size_t len = sizeof(out);

    play_text(fillings[0].text);
    ck_assert_int_eq(provision(NULL), SFI_OK);
    play_text("B > $sel < 9000 > $ask < $full 9000 " PLAY_VERIFY
              " < 9000 " LICENSE " < $lic 9000 > $ask < $full 9000 e");
    ck_assert_ok(play_ops.license(play_card, play.cert, sizeof(play.cert), 0,
                                  out, &len));
}
END_TEST

static const uint8_t other[] = {PLAY_STATE,   PLAY_FLAGS,   PLAY_REMAINING,
                                PLAY_MAXIMUM, PLAY_RECORDS, PLAY_FIRMWARE + 8};

/* It reports success, but holds different data. */
START_TEST(test_provision_other)
{
    size_t at = other[_i];

    play.full[at] ^= at == PLAY_STATE ? 3 : 1;
    if (at == PLAY_MAXIMUM)
        play.full[at] = 7;
    play_text(fillings[0].text);
    ck_assert_fails_about(provision(NULL), SFI_ERR_HSM, "", "data");
}
END_TEST

START_TEST(test_provision_options)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .flags = SFI_HSM_LIVE_ONLY,
                                     .low_water = 2,
                                     .audit_key = audit_key};

    play.full[PLAY_FLAGS] = SFI_HSM_LIVE_ONLY;
    play.full[PLAY_LOW] = 2;
    play_text("b > $ask < $info 9000 "
              "> 80da012020 ^12 00000000 101112131415161718191a1b1c1d1e1f "
              "< 9000 > 80da010209 626c696e6b20312e30 < 9000 "
              "> 80da010408 0000000000000005 < 9000 "
              "> 80da010a08 0000000000000002 < 9000 "
              "> 80da010b04 00000001 < 9000 "
              "> 80da01210000a0 $perso < 9000 "
              "> 80da012220 aabb000000000000000000000000000000000000000000000"
              "000000000000000 < 9000 " LOCK " < 9000 > $ask < $full 9000 e");
    ck_assert_ok(provision(&options));
}
END_TEST

START_TEST(test_provision_without_pin)
{
    ((struct card *)play_card)->pin_len = 0;
    play_text("b > $ask < $info 9000 e");
    ck_assert_fails(
        provision(NULL), SFI_ERR_HSM_PIN, "",
        "no PIN set: log in with the PIN that will protect the card");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hsm_card_license");
    TCase *few = tcase_create("few");
    TCase *open = tcase_create("open");
    TCase *logged_in = tcase_create("logged in");
    TCase *blank = tcase_create("blank");

    tcase_add_checked_fixture(few, play_setup, play_teardown);
    tcase_add_test(few, test_low_water);
    suite_add_tcase(s, few);

    tcase_add_checked_fixture(open, play_setup_open, play_teardown);
    tcase_add_test(open, test_retire_without_pin);
    suite_add_tcase(s, open);

    tcase_add_checked_fixture(logged_in, play_setup_login, play_teardown);
    tcase_add_loop_test(logged_in, test_license, 0, (int)ROWS(licenses));
    tcase_add_loop_test(logged_in, test_licenses, 0, (int)ROWS(steps));
    tcase_add_loop_test(logged_in, test_check_image, 0, (int)ROWS(images));
    tcase_add_test(logged_in, test_another_card);
    tcase_add_loop_test(logged_in, test_stranger, 0, (int)ROWS(strangers));
    tcase_add_test(logged_in, test_live_license);
    tcase_add_test(logged_in, test_no_extended_length);
    tcase_add_test(logged_in, test_license_after_reset);
    tcase_add_loop_test(logged_in, test_retire, 0, (int)ROWS(ends));
    suite_add_tcase(s, logged_in);

    tcase_add_checked_fixture(blank, play_setup_blank, play_teardown);
    tcase_add_loop_test(blank, test_provision, 0, (int)ROWS(fillings));
    tcase_add_test(blank, test_provision_and_license);
    tcase_add_loop_test(blank, test_provision_other, 0, (int)ROWS(other));
    tcase_add_test(blank, test_provision_options);
    tcase_add_test(blank, test_provision_without_pin);
    suite_add_tcase(s, blank);
    return run_suite(s);
}
