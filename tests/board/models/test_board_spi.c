/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The model of an L4's SPI as a slave. */
#include "fake.h"

enum { CR1, CR2 = 4, SR = 8, DR = 12 };
#define SPE (1u << 6)
#define SSI (1u << 8)
#define SSM (1u << 9)
#define BYTES (7u << 8 | 1u << 12) /* frames of 8 bits, RXNE at one */
#define RXNE (1u << 0)
#define TXE (1u << 1)
#define OVR (1u << 6)
#define BSY (1u << 7)
#define HZ 1000000
#define BYTE_TIME (8 * BOARD_PS_PER_S / HZ)

static struct board *b;
static void *s;

static void
setup(void)
{
    unsigned pin;

    b = fake_new(false);
    s = fake_add(b, &board_spi_l4, 0);
    for (pin = 4; pin < 8; pin++)
        fake_route(b, 0, pin, 5);
    board_spi_l4.host_select(b, s, false);
    set32(b, s, CR2, BYTES);
}

static void
teardown(void)
{
    fake_free(b);
}

static void
clock_bytes(const char *bytes, size_t len)
{
    fake_send(b, s, HZ, 0, bytes, len);
    fake_wait(b, len * BYTE_TIME);
    ck_assert(!board_spi_l4.host_busy(b, s));
}

static unsigned
rx_level(void)
{
    return get32(b, s, SR) >> 9 & 3;
}

static unsigned
tx_level(void)
{
    return get32(b, s, SR) >> 11 & 3;
}

START_TEST(test_reset)
{
    fake_reset(b, s, BOARD_RESET_BUS);
    ck_assert_uint_eq(get32(b, s, CR1), 0);
    ck_assert_uint_eq(get32(b, s, CR2), 0x0700);
    ck_assert_uint_eq(get32(b, s, SR), 0x0002);
    set32(b, s, CR2, 0); /* a size of less than 4 bits is 8 */
    ck_assert_uint_eq(get32(b, s, CR2), 0x0700);
}
END_TEST

START_TEST(test_bytes)
{
    set32(b, s, CR1, SPE);
    set_sized(b, s, DR, 0x79, 1);
    set_sized(b, s, DR, 0x1f, 1);
    fake_send(b, s, HZ, 0, "\x5a\xa5", 2);
    fake_wait(b, BYTE_TIME / 2);
    ck_assert((get32(b, s, SR) & BSY) != 0);
    ck_assert((get32(b, s, SR) & RXNE) == 0);
    fake_wait(b, BYTE_TIME / 2);
    ck_assert((get32(b, s, SR) & RXNE) != 0);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 0x5a);
    ck_assert((get32(b, s, SR) & RXNE) == 0);
    fake_wait(b, BYTE_TIME);
    ck_assert((get32(b, s, SR) & (RXNE | BSY)) == RXNE);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 0xa5);
    ck_assert_uint_eq(b->out_len, 2);
    ck_assert_mem_eq(b->out, "\x79\x1f", 2);
}
END_TEST

/* RM0394, 40.4.9: levels, TXE up to one half, and the packing of two bytes. */
START_TEST(test_fifos)
{
    static const uint8_t levels[] = {0, 1, 2, 3, 3};
    unsigned n;

    for (n = 0; n < 5; n++) {
        ck_assert_uint_eq(tx_level(), levels[n]);
        ck_assert_uint_eq((get32(b, s, SR) & TXE) != 0, n <= 2);
        if (n < 4)
            set_sized(b, s, DR, 0x10 + n, 1);
    }
    set_sized(b, s, DR, 0xff, 1); /* full: lost */
    ck_assert_uint_eq(b->notes, 1);
    set32(b, s, CR1, SPE);
    clock_bytes("abcd", 4);
    ck_assert_mem_eq(b->out, "\x10\x11\x12\x13", 4);
    ck_assert_uint_eq(rx_level(), 3);
    ck_assert_uint_eq(get_sized(b, s, DR, 2), 'a' | 'b' << 8);
    ck_assert_uint_eq(rx_level(), 2);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'c');
    /* with FRXTH 0 one byte is not enough for RXNE */
    set32(b, s, CR2, 7u << 8);
    ck_assert_uint_eq(rx_level(), 1);
    ck_assert((get32(b, s, SR) & RXNE) == 0);
    set32(b, s, CR2, BYTES);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'd');

    /* an access of 32 bits is one of 16: a driver that forgets it sends a 0 */
    b->out_len = 0;
    set32(b, s, DR, 0x79);
    ck_assert_uint_eq(tx_level(), 2);
    clock_bytes("ab", 2);
    ck_assert_mem_eq(b->out, "\x79\0", 2);
}
END_TEST

START_TEST(test_overrun)
{
    set32(b, s, CR1, SPE);
    clock_bytes("abcde", 5);
    ck_assert((get32(b, s, SR) & OVR) != 0);
    /* SR alone clears nothing */
    ck_assert((get32(b, s, SR) & OVR) != 0);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'a');
    /* all that follows is lost until DR and SR were read */
    clock_bytes("f", 1);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'b');
    ck_assert((get32(b, s, SR) & OVR) != 0);
    ck_assert((get32(b, s, SR) & OVR) == 0);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'c');
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'd');
    ck_assert_uint_eq(rx_level(), 0);
    clock_bytes("g", 1);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 'g');
}
END_TEST

