/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The model of a USART: what a driver sees at its registers when the host at
 * the other end sends right, wrong, too fast, or not at all. */
#include "fake.h"
#include "sim/board/wire.h"
#include "usart.h"

#define EVEN (USART_M0 | USART_PCE)
#define ON (USART_UE | USART_RE | USART_TE)

static struct board *b;
static void *u;

static void
setup_l4(void)
{
    b = fake_new(false);
    u = fake_add(b, &board_usart_l4, 0);
    fake_route(b, 0, 9, 7);
    fake_route(b, 0, 10, 7);
}

static void
setup_h7(void)
{
    b = fake_new(true);
    u = fake_add(b, &board_usart_h7, 0);
    fake_route(b, 0, 9, 7);
    fake_route(b, 0, 10, 7);
}

static void
teardown(void)
{
    fake_free(b);
}

static void
start(uint32_t baud, uint32_t cr1)
{
    set32(b, u, USART_BRR, (b->hz[0] + baud / 2) / baud);
    set32(b, u, USART_CR1, cr1 | ON);
    fake_wait(b, 12 * BOARD_PS_PER_S / baud); /* the idle character of TE */
    set32(b, u, USART_ICR, USART_TC);
}

static bool
isr_has(uint32_t flags)
{
    return (get32(b, u, USART_ISR) & flags) == flags;
}

/* The next character, waiting up to ten of them; fails without. */
static uint32_t
next_word(uint32_t baud)
{
    unsigned i;

    for (i = 0; i < 100 && !isr_has(USART_RXNE); i++)
        fake_wait(b, BOARD_PS_PER_S / baud);
    ck_assert(isr_has(USART_RXNE));
    return get32(b, u, USART_RDR);
}

START_TEST(test_receive)
{
    uint8_t all[256];
    unsigned i;

    for (i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    start(115200, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, all, sizeof(all));
    for (i = 0; i < sizeof(all); i++) {
        unsigned ones = (unsigned)__builtin_popcount(i);

        /* the parity bit is bit 8 of RDR */
        ck_assert_uint_eq(next_word(115200), i | (ones & 1) << 8);
    }
    ck_assert(!isr_has(USART_ORE) && !isr_has(USART_FE) && !isr_has(USART_PE) &&
              !isr_has(USART_NE));
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(!isr_has(USART_RXNE));
    ck_assert(!board_usart_l4.host_busy(b, u));
}
END_TEST

/* RXNE comes in the stop bit's middle: after 10.5 bits of 11. */
START_TEST(test_receive_time)
{
    board_time bit = BOARD_PS_PER_S / 9600;

    start(9600, EVEN);
    fake_send(b, u, 9600, WIRE_PARITY_EVEN, "U", 1);
    fake_wait(b, 10 * bit + bit / 2);
    ck_assert(!isr_has(USART_RXNE));
    ck_assert(isr_has(USART_BUSY));
    fake_wait(b, bit / 4);
    ck_assert(isr_has(USART_RXNE));
    ck_assert(!isr_has(USART_BUSY));
}
END_TEST

START_TEST(test_transmit)
{
    board_time bit = BOARD_PS_PER_S / 115200;

    start(115200, EVEN);
    ck_assert(isr_has(USART_TXE));
    set32(b, u, USART_TDR, 0x179); /* at once in the shift register */
    ck_assert(isr_has(USART_TXE) && !isr_has(USART_TC));
    set_sized(b, u, USART_TDR, 0x1f, 1);
    ck_assert(!isr_has(USART_TXE));
    fake_wait(b, 11 * bit - bit / 4);
    ck_assert(!isr_has(USART_TXE));
    fake_wait(b, bit / 2);
    ck_assert(isr_has(USART_TXE) && !isr_has(USART_TC));
    ck_assert_uint_eq(b->out_len, 1);
    fake_wait(b, 11 * bit);
    ck_assert(isr_has(USART_TC));
    ck_assert_uint_eq(b->out_len, 2);
    ck_assert_mem_eq(b->out, "\x79\x1f", 2);
    set32(b, u, USART_ICR, USART_TC);
    ck_assert(!isr_has(USART_TC));
    ck_assert_uint_eq(b->notes, 0);
}
END_TEST

/* The host hears what its own baud rate makes of it. */
START_TEST(test_transmit_wrong_baud)
{
    start(57600, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "x", 1);
    fake_wait(b, 1000 * PS_PER_US);
    set32(b, u, USART_TDR, 0x79);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_gt(b->out_len, 0);
    ck_assert_uint_ne(b->out[0], 0x79);
}
END_TEST

START_TEST(test_overrun)
{
    start(115200, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "abc", 3);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(isr_has(USART_RXNE | USART_ORE));
    ck_assert_uint_eq(get32(b, u, USART_RDR) & 0xff, 'a'); /* not lost */
    ck_assert(!isr_has(USART_RXNE));
    ck_assert(isr_has(USART_ORE));
    /* ORE keeps nothing away from RDR */
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "d", 1);
    ck_assert_uint_eq(next_word(115200) & 0xff, 'd');
    set32(b, u, USART_ICR, USART_ORE);
    ck_assert(!isr_has(USART_ORE));

    /* OVRDIS: the last one wins, and no one is told */
    set32(b, u, USART_CR1, 0);
    set32(b, u, USART_CR3, USART_OVRDIS);
    start(115200, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "abc", 3);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(!isr_has(USART_ORE));
    ck_assert_uint_eq(get32(b, u, USART_RDR) & 0xff, 'c');
}
END_TEST

