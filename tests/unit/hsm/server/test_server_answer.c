/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Answers of a licence server: right ones, and each way to be wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "hsm/server/answer.h"

#include "fixture.h"

#define H4 "01ab01ab"
#define H16 H4 H4 H4 H4
#define H32 H16 H16
#define SERIAL "00112233445566778899aabbccddeeff"
#define HASH H32
#define END                                                             \
    "\"serial\":\"" SERIAL "\",\"sequence\":7,\"head\":\"" HASH "\",\"" \
    "remaining\":993"
#define LICENSE_HEX H32 H32 H32 H32 H4 H4
#define LICENSE "{\"license\":\"" LICENSE_HEX "\",\"again\":false," END "}"
#define HEAD                                                                   \
    "\"state\":\"operational\",\"firmware\":\"blink\",\"product\":\"450020"    \
    "01\",\"maximum\":1000,\"low_water\":10,\"flags\":1,\"records\":7,"        \
    "\"ca_public\":\"" HASH HASH "\",\"genesis\":\"" HASH "\",\"mac\":\"" HASH \
    "\"," END
#define RECORD                                                                 \
    "{\"kind\":1,\"sequence\":3,\"time\":1000,\"remaining\":997,"              \
    "\"session\":0,\"reserved\":0,\"device\":\"" HASH "\",\"license\":\"" HASH \
    "\",\"previous\":\"" HASH "\",\"hash\":\"" HASH "\",\"mac\":\"" HASH "\"}"
#define PAGE "{\"head\":{" HEAD "},\"records\":[" RECORD "," RECORD "]}"

static struct answer_license license;
static struct answer_info info;
static struct answer_page page;
static struct fence_seen seen;

static sfi_status
read_license(const char *text)
{
    return sfi__answer_license(ctx, text, strlen(text), &license);
}

static sfi_status
read_info(const char *text)
{
    return sfi__answer_info(ctx, text, strlen(text), &info);
}

static sfi_status
read_page(const char *text)
{
    return sfi__answer_page(ctx, text, strlen(text), &page);
}

/* `text` with its first `from` replaced; the caller frees. */
static char *
edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);

    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_nonnull(out);
    (void)snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to,
                   at + strlen(from));
    return out;
}

START_TEST(test_license)
{
    ck_assert_ok(read_license(LICENSE));
    ck_assert_uint_eq(license.data[0], 0x01);
    ck_assert_uint_eq(license.data[SFI_LICENSE_LEN - 1], 0xab);
    ck_assert(!license.again);
    ck_assert_str_eq(license.seen.end.serial, SERIAL);
    ck_assert_uint_eq(license.seen.end.sequence, 7);
    ck_assert_uint_eq(license.seen.end.remaining, 993);
    ck_assert_uint_eq(license.seen.end.restored, 0);
    ck_assert_uint_eq(license.seen.end.head[1], 0xab);
}
END_TEST

START_TEST(test_more_members)
{
    char *text = edited(LICENSE, "{",
                        "{\"restored\":{\"sequence\":5,\"lost\":"
                        "9,\"x\":[]},\"later\":{\"a\":[1.5]},");

    ck_assert_ok(read_license(text));
    ck_assert_uint_eq(license.seen.end.restored, 5);
    ck_assert_uint_eq(license.seen.lost, 9);
    free(text);
}
END_TEST

START_TEST(test_info)
{
    ck_assert_ok(read_info("{" HEAD "}"));
    ck_assert_uint_eq(info.info.state, SFI_HSM_OPERATIONAL);
    ck_assert_str_eq(info.info.firmware_id, "blink");
    ck_assert_str_eq(info.info.product_id, "45002001");
    ck_assert_str_eq(info.info.serial, SERIAL);
    ck_assert_uint_eq(info.info.remaining, 993);
    ck_assert_uint_eq(info.info.maximum, 1000);
    ck_assert_uint_eq(info.info.records, 7);
    ck_assert_uint_eq(info.info.flags, SFI_HSM_LIVE_ONLY);
    ck_assert_uint_eq(info.info.pin_tries_left, 0);
    ck_assert_uint_eq(info.head.serial[15], 0xff);
    ck_assert_uint_eq(info.head.audit_head[0], 0x01);
    ck_assert_uint_eq(info.head.lease, 0);
    ck_assert_ok(read_info("{\"lease\":4,\"expires\":99,\"parent\":\"" SERIAL
                           "\",\"lease_record\":\"" HASH "\"," HEAD "}"));
    ck_assert_uint_eq(info.head.lease, 4);
    ck_assert_uint_eq(info.head.expires, 99);
    ck_assert_uint_eq(info.head.parent[15], 0xff);
}
END_TEST

