/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI1 of the STM32H753 as a slave at PA4 to PA7, mode 0, 8 bits (AN4286). */
#include "board.h"
#include "part.h"
#include "regs.h"

#define BUSY 0xa5u

static bool spi_is_held;

/* 50.4.6: with nothing to send the slave repeats UDRDR, which says that the
 * part is busy. */
void
spi_start(void)
{
    spi_pins_start();
    SPI1_CFG1 = SPI_CFG1_8_BITS;
    SPI1_CFG2 = SPI_CFG2_AFCNTR;
    SPI1_UDRDR = BUSY;
    SPI1_CR1 = SPI_CR1_SPE;
    SPI1_TXDR8 = BUSY;
    SPI1_TXDR8 = BUSY;
}

void
spi_hold(void)
{
    spi_is_held = true;
}

/* What was clocked during the work is lost: the host saw it answered by BUSY.
 */
static void
spi_resume(void)
{
    while ((SPI1_SR & SPI_SR_RXNE) != 0)
        (void)SPI1_RXDR8;
    SPI1_IFCR = SPI_SR_OVR | SPI_SR_UDR;
    spi_is_held = false;
}

bool
spi_serve(uint8_t (*pass)(void *user, uint8_t in), void *user)
{
    bool came = false;

    if (spi_is_held) /* by a request over USART */
        spi_resume();
    while ((SPI1_SR & SPI_SR_RXNE) != 0) {
        uint8_t out = pass(user, SPI1_RXDR8);

        if (spi_is_held)
            spi_resume();
        SPI1_IFCR = SPI_SR_UDR;
        if ((SPI1_SR & SPI_SR_TXP) != 0)
            SPI1_TXDR8 = out;
        came = true;
    }
    return came;
}
