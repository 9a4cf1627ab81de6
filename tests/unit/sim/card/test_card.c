/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The card's applet: the form of its commands, and refusals of wrong forms.
 * APDUs are written by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "sim/card/command.h"
#include "wire/card_command.h"

#include <card/card_kit.h>
#include "fixture.h"

/* ---- the bytes of a command ---- */

START_TEST(test_parse)
{
    static const struct {
        const char *in;
        int ok;
        size_t len, want;
    } rows[] = {
        {"", 0, 0, 0},
        {"00", 0, 0, 0},
        {"00a404", 0, 0, 0},
        {"00a40400", 1, 0, 0},     /* case 1 */
        {"00a4040000", 1, 0, 256}, /* 2 short */
        {"00a4040001", 1, 0, 1},
        {"00a40400ff", 1, 0, 255},
        {"00a4040001aa", 1, 1, 0}, /* 3 short */
        {"00a4040002aa", 0, 0, 0},
        {"00a4040001aa00", 1, 1, 256}, /* 4 short */
        {"00a4040001aa7f", 1, 1, 127},
        {"00a4040001aa0000", 0, 0, 0},
        {"00a4040001aabbcc", 0, 0, 0},
        {"00a40400 00", 1, 0, 256},
        {"00a40400 0000", 0, 0, 0},
        {"00a40400 000000", 1, 0, 65536}, /* 2 extended */
        {"00a40400 000001", 1, 0, 1},
        {"00a40400 00ffff", 1, 0, 65535},
        {"00a40400 000001aa", 1, 1, 0}, /* 3 extended */
        {"00a40400 000002aa", 0, 0, 0},
        {"00a40400 000000aa", 0, 0, 0},
        {"00a40400 000001aa0000", 1, 1, 65536}, /* 4 extended */
        {"00a40400 000001aa0102", 1, 1, 258},
        {"00a40400 000001aa00", 0, 0, 0},
        {"00a40400 000001aa000000", 0, 0, 0},
        {"00a40400 00ffffaa", 0, 0, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t bytes[32], *exact;
        size_t n = 0;
        struct command c;
        bool ok;

        for (const char *p = rows[i].in; *p != '\0'; p += 2) {
            unsigned v;

            p += *p == ' ';
            ck_assert_int_eq(sscanf(p, "%2x", &v), 1);
            bytes[n++] = (uint8_t)v;
        }
        exact = malloc(n + 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact + 1, bytes, n);
        ok = sfi__applet_parse_command(&c, exact + 1, n);
        ck_assert_msg(ok == rows[i].ok, "%s: %d", rows[i].in, ok);
        if (ok) {
            ck_assert_msg(c.len == rows[i].len && c.want == rows[i].want,
                          "%s: %zu, %zu", rows[i].in, c.len, c.want);
            ck_assert_int_eq(c.data != NULL, c.len > 0);
        }
        free(exact);
    }
}
END_TEST

/* ---- the handle ---- */

START_TEST(test_handle)
{
    uint8_t in[4] = {0}, out[SFI_CARD_APDU_MAX];
    size_t len = sizeof(out);
    sfi_card *none = card;
    const uint8_t *atr;

    ck_assert_fails_about(sfi_card_new(ctx, NULL, &none), SFI_ERR_ARGUMENT, "",
                          "hsm is NULL", "an HSM");
    ck_assert_ptr_null(none);
    ck_assert_int_eq(sfi_card_new(NULL, NULL, &none), SFI_ERR_ARGUMENT);
    atr = sfi_card_atr(card, &len);
    ck_assert_uint_eq(len, 5);
    ck_assert_mem_eq(atr, "\x3b\x80\x80\x01\x01", 5);
    ck_assert_uint_eq(atr[1] ^ atr[2] ^ atr[3] ^ atr[4], 0); /* TCK */
    ck_assert_ptr_null(sfi_card_atr(NULL, &len));
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(sfi_card_reason(NULL), "");
    sfi_card_reset(NULL);
    sfi_card_free(NULL);
    ck_assert_int_eq(sfi_card_apdu(NULL, in, 4, out, &len), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_card_apdu(card, in, 4, out, NULL), SFI_ERR_ARGUMENT);
    len = sizeof(out);
    ck_assert_int_eq(sfi_card_apdu(card, NULL, 4, out, &len), SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(len, 0);
    len = sizeof(out);
    ck_assert_int_eq(sfi_card_apdu(card, in, 4, NULL, &len), SFI_ERR_ARGUMENT);
    len = sizeof(out) - 1;
    ck_assert_fails(sfi_card_apdu(card, in, 4, out, &len), SFI_ERR_BUFFER, "",
                    "room for an answer of 1023 bytes, expected 1024");
    ck_assert_uint_eq(len, sizeof(out));
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_hsm *hsm;
    sfi_card *none;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &own_ops, NULL, &hsm));
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_card_new(ctx, hsm, &none), SFI_ERR_NOMEM);
    ck_assert_ptr_null(none);
    sfi_hsm_free(hsm);
    /* and in the middle of a licence */
    card_login();
    memory.fail_at = 1;
    ck_assert_uint_eq(
        card_say(card, 0x802a0000, chip.data, sizeof(chip.data), NULL, NULL),
        CARD_SW_INTERNAL);
    ck_assert_str_eq(sfi_card_reason(card), "out of memory");
    memory.fail_at = 0;
}
END_TEST

