/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI1 of the STM32L462 as a slave at PA4 to PA7, mode 0, 8 bits (AN4286). */
#include "board.h"
#include "part.h"
#include "regs.h"

#define BUSY 0xa5u
/* Bytes in the FIFO before the first clock: sfi_device_spi(). */
#define LOADED 2u

static bool spi_is_held;

void
spi_start(void)
{
    spi_pins_start();
    SPI1_CR2 = SPI_CR2_8_BITS | SPI_CR2_FRXTH;
    SPI1_CR1 = SPI_CR1_SPE;
    for (uint32_t i = 0; i < LOADED; i++)
        SPI1_DR8 = BUSY;
}

/* With an empty FIFO the slave would send what it likes (RM0394 does not say
 * what), and that might be an ACK. */
void
spi_hold(void)
{
    if (spi_is_held)
        return;
    spi_is_held = true;
    spi_pins_hold(true);
}

static uint32_t
spi_loaded(uint32_t status)
{
    return status >> SPI_SR_FTLVL_SHIFT & SPI_SR_FTLVL_MASK;
}

/* Bytes that were loaded and are not out: in the FIFO, and on the wire. */
static uint32_t
spi_ahead(uint32_t status)
{
    return spi_loaded(status) + ((status & SPI_SR_BSY) != 0);
}

/* Drop what was clocked during the work.  True: something was, and the bytes
 * that were loaded before are gone too. */
static bool
spi_drop(void)
{
    bool lost = (SPI1_SR & (SPI_SR_RXNE | SPI_SR_OVR)) != 0;

    while ((SPI1_SR & (SPI_SR_RXNE | SPI_SR_OVR)) != 0)
        (void)SPI1_DR8;
    return lost;
}

static void
spi_release(void)
{
    spi_pins_hold(false);
    spi_is_held = false;
}

/* The answer to work: its dummy, then this byte.  One may be on the wire now:
 * spi_serve() drops it, as it finds too much ahead of it. */
static void
spi_resume(uint8_t out)
{
    if (spi_drop())
        SPI1_DR8 = BUSY;
    SPI1_DR8 = out;
    spi_release();
}

/* After work that was none of SPI's: as spi_start() left it. */
static void
spi_restart(void)
{
    (void)spi_drop();
    while (spi_loaded(SPI1_SR) < LOADED)
        SPI1_DR8 = BUSY;
    spi_release();
}

bool
spi_serve(uint8_t (*pass)(void *user, uint8_t in), void *user)
{
    bool came = false;
    uint32_t status;

    if (spi_is_held)
        spi_restart();
    while (((status = SPI1_SR) & SPI_SR_RXNE) != 0) {
        uint8_t in = SPI1_DR8;
        uint8_t out;

        if (spi_ahead(status) > 1)
            continue;
        out = pass(user, in);
        if (spi_is_held)
            spi_resume(out);
        else
            SPI1_DR8 = out;
        came = true;
    }
    return came;
}
