/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The RNG (RM0394, 24; RM0433, 34), on the 48 MHz of HSI48. */
#include "rng_unit.h"

#include "regs.h"

/* A word takes some 40 cycles of 48 MHz, the oscillator some microseconds. */
#define TRIES 100000u

int
rng_unit_start(void)
{
    uint32_t left = TRIES;

    RCC_HSI48R |= HSI48R_ON;
    while ((RCC_HSI48R & HSI48R_RDY) == 0 && left > 0)
        left--;
    RCC_RNGSELR &= ~RNGSELR_MASK; /* 0: HSI48 */
    RCC_AHB2ENR |= AHB2ENR_RNG;
    (void)RCC_AHB2ENR; /* the clock is on when this has been read */
    RNG_CR = 0;
    RNG_SR = 0;
    RNG_CR = RNG_CR_RNGEN;
    return left == 0;
}

int
rng_unit_word(uint32_t *out)
{
    uint32_t status = 0;

    for (uint32_t left = TRIES; status == 0 && left > 0; left--)
        status = RNG_SR & (RNG_SR_DRDY | RNG_SR_ERRORS);
    *out = RNG_DR;
    return status != RNG_SR_DRDY;
}