START_TEST(test_page)
{
    char *text;

    ck_assert_ok(read_page(PAGE));
    ck_assert_uint_eq(page.count, 2);
    ck_assert_uint_eq(page.head.sequence, 7);
    ck_assert_uint_eq(page.records[1].sequence, 3);
    ck_assert_uint_eq(page.records[1].time, 1000);
    ck_assert_uint_eq(page.records[1].mac[0], 0x01);
    ck_assert_uint_eq(page.records[1].amount, 0);
    text = edited(PAGE, "\"kind\":1", "\"kind\":6,\"amount\":8,\"detail\":5");
    ck_assert_ok(read_page(text));
    ck_assert_uint_eq(page.records[0].kind, 6);
    ck_assert_uint_eq(page.records[0].amount, 8);
    ck_assert_uint_eq(page.records[0].detail, 5);
    free(text);
}
END_TEST

START_TEST(test_page_is_too_long)
{
    char *text = malloc(100000);
    size_t len;

    ck_assert_ptr_nonnull(text);
    len = (size_t)sprintf(text, "{\"head\":{" HEAD "},\"records\":[" RECORD);
    for (unsigned i = 1; i <= ANSWER_RECORDS_MAX; i++)
        len += (size_t)sprintf(text + len, "," RECORD);
    (void)sprintf(text + len, "]}");
    ck_assert_fails_about(read_page(text), SFI_ERR_HSM, "", "\"records\"",
                          "64");
    free(text);
}
END_TEST

static const struct {
    sfi_status (*read)(const char *text);
    const char *text;
    const char *from, *to;
    const char *about;
} wrong[] = {
    {read_license, LICENSE, "{", "[", "JSON"},
    {read_license, LICENSE, "}", "", "JSON"},
    {read_license, LICENSE, "}", "}}", "JSON"},
    {read_license, LICENSE, "}", "}\n{}", "JSON"},
    {read_license, LICENSE, "}", ",\"serial\":\"" SERIAL "\"}", "JSON"},
    {read_license, LICENSE, ":7", ":99999999999999999999", "JSON"},
    {read_license, LICENSE, "false", "0", "\"again\""},
    {read_license, LICENSE, "again", "anew", "\"again\""},
    {read_license, LICENSE, "01ab", "01a", "\"license\""},
    {read_license, LICENSE, "01ab", "01ab0", "\"license\""},
    {read_license, LICENSE, "01ab", "01abab", "\"license\""},
    {read_license, LICENSE, "01ab", "01ag", "\"license\""},
    {read_license, LICENSE, "\"" LICENSE_HEX "\"", "17", "\"license\""},
    {read_license, LICENSE, "\"" LICENSE_HEX "\"", "null", "\"license\""},
    {read_license, LICENSE, SERIAL, "00112233", "\"serial\""},
    {read_license, LICENSE, "eeff", "EEFF", "\"serial\""},
    {read_license, LICENSE, ":7", ":-7", "\"sequence\""},
    {read_license, LICENSE, ":7", ":7.0", "\"sequence\""},
    {read_license, LICENSE, ":7", ":\"7\"", "\"sequence\""},
    {read_license, LICENSE, ":993", ":4294967296", "\"remaining\""},
    {read_license, LICENSE, "{", "{\"restored\":1,", "\"restored\""},
    {read_license, LICENSE, "{", "{\"restored\":{},", "\"sequence\""},
    {read_info, "{" HEAD "}", "operational", "fine", "\"state\""},
    {read_info, "{" HEAD "}", "blink", "", "\"firmware\""},
    {read_info, "{" HEAD "}", "blink", HASH, "\"firmware\""},
    {read_info, "{" HEAD "}", "blink", "a\\u0000b", "JSON"},
    {read_info, "{" HEAD "}", "45002001", "1234567890123456", "\"product\""},
    {read_info, "{" HEAD "}", ":1000", ":5000000000", "\"maximum\""},
    {read_info, "{" HEAD "}", "\"flags\":1", "\"flags\":4294967296",
     "\"flags\""},
    {read_info, "{" HEAD "}", "\"records\":7", "\"records\":[]", "\"records\""},
    {read_info, "{" HEAD "}", "genesis", "exodus", "\"genesis\""},
    {read_info, "{" HEAD "}", "{", "{\"lease\":1,", "\"expires\""},
    {read_page, PAGE, "\"head\":{", "\"head\":1,\"x\":{", "\"head\""},
    {read_page, PAGE, "[", "{\"a\":[", "JSON"},
    {read_page, PAGE, "\"kind\":1", "\"kind\":4294967296", "\"kind\""},
    {read_page, PAGE, "\"time\":1000", "\"time\":true", "\"time\""},
    {read_page, PAGE, "\"device\":\"01", "\"device\":\"0", "\"device\""},
    {read_page, PAGE, "[", "[1,", "\"kind\""},
};

START_TEST(test_wrong)
{
    char *text = edited(wrong[_i].text, wrong[_i].from, wrong[_i].to);

    ck_assert_fails_about(wrong[_i].read(text), SFI_ERR_HSM, "",
                          wrong[_i].about, "licence server");
    free(text);
}
END_TEST