START_TEST(test_faults)
{
    static const struct {
        unsigned fault;
        uint32_t flag;
    } rows[] = {
        {WIRE_FAULT_USART_FRAME, USART_FE},
        {WIRE_FAULT_USART_NOISE, USART_NE},
        {WIRE_FAULT_USART_PARITY, USART_PE},
    };
    uint32_t all = USART_FE | USART_NE | USART_PE;
    unsigned i;

    start(115200, EVEN);
    for (i = 0; i < ROWS(rows); i++) {
        ck_assert(board_usart_l4.fault(b, u, rows[i].fault, 0));
        fake_send(b, u, 115200, WIRE_PARITY_EVEN, "ab", 2);
        ck_assert_uint_eq(next_word(115200) & 0xff, 'a');
        ck_assert_uint_eq(get32(b, u, USART_ISR) & all, rows[i].flag);
        set32(b, u, USART_ICR, rows[i].flag);
        /* the next one is whole again */
        ck_assert_uint_eq(next_word(115200) & 0xff, 'b');
        ck_assert_uint_eq(get32(b, u, USART_ISR) & all, 0);
        fake_wait(b, 1000 * PS_PER_US);
    }
    ck_assert(!board_usart_l4.fault(b, u, WIRE_FAULT_AES, 1));
}
END_TEST

/* Formats that do not agree are errors of a real wire. */
START_TEST(test_disagreement)
{
    start(115200, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_ODD, "a", 1);
    next_word(115200);
    ck_assert(isr_has(USART_PE));
    ck_assert(!isr_has(USART_FE));
    set32(b, u, USART_ICR, USART_PE);
    fake_wait(b, 1000 * PS_PER_US);

    /* 8N1 into 8E1: the stop bit is where parity is wanted ('a' has three
     * ones, so that it is right), and the line at rest is the stop bit */
    fake_send(b, u, 115200, WIRE_PARITY_NONE, "c", 1);
    next_word(115200);
    ck_assert(isr_has(USART_PE));
    set32(b, u, USART_ICR, USART_PE);
    fake_wait(b, 1000 * PS_PER_US);

    /* half the baud rate: zeros are seen where the stop bit should be */
    fake_send(b, u, 57600, WIRE_PARITY_EVEN, "\0", 1);
    next_word(115200);
    ck_assert(isr_has(USART_FE));
}
END_TEST

/* RM0394, table "tolerance of the USART receiver": with 9 data bits and some
 * BRR[3:0] it is 3.03 %. */
START_TEST(test_tolerance)
{
    static const struct {
        uint32_t baud;
        bool good;
    } rows[] = {
        {115200 - 115200 * 3 / 100, true},
        {115200 + 115200 * 3 / 100, true},
        {115200 - 115200 * 8 / 100, false},
        {115200 + 115200 * 8 / 100, false},
    };
    unsigned i;

    for (i = 0; i < ROWS(rows); i++) {
        bool good = true;
        unsigned byte;

        set32(b, u, USART_CR1, 0);
        start(115200, EVEN);
        for (byte = 0; byte < 256; byte += 17) {
            uint8_t data = (uint8_t)byte;

            fake_send(b, u, rows[i].baud, WIRE_PARITY_EVEN, &data, 1);
            good &= (next_word(115200) & 0xff) == byte;
            good &= !isr_has(USART_FE) && !isr_has(USART_PE);
            fake_wait(b, 1000 * PS_PER_US);
            set32(b, u, USART_ICR, USART_FE | USART_PE | USART_NE);
            set32(b, u, USART_RQR, USART_RXFRQ);
        }
        ck_assert_msg(good == rows[i].good, "%u baud", rows[i].baud);
    }
}
END_TEST

