/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bootloader's binary and the core compiled for the host get the same
 * streams of requests, right, random and hostile: every reply, and flash,
 * option bytes and record at the end, must be the same. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "binary.h"
#include "duel.h"

/* 10,000 in the default suites.  Most streams end with an erase that is read
 * back, which is most of their time: so their part has a user range of two
 * pages.  Some run on the part as it is. */
#define SMALL_USER 4096u
#define SMALL_STREAMS 8480u
#define SPI_STREAMS 1500u
#define WHOLE_STREAMS 20u

static struct duel duel;
static struct binary binary;

static uint64_t
number(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void
start(uint32_t user_size)
{
    uint32_t in_force[CHIP_OB_ROWS_MAX];

    fixture_setup();
    binary_start(&binary);
    binary_make(&binary, user_size);
    duel.twin =
        twin_new(&binary.kit.chip, binary.kit.secret, binary.kit.certificate);
    binary_options(&binary, duel.twin->options, in_force);
    duel.host = twin_end(duel.twin);
    duel.other = binary_end(&binary);
    duel_make_image(&duel, binary.kit.public_key);
    ck_assert_msg(duel_prepare(&duel), "%s", duel.words);
}

static void
stop(void)
{
    duel_free(&duel);
    twin_free(duel.twin);
    memset(&duel, 0, sizeof(duel));
    binary_stop(&binary);
    fixture_teardown();
}

/* SFI_TEST_PART=K/N: only the K-th of N equal shares, for N processors. */
static void
run(uint32_t user_size, uint64_t streams)
{
    const char *share = getenv("SFI_TEST_PART");
    uint64_t parts = 1, share_at = 0, first, count;

    if (share != NULL) {
        share_at = strtoull(share, NULL, 10);
        parts = strtoull(strchr(share, '/') + 1, NULL, 10);
    }
    count = number("SFI_TEST_STREAMS", streams) / parts;
    first = number("SFI_TEST_SEED", 1 + share_at * count);
    start(user_size);
    ck_assert_uint_eq(duel_run_many(&duel, first, count), count);
    stop();
}

START_TEST(test_small_user_range)
{
    run(SMALL_USER, SMALL_STREAMS);
}
END_TEST

START_TEST(test_over_spi)
{
    duel.over_spi = true;
    run(SMALL_USER, SPI_STREAMS);
}
END_TEST

START_TEST(test_whole_user_range)
{
    run(0, WHOLE_STREAMS);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("differential");
    TCase *usart = tcase_create("usart"), *spi = tcase_create("spi");
    double limit = getenv("SFI_TEST_LONG") != NULL ? 7200 : 1200;

    tcase_set_timeout(usart, limit);
    tcase_add_test(usart, test_small_user_range);
    tcase_add_test(usart, test_whole_user_range);
    suite_add_tcase(s, usart);
    tcase_set_timeout(spi, limit);
    tcase_add_test(spi, test_over_spi);
    suite_add_tcase(s, spi);
    return run_suite(s);
}
