/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The security extension, byte for byte against a scripted bus: the requests,
 * the meaning of each reply, and the repetition after a damaged byte. */
#include <sfi/device.h>

#include "util/text.h"
#include "target/cause.h"

#include <link/target_frames.h>

/* ---- the wrong state ---- */

START_TEST(test_secure_shows_nothing)
{
    uint8_t data[8] = {0};
    static const char *message =
        "the chip runs its secure bootloader, which shows no memory, expected "
        "the open one";

    begin(SECURE_H7, "");
    ck_assert_fails(sfi_target_read(t, 0x08000000, data, 8), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_write(t, 0x24005000, data, 8), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_go(t, 0x08000000), SFI_ERR_STATE, "", message);
    ck_assert_ok(sfi_target_activate_security(t)); /* is already */
}
END_TEST

/* ---- the security extension ---- */

START_TEST(test_info)
{
    sfi_target_info info = {.struct_size = sizeof(info)};

    begin(SECURE_H7, INFO("05", "12"));
    ck_assert_ok(sfi_target_get_info(t, &info));
    script_done(&bus);
    ck_assert_uint_eq(info.device_id, 0x450);
    ck_assert_uint_eq(info.bootloader_version, 0x31);
    ck_assert_uint_eq(info.secure, 1);
    ck_assert_uint_eq(info.device_state, SFI_DEVICE_INSTALLED);
    ck_assert_uint_eq(info.last_cause, SFI_CAUSE_LICENSE);
    ck_assert_uint_eq(info.header_tag[15], 0xaf);
    info.struct_size = 4;
    script_then(&bus, INFO("05", "12"));
    ck_assert_int_eq(sfi_target_get_info(t, &info), SFI_ERR_ABI);
}
END_TEST

#define INFO_TWO INFO_ONCE("01", "00") INFO_ONCE("02", "00")
/* A damaged reply does not count: two in a row must agree. */
START_TEST(test_info_damaged)
{
    sfi_target_info info = {.struct_size = sizeof(info)};

    begin(SECURE_H7,
          INFO_ONCE("04", "00") INFO_ONCE("05", "00") INFO_ONCE("05", "00"));
    ck_assert_ok(sfi_target_get_info(t, &info));
    script_done(&bus);
    ck_assert_uint_eq(info.device_state, SFI_DEVICE_INSTALLED);
    script_then(&bus, INFO_TWO INFO_TWO INFO_TWO INFO_TWO);
    ck_assert_fails(sfi_target_get_info(t, &info), SFI_ERR_PROTOCOL, "stream",
                    "replies to INFO differ each time; the link is unreliable");
}
END_TEST

START_TEST(test_info_impossible)
{
    sfi_target_info info = {.struct_size = sizeof(info)};

    begin(
        SECURE_H7,
        SPECIAL("53 01 52") "> 00*3 < 79 00 2c 02 00*43 00 01 00 79\n" SPECIAL(
            "53 01 52") "> 00*3 < 79 00 2c 02 00*43 00 01 00 79\n");
    ck_assert_fails(sfi_target_get_info(t, &info), SFI_ERR_UNSUPPORTED, "",
                    "the chip speaks version 2 of the security extension, "
                    "expected 1");
    script_then(
        &bus,
        SPECIAL("53 01 52") "> 00*3 < 79 00 2c 01 00*43 00 01 00 79\n" SPECIAL(
            "53 01 52") "> 00*3 < 79 00 2c 01 00*43 00 01 00 79\n");
    ck_assert_fails(sfi_target_get_info(t, &info), SFI_ERR_PROTOCOL, "stream",
                    "INFO names chip 0x000 and 0 bytes per DATA, expected chip "
                    "0x450 and at least 1");
}
END_TEST

/* Impossible lengths: asked again, each time from a known state. */
START_TEST(test_reply_lengths)
{
    static const char *rows[] = {
        "< 79 00 2d 00*45 00 01 00 79",    /* a byte too many */
        "< 79 ff ff 00 01 00 79",          /* far too many */
        "< 79 00 00 00 01 00 79",          /* none, and no refusal */
        "< 79 00 2c 00*44 00 02 00 00 79", /* two statuses */
        "< 79 00 2c 00*44 00 01 00 1f",    /* no ACK at the end */
        "< 79 00 2c 00*40",                /* cut off */
        "< 79 00 2c",
        "< 79",
        "< 1f",
        "< 41",
    };
    sfi_target_info info = {.struct_size = sizeof(info)};
    char text[2048];

    sfi__text_format(text, sizeof(text), "%s> 00*3 %s\n%s%s",
                     SPECIAL("53 01 52"), rows[_i], RESYNC, INFO("00", "00"));
    begin(SECURE_H7, text);
    ck_assert_ok(sfi_target_get_info(t, &info));
    script_done(&bus);
    ck_assert_uint_lt(script_now, 8000);
}
END_TEST