/* ---- SELECT ---- */

START_TEST(test_select)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {CARD_SELECT_HEX, CARD_SELECTED_HEX},
        {"00a4040c08f053464948534d01", "9000"}, /* no answer, please */
        {"00a4040c08f053464948534d0100", "9000"},
        {"00a4040008f053464948534d01", "610c"}, /* no Le: it waits */
        {"00a4040008f053464948534d0103", "6f0a846109"},
        {"00a404000000 08f053464948534d01 0000", CARD_SELECTED_HEX},
        {"00a4040008f053464948534d0200", "6a82"},
        {"00a4040007f053464948534d00", "6a82"},
        {"00a4040009f053464948534d01ff00", "6a82"},
        {"00a4040000", "6a82"},
        {"00a40400", "6a82"},
        {"00a4000008f053464948534d0100", "6a86"},
        {"00a4040408f053464948534d0100", "6a86"},
        {"10a4040008f053464948534d0100", "6884"},
        {"80a4040008f053464948534d0100", "6d00"},
        {"01a4040008f053464948534d0100", "6e00"},
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_card(card, rows[i].in, rows[i].out);
}
END_TEST

/* Without SELECT the applet reveals nothing. */
START_TEST(test_not_selected)
{
    static const char *const commands[] = {
        "00200001",
        "0020000104 34373131",
        "0024000109 0434373131 35373131",
        "80ca010100",
        "80ca011000",
        "80da010404 00000000",
        "80f0000f",
        "80f0000e",
        "802a000001 00",
        "80b2000008 0000000000000001 00",
        "902a000001 00",
        "10200001 01 30",
    };

    for (size_t i = 0; i < ROWS(commands); i++)
        ck_assert_card(card, commands[i], "6d00");
    ck_assert_card(card, "00c0000000", "6985");
    ck_assert_card(card, "00a4040001ff00", "6a82");
    ck_assert_card(card, "80ca010100", "6d00");
    card_select();
    ck_assert_card(card, "00a4040001ff00", "6a82"); /* another stays out */
    ck_assert_card(card, "80ca010100", "019000");
    sfi_card_reset(card);
    ck_assert_card(card, "80ca010100", "6d00");
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

/* ---- what every command refuses by its form ---- */

static const struct {
    const char *in, *out;
} bad_forms[] = {
    /* class, instruction */
    {"ffca010100", "6e00"},
    {"01ca010100", "6e00"},
    {"84ca010100", "6e00"},
    {"00ca010100", "6d00"},
    {"80c0000000", "6d00"},
    {"80200001 04 34373131", "6d00"},
    {"80000000", "6d00"},
    {"00ff0000", "6d00"},
    {"90ca010100", "6884"},
    {"90f0000f", "6884"},
    {"10c0000000", "6d00"},
    /* lengths */
    {"", "6700"},
    {"80", "6700"},
    {"80ca01", "6700"},
    {"80ca0101 02 00", "6700"},
    {"80ca0101 0000", "6700"},
    {"80ca0101 01 00", "6700"}, /* data that GET DATA does not take */
    {"80f0000f 01 00", "6700"},
    {"00c00000 01 00", "6700"},
    {"80b20000 00", "6700"},
    {"80b20000 07 00000000000000 00", "6700"},
    {"80b20000 09 000000000000000001 00", "6700"},
    {"00200001 03 313233", "6700"},
    {"00200001 000041 30303030303030303030303030303030303030303030303030303030"
     "303030303030303030303030303030303030303030303030303030303030303030"
     "30303030",
     "6700"},
    {"00240001", "6700"},
    {"00240001 01 00", "6700"},
    {"00240001 05 0431323334", "6700"}, /* no new PIN */
    {"00240001 08 0331323331323334", "6700"},
    {"00240001 08 0431323334 313233", "6700"},
    {"00240001 05 ff31323334", "6700"},
    {"802a0000", "6700"},
    {"802a0000 01 00", "6700"},
    {"80da0104 07 00000000000001", "6985"}, /* provisioned comes first */
    /* parameters */
    {"80ca000100", "6a86"},
    {"80ca020100", "6a86"},
    {"80da0004 01 00", "6a86"},
    {"80f0000d", "6a86"},
    {"80f0010f", "6a86"},
    {"802a0100 01 00", "6a86"},
    {"802a0001 01 00", "6a86"},
    {"80b20100 08 0000000000000001 00", "6a86"},
    {"80b20004 08 0000000000000001 00", "6a86"},
    {"00200000 04 31323334", "6a86"},
    {"00200081 04 31323334", "6a86"},
    {"00200101 04 31323334", "6a86"},
    {"00240101 09 0431323334 35363738", "6a86"},
    {"00240002 09 0431323334 35363738", "6a86"},
    {"00c00100 00", "6a86"},
    {"00c00001 00", "6a86"},
    /* objects */
    {"80ca0100 00", "6a88"},
    {"80ca010d 00", "6a88"},
    {"80ca0112 00", "6a88"},
    {"80ca01ff 00", "6a88"},
    {"80ca0120 00", "6a88"}, /* data that was put cannot be read back */
    {"80ca0121 00", "6a88"},
    {"80ca0122 00", "6a88"},
    /* nothing waits */
    {"00c0000000", "6985"},
};

START_TEST(test_bad_form)
{
    card_select();
    ck_assert_card(card, bad_forms[_i].in, bad_forms[_i].out);
    ck_assert_int_eq(own.calls, 0); /* above all no try of a PIN */
    ck_assert_card(card, "80ca010100", "019000");
}
END_TEST

/* Commands of any length and any bytes have an answer, and only a PIN is
 * tried. */
START_TEST(test_any_length)
{
    static uint8_t in[66000];

    for (size_t len = 0; len <= sizeof(in); len += len < 1100 ? 1 : 4093) {
        uint8_t *exact = malloc(len + 1), out[SFI_CARD_APDU_MAX];
        size_t out_len;
        uint16_t sw;

        ck_assert_ptr_nonnull(exact);
        sfi__fill(exact, (int)(len * 7), len + 1);
        memcpy(exact + 1, "\x80\xca\x01\x10", len < 4 ? len : 4);
        if (len > 7)
            memcpy(exact + 5, "\0\xff\xff", 3);
        card_select();
        sw = card_send(card, exact + 1, len, out, &out_len);
        ck_assert_msg(sw == CARD_SW_LENGTH || len == 4 || len == 5 || len == 7,
                      "%zu: %04x", len, sw);
        free(exact);
    }
    ck_assert_int_eq(own.calls, 0);
}
END_TEST

/* ---- a card in a reader ---- */

static int
stop_when_told(void *user)
{
    return *(const uint32_t *)user != 0;
}

static void
keep_kind(void *user, const sfi_card_event *event)
{
    *(uint32_t *)user = event->kind;
}

START_TEST(test_serve)
{
    uint32_t kind = 0;

    /* nothing listens at port 1 */
    ck_assert_ok(
        sfi_card_serve(card, "[::1]:1", stop_when_told, keep_kind, &kind));
    ck_assert_uint_eq(kind, SFI_CARD_WAITING);
    /* the usual reader, and out of it at once */
    ck_assert_ok(sfi_card_serve(card, NULL, stop_when_told, NULL, &kind));
    ck_assert_fails_about(sfi_card_serve(card, NULL, NULL, NULL, &kind),
                          SFI_ERR_ARGUMENT, "", "stop != NULL");
    ck_assert_fails(
        sfi_card_serve(card, "localhost", stop_when_told, NULL, &kind),
        SFI_ERR_ARGUMENT, "localhost",
        "host or port is missing, expected HOST:PORT, such as "
        "127.0.0.1:35963 or [::1]:35963");
    ck_assert_fails_about(
        sfi_card_serve(card, "localhost:0", stop_when_told, NULL, &kind),
        SFI_ERR_ARGUMENT, "localhost:0", "host or port");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("card");
    TCase *t = tcase_create("forms");

    tcase_add_checked_fixture(t, card_setup, card_teardown);
    tcase_add_test(t, test_parse);
    tcase_add_test(t, test_handle);
    tcase_add_test(t, test_no_memory);
    tcase_add_test(t, test_select);
    tcase_add_test(t, test_not_selected);
    tcase_add_loop_test(t, test_bad_form, 0, ROWS(bad_forms));
    tcase_add_test(t, test_any_length);
    tcase_add_test(t, test_serve);
    suite_add_tcase(s, t);
    return run_suite(s);
}