/* One sample of 16 that is low in a bit that is high: RM0394 votes with the
 * eighth, ninth and tenth. */
START_TEST(test_glitch)
{
    struct line_format format = {1600000, 8, LINE_PARITY_NONE, 2};
    struct line wire = {0};
    struct line_word word;
    unsigned bit;

    for (bit = 0; bit < 10; bit++) {
        unsigned levels = bit == 0 ? 0 : 0xffff;

        if (bit == 3)
            levels &= ~(1u << _i);
        line_send_levels(&wire, format.bit / 16, 0, (uint16_t)levels, 16);
    }
    ck_assert(line_read(&wire, &format, 0, &word));
    ck_assert_uint_eq(word.value, 0xff);
    ck_assert(!word.framing);
    ck_assert_int_eq(word.noise, _i >= 7 && _i <= 9);
}
END_TEST

/* Characters of a rate so high that none is heard: the wire takes all of them,
 * and the next one that is slow enough is read. */
START_TEST(test_too_fast)
{
    uint8_t fast[200];
    const uint8_t slow = 0x55;

    memset(fast, 0x7f, sizeof(fast));
    start(9600, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, fast, sizeof(fast));
    for (unsigned i = 0; i < 400 && board_usart_l4.host_busy(b, u); i++)
        fake_wait(b, 100 * PS_PER_US);
    ck_assert(!board_usart_l4.host_busy(b, u));
    fake_wait(b, 20000 * PS_PER_US);
    (void)get32(b, u, USART_RDR);
    set32(b, u, USART_ICR, 0xffffffff);
    fake_send(b, u, 9600, WIRE_PARITY_EVEN, &slow, 1);
    ck_assert_uint_eq(next_word(9600), slow);
}
END_TEST

/* A character reads the same whether the wire has it as one frame or bit by
 * bit, at every rate, from every moment. */
START_TEST(test_frame_or_bits)
{
    struct line_format format = {.data = 8, .parity = LINE_PARITY_EVEN};
    board_time bit = 1000003, length = 12 * bit;
    struct line whole = {0}, bits = {0};

    for (unsigned i = 0; i < 5; i++) {
        uint16_t levels =
            (uint16_t)(0x800 | (0x2a5u * ((unsigned)_i + 1 + i) & 0x7fe));

        line_send_levels(&whole, bit, 7 + i * length, levels, 12);
        for (unsigned k = 0; k < 12; k++)
            line_send_levels(&bits, bit, 7 + i * length + k * bit,
                             levels >> k & 1, 1);
    }
    for (format.bit = bit * 8 / 10; format.bit < bit * 12 / 10;
         format.bit += bit / 101) {
        for (board_time from = 0; from < 6 * length; from += bit / 3) {
            struct line_word a = {0}, c = {0};
            bool found = line_read(&whole, &format, from, &a);

            ck_assert(line_read(&bits, &format, from, &c) == found);
            ck_assert_uint_eq(a.start, c.start);
            ck_assert_uint_eq(a.done, c.done);
            ck_assert_uint_eq(a.value, c.value);
            ck_assert(a.framing == c.framing && a.noise == c.noise &&
                      a.parity == c.parity);
        }
    }
}
END_TEST

static const uint32_t bauds[] = {1200,   9600,   19200,  38400,  57600,  115200,
                                 230400, 460800, 500000, 921600, 1000000};

/* AN3155: 0x7f with even parity shows eight bits between two falling edges, to
 * a timer or to someone who looks at the pin. */
