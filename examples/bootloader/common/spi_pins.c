/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI1 at PA4 to PA7, as a slave in mode 0: a host that is not there leaves
 * NSS high and the clock low. */
#include "part.h"
#include "regs.h"

#define NSS_PIN 4u
#define SCK_PIN 5u
#define MISO_PIN 6u
#define MOSI_PIN 7u
#define SPI_FUNCTION 5u /* datasheets: AF5 */

void
spi_pins_start(void)
{
    const uint32_t pins = 0xffu << 2 * NSS_PIN;
    const uint32_t pulls = PULL_UP << 2 * NSS_PIN | PULL_DOWN << 2 * SCK_PIN |
                           PULL_UP << 2 * MISO_PIN | PULL_DOWN << 2 * MOSI_PIN;
    const uint32_t alternate = MODE_ALTERNATE * 0x55u << 2 * NSS_PIN;

    RCC_GPIOENR |= GPIOENR_A;
    RCC_APB2ENR |= APB2ENR_SPI1;
    (void)RCC_APB2ENR; /* the clocks are on when this has been read */
    GPIOA_PUPDR = (GPIOA_PUPDR & ~pins) | pulls;
    GPIOA_OSPEEDR |= 2u << 2 * MISO_PIN;
    GPIOA_AFRL = (GPIOA_AFRL & 0xffffu) | SPI_FUNCTION * 0x11110000u;
    GPIOA_MODER = (GPIOA_MODER & ~pins) | alternate;
}

void
spi_pins_hold(bool held)
{
    uint32_t mode = held ? MODE_INPUT : MODE_ALTERNATE;

    GPIOA_MODER = (GPIOA_MODER & ~(3u << 2 * MISO_PIN)) | mode << 2 * MISO_PIN;
}