START_TEST(test_license)
{
    sfi_license *lic = make_license();

    begin(SECURE_H7,
          SPECIAL("53 03 50") "> 00 01 00 01 < 79 " DONE EXTENDED(
              "53 04 57") "> 00*3 < 79\n"
                          "> 00 88 53 46 49 2e 00*4 01 00*15\n"
                          "  6b 17 d1 f2 e1 2c 42 47 f8 bc e6 e5 63 a4 40 f2\n"
                          "  77 03 7d 81 2d eb 33 a0 f4 a1 39 45 d8 98 c2 96\n"
                          "  4f e3 42 e2 fe 1a 7f 9b 8e e7 eb 4a 7c 0f 9e 16\n"
                          "  2b ce 33 57 6b 31 5e ce cb b6 40 68 37 bf 51 f5\n"
                          "  33*48 b3 < 79 00 01 00 79\n");
    ck_assert_ok(sfi_target_send_license(t, lic));
    script_done(&bus);
    sfi_license_free(lic);
}
END_TEST

#define SECURE_REFUSED SPECIAL("53 03 50") "> 00 01 00 01 < 79 " REFUSED("04")

/* A reply has no checksum: a refusal counts when it comes twice. */
START_TEST(test_refusal)
{
    sfi_license *lic = make_license();

    begin(SECURE_H7, SECURE_REFUSED SECURE_REFUSED);
    ck_assert_fails(sfi_target_send_license(t, lic), SFI_ERR_DEVICE, "stream",
                    "the chip holds an installed firmware; ask for a mass "
                    "erase to replace it");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_INSTALLED);
    script_done(&bus);
    script_then(&bus,
                SPECIAL("53 03 50") "> 00 01 00 01 < 79 " REFUSED("e7")
                    SPECIAL("53 03 50") "> 00 01 00 01 < 79 " REFUSED("e7"));
    ck_assert_fails(sfi_target_send_license(t, lic), SFI_ERR_DEVICE, "stream",
                    "the chip refused SECURE with the unknown cause 0xe7");
    sfi_license_free(lic);
}
END_TEST

START_TEST(test_refusal_that_is_none)
{
    begin(SECURE_H7, SPECIAL("53 03 50") "> 00 01 01 00 < 79 " REFUSED("04")
                         SPECIAL("53 03 50") "> 00 01 01 00 < 79 " DONE SPECIAL(
                             "53 09 5a") "> 00*3 < 79 " DONE);
    ck_assert_ok(sfi_target_erase_all(t)); /* SECURE with erase, ABORT */
    script_done(&bus);
}
END_TEST

/* A bootloader that knows the carrier but not the request. */
START_TEST(test_unknown_opcode)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
#define UNKNOWN "> 50 af < 79 > 53 01 52 < 1f\n"

    begin(SECURE_H7, UNKNOWN RESYNC UNKNOWN RESYNC UNKNOWN RESYNC UNKNOWN);
    ck_assert_fails(sfi_target_get_info(t, &info), SFI_ERR_NACK, "stream",
                    "the bootloader refused INFO");
}
END_TEST

/* ---- the session ---- */

#define SESSION_ONCE(id) \
    SPECIAL("53 0a 59") "> 00*3 < 79 00 04 " id " 00 01 00 79\n"
#define SESSION_REFUSED SPECIAL("53 0a 59") "> 00*3 < 79 " REFUSED("46")

START_TEST(test_session)
{
    uint32_t id = 0;

    begin(SECURE_H7, SESSION_ONCE("0d f0 ad 8b") SESSION_ONCE("0d f0 ad 8b"));
    ck_assert_ok(sfi_target_get_session(t, &id));
    script_done(&bus);
    ck_assert_uint_eq(id, 0x8badf00d);
    ck_assert_fails_about(sfi_target_get_session(t, NULL), SFI_ERR_ARGUMENT, "",
                          "session != NULL");
}
END_TEST

