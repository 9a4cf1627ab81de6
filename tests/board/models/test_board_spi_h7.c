/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The model of an H7's SPI as a slave. */
#include "fake.h"

enum {
    CR1 = 0,
    CR2 = 4,
    CFG1 = 8,
    CFG2 = 12,
    IER = 16,
    SR = 20,
    IFCR = 24,
    TXDR = 32,
    RXDR = 48,
    UDRDR = 76
};
#define SPE (1u << 0)
#define SSI (1u << 12)
#define SSM (1u << 26)
#define RXP (1u << 0)
#define TXP (1u << 1)
#define DXP (1u << 2)
#define UDR (1u << 5)
#define OVR (1u << 6)
#define TXC (1u << 12)
#define RXWNE (1u << 15)
#define BYTES 7u
#define AT_END (1u << 11)
#define AT_SELECT (2u << 11)
#define RECEIVED (1u << 9)
#define SENT (2u << 9)
#define HZ 1000000
#define BYTE_TIME (8 * BOARD_PS_PER_S / HZ)

static struct board *b;
static void *s;

static void
setup(void)
{
    unsigned pin;

    b = fake_new(true);
    s = fake_add(b, &board_spi_h7, 0);
    for (pin = 4; pin < 8; pin++)
        fake_route(b, 0, pin, 5);
    board_spi_h7.host_select(b, s, false);
}

static void
teardown(void)
{
    fake_free(b);
}

static void
start(uint32_t cfg1)
{
    set32(b, s, CR1, 0);
    set32(b, s, CFG1, cfg1 | BYTES);
    set32(b, s, CR1, SPE);
}

static void
clock_bytes(const char *bytes, size_t len)
{
    fake_send(b, s, HZ, 0, bytes, len);
    fake_wait(b, len * BYTE_TIME);
    ck_assert(!board_spi_h7.host_busy(b, s));
}

START_TEST(test_bytes)
{
    ck_assert_uint_eq(get32(b, s, SR), 0x1002); /* RM0433, 50.11.6 */
    ck_assert_uint_eq(get32(b, s, CFG1), 0x00070007);
    start(AT_END);
    set_sized(b, s, TXDR, 0x79, 1);
    set_sized(b, s, TXDR, 0x1f, 1);
    ck_assert_uint_eq(get32(b, s, SR), TXP);
    fake_send(b, s, HZ, 0, "\x5a\xa5", 2);
    fake_wait(b, BYTE_TIME - 1);
    ck_assert_uint_eq(get32(b, s, SR) & RXP, 0);
    fake_wait(b, 1);
    ck_assert_uint_eq(get32(b, s, SR), RXP | TXP | DXP | 1u << 13);
    ck_assert_uint_eq(get_sized(b, s, RXDR, 1), 0x5a);
    fake_wait(b, BYTE_TIME);
    ck_assert_uint_eq(get_sized(b, s, RXDR, 1), 0xa5);
    ck_assert_uint_eq(get32(b, s, SR), TXP | TXC);
    ck_assert_uint_eq(b->out_len, 2);
    ck_assert_mem_eq(b->out, "\x79\x1f", 2);
}
END_TEST

/* Packets of four: flags for whole ones, the rest is in RXPLVL. */
START_TEST(test_packets)
{
    unsigned i;

    start(AT_END | 3u << 5);
    set32(b, s, TXDR, 0x44434241);
    set32(b, s, TXDR, 0x48474645);
    set32(b, s, TXDR, 0x4c4b4a49);
    ck_assert_uint_ne(get32(b, s, SR) & TXP, 0);
    set_sized(b, s, TXDR, 'M', 1);
    ck_assert_uint_eq(get32(b, s, SR) & TXP, 0);
    clock_bytes("1234567", 7);
    ck_assert_uint_eq(get32(b, s, SR) & (RXP | RXWNE | 3u << 13),
                      RXP | RXWNE | 3u << 13);
    ck_assert_uint_eq(get32(b, s, RXDR), 0x34333231);
    ck_assert_uint_eq(get32(b, s, SR) & (RXP | RXWNE | 3u << 13), 3u << 13);
    ck_assert_uint_eq(get32(b, s, RXDR), 0x00373635); /* zeros behind it */
    ck_assert_mem_eq(b->out, "ABCDEFG", 7);
    for (i = 0; i < 10; i++)
        set_sized(b, s, TXDR, 0, 1);
    ck_assert_uint_eq(b->notes, 0);
    set_sized(b, s, TXDR, 0, 1); /* the 17th */
    ck_assert_uint_eq(b->notes, 1);
}
END_TEST

START_TEST(test_overrun)
{
    unsigned i;

    start(AT_END);
    clock_bytes("0123456789abcdef", 16);
    ck_assert_uint_eq(get32(b, s, SR) & OVR, 0);
    clock_bytes("X", 1);
    ck_assert_uint_ne(get32(b, s, SR) & OVR, 0);
    ck_assert_uint_eq(get_sized(b, s, RXDR, 1), '0');
    clock_bytes("Y", 1); /* lost, too */
    set32(b, s, IFCR, OVR);
    ck_assert_uint_eq(get32(b, s, SR) & OVR, 0);
    clock_bytes("Z", 1);
    for (i = 0; i < 16; i++)
        ck_assert_uint_eq(get_sized(b, s, RXDR, 1),
                          (uint8_t) "123456789abcdefZ"[i]);
    ck_assert_uint_eq(get32(b, s, SR) & RXP, 0);
}
END_TEST

