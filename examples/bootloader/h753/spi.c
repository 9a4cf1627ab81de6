/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI1 of the STM32H753 as a slave at PA4 to PA7, mode 0, 8 bits (AN4286). */
#include "board.h"
#include "part.h"
#include "regs.h"

#define BUSY 0xa5u
/* Bytes in the FIFO before the first clock: sfi_device_spi(). */
#define LOADED 2u

static bool spi_is_held;
static uint32_t spi_ahead; /* loaded, and not out as far as is known */

static void
spi_load(uint8_t out)
{
    SPI1_TXDR8 = out;
    spi_ahead++;
}

/* One byte came in, and one has gone out. */
static uint8_t
spi_take(void)
{
    if (spi_ahead > 0)
        spi_ahead--;
    return SPI1_RXDR8;
}

void
spi_start(void)
{
    spi_pins_start();
    SPI1_CFG1 = SPI_CFG1_8_BITS;
    SPI1_CFG2 = SPI_CFG2_AFCNTR;
    SPI1_UDRDR = BUSY;
    SPI1_CR1 = SPI_CR1_SPE;
    while (spi_ahead < LOADED)
        spi_load(BUSY);
}

/* 50.5.2: the first byte without data is any one, and might be an ACK. */
void
spi_hold(void)
{
    if (!spi_is_held)
        spi_pins_hold(true);
    spi_is_held = true;
}

static bool
spi_has_come(void)
{
    return (SPI1_SR & SPI_SR_RXNE) != 0;
}

static bool
spi_has_run_dry(void)
{
    return (SPI1_SR & SPI_SR_UDR) != 0;
}

/* What was clocked during work is lost: the host saw ones.  A byte that is on
 * the wire is waited for, so that the next one has not begun, or just now. */
static void
spi_drop(void)
{
    uint32_t from = TIM2_CNT;

    while (spi_has_come())
        (void)spi_take();
    while ((SPI1_SR & (SPI_SR_RXNE | SPI_SR_TXC)) == 0 && spi_has_run_dry() &&
           TIM2_CNT - from < CYCLES_PER_MS)
        ;
    while (spi_has_come())
        (void)spi_take();
}

/* 50.5.2: the byte on the wire, or the next one, is UDRDR still. */
static void
spi_recover(void)
{
    if (!spi_has_run_dry())
        return;
    SPI1_IFCR = SPI_SR_OVR | SPI_SR_UDR;
    spi_ahead = 1;
}

/* After work: so many bytes are ahead of what is loaded next. */
static void
spi_release(uint32_t ahead)
{
    spi_drop();
    spi_recover();
    while (spi_ahead < ahead)
        spi_load(BUSY);
    spi_pins_hold(false);
    spi_is_held = false;
}

/* The moment of a byte for which a host did not wait has gone by. */
static void
spi_answer(uint8_t out)
{
    if (spi_has_run_dry() && spi_has_come())
        return;
    spi_recover();
    spi_load(out);
}

bool
spi_serve(uint8_t (*pass)(void *user, uint8_t in), void *user)
{
    bool came = false;

    if (spi_is_held) /* by a request over USART, or at the start */
        spi_release(LOADED);
    while (spi_has_come()) {
        uint8_t out = pass(user, spi_take());

        if (spi_is_held)
            spi_release(1);
        spi_answer(out);
        came = true;
    }
    return came;
}
