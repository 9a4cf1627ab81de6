/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The first line of a port: a USART at one rate, by polling. */
#include "board.h"
#include "part.h"

#define REG(address) (*(volatile uint32_t *)(address))

#define USART1_ISR REG(0x4001381c)
#define ISR_RXNE (1u << 5)
#define ISR_TXE (1u << 7)

void line_start(void);

/* An STM32L462 after its reset runs on MSI, 4 MHz.  PA9 and PA10 are USART1:
 * 8 data bits, even parity, 115,200 baud. */
void
line_start(void)
{
    flash_start();
    REG(0x4002104c) |= 1u << 0;   /* RCC_AHB2ENR: GPIOA */
    REG(0x40021060) |= 1u << 14;  /* RCC_APB2ENR: USART1 */
    REG(0x48000024) = 0x00000770; /* GPIOA_AFRH: function 7 */
    REG(0x48000000) =
        (REG(0x48000000) & ~0x003c0000u) | 0x00280000u; /* MODER */
    REG(0x4001380c) = 35;                               /* USART1_BRR */
    REG(0x40013800) =
        1u << 12 | 1u << 10 | 1u << 3 | 1u << 2; /* M0 PCE TE RE */
    REG(0x40013800) |= 1u;                       /* UE */
}

bool
usart_take(uint8_t *byte)
{
    if ((USART1_ISR & ISR_RXNE) == 0)
        return false;
    *byte = (uint8_t)REG(0x40013824); /* RDR */
    return true;
}

void
usart_send(const uint8_t *data, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        while ((USART1_ISR & ISR_TXE) == 0)
            ;
        REG(0x40013828) = data[i]; /* TDR */
    }
}

void
links_wait(void)
{
    while ((USART1_ISR & ISR_RXNE) == 0)
        ;
}
