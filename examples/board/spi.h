/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A SPI slave and the master at it, which clocks bytes in mode 0 and drives
 * NSS: what spi.c does for each part, and what a part does itself. */
#ifndef BOARD_SPI_H
#define BOARD_SPI_H

#include "periph.h"

/* A ring whose places keep what they had. */
struct spi_fifo {
    uint8_t byte[16];
    unsigned first, count;
};

/* The first member of a part's own state. */
struct spi_slave {
    const uint8_t *data; /* the byte on the wire, and those to come */
    size_t len;
    board_time byte_time, end; /* of the byte on the wire */
    bool clocking;
    bool nss_low;
    uint8_t out; /* what the slave sends in this byte */

    struct spi_fifo rx, tx;
    bool overrun;
    uint32_t last_sr; /* for periph_polled() */
};

enum spi_pin { SPI_NSS, SPI_SCK, SPI_MISO, SPI_MOSI };
struct spi_pins {
    struct {
        uint8_t port, number;
    } pin[4]; /* as enum spi_pin */
    uint8_t function;
};

/* Of mode(). */
#define SPI_CPHA (1u << 0)
#define SPI_CPOL (1u << 1)
#define SPI_LSB_FIRST (1u << 2)

/* A part's: spi_l4.c, spi_h7.c. */
struct spi_part {
    size_t state_size;
    unsigned ring;         /* places of a FIFO */
    struct spi_pins on[4]; /* of SPI1, ... */
    /* Is it a slave that is on and selected, as far as its registers and
     * `nss_low` tell?  `nss`: where they choose the pin. */
    bool (*selected)(const void *state, bool nss_low);
    unsigned (*mode)(const void *state);
    /* A byte begins, which is to go out; or was received. */
    uint8_t (*next_out)(void *state);
    void (*take_in)(struct board *b, void *state, uint8_t in);
    uint32_t (*status)(struct board *b, const void *state);
    bool (*interrupts)(const void *state, uint32_t status);
    /* NSS has changed. */
    void (*select)(struct board *b, void *state, bool level);
    void (*reset)(void *state); /* it is zero, but for the wire */
};

extern const struct spi_part spi_l4, spi_h7;

/* Is the pin connected to the SPI with this state? */
bool spi_routed(struct board *b, const void *state, enum spi_pin pin);
bool spi_selected(struct board *b, const void *state);
/* An empty FIFO gives what was in its next place. */
uint8_t spi_take(struct spi_fifo *fifo, unsigned ring);
void spi_put(struct spi_fifo *fifo, unsigned ring, uint8_t byte);
/* Bytes whose time is over; the next moment; the interrupt.  Before and after
 * each access of registers. */
void spi_run(struct board *b, void *state);

/* Of a model. */
void spi_reset(struct board *b, void *state, enum board_reset why);
void spi_host_send(struct board *b, void *state, const struct board_line *line);
bool spi_host_busy(struct board *b, void *state);
void spi_host_select(struct board *b, void *state, bool level);
#define SPI_MODEL                                           \
    .name = "SPI", .tick = spi_run, .reset = spi_reset,     \
    .host_send = spi_host_send, .host_busy = spi_host_busy, \
    .host_select = spi_host_select

#endif
