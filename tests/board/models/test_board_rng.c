/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The model of the random number generator, and its failures. */
#include "fake.h"
#include "sim/board/wire.h"

enum { CR, SR = 4, DR = 8 };
#define RNGEN (1u << 2)
#define IE (1u << 3)
#define CED (1u << 5)
#define DRDY (1u << 0)
#define CECS (1u << 1)
#define SECS (1u << 2)
#define CEIS (1u << 5)
#define SEIS (1u << 6)

static struct board *b;
static void *r;
static const struct board_model *model;

static void
setup_l4(void)
{
    b = fake_new(false);
    model = &board_rng_l4;
    r = fake_add(b, model, 0);
}

static void
setup_h7(void)
{
    b = fake_new(true);
    model = &board_rng_h7;
    r = fake_add(b, model, 0);
}

static void
teardown(void)
{
    fake_free(b);
}

static uint32_t
word(void)
{
    unsigned i;

    for (i = 0; i < 100 && (get32(b, r, SR) & DRDY) == 0; i++)
        fake_wait(b, PS_PER_US);
    ck_assert((get32(b, r, SR) & DRDY) != 0);
    return get32(b, r, DR);
}

START_TEST(test_words)
{
    uint32_t seen[64];
    unsigned i, k, ones = 0;

    ck_assert_uint_eq(get32(b, r, DR), 0);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), 0);
    set32(b, r, CR, RNGEN);
    ck_assert_uint_eq(get32(b, r, SR), 0); /* it takes its time */
    for (i = 0; i < ROWS(seen); i++) {
        seen[i] = word();
        ones += (unsigned)__builtin_popcount(seen[i]);
        for (k = 0; k < i; k++)
            ck_assert_uint_ne(seen[k], seen[i]);
    }
    ck_assert_uint_gt(ones, 64 * 32 / 2 - 200);
    ck_assert_uint_lt(ones, 64 * 32 / 2 + 200);
    set32(b, r, CR, 0);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), 0);
}
END_TEST

/* RM0394, 24.3.3: four words each time, then DRDY falls; 213 cycles. */
START_TEST(test_timing)
{
    board_time four = 213 * BOARD_PS_PER_S / b->hz[BOARD_CLOCK_HCLK];
    unsigned i;

    set32(b, r, CR, RNGEN);
    fake_wait(b, 2 * four - 1000);
    ck_assert_uint_eq(get32(b, r, SR), 0);
    fake_wait(b, 2000);
    for (i = 0; i < 4; i++) {
        ck_assert_uint_eq(get32(b, r, SR), DRDY);
        ck_assert_uint_ne(get32(b, r, DR), 0);
    }
    ck_assert_uint_eq(get32(b, r, SR), 0);
    ck_assert_uint_eq(get32(b, r, DR), 0); /* not ready: 0 */
    fake_wait(b, four);
    ck_assert_uint_eq(get32(b, r, SR), DRDY);
}
END_TEST

START_TEST(test_stuck)
{
    uint32_t first;
    unsigned i;

    set32(b, r, CR, RNGEN);
    first = word();
    ck_assert(model->fault(b, r, WIRE_FAULT_RNG_STUCK, 1));
    for (i = 0; i < 10; i++)
        ck_assert_uint_eq(word(), first); /* and no flag tells */
    ck_assert_uint_eq(get32(b, r, SR) & (SEIS | CEIS), 0);
    ck_assert(model->fault(b, r, WIRE_FAULT_RNG_STUCK, 0));
    ck_assert_uint_ne(word(), first);
    ck_assert(!model->fault(b, r, WIRE_FAULT_AES, 1));
}
END_TEST