START_TEST(test_pin)
{
    board_time falls[4], bit = BOARD_PS_PER_S / bauds[_i];
    unsigned count = 0;
    enum board_level last = BOARD_HIGH;

    ck_assert_int_eq(b->pins[0][10], BOARD_HIGH);
    fake_send(b, u, bauds[_i], WIRE_PARITY_EVEN, "\x7f", 1);
    while (board_usart_l4.host_busy(b, u)) {
        fake_wait(b, bit / 64);
        if (b->pins[0][10] == BOARD_LOW && last == BOARD_HIGH) {
            ck_assert_uint_lt(count, 4);
            falls[count++] = b->now;
        }
        last = b->pins[0][10];
    }
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_ge(falls[1] - falls[0] + bit / 32, 8 * bit);
    ck_assert_uint_le(falls[1] - falls[0], 8 * bit + bit / 32);
    ck_assert_uint_eq(b->changes, 5); /* the first is: it rests at high */
    /* on, the receiver keeps the pin to itself */
    start(115200, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "\x7f", 1);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(b->changes, 5);
}
END_TEST

START_TEST(test_auto_baud)
{
    static const char *const first[] = {"\x01", "\x01", "\x7f", "\x55"};
    uint32_t want = (b->hz[0] + bauds[_i] / 2) / bauds[_i];
    unsigned mode;

    for (mode = 0; mode < 4; mode++) {
        uint32_t brr;

        set32(b, u, USART_CR1, 0);
        set32(b, u, USART_CR2, USART_ABREN | mode << USART_ABRMOD_SHIFT);
        set32(b, u, USART_BRR, 0x1000);
        set32(b, u, USART_CR1, EVEN | ON);
        ck_assert(!isr_has(USART_ABRF));
        fake_send(b, u, bauds[_i], WIRE_PARITY_EVEN, first[mode], 1);
        fake_wait(b, 12 * BOARD_PS_PER_S / bauds[_i]);
        brr = get32(b, u, USART_BRR);
        if (want > 0xffff) { /* 1200 baud of 80 MHz */
            ck_assert(isr_has(USART_ABRF | USART_ABRE | USART_FE));
            ck_assert_uint_eq(brr, 0x1000);
            continue;
        }
        ck_assert(isr_has(USART_ABRF));
        ck_assert(!isr_has(USART_ABRE));
        ck_assert_uint_le(brr, want + 1);
        ck_assert_uint_ge(brr, want - 1);
        ck_assert_uint_eq(get32(b, u, USART_RDR) & 0xff,
                          (uint8_t)first[mode][0]);
        /* and it is a baud rate that works */
        fake_send(b, u, bauds[_i], WIRE_PARITY_EVEN, "\xa5", 1);
        ck_assert_uint_eq(next_word(bauds[_i]) & 0xff, 0xa5);
        set32(b, u, USART_RQR, USART_ABRRQ);
        ck_assert(!isr_has(USART_ABRF));
    }
}
END_TEST

START_TEST(test_not_routed)
{
    start(115200, EVEN);
    fake_route(b, 0, 10, 1); /* a timer's */
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "a", 1);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(!isr_has(USART_RXNE));
    fake_route(b, 0, 9, 1);
    set32(b, u, USART_TDR, 'a');
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(isr_has(USART_TC));
    ck_assert_uint_eq(b->out_len, 0);
}
END_TEST

/* RM0394, 38.8: bits that can be written only while UE is 0, and UE 0 clears
 * what the receiver has. */
START_TEST(test_locked)
{
    uint32_t brr;

    start(115200, EVEN);
    brr = get32(b, u, USART_BRR);
    set32(b, u, USART_BRR, 0x100);
    set32(b, u, USART_CR1, ON | USART_OVER8);
    set32(b, u, USART_CR2, 2u << USART_STOP_SHIFT);
    ck_assert_uint_eq(get32(b, u, USART_BRR), brr);
    ck_assert_uint_eq(get32(b, u, USART_CR1), ON | EVEN);
    ck_assert_uint_eq(get32(b, u, USART_CR2), 0);
    ck_assert_uint_eq(b->notes, 3);

    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "ab", 2);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(isr_has(USART_RXNE | USART_ORE | USART_IDLE));
    set32(b, u, USART_CR1, EVEN);
    ck_assert_uint_eq(get32(b, u, USART_ISR), 0x020000c0); /* as at reset */
    set32(b, u, USART_TDR, 'a');
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(b->out_len, 0);
    ck_assert_uint_eq(b->notes, 4);
    set32(b, u, USART_BRR, 0x100);
    ck_assert_uint_eq(get32(b, u, USART_BRR), 0x100);
    /* a byte is repeated over a register of an APB */
    set_sized(b, u, USART_BRR, 0x23, 1);
    ck_assert_uint_eq(get32(b, u, USART_BRR), 0x2323);
    /* BRR below 16 is no baud rate */
    set32(b, u, USART_BRR, 15);
    set32(b, u, USART_CR1, EVEN | ON);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "a", 1);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(!isr_has(USART_RXNE));
}
END_TEST

