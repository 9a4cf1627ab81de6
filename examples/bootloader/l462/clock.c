/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Clock and time of the STM32L462: 80 MHz from its own oscillator of
 * 16 MHz, which is exact to 1 % (datasheet), and TIM2 counting cycles. */
#include "board.h"
#include "part.h"
#include "regs.h"

#define CYCLES_PER_MS 80000u

static struct {
    uint32_t cycles; /* TIM2, when time_ms() was called last */
    uint32_t rest;   /* cycles that are no millisecond yet */
    uint32_t ms;
} clock;

static void
clock_start(void)
{
    RCC_CR |= CR_HSION;
    while ((RCC_CR & CR_HSIRDY) == 0)
        ;
    RCC_PLLCFGR = PLLCFGR_HSI16 | 0u << PLLCFGR_M_SHIFT |
                  10u << PLLCFGR_N_SHIFT | PLLCFGR_REN;
    RCC_CR |= CR_PLLON;
    while ((RCC_CR & CR_PLLRDY) == 0)
        ;
    /* 3.3.3: 4 wait states at 80 MHz */
    FLASH_ACR =
        (FLASH_ACR & ~ACR_LATENCY_MASK) | ACR_LATENCY_4 | ACR_PRFTEN | ACR_ICEN;
    while ((FLASH_ACR & ACR_LATENCY_MASK) != ACR_LATENCY_4)
        ;
    RCC_CFGR |= CFGR_SW_PLL;
    while ((RCC_CFGR & CFGR_SWS_MASK) != CFGR_SWS_PLL)
        ;
}

static void
clock_start_timer(void)
{
    RCC_APB1ENR1 |= APB1ENR1_TIM2;
    (void)RCC_APB1ENR1; /* the clock is on when this has been read */
    TIM2_PSC = 0;
    TIM2_ARR = UINT32_MAX;
    TIM2_EGR = TIM_EGR_UG;
    TIM2_CR1 = TIM_CR1_CEN;
}

/* To be called at least once in 53 s, when TIM2 wraps. */
uint32_t
time_ms(void)
{
    uint32_t now = TIM2_CNT;

    clock.rest += now - clock.cycles;
    clock.cycles = now;
    clock.ms += clock.rest / CYCLES_PER_MS;
    clock.rest %= CYCLES_PER_MS;
    return clock.ms;
}

void
board_start(void)
{
    flash_start();
    watchdog_start();
    clock_start();
    clock_start_timer();
    usart_start();
    spi_start();
}
