/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The model of GPIO. */
#include "fake.h"

enum {
    MODER,
    OTYPER = 4,
    OSPEEDR = 8,
    PUPDR = 12,
    IDR = 16,
    ODR = 20,
    BSRR = 24,
    LCKR = 28,
    AFRL = 32,
    AFRH = 36,
    BRR = 40
};

static struct board *b;

static void *
port(unsigned n)
{
    return b->units[n].state;
}

static void
setup_l4(void)
{
    b = fake_new(false);
}

static void
setup_h7(void)
{
    b = fake_new(true);
}

static void
teardown(void)
{
    fake_free(b);
}

static void
check_reset(unsigned n, uint32_t moder, uint32_t ospeedr, uint32_t pupdr)
{
    ck_assert_uint_eq(get32(b, port(n), MODER), moder);
    ck_assert_uint_eq(get32(b, port(n), OSPEEDR), ospeedr);
    ck_assert_uint_eq(get32(b, port(n), PUPDR), pupdr);
    ck_assert_uint_eq(get32(b, port(n), OTYPER), 0);
    ck_assert_uint_eq(get32(b, port(n), ODR), 0);
    ck_assert_uint_eq(get32(b, port(n), AFRL), 0);
}

/* RM0394, 8.5 */
START_TEST(test_reset_l4)
{
    check_reset(0, 0xabffffff, 0x0c000000, 0x64000000);
    check_reset(1, 0xfffffebf, 0, 0x00000100);
    check_reset(2, 0xffffffff, 0, 0);
    check_reset(7, 0x0000000f, 0, 0);
    /* BOOT0 is an input from the beginning */
    board_pin_set(b, 7, 3, BOARD_HIGH);
    ck_assert_uint_eq(get32(b, port(7), IDR), 1u << 3);
}
END_TEST

/* RM0433, 11.4 */
START_TEST(test_reset_h7)
{
    check_reset(0, 0xabffffff, 0x0c000000, 0x64000000);
    check_reset(1, 0xfffffebf, 0x000000c0, 0x00000100);
    check_reset(7, 0xffffffff, 0, 0);
    set32(b, port(2), MODER, 1);
    set32(b, port(2), ODR, 1);
    set32(b, port(2), BRR, 1); /* there is none */
    ck_assert_uint_eq(get32(b, port(2), ODR), 1);
}
END_TEST

START_TEST(test_outputs)
{
    set32(b, port(1), MODER, 1u << 2 * 3 | 1u << 2 * 13);
    set32(b, port(1), BSRR, 1u << 13);
    ck_assert_uint_eq(b->outputs[1], 1u << 3 | 1u << 13);
    ck_assert_uint_eq(b->high[1], 1u << 13);
    /* PB4 is NJTRST, with its pull-up */
    ck_assert_uint_eq(get32(b, port(1), IDR), 1u << 13 | 1u << 4);
    set32(b, port(1), BSRR, 1u << 13 << 16 | 1u << 13); /* BS wins */
    ck_assert_uint_eq(b->high[1], 1u << 13);
    set_sized(b, port(1), BSRR + 2, 1u << 13, 2);
    ck_assert_uint_eq(b->high[1], 0);
    set_sized(b, port(1), ODR, 0xff, 1);
    ck_assert_uint_eq(get32(b, port(1), ODR), 0xff);
    set_sized(b, port(1), ODR + 1, 0x20, 1);
    ck_assert_uint_eq(get32(b, port(1), ODR), 0x20ff);
    ck_assert_uint_eq(b->high[1], 1u << 3 | 1u << 13);
    set32(b, port(1), BRR, 1u << 3);
    ck_assert_uint_eq(b->high[1], 1u << 13);
}
END_TEST

START_TEST(test_inputs)
{
    set32(b, port(2), MODER, 0); /* inputs, but for pin 15 */
    set32(b, port(2), PUPDR, 1u << 0 | 2u << 2);
    ck_assert_uint_eq(get32(b, port(2), IDR), 1);
    board_pin_set(b, 2, 0, BOARD_LOW);
    board_pin_set(b, 2, 1, BOARD_HIGH);
    ck_assert_uint_eq(get32(b, port(2), IDR), 2);
    /* open drain: high is let go */
    set32(b, port(2), MODER, 1u << 2);
    set32(b, port(2), OTYPER, 1u << 1);
    set32(b, port(2), ODR, 1u << 1);
    board_pin_set(b, 2, 1, BOARD_LOW);
    ck_assert_uint_eq(get32(b, port(2), IDR), 0);
    /* analog pins read 0 */
    set32(b, port(2), MODER, 3u << 2);
    board_pin_set(b, 2, 1, BOARD_HIGH);
    ck_assert_uint_eq(get32(b, port(2), IDR), 0);
    b->polls = 0;
    get32(b, port(2), IDR);
    ck_assert_uint_eq(b->polls, 1);
}
END_TEST

START_TEST(test_functions)
{
    ck_assert_int_eq(gpio_function(b, 0, 13), 0); /* SWDIO */
    ck_assert_int_eq(gpio_function(b, 0, 9), -1);
    fake_route(b, 0, 9, 7);
    ck_assert_int_eq(gpio_function(b, 0, 9), 7);
    ck_assert_int_eq(gpio_function(b, 10, 0), -1); /* no such port */
}
END_TEST

/* RM0394, 8.5.8 */
START_TEST(test_lock)
{
    uint32_t pin = 1u << 5, key = 1u << 16;

    set32(b, port(2), MODER, 1u << 2 * 5);
    set32(b, port(2), LCKR, key | pin);
    set32(b, port(2), LCKR, pin);
    set32(b, port(2), LCKR, key | 1u << 6); /* other pins: from the start */
    set32(b, port(2), MODER, 0);
    ck_assert_uint_eq(get32(b, port(2), MODER), 0);

    set32(b, port(2), MODER, 1u << 2 * 5);
    set32(b, port(2), LCKR, key | pin);
    set32(b, port(2), LCKR, pin);
    set32(b, port(2), LCKR, key | pin);
    ck_assert_uint_eq(get32(b, port(2), LCKR), key | pin);
    set32(b, port(2), MODER, 2);
    ck_assert_uint_eq(get32(b, port(2), MODER), 1u << 2 * 5 | 2);
    set32(b, port(2), AFRL, 0xffffffff);
    ck_assert_uint_eq(get32(b, port(2), AFRL), 0xff0fffff);
    set32(b, port(2), BSRR, pin); /* the level is not locked */
    ck_assert_uint_eq(b->high[2], pin);
    set32(b, port(2), LCKR, 0);
    ck_assert_uint_eq(get32(b, port(2), LCKR), key | pin);
    fake_reset(b, port(2), BOARD_RESET_SOFTWARE);
    ck_assert_uint_eq(get32(b, port(2), LCKR), 0);
    ck_assert_uint_eq(b->outputs[2], 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("board_gpio");
    TCase *l4 = tcase_create("l4"), *h7 = tcase_create("h7");

    tcase_add_checked_fixture(l4, setup_l4, teardown);
    tcase_add_test(l4, test_reset_l4);
    tcase_add_test(l4, test_outputs);
    tcase_add_test(l4, test_inputs);
    tcase_add_test(l4, test_functions);
    tcase_add_test(l4, test_lock);
    suite_add_tcase(s, l4);
    tcase_add_checked_fixture(h7, setup_h7, teardown);
    tcase_add_test(h7, test_reset_h7);
    suite_add_tcase(s, h7);
    return run_suite(s);
}