START_TEST(test_reset)
{
    start(115200, EVEN);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "x", 1);
    fake_wait(b, 1000 * PS_PER_US);
    set32(b, u, USART_TDR, 'a');
    set32(b, u, USART_TDR, 'b');
    fake_wait(b, 10 * PS_PER_US);
    fake_reset(b, u, BOARD_RESET_SOFTWARE);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(b->out_len, 1); /* the character was cut */
    ck_assert_uint_eq(b->out[0], 0xff);
    ck_assert_uint_eq(get32(b, u, USART_CR1), 0);
    ck_assert_uint_eq(get32(b, u, USART_BRR), 0);
    ck_assert_uint_eq(get32(b, u, USART_ISR), 0x020000c0);
}
END_TEST

START_TEST(test_quiet)
{
    board_time bit = BOARD_PS_PER_S / 115200;

    set32(b, u, USART_CR2, USART_RTOEN);
    set32(b, u, USART_RTOR, 40);
    start(115200, EVEN);
    fake_wait(b, 100 * bit);
    ck_assert(!isr_has(USART_IDLE)); /* before a first character */
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "a", 1);
    fake_wait(b, 11 * bit + 10 * bit);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "b", 1);
    fake_wait(b, 11 * bit + 10 * bit);
    ck_assert(!isr_has(USART_IDLE)); /* the gap was shorter than one */
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "ab", 2);
    fake_wait(b, 22 * bit + 10 * bit);
    ck_assert(!isr_has(USART_IDLE));
    fake_wait(b, 2 * bit);
    ck_assert(isr_has(USART_IDLE));
    ck_assert(!isr_has(USART_RTOF));
    fake_wait(b, 27 * bit);
    ck_assert(!isr_has(USART_RTOF));
    fake_wait(b, 2 * bit);
    ck_assert(isr_has(USART_RTOF));
    set32(b, u, USART_ICR, USART_IDLE | USART_RTOF);
    fake_wait(b, 1000 * bit);
    ck_assert(!isr_has(USART_IDLE) && !isr_has(USART_RTOF));
    /* nothing is to come: the board can be idle */
    ck_assert_uint_eq(b->units[b->count - 1].when, BOARD_NEVER);
}
END_TEST

START_TEST(test_interrupts)
{
    start(115200, EVEN | USART_RXNEIE);
    ck_assert(!fake_irq(b, u));
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "a", 1);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(fake_irq(b, u));
    get32(b, u, USART_RDR);
    ck_assert(!fake_irq(b, u));
    set32(b, u, USART_CR1, EVEN | ON | USART_TXEIE);
    ck_assert(fake_irq(b, u));
    set32(b, u, USART_CR1, EVEN | ON | USART_TCIE);
    ck_assert(!fake_irq(b, u));
    set32(b, u, USART_TDR, 'x');
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(fake_irq(b, u));
}
END_TEST

/* Reading a status that has not changed is polling. */
START_TEST(test_polls)
{
    start(115200, EVEN);
    b->polls = 0;
    get32(b, u, USART_ISR);
    get32(b, u, USART_ISR);
    get32(b, u, USART_ISR);
    ck_assert_uint_ge(b->polls, 2);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "a", 1);
    fake_wait(b, 200 * PS_PER_US);
    get32(b, u, USART_ISR);
    ck_assert_uint_eq(b->polls, 0);
}
END_TEST

START_TEST(test_break)
{
    start(115200, EVEN);
    set32(b, u, USART_RQR, USART_SBKRQ);
    set32(b, u, USART_TDR, 'a');
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert_uint_eq(b->out_len, 2); /* as a host without parity checks */
    ck_assert_mem_eq(b->out, "\0a", 2);
}
END_TEST

START_TEST(test_over8)
{
    /* 80 MHz, 115200 baud: USARTDIV 1389 is 0x56d, its last digit halved */
    set32(b, u, USART_BRR, 0x566);
    set32(b, u, USART_CR1, EVEN | ON | USART_OVER8);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "\x3c", 1);
    ck_assert_uint_eq(next_word(115200), 0x3c);
    ck_assert(!isr_has(USART_FE) && !isr_has(USART_NE));
}
END_TEST

