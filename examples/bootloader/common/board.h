/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part, as the common files of the bootloader see it; each part's folder
 * implements it.  An int is 0 for success. */
#ifndef BOOTLOADER_BOARD_H
#define BOOTLOADER_BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* Let the watchdog run on; often enough is every 100 ms. */
void watchdog_feed(void);

/* Milliseconds since the start of the bootloader; wraps after 49 days. */
uint32_t time_ms(void);

/* Clock, watchdog, flash, pins. */
void board_start(void);

/* Write the option bytes, for the next board_launch(). */
int options_program(const uint8_t *data, uint32_t len);
/* Start over and load the option bytes. */
_Noreturn void board_launch(void);
/* Erase the bootloader with the core that runs it, then board_launch(). */
_Noreturn void board_erase_loader(void);

/* ---- links ---- */

/* Wait until a host does something, or for a millisecond. */
void links_wait(void);
/* Take a byte of USART; the first one is a 0x7f that told the rate. */
bool usart_take(uint8_t *byte);
/* Returns when all of it is on the wire. */
void usart_send(const uint8_t *data, uint32_t len);
/* Pass what came over SPI to this function, which returns what goes out with
 * the byte after the next.  True: something came. */
bool spi_serve(uint8_t (*pass)(void *user, uint8_t in), void *user);
/* A long operation begins, within spi_serve() or not: whatever is clocked
 * meanwhile is lost, and the host sees ones. */
void spi_hold(void);

#endif
