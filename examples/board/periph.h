/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The models of what is around the flash: written from RM0394 (L4) and RM0433
 * (H7), whose sections the files name.  "Not modelled" in them means: the
 * firmware is told so by board_note(), and what it asked for does not
 * happen. */
#ifndef BOARD_PERIPH_H
#define BOARD_PERIPH_H

#include "board.h"

/* instance 0: GPIOA, ...  The reset values depend on the port. */
extern const struct board_model board_gpio_l4, board_gpio_h7;
/* instance 0: USART1, ... */
extern const struct board_model board_usart_l4, board_usart_h7;
/* instance 0: SPI1, ... */
extern const struct board_model board_spi_l4, board_spi_h7;
extern const struct board_model board_aes_l4;
extern const struct board_model board_rng_l4, board_rng_h7;

/* The alternate function that a pin of GPIO has now; -1: it has none. */
int gpio_function(struct board *b, unsigned port, unsigned pin);

/* RM0394, 2.1.3 and RM0433, 2.1: a write of 8 or 16 bits to a register of an
 * APB is one of 32 bits, with the data repeated. */
static inline uint32_t
periph_apb_word(uint32_t value, unsigned size)
{
    if (size == 1)
        return (value & 0xff) * 0x01010101u;
    return size == 2 ? (value & 0xffff) * 0x00010001u : value;
}

/* Registers that software polls: @value was read, @last was before. */
static inline void
periph_polled(struct board *b, uint32_t value, uint32_t *last)
{
    if (value == *last)
        board_poll(b);
    else
        board_busy(b);
    *last = value;
}

/* The same for what comes by itself, at @when.  Where it does not come, whoever
 * polls waits for nothing outside, and may count: the core is not idle. */
static inline void
periph_awaited(struct board *b, uint32_t value, uint32_t *last, board_time when)
{
    if (when == BOARD_NEVER)
        board_busy(b);
    else
        periph_polled(b, value, last);
    *last = value;
}

#endif