/* RM0433, 48.5.2: 16 characters wait, and errors with theirs. */
START_TEST(test_fifo)
{
    unsigned i;

    start(115200, EVEN | USART_FIFOEN);
    ck_assert(isr_has(USART_TXFE | USART_TXE));
    board_usart_h7.fault(b, u, WIRE_FAULT_USART_FRAME, 0);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "X", 1);
    fake_wait(b, 1000 * PS_PER_US);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "0123456789abcdef", 15);
    fake_wait(b, 10000 * PS_PER_US);
    ck_assert(isr_has(USART_RXFF | USART_RXNE | USART_FE));
    ck_assert(!isr_has(USART_ORE));
    set32(b, u, USART_ICR, USART_FE);
    /* of one that is not the next to be read, nothing is told */
    ck_assert_uint_eq(get32(b, u, USART_RDR) & 0xff, 'X');
    board_usart_h7.fault(b, u, WIRE_FAULT_USART_PARITY, 0);
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "f", 1);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(isr_has(USART_RXFF));
    ck_assert(!isr_has(USART_PE));
    fake_send(b, u, 115200, WIRE_PARITY_EVEN, "Z", 1);
    fake_wait(b, 1000 * PS_PER_US);
    ck_assert(isr_has(USART_ORE));
    for (i = 0; i < 15; i++)
        ck_assert_uint_eq(get32(b, u, USART_RDR) & 0xff,
                          (uint8_t) "0123456789abcde"[i]);
    ck_assert(isr_has(USART_PE));
    ck_assert_uint_eq(get32(b, u, USART_RDR) & 0xff, 'f');
    ck_assert(!isr_has(USART_RXNE));
    ck_assert(!isr_has(USART_FE));

    for (i = 0; i < 17; i++) /* one is in the shift register at once */
        set32(b, u, USART_TDR, 'A' + i);
    ck_assert(!isr_has(USART_TXE));
    ck_assert(!isr_has(USART_TXFE));
    ck_assert_uint_eq(b->notes, 0);
    fake_wait(b, 10000 * PS_PER_US);
    ck_assert_uint_eq(b->out_len, 17);
    ck_assert_mem_eq(b->out, "ABCDEFGHIJKLMNOPQ", 17);
    ck_assert(isr_has(USART_TXFE | USART_TC));
}
END_TEST

START_TEST(test_prescaler)
{
    set32(b, u, USART_PRESC, 2); /* by 4 */
    set32(b, u, USART_BRR, (b->hz[0] / 4 + 4800) / 9600);
    set32(b, u, USART_CR1, EVEN | ON);
    fake_send(b, u, 9600, WIRE_PARITY_EVEN, "\x5a", 1);
    ck_assert_uint_eq(next_word(9600), 0x5a);
    ck_assert(!isr_has(USART_FE));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("board_usart");
    TCase *l4 = tcase_create("l4"), *h7 = tcase_create("h7");

    tcase_add_checked_fixture(l4, setup_l4, teardown);
    tcase_add_test(l4, test_receive);
    tcase_add_test(l4, test_receive_time);
    tcase_add_test(l4, test_transmit);
    tcase_add_test(l4, test_transmit_wrong_baud);
    tcase_add_test(l4, test_overrun);
    tcase_add_test(l4, test_faults);
    tcase_add_test(l4, test_disagreement);
    tcase_add_test(l4, test_tolerance);
    tcase_add_loop_test(l4, test_glitch, 0, 16);
    tcase_add_test(l4, test_too_fast);
    tcase_add_loop_test(l4, test_frame_or_bits, 0, 8);
    tcase_add_loop_test(l4, test_pin, 0, ROWS(bauds));
    tcase_add_loop_test(l4, test_auto_baud, 0, ROWS(bauds));
    tcase_add_test(l4, test_not_routed);
    tcase_add_test(l4, test_locked);
    tcase_add_test(l4, test_reset);
    tcase_add_test(l4, test_quiet);
    tcase_add_test(l4, test_interrupts);
    tcase_add_test(l4, test_polls);
    tcase_add_test(l4, test_break);
    tcase_add_test(l4, test_over8);
    suite_add_tcase(s, l4);
    tcase_add_checked_fixture(h7, setup_h7, teardown);
    tcase_add_test(h7, test_receive);
    tcase_add_test(h7, test_fifo);
    tcase_add_test(h7, test_prescaler);
    suite_add_tcase(s, h7);
    return run_suite(s);
}
