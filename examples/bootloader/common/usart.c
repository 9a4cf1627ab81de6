/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USART1 at PA9 and PA10, 8 bits, even parity, 1 stop bit (AN3155), at the
 * rate that the host's first 0x7f shows.  An L4 and an H7 have the same
 * registers, at addresses of their own. */
#include "board.h"
#include "part.h"
#include "regs.h"

#define TX_PIN 9u
#define RX_PIN 10u
#define USART_FUNCTION 7u /* datasheet: AF7 */
#define SYNC 0x7fu

/* Between the edges of a 0x7f: seven ones behind its start bit, then a zero. */
#define ONES 7u
/* A character of 1200 baud takes less than 10 ms; at least 1 Mbaud. */
#define EDGE_CYCLES_MAX (10u * CYCLES_PER_MS)
#define BIT_CYCLES_MIN 64u
/* Below 1221 baud the divider needs a slower clock. */
#define BRR_MAX 0xffffu

static bool usart_is_on;

static bool
usart_line_is_high(void)
{
    return (GPIOA_IDR & BIT(RX_PIN)) != 0;
}

static void
usart_set_mode(uint32_t pin, uint32_t mode)
{
    GPIOA_MODER = (GPIOA_MODER & ~(3u << 2 * pin)) | mode << 2 * pin;
}

/* Until a host is heard RX is an input, with a pull-up for an open pin. */
void
usart_start(void)
{
    RCC_GPIOENR |= GPIOENR_A;
    RCC_APB2ENR |= APB2ENR_USART1;
    (void)RCC_APB2ENR; /* the clocks are on when this has been read */
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(15u << 2 * TX_PIN)) | PULL_UP << 2 * TX_PIN |
                  PULL_UP << 2 * RX_PIN;
    GPIOA_AFRH =
        (GPIOA_AFRH & ~0xff0u) | USART_FUNCTION << 4 | USART_FUNCTION << 8;
    usart_set_mode(RX_PIN, MODE_INPUT);
    usart_set_mode(TX_PIN, MODE_ALTERNATE);
}

/* When the line is at that level; false: not in time. */
static bool
usart_find_edge(bool high, uint32_t *at)
{
    uint32_t from = TIM2_CNT;

    do {
        *at = TIM2_CNT;
        if (usart_line_is_high() == high)
            return true;
    } while (*at - from < EDGE_CYCLES_MAX);
    return false;
}

/* The start bit is on the line.  Returns cycles per bit, 0: no 0x7f. */
static uint32_t
usart_measure(void)
{
    uint32_t ones, zero, end, bit;

    if (!usart_find_edge(true, &ones) || !usart_find_edge(false, &zero) ||
        !usart_find_edge(true, &end))
        return 0;
    bit = (zero - ones + ONES / 2) / ONES;
    /* the zero is one bit, as far as a late look at it can tell */
    if (bit < BIT_CYCLES_MIN || end - zero < bit / 2 || end - zero > 2 * bit)
        return 0;
    return bit;
}

/* The receiver must not take the parity bit's edge for a start bit. */
static void
usart_switch_on(uint32_t bit)
{
    uint32_t from = TIM2_CNT;

    while (TIM2_CNT - from < 2 * bit)
        ;
    USART1_CR1 = 0;
    if (bit > BRR_MAX) {
        usart_slow_clock();
        bit /= CYCLES_PER_SLOW;
    }
    USART1_BRR = bit;
    USART1_CR1 = CR1_M0 | CR1_PCE | CR1_RE | CR1_TE | CR1_UE;
    usart_set_mode(RX_PIN, MODE_ALTERNATE);
    usart_is_on = true;
}

static bool
usart_is_calling(void)
{
    return usart_is_on ? (USART1_ISR & (ISR_RXNE | ISR_ERRORS)) != 0
                       : !usart_line_is_high();
}

bool
usart_take(uint8_t *byte)
{
    uint32_t status, bit;

    if (!usart_is_calling())
        return false;
    if (!usart_is_on) {
        bit = usart_measure();
        if (bit == 0)
            return false;
        usart_switch_on(bit);
        *byte = SYNC;
        return true;
    }
    status = USART1_ISR;
    *byte = (uint8_t)USART1_RDR;
    USART1_ICR = status & ISR_ERRORS;
    return (status & ISR_ERRORS) == 0;
}

void
usart_send(const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        watchdog_feed();
        while ((USART1_ISR & ISR_TXE) == 0)
            ;
        USART1_TDR = data[i];
    }
    while (usart_is_on && (USART1_ISR & ISR_TC) == 0)
        ;
}

void
links_wait(void)
{
    uint32_t from = TIM2_CNT;

    while (!usart_is_calling() && (SPI1_SR & SPI_SR_RXNE) == 0 &&
           TIM2_CNT - from < CYCLES_PER_MS)
        ;
}