/* The licence depends on it, so two replies in a row must agree. */
#define SESSION_TWO SESSION_ONCE("01 00 00 00") SESSION_ONCE("02 00 00 00")
START_TEST(test_session_damaged)
{
    uint32_t id = 0;

    begin(SECURE_H7,
          SESSION_ONCE("0d f0 ad 8b") SESSION_ONCE("0d f0 ad 8c")
              SESSION_ONCE("0d f0 ad 8b") SESSION_ONCE("0d f0 ad 8b"));
    ck_assert_ok(sfi_target_get_session(t, &id));
    script_done(&bus);
    ck_assert_uint_eq(id, 0x8badf00d);
    script_then(&bus, SESSION_TWO SESSION_TWO SESSION_TWO SESSION_TWO);
    ck_assert_fails(sfi_target_get_session(t, &id), SFI_ERR_PROTOCOL, "stream",
                    "replies to SESSION differ each time; the link is "
                    "unreliable");
    ck_assert_uint_eq(id, 0);
}
END_TEST

START_TEST(test_session_refused)
{
    uint32_t id = 1;
#define NO_SESSION "> 50 af < 79 > 53 0a 59 < 1f\n"

    begin(SECURE_H7, SESSION_REFUSED SESSION_REFUSED);
    ck_assert_fails(sfi_target_get_session(t, &id), SFI_ERR_DEVICE, "stream",
                    "the chip has no random numbers for a session");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), SFI_CAUSE_RANDOM);
    script_done(&bus);
    script_then(&bus, SESSION_ONCE("00*4") SESSION_ONCE("00*4"));
    ck_assert_fails(sfi_target_get_session(t, &id), SFI_ERR_PROTOCOL, "stream",
                    "the chip's session id is 0, expected a random one");
    ck_assert_uint_eq(id, 0);
    /* a bootloader that does not support live licences */
    script_then(
        &bus, NO_SESSION RESYNC NO_SESSION RESYNC NO_SESSION RESYNC NO_SESSION);
    ck_assert_fails(sfi_target_get_session(t, &id), SFI_ERR_NACK, "stream",
                    "the bootloader refused SESSION");
}
END_TEST

START_TEST(test_certificate)
{
    /* "45002001", the generator of P-256, a signature of 0x11 bytes */
    static const char ask[] =
        SPECIAL("53 02 51") "> 00*3 < 79 00 88 34 35 30 30 32 30 30 31\n"
                            "6b 17 d1 f2 e1 2c 42 47 f8 bc e6 e5 63 a4 40 f2\n"
                            "77 03 7d 81 2d eb 33 a0 f4 a1 39 45 d8 98 c2 96\n"
                            "4f e3 42 e2 fe 1a 7f 9b 8e e7 eb 4a 7c 0f 9e 16\n"
                            "2b ce 33 57 6b 31 5e ce cb b6 40 68 37 bf 51 f5\n"
                            "11*64 00 01 00 79\n";
    sfi_certificate *cert;
    char twice[sizeof(ask) * 2];

    sfi__text_format(twice, sizeof(twice), "%s%s", ask, ask);
    begin(SECURE_H7, twice);
    ck_assert_ok(sfi_target_get_certificate(t, &cert));
    script_done(&bus);
    ck_assert_str_eq(sfi_certificate_product_id(cert), "45002001");
    sfi_certificate_free(cert);
}
END_TEST

