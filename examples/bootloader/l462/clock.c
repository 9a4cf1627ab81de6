/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The clock of the STM32L462: 80 MHz from its own oscillator of 16 MHz, which
 * is exact to 1 % (datasheet). */
#include "board.h"
#include "part.h"
#include "regs.h"

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

void
usart_slow_clock(void)
{
    RCC_CCIPR |= CCIPR_USART1SEL_HSI16;
}

/* Secure boot sees it by the CRC. */
void
image_damaged(void)
{
    part_reset();
}

void
board_start(void)
{
    flash_start();
    watchdog_start();
    clock_start();
    RCC_APB1ENR1 |= APB1ENR1_TIM2;
    (void)RCC_APB1ENR1; /* the clock is on when this has been read */
    time_start();
    usart_start();
    spi_start();
}