/* Nothing to send: what the FIFO's next place had is sent, and no flag. */
START_TEST(test_underrun)
{
    set32(b, s, CR1, SPE);
    clock_bytes("xy", 2);
    ck_assert_mem_eq(b->out, "\0\0", 2); /* as after a reset */
    get_sized(b, s, DR, 2);
    b->out_len = 0;
    set_sized(b, s, DR, 0xa5c3, 2);
    clock_bytes("1234", 4);
    ck_assert_mem_eq(b->out, "\xc3\xa5\0\0", 4);
    get_sized(b, s, DR, 2);
    get_sized(b, s, DR, 2);
    b->out_len = 0;
    set_sized(b, s, DR, 0x2211, 2);
    clock_bytes("1234", 4);
    ck_assert_mem_eq(b->out, "\x11\x22\xc3\xc3", 4);
    ck_assert((get32(b, s, SR) & OVR) == 0);
}
END_TEST

START_TEST(test_select)
{
    set32(b, s, CR1, SPE);
    set_sized(b, s, DR, 0x79, 1);
    board_spi_l4.host_select(b, s, true);
    ck_assert_int_eq(b->pins[0][4], BOARD_HIGH);
    clock_bytes("a", 1);
    ck_assert_uint_eq(b->out[0], 0xff); /* MISO is let go */
    ck_assert_uint_eq(rx_level(), 0);
    ck_assert_uint_eq(tx_level(), 1);
    board_spi_l4.host_select(b, s, false);
    clock_bytes("a", 1);
    ck_assert_uint_eq(b->out[1], 0x79);
    get_sized(b, s, DR, 1);
    /* by software */
    set32(b, s, CR1, SPE | SSM | SSI);
    clock_bytes("a", 1);
    ck_assert_uint_eq(rx_level(), 0);
    board_spi_l4.host_select(b, s, true);
    set32(b, s, CR1, SPE | SSM);
    clock_bytes("a", 1);
    ck_assert_uint_eq(rx_level(), 1);
}
END_TEST

/* What is in the FIFOs stays while SPE is 0; a reset by RCC empties them. */
START_TEST(test_disable)
{
    set32(b, s, CR1, SPE);
    clock_bytes("a", 1);
    set_sized(b, s, DR, 0x79, 1);
    set32(b, s, CR1, 0);
    clock_bytes("b", 1);
    ck_assert_uint_eq(b->out[1], 0xff);
    ck_assert_uint_eq(rx_level(), 1);
    ck_assert_uint_eq(tx_level(), 1);
    fake_reset(b, s, BOARD_RESET_BUS);
    ck_assert_uint_eq(rx_level(), 0);
    ck_assert_uint_eq(tx_level(), 0);
}
END_TEST

START_TEST(test_wires)
{
    set32(b, s, CR1, SPE | 1u << 7); /* LSBFIRST */
    set_sized(b, s, DR, 0x01, 1);
    clock_bytes("\x03", 1);
    ck_assert_uint_eq(b->out[0], 0x80);
    ck_assert_uint_eq(get_sized(b, s, DR, 1), 0xc0);
    set32(b, s, CR1, 0);
    set32(b, s, CR1, SPE | 1u << 0); /* CPHA: not the host's mode */
    clock_bytes("\x03", 1);
    ck_assert_uint_ne(get_sized(b, s, DR, 1), 0x03);
    ck_assert_uint_eq(b->notes, 2); /* in, and out */
    set32(b, s, CR1, 0);
    set32(b, s, CR1, SPE);
    fake_route(b, 0, 6, 1); /* MISO is a timer's */
    set_sized(b, s, DR, 0x01, 1);
    clock_bytes("a", 1);
    ck_assert_uint_eq(b->out[2], 0xff);
    fake_route(b, 0, 5, 1); /* and so is SCK */
    clock_bytes("a", 1);
    ck_assert_uint_eq(rx_level(), 1);
}
END_TEST

START_TEST(test_wide)
{
    set32(b, s, CR2, 15u << 8);
    set32(b, s, CR1, SPE);
    set_sized(b, s, DR, 0x1234, 2);
    clock_bytes("\xab\xcd", 2);
    ck_assert_mem_eq(b->out, "\x12\x34", 2);
    ck_assert((get32(b, s, SR) & RXNE) != 0);
    ck_assert_uint_eq(get_sized(b, s, DR, 2), 0xabcd);
}
END_TEST

START_TEST(test_interrupts)
{
    set32(b, s, CR2, BYTES | 1u << 6);
    set32(b, s, CR1, SPE);
    ck_assert(!fake_irq(b, s));
    clock_bytes("a", 1);
    ck_assert(fake_irq(b, s));
    get_sized(b, s, DR, 1);
    ck_assert(!fake_irq(b, s));
    ck_assert_uint_eq(b->units[b->count - 1].when, BOARD_NEVER);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("board_spi");
    TCase *tc = tcase_create("l4");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_bytes);
    tcase_add_test(tc, test_fifos);
    tcase_add_test(tc, test_overrun);
    tcase_add_test(tc, test_underrun);
    tcase_add_test(tc, test_select);
    tcase_add_test(tc, test_disable);
    tcase_add_test(tc, test_wires);
    tcase_add_test(tc, test_wide);
    tcase_add_test(tc, test_interrupts);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