/* An image of one area with 5 bytes; tags 0xa0.. and 0xbb. */
static size_t
make_image(uint8_t *out)
{
    ck_assert(sfi__hex_decode(out, 63,
                              "5346494d414749430100"
                              "0100"
                              "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                              "4307010005000000000000080100"
                              "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                              "0102030405"));
    return 63;
}

#define HEADER                                                                \
    SPECIAL("53 05 56")                                                       \
    "> 00 1c 53 46 49 4d 41 47 49 43 01 00 01 00 a0 a1 a2 a3 a4 a5 a6 a7 a8 " \
    "a9 aa ab ac ad ae af 01 < 79 " DONE
#define AREA            \
    SPECIAL("53 06 55") \
    "> 00 1e 43 07 01 00 05 00 00 00 00 00 00 08 01 00 bb*16 57 < 79 " DONE
#define DATA_FRAME                  \
    EXTENDED("53 07 54")            \
    "> 00 04 00 00 00 00 04 < 79\n" \
    "> 00 05 01 02 03 04 05 04 "
#define DATA DATA_FRAME "< 79 00 01 00 79\n"
#define FINISH SPECIAL("53 08 5b") "> 00*3 < 79 " DONE

static sfi_status
send(const char *text)
{
    uint8_t image[63];
    size_t len = make_image(image);

    begin(SECURE_H7, text);
    return sfi_target_send_image(t, image, len);
}

START_TEST(test_image)
{
    ck_assert_ok(
        send(INFO("02", "00") HEADER AREA DATA FINISH INFO_ONCE("05", "00")));
    script_done(&bus);
}
END_TEST

/* One mishap with DATA; then the same DATA is sent again. */
START_TEST(test_image_repeats)
{
    static const char *rows[] = {
        DATA_FRAME "< 1f\n" RESYNC,             /* damaged on the way */
        DATA_FRAME "\n> 7f < 1f\n",             /* the answer is lost */
        DATA_FRAME "< 79 00 01\n" RESYNC,       /* ... in part */
        DATA_FRAME "< 78 00 01 00 79\n" RESYNC, /* ... or damaged */
        DATA_FRAME "< 79 00 01 20 79\n",        /* its status is */
        "> 51 ae < 1f\n" RESYNC,
        "> 51 ae < 79 > 53 07 54 < 1f\n" RESYNC,
        "> 51 ae\n> 7f < 1f\n",
        /* in the middle of a frame, and it never gives up */
        DATA_FRAME "\n> 7f > 7f ff > 7f*1025 < 1f*17 > 7f < 1f\n",
        DATA_FRAME "\n> 7f > 7f ff > 7f*1025 < 1f*17 > 7f > 7f < 1f\n",
    };
    char text[8192];

    sfi__text_format(text, sizeof(text), "%s%s%s%s%s%s%s", INFO("02", "00"),
                     HEADER, AREA, rows[_i], DATA, FINISH,
                     INFO_ONCE("05", "00"));
    ck_assert_ok(send(text));
    script_done(&bus);
}
END_TEST

START_TEST(test_image_refused)
{
#define DATA_REFUSED DATA_FRAME "< 79 00 01 37 79\n"
    ck_assert_fails(
        send(INFO("02", "00") HEADER AREA DATA_REFUSED DATA_REFUSED),
        SFI_ERR_DEVICE, "stream:area 1",
        "the area does not verify: the image was altered, or areas are of "
        "another image");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_AREA_TAG);
    script_done(&bus);
}
END_TEST

/* The chip was reset and no longer knows the install. */
START_TEST(test_image_restart)
{
#define DATA_STATE DATA_FRAME "< 79 00 01 03 79\n"
    ck_assert_fails(
        send(INFO("02", "00") HEADER AREA DATA_FRAME
             "\n> 7f < 79\n" DATA_STATE DATA_STATE INFO("00", "50")),
        SFI_ERR_DEVICE, "stream",
        "the chip restarted during the install; nothing of the firmware is "
        "left in it: run it again");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_INTERRUPTED);
    script_done(&bus);
}
END_TEST

/* The same refusal without a restart is reported as it is. */
START_TEST(test_image_out_of_step)
{
    ck_assert_fails(
        send(INFO("02", "00")
                 HEADER AREA DATA_STATE DATA_STATE INFO("01", "00")),
        SFI_ERR_DEVICE, "stream:area 1",
        "the chip is not ready for this step; begin the install "
        "again");
}
END_TEST

#define FINISH_NACK SPECIAL("53 08 5b") "> 00*3 < 1f\n"
#define LOST_NACKS \
    FINISH_NACK RESYNC FINISH_NACK RESYNC FINISH_NACK RESYNC FINISH_NACK
#define LOST_FINISH INFO("02", "00") HEADER AREA DATA LOST_NACKS

/* The answer to FINISH is lost for good: the chip knows how it ended. */
START_TEST(test_finish_lost)
{
    ck_assert_ok(send(LOST_FINISH RESYNC SECURE_AGAIN INFO_ONCE("05", "00")));
    script_done(&bus);
}
END_TEST

/* Still COMPLETE: the chip never received FINISH, so it is sent again. */
#define UNHEARD_FINISH LOST_FINISH RESYNC SECURE_AGAIN INFO("04", "00")

START_TEST(test_finish_unheard)
{
    ck_assert_ok(send(UNHEARD_FINISH FINISH INFO_ONCE("05", "00")));
    script_done(&bus);
}
END_TEST

START_TEST(test_finish_not_done)
{
    ck_assert_fails(
        send(UNHEARD_FINISH LOST_NACKS RESYNC SECURE_AGAIN INFO("04", "00")),
        SFI_ERR_DEVICE, "stream",
        "after the last step the chip is in state 4, expected 5 (installed)");
    script_done(&bus);
}
END_TEST

START_TEST(test_finish_other_image)
{
    uint8_t image[63];
    size_t len = make_image(image);

    image[12] ^= 1;
    begin(SECURE_H7,
          INFO("02", "00") SPECIAL(
              "53 05 56") "> 00 1c 53 46 49 4d 41 47 49 43 01 00 01 00 a1 a1 "
                          "a2 a3 a4 a5 a6 "
                          "a7 a8 a9 aa ab ac ad ae af 00 < 79 " DONE AREA DATA
                              FINISH INFO("05", "00"));
    ck_assert_fails(sfi_target_send_image(t, image, len), SFI_ERR_DEVICE,
                    "stream",
                    "after the last step the chip holds another image");
}
END_TEST

