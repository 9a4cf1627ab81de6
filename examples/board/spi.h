/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The master at a SPI slave: it clocks bytes in mode 0, and drives NSS. */
#ifndef BOARD_SPI_WIRE_H
#define BOARD_SPI_WIRE_H

#include "periph.h"

struct spi_wire {
    const uint8_t *data; /* the byte on the wire, and those to come */
    size_t len;
    board_time byte_time, end; /* of the byte on the wire */
    bool clocking;
    bool nss_low;
    uint8_t out; /* what the slave sends in this byte */
};

enum spi_pin { SPI_NSS, SPI_SCK, SPI_MISO, SPI_MOSI };

/* Is the pin connected to the SPI with this state? */
bool spi_routed(struct board *b, const void *state, enum spi_pin pin);

/* The host's functions of a model.  After spi_wire_send() the first byte is to
 * begin. */
void spi_wire_send(struct spi_wire *w, const struct board_line *line);
void spi_wire_select(struct board *b, void *state, struct spi_wire *w,
                     bool level);

/* A byte begins at @at, in which no one drives MISO unless w->out is set. */
void spi_wire_begin(struct spi_wire *w, board_time at);
/* Is a byte at its end now?  Then it was @in, and the host has w->out. */
bool spi_wire_end(struct board *b, void *state, struct spi_wire *w,
                  uint8_t *in);

uint8_t spi_reversed(uint8_t byte);

#endif
