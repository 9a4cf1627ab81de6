/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device over SPI: the same core, one byte out for each byte in. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

/* What the part has loaded for the next bytes. */
static uint8_t loaded[2];

/* "out:in ..." from the host's side, as tests of AN4286 have it. */
static void
talk(const char *at)
{
    while (*at != '\0') {
        char *end;
        uint8_t out = (uint8_t)strtoul(at, &end, 16);
        uint8_t want = (uint8_t)strtoul(end + 1, &end, 16);

        ck_assert_msg(loaded[0] == want, "%.12s: got %02x", at, loaded[0]);
        loaded[0] = loaded[1];
        loaded[1] = sfi_device_spi(part.dev, out);
        at = end + strspn(end, " ");
    }
}

#define SYNC "5a:a5 00:a5 00:79 79:a5 "
#define ACK "00:a5 00:79 79:a5 "
#define NACK "00:a5 00:1f 79:a5 "
#define ABORT_TO_VERDICT                                                       \
    "5a:a5 50:a5 af:a5 " ACK "53:a5 09:a5 5a:a5 " ACK "00:a5 00:a5 00:a5 " ACK \
    "00:a5 00:00 00:00 00:00 00:01 00:00 "                                     \
    "00:a5 00:79 "

static void
start(void)
{
    loaded[0] = loaded[1] = 0xa5;
    begin(&small_l4);
}

static void
poll(void)
{
    uint8_t out[SFI_DEVICE_ANSWER_MAX];
    size_t len = sizeof(out);

    sfi_device_poll(part.dev, out, &len);
    ck_assert_uint_eq(len, 0);
}

START_TEST(test_commands)
{
    start();
    talk("00:a5 7f:a5 79:a5 " SYNC);
    talk("5a:a5 00:a5 ff:a5 " ACK
         "00:a5 00:05 00:11 00:00 00:01 00:02 00:50 00:51 " ACK);
    talk("5a:a5 02:a5 fd:a5 " ACK "00:a5 00:01 00:04 00:62 " ACK);
    talk("5a:a5 11:a5 ee:a5 " NACK);
    talk("5a:a5 50:a5 af:a5 " ACK "53:a5 07:a5 54:a5 " NACK);
    /* a silent host is waited for: only it clocks */
    talk("5a:a5 50:a5 af:a5 " ACK "53:a5 ");
    part.now += 10000;
    poll();
    talk("0a:a5 59:a5 " ACK);
    ck_assert_uint_eq(sfi_device_spi(NULL, 0x5a), 0xa5);
}
END_TEST

/* Both links reach the same install. */
START_TEST(test_both_links)
{
    uint8_t out[SFI_DEVICE_ANSWER_MAX];
    size_t len = sizeof(out);

    start();
    talk(SYNC);
    ck_assert_int_eq(
        sfi_device_usart(part.dev, (const uint8_t *)"\x7f", 1, out, &len),
        SFI_OK);
    ck_assert_uint_eq(len, 1);
    ck_assert_uint_eq(out[0], 0x79);
    talk("5a:a5 02:a5 fd:a5 " ACK "00:a5 00:01 00:04 00:62 " ACK);
}
END_TEST

/* The answer to ABORT is fetched before the part leaves, or never. */
START_TEST(test_leave)
{
    start();
    ck_assert_int_eq(image_install(&image, &part, 1024), SFI_CAUSE_NONE);
    talk(SYNC ABORT_TO_VERDICT);
    poll();
    part.now += 999;
    poll();
    ck_assert_uint_eq(part.reboots, 0);
    if (_i == 0)
        talk("79:a5 ");
    else
        part.now += 1;
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    talk("5a:a5 00:a5 00:a5 00:a5 ");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device_spi");
    TCase *tc = tcase_create("bytes");

    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_test(tc, test_commands);
    tcase_add_test(tc, test_both_links);
    tcase_add_loop_test(tc, test_leave, 0, 2);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