/* jansson has a limit of its own. */
START_TEST(test_deep)
{
    enum { DEPTH = 20000 };
    char *text = malloc(2 * DEPTH + 16);

    ck_assert_ptr_nonnull(text);
    memset(text, '[', DEPTH);
    (void)sprintf(text + DEPTH, "1");
    ck_assert_int_eq(read_license(text), SFI_ERR_HSM);
    free(text);
}
END_TEST

/* Cut anywhere. */
START_TEST(test_cut)
{
    for (size_t len = 0; len < strlen(PAGE); len += test_step(9)) {
        char *text = malloc(len + 1);

        ck_assert_ptr_nonnull(text);
        memcpy(text, PAGE, len);
        ck_assert_int_eq(sfi__answer_page(ctx, text, len, &page), SFI_ERR_HSM);
        free(text);
    }
}
END_TEST

START_TEST(test_end)
{
    static const char text[] = "{" END "}";

    ck_assert_ok(sfi__answer_end(ctx, text, strlen(text), &seen));
    ck_assert_uint_eq(seen.end.sequence, 7);
}
END_TEST

START_TEST(test_lease)
{
    static const char lease[] = "{\"lease\":\"0102\"," END "}";
    static const char back[] = "{\"returned\":12," END "}";
    uint8_t out[2];
    uint64_t returned;

    ck_assert_ok(sfi__answer_lease(ctx, lease, strlen(lease), out, 2, &seen));
    ck_assert_uint_eq(out[1], 2);
    ck_assert_int_eq(
        sfi__answer_lease(ctx, lease, strlen(lease), out, 1, &seen),
        SFI_ERR_HSM);
    sfi__clear_error(ctx);
    ck_assert_ok(sfi__answer_return(ctx, back, strlen(back), &returned, &seen));
    ck_assert_uint_eq(returned, 12);
    ck_assert_int_eq(
        sfi__answer_return(ctx, lease, strlen(lease), &returned, &seen),
        SFI_ERR_HSM);
}
END_TEST

static const struct {
    const char *text;
    sfi_status st;
    uint32_t count;
    const char *message;
} refusals[] = {
    {"{\"status\":\"SFI_ERR_HSM_COUNTER\",\"message\":\"none of 5 left\","
     "\"count\":\"none\"}",
     SFI_ERR_HSM_COUNTER, SFI_COUNT_NONE, "none of 5 left"},
    {"{\"status\":\"SFI_ERR_HSM_ROLLBACK\",\"message\":\"old\",\"count\":"
     "\"again\"}",
     SFI_ERR_HSM_ROLLBACK, SFI_COUNT_AGAIN, "old"},
    {"{\"status\":\"SFI_ERR_LATER\",\"message\":\"m\",\"count\":\"later\"}",
     SFI_ERR_HSM, SFI_COUNT_UNKNOWN, "m"},
    {"{\"status\":\"SFI_OK\",\"message\":\"m\"}", SFI_ERR_HSM,
     SFI_COUNT_UNKNOWN, "m"},
    {"{\"message\":\"a\\u001b[31m\\nb\\u202e\"}", SFI_ERR_HSM,
     SFI_COUNT_UNKNOWN, "a\\x1b[31m\\nb\\u202e"},
    {"<html>", SFI_ERR_HSM, SFI_COUNT_UNKNOWN, "HTTP status 502"},
    {"{\"status\":\"SFI_ERR_ACCESS\",\"message\":\"\"}", SFI_ERR_HSM,
     SFI_COUNT_UNKNOWN, "HTTP status 502"},
};

START_TEST(test_refusal)
{
    uint32_t count = 77;
    const char *message;
    sfi_status st = sfi__answer_refusal(ctx, 502, refusals[_i].text,
                                        strlen(refusals[_i].text), &count);

    message = sfi_error_message(sfi_ctx_error(ctx));
    ck_assert_int_eq(st, refusals[_i].st);
    ck_assert_uint_eq(count, refusals[_i].count);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 502);
    for (const char *c = message; *c != '\0'; c++)
        ck_assert(*c >= ' ' && *c <= '~');
    if (_i != 4)
        ck_assert_msg(strstr(message, refusals[_i].message) == message, "%s",
                      message);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("server_answer");
    TCase *tc = tcase_create("answers");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_license);
    tcase_add_test(tc, test_more_members);
    tcase_add_test(tc, test_info);
    tcase_add_test(tc, test_page);
    tcase_add_test(tc, test_page_is_too_long);
    tcase_add_loop_test(tc, test_wrong, 0, (int)ROWS(wrong));
    tcase_add_test(tc, test_deep);
    tcase_add_test(tc, test_cut);
    tcase_add_test(tc, test_end);
    tcase_add_test(tc, test_lease);
    tcase_add_loop_test(tc, test_refusal, 0, (int)ROWS(refusals));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