START_TEST(test_seed_error)
{
    set32(b, r, CR, RNGEN | IE);
    word();
    ck_assert(model->fault(b, r, WIRE_FAULT_RNG_SEED, 1));
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), SECS | SEIS);
    ck_assert(fake_irq(b, r));
    /* SEIS is cleared by 0; the generator stands still all the same */
    set32(b, r, SR, UINT32_MAX);
    ck_assert_uint_eq(get32(b, r, SR), SECS | SEIS);
    set32(b, r, SR, 0);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), SECS);
    ck_assert_uint_eq(get32(b, r, DR), 0);
    /* 24.3.7: RNGEN 0 and 1 */
    set32(b, r, CR, 0);
    set32(b, r, CR, RNGEN);
    word();
    ck_assert_uint_eq(get32(b, r, SR) & ~DRDY, 0);
}
END_TEST

START_TEST(test_clock_error)
{
    set32(b, r, CR, RNGEN);
    word();
    ck_assert(model->fault(b, r, WIRE_FAULT_RNG_CLOCK, 1));
    /* words of before may be used */
    ck_assert_uint_eq(get32(b, r, SR), DRDY | CECS | CEIS);
    get32(b, r, DR);
    get32(b, r, DR);
    get32(b, r, DR);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), CECS | CEIS);
    ck_assert(model->fault(b, r, WIRE_FAULT_RNG_CLOCK, 0));
    ck_assert_uint_eq(get32(b, r, SR), CEIS); /* until it is cleared */
    set32(b, r, SR, 0);
    word();

    /* a clock that is too slow, or off */
    set32(b, r, CR, 0);
    b->hz[BOARD_CLOCK_48] = b->hz[BOARD_CLOCK_HCLK] / 32 - 1;
    set32(b, r, CR, RNGEN);
    ck_assert_uint_eq(get32(b, r, SR), CECS | CEIS);
    set32(b, r, CR, 0);
    set32(b, r, SR, 0);
    b->hz[BOARD_CLOCK_48] = 0;
    set32(b, r, CR, RNGEN);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), CECS | CEIS);
}
END_TEST

/* RM0433, 34.7.1 */
START_TEST(test_clock_detection_off)
{
    b->hz[BOARD_CLOCK_48] = b->hz[BOARD_CLOCK_HCLK] / 100;
    set32(b, r, CR, CED);
    set32(b, r, CR, CED | RNGEN);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(get32(b, r, SR), DRDY);
    set32(b, r, CR, RNGEN); /* cannot be changed now */
    ck_assert_uint_eq(get32(b, r, CR), CED | RNGEN);
}
END_TEST

/* L4: there is no such bit. */
START_TEST(test_no_clock_detection_bit)
{
    set32(b, r, CR, CED | RNGEN);
    ck_assert_uint_eq(get32(b, r, CR), RNGEN);
}
END_TEST

START_TEST(test_reset)
{
    uint32_t first;

    set32(b, r, CR, RNGEN);
    first = word();
    fake_reset(b, r, BOARD_RESET_SOFTWARE);
    ck_assert_uint_eq(get32(b, r, CR), 0);
    ck_assert_uint_eq(get32(b, r, SR), 0);
    set32(b, r, CR, RNGEN);
    ck_assert_uint_ne(word(), first);
    set_sized(b, r, CR, 0, 1); /* by words only */
    ck_assert_uint_eq(get32(b, r, CR), RNGEN);
    ck_assert_uint_eq(b->notes, 1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("board_rng");
    TCase *l4 = tcase_create("l4"), *h7 = tcase_create("h7");

    tcase_add_checked_fixture(l4, setup_l4, teardown);
    tcase_add_test(l4, test_words);
    tcase_add_test(l4, test_timing);
    tcase_add_test(l4, test_stuck);
    tcase_add_test(l4, test_seed_error);
    tcase_add_test(l4, test_clock_error);
    tcase_add_test(l4, test_no_clock_detection_bit);
    tcase_add_test(l4, test_reset);
    suite_add_tcase(s, l4);
    tcase_add_checked_fixture(h7, setup_h7, teardown);
    tcase_add_test(h7, test_words);
    tcase_add_test(h7, test_seed_error);
    tcase_add_test(h7, test_clock_error);
    tcase_add_test(h7, test_clock_detection_off);
    suite_add_tcase(s, h7);
    return run_suite(s);
}