START_TEST(test_underrun)
{
    static const struct {
        uint32_t cfg;
        const char *want; /* after 'A' and 'B', against "1234" */
    } rows[] = {
        {AT_END, "AB\xee\xee"},
        {AT_END | RECEIVED, "AB23"},
        {AT_END | SENT, "ABBB"},
        {0, "AB\xbd\xee"}, /* at the start: one that no one can foretell */
    };
    unsigned i;

    set32(b, s, UDRDR, 0xee);
    for (i = 0; i < ROWS(rows); i++) {
        b->out_len = 0;
        start(rows[i].cfg);
        set_sized(b, s, TXDR, 'A', 1);
        set_sized(b, s, TXDR, 'B', 1);
        clock_bytes("12", 2);
        ck_assert_uint_eq(get32(b, s, SR) & UDR, 0); /* needs a clock */
        clock_bytes("34", 2);
        ck_assert_uint_ne(get32(b, s, SR) & UDR, 0);
        ck_assert_msg(memcmp(b->out, rows[i].want, 4) == 0, "row %u", i);
    }
}
END_TEST

/* Data is sent again once UDR was cleared, one frame late at a quiet clock. */
START_TEST(test_underrun_cleared)
{
    set32(b, s, UDRDR, 0xee);
    start(AT_END);
    set_sized(b, s, TXDR, 'A', 1);
    clock_bytes("12", 2);
    ck_assert_mem_eq(b->out, "A\xee", 2);
    set_sized(b, s, TXDR, 'B', 1);
    set_sized(b, s, TXDR, 'C', 1);
    clock_bytes("3", 1);
    ck_assert_uint_eq(b->out[2], 0xee); /* the flag stands */
    set32(b, s, IFCR, UDR);
    ck_assert_uint_eq(get32(b, s, SR) & UDR, 0);
    clock_bytes("456", 3);
    ck_assert_mem_eq(b->out + 3,
                     "\xee"
                     "BC",
                     3);

    /* disabling begins anew */
    set32(b, s, CR1, 0);
    set32(b, s, CR1, SPE);
    set_sized(b, s, TXDR, 'D', 1);
    clock_bytes("7", 1);
    ck_assert_uint_eq(b->out[6], 'D');

    /* cleared early within a frame: the next one is data */
    clock_bytes("8", 1);
    set_sized(b, s, TXDR, 'E', 1);
    fake_send(b, s, HZ, 0, "9a", 2);
    fake_wait(b, BYTE_TIME / 4);
    set32(b, s, IFCR, UDR);
    fake_wait(b, 2 * BYTE_TIME);
    ck_assert_mem_eq(b->out + 7,
                     "\xee\xee"
                     "E",
                     3);

    /* at NSS */
    b->out_len = 0;
    start(AT_SELECT);
    board_spi_h7.host_select(b, s, true);
    board_spi_h7.host_select(b, s, false);
    clock_bytes("1", 1);
    ck_assert_uint_eq(b->out[0], 0xee);
    ck_assert_uint_ne(get32(b, s, SR) & UDR, 0);
}
END_TEST

START_TEST(test_locked)
{
    start(AT_END);
    set32(b, s, CFG1, 0x1f);
    set32(b, s, CFG2, SSM);
    set32(b, s, CR2, 5);
    ck_assert_uint_eq(get32(b, s, CFG1), AT_END | BYTES);
    ck_assert_uint_eq(get32(b, s, CFG2), 0);
    ck_assert_uint_eq(get32(b, s, CR2), 0);
    ck_assert_uint_eq(b->notes, 3);
    clock_bytes("ab", 2);
    set32(b, s, CR1, 0); /* empties the FIFOs */
    ck_assert_uint_eq(get32(b, s, SR), TXP | TXC);
    set_sized(b, s, TXDR, 1, 1);
    ck_assert_uint_eq(b->notes, 4);
    ck_assert_uint_eq(get32(b, s, SR), TXP | TXC);
}
END_TEST

START_TEST(test_select)
{
    start(AT_END);
    board_spi_h7.host_select(b, s, true);
    clock_bytes("a", 1);
    ck_assert_uint_eq(b->out[0], 0xff);
    ck_assert_uint_eq(get32(b, s, SR) & RXP, 0);
    set32(b, s, CR1, 0);
    set32(b, s, CFG2, SSM);
    set32(b, s, CR1, SPE);
    set32(b, s, IER, RXP);
    clock_bytes("b", 1);
    ck_assert_uint_eq(get_sized(b, s, RXDR, 1), 'b');
    clock_bytes("c", 1);
    ck_assert(fake_irq(b, s));
    get_sized(b, s, RXDR, 1);
    ck_assert(!fake_irq(b, s));
    set32(b, s, CR1, SPE | SSI);
    clock_bytes("d", 1);
    ck_assert_uint_eq(get32(b, s, SR) & RXP, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("board_spi_h7");
    TCase *tc = tcase_create("h7");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_bytes);
    tcase_add_test(tc, test_packets);
    tcase_add_test(tc, test_overrun);
    tcase_add_test(tc, test_underrun);
    tcase_add_test(tc, test_underrun_cleared);
    tcase_add_test(tc, test_locked);
    tcase_add_test(tc, test_select);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
