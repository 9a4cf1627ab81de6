/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the common files and those of a part call of each other; part.h of each
 * part includes it. */
#ifndef BOOTLOADER_INNER_H
#define BOOTLOADER_INNER_H

#include <stdbool.h>
#include <stdint.h>

/* ---- start.c ---- */
/* Give the core to a vector table: VTOR, stack, and nothing in RAM. */
_Noreturn void part_start(uint32_t vectors);

/* ---- time.c ---- */
void time_start(void);

/* ---- watchdog.c ---- */
void watchdog_start(void);

/* ---- usart.c ---- */
void usart_start(void);

/* ---- spi_pins.c ---- */
/* The clocks of SPI1 and its pins, PA4 to PA7. */
void spi_pins_start(void);
/* MISO is an input with a pull-up: the host reads ones, and no byte that begins
 * with a one is an answer. */
void spi_pins_hold(bool held);

/* ---- a part's flash.c ---- */
/* At each start: no cache for data, no errors of before. */
void flash_start(void);
void flash_on_nmi(void);

/* ---- a part's spi.c ---- */
void spi_start(void);

/* ---- a part's others ---- */
void usart_slow_clock(void);
_Noreturn void part_reset(void);

#endif