START_TEST(test_image_truncated)
{
    uint8_t image[63];
    size_t len = make_image(image);

    begin(SECURE_H7, INFO("02", "00") HEADER AREA);
    ck_assert_fails(sfi_target_send_image(t, image, len - 1), SFI_ERR_TRUNCATED,
                    "area 1", "the image ends after 62 bytes, expected 1 more");
    script_then(&bus, INFO("02", "00") HEADER);
    ck_assert_fails_about(sfi_target_send_image(t, image, 28 + 29),
                          SFI_ERR_TRUNCATED, "area 1", "57 bytes", "1 more");
    script_then(&bus, INFO("02", "00"));
    ck_assert_fails_about(sfi_target_send_image(t, image, 27),
                          SFI_ERR_TRUNCATED, "", "27 bytes", "1 more");
}
END_TEST

/* ---- causes ---- */

/* Every value has a name and a text; only those of the list are known. */
START_TEST(test_cause_names)
{
    int32_t cause;
    size_t known = 0;

    for (int32_t c = -1; c < 0x10001; c++) {
        bool is_named = strcmp(sfi_cause_name(c), "SFI_CAUSE_UNKNOWN") != 0;

        ck_assert_ptr_nonnull(sfi_cause_str(c));
        if (c != SFI_CAUSE_NONE)
            ck_assert_int_eq(strcmp(sfi_cause_str(c), "an unknown cause") != 0,
                             is_named);
        known += is_named;
    }
    for (size_t i = 0; (cause = sfi_cause_at(i)) != SFI_CAUSE_NONE; i++) {
        ck_assert_ptr_eq(sfi_cause_str(cause), sfi__cause_message(cause));
        known--;
    }
    ck_assert_uint_eq(known, 1); /* SFI_CAUSE_NONE */
    ck_assert_int_eq(sfi_cause_at(SIZE_MAX), SFI_CAUSE_NONE);
    ck_assert_str_eq(sfi_cause_name(SFI_CAUSE_NONE), "SFI_CAUSE_NONE");
    ck_assert_str_eq(sfi_cause_name(0x37), "SFI_CAUSE_AREA_TAG");
    ck_assert_str_eq(sfi_cause_str(0), "the chip does not refuse");
}
END_TEST

START_TEST(test_causes)
{
    static const uint8_t all[] = {
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x20,
        0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37,
        0x38, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x50,
    };
    unsigned found = 0;

    for (unsigned c = 0; c <= 0xff; c++)
        found += sfi__cause_message((uint8_t)c) != NULL;
    ck_assert_uint_eq(found, ROWS(all));
    for (size_t i = 0; i < ROWS(all); i++) {
        ck_assert_ptr_nonnull(sfi__cause_message(all[i]));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(sfi__cause_message(all[i]),
                             sfi__cause_message(all[k]));
    }
}
END_TEST

static TCase *
secure_case(void)
{
    TCase *tc = tcase_create("secure");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_secure_shows_nothing);
    tcase_add_test(tc, test_info);
    tcase_add_test(tc, test_info_damaged);
    tcase_add_test(tc, test_info_impossible);
    tcase_add_loop_test(tc, test_reply_lengths, 0, 10);
    tcase_add_test(tc, test_license);
    tcase_add_test(tc, test_refusal);
    tcase_add_test(tc, test_refusal_that_is_none);
    tcase_add_test(tc, test_unknown_opcode);
    tcase_add_test(tc, test_session);
    tcase_add_test(tc, test_session_damaged);
    tcase_add_test(tc, test_session_refused);
    tcase_add_test(tc, test_certificate);
    tcase_add_test(tc, test_image);
    tcase_add_loop_test(tc, test_image_repeats, 0, 10);
    tcase_add_test(tc, test_image_refused);
    tcase_add_test(tc, test_image_restart);
    tcase_add_test(tc, test_image_out_of_step);
    tcase_add_test(tc, test_finish_lost);
    tcase_add_test(tc, test_finish_unheard);
    tcase_add_test(tc, test_finish_not_done);
    tcase_add_test(tc, test_finish_other_image);
    tcase_add_test(tc, test_image_truncated);
    tcase_add_test(tc, test_causes);
    tcase_add_test(tc, test_cause_names);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("target_secure");

    suite_add_tcase(s, secure_case());
    return run_suite(s);
}
