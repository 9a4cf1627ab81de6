/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The RNG of the STM32L462 (RM0394, 24), on the 48 MHz of HSI48. */
#include "rng_unit.h"

#define REG(address) (*(volatile uint32_t *)(address))

/* RM0394, 6.4 */
#define RCC_AHB2ENR REG(0x4002104cu)
#define RCC_CCIPR REG(0x40021088u)
#define RCC_CRRCR REG(0x40021098u)
#define AHB2ENR_RNGEN (1u << 18)
#define CCIPR_CLK48SEL (3u << 26) /* 0: HSI48 */
#define CRRCR_HSI48ON (1u << 0)
#define CRRCR_HSI48RDY (1u << 1)

/* RM0394, 24.7 */
#define RNG_CR REG(0x50060800u)
#define RNG_SR REG(0x50060804u)
#define RNG_DR REG(0x50060808u)
#define CR_RNGEN (1u << 2)
#define SR_DRDY (1u << 0)
#define SR_ERRORS (1u << 1 | 1u << 2 | 1u << 5 | 1u << 6)

/* A word takes some 40 cycles of 48 MHz, the oscillator some microseconds. */
#define TRIES 100000u

int
rng_unit_start(void)
{
    uint32_t left = TRIES;

    RCC_CRRCR |= CRRCR_HSI48ON;
    while ((RCC_CRRCR & CRRCR_HSI48RDY) == 0 && left > 0)
        left--;
    RCC_CCIPR &= ~CCIPR_CLK48SEL;
    RCC_AHB2ENR |= AHB2ENR_RNGEN;
    (void)RCC_AHB2ENR; /* the clock is on when this has been read */
    RNG_CR = 0;
    RNG_SR = 0;
    RNG_CR = CR_RNGEN;
    return left == 0;
}

int
rng_unit_word(uint32_t *out)
{
    uint32_t status = 0;

    for (uint32_t left = TRIES; status == 0 && left > 0; left--)
        status = RNG_SR & (SR_DRDY | SR_ERRORS);
    *out = RNG_DR;
    return status != SR_DRDY;
}
