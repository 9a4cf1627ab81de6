/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The master at a SPI slave: see spi_wire.h. */
#include "spi_wire.h"

/* AN2606, the pins on which the parts' own bootloaders listen: NSS, and then
 * SCK, MISO and MOSI; all are function 5 of their datasheets. */
struct spi_pins {
    uint8_t port, nss;
};

static const struct spi_pins *
pins(struct board *b, const void *state)
{
    static const struct spi_pins l4[] = {{0, 4}, {1, 12}};
    static const struct spi_pins h7[] = {{0, 4}, {8, 0}};
    const struct board_unit *unit = board_unit_of(b, state);

    return &(unit->model == &board_spi_h7 ? h7 : l4)[unit->instance != 0];
}

bool
spi_routed(struct board *b, const void *state, enum spi_pin pin)
{
    const struct spi_pins *p = pins(b, state);

    return gpio_function(b, p->port, p->nss + (unsigned)pin) == 5;
}

void
spi_wire_send(struct spi_wire *w, const struct board_line *line)
{
    w->data = line->data;
    w->len = line->len;
    w->byte_time = 8 * BOARD_PS_PER_S / (line->hz == 0 ? 1 : line->hz);
}

void
spi_wire_select(struct board *b, void *state, struct spi_wire *w, bool level)
{
    const struct spi_pins *p = pins(b, state);

    w->nss_low = !level;
    board_pin_set(b, p->port, p->nss, level ? BOARD_HIGH : BOARD_LOW);
}

void
spi_wire_begin(struct spi_wire *w, board_time at)
{
    w->end = at + w->byte_time;
    w->clocking = true;
    w->out = 0xff;
}

bool
spi_wire_end(struct board *b, void *state, struct spi_wire *w, uint8_t *in)
{
    if (!w->clocking || w->end > board_now(b))
        return false;
    w->clocking = false;
    *in = *w->data++;
    w->len--;
    board_host_out(b, state, w->out);
    return true;
}

uint8_t
spi_reversed(uint8_t byte)
{
    uint8_t out = 0;
    unsigned i;

    for (i = 0; i < 8; i++)
        out |= (uint8_t)((byte >> i & 1) << (7 - i));
    return out;
}
