/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bootloader's tests of its random generator. */
#include <string.h>

#include "crypto.h"
#include "fake_units.h"
#include "fixture.h"
#include "rng.h"

#define START_WORDS 256u

START_TEST(test_good_words_pass)
{
    static uint32_t words[100000];

    fake_rng_set(RNG_GOOD, 0);
    ck_assert_int_eq(rng_start(), 0);
    ck_assert_uint_eq(fake_rng_words(), START_WORDS);
    ck_assert_int_eq(rng_words(words, ROWS(words)), 0);
    for (size_t i = 0; i < ROWS(words); i++)
        ck_assert_uint_ne(words[i], i > 0 ? words[i - 1] : 0);
}
END_TEST

START_TEST(test_bad_start_fails)
{
    enum fake_rng kind = (enum fake_rng)_i;
    uint32_t word = 0xffffffff;

    fake_rng_set(kind, kind == RNG_DEAD ? 0 : START_WORDS / 2);
    ck_assert_msg(rng_start() != 0, "kind %d", _i);
    ck_assert_int_ne(rng_words(&word, 1), 0);
    ck_assert_uint_eq(word, 0);
}
END_TEST

/* A generator that goes bad later is found within two windows, and not asked
 * again. */
START_TEST(test_later_failure_lasts)
{
    enum fake_rng kind = (enum fake_rng)_i;
    uint32_t words[128];
    uint32_t asked;

    fake_rng_set(kind, START_WORDS + 10);
    ck_assert_int_eq(rng_start(), 0);
    memset(words, 0xff, sizeof(words));
    ck_assert_msg(rng_words(words, ROWS(words)) != 0, "kind %d", _i);
    for (size_t i = 0; i < ROWS(words); i++)
        ck_assert_uint_eq(words[i], 0);
    asked = fake_rng_words();
    ck_assert_int_ne(rng_words(words, 1), 0);
    ck_assert_uint_eq(fake_rng_words(), asked);
    fake_rng_set(RNG_GOOD, 0);
    ck_assert_int_eq(rng_start(), 0);
    ck_assert_int_eq(rng_words(words, 1), 0);
}
END_TEST

START_TEST(test_random_bytes_are_hashed)
{
    uint8_t first[100], second[100];

    fake_rng_set(RNG_GOOD, 0);
    ck_assert_int_eq(crypto_start(), 0);
    ck_assert_int_eq(crypto_random(first, sizeof(first)), 0);
    /* 64 bytes for each 32 */
    ck_assert_uint_eq(fake_rng_words(), START_WORDS + 4 * 16);
    ck_assert_int_eq(crypto_random(second, sizeof(second)), 0);
    ck_assert_mem_ne(first, second, sizeof(first));
    fake_rng_set(RNG_STUCK, 0);
    ck_assert_int_ne(crypto_random(first, sizeof(first)), 0);
    for (size_t i = 0; i < sizeof(first); i++)
        ck_assert_uint_eq(first[i], 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("bootloader_rng");
    TCase *tc = tcase_create("rng");

    tcase_add_test(tc, test_good_words_pass);
    tcase_add_loop_test(tc, test_bad_start_fails, RNG_STUCK, RNG_KINDS);
    tcase_add_loop_test(tc, test_later_failure_lasts, RNG_STUCK, RNG_DEAD);
    tcase_add_test(tc, test_random_bytes_are_hashed);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
