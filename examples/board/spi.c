/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The master at a SPI slave: see spi_wire.h. */
#include "spi_wire.h"

struct spi_pins {
    struct {
        uint8_t port, number;
    } pin[4]; /* as enum spi_pin */
    uint8_t function;
};

/* AN2606: the pins on which the parts' own bootloaders listen, and the parts'
 * datasheets: their alternate functions. */
static const struct spi_pins *
pins(struct board *b, const void *state)
{
    static const struct spi_pins l4[] = {
        {{{0, 4}, {0, 5}, {0, 6}, {0, 7}}, 5},
        {{{1, 12}, {1, 13}, {1, 14}, {1, 15}}, 5},
        {{{0, 15}, {1, 3}, {1, 4}, {1, 5}}, 6}};
    static const struct spi_pins h7[] = {
        {{{0, 4}, {0, 5}, {0, 6}, {0, 7}}, 5},
        {{{8, 0}, {8, 1}, {8, 2}, {8, 3}}, 5},
        {{{0, 15}, {2, 10}, {2, 11}, {2, 12}}, 6},
        {{{4, 11}, {4, 12}, {4, 13}, {4, 14}}, 5}};
    const struct board_unit *unit = board_unit_of(b, state);

    if (unit->model == &board_spi_h7)
        return &h7[unit->instance & 3];
    return &l4[unit->instance < 3 ? unit->instance : 2];
}

bool
spi_routed(struct board *b, const void *state, enum spi_pin pin)
{
    const struct spi_pins *p = pins(b, state);

    return gpio_function(b, p->pin[pin].port, p->pin[pin].number) ==
           (int)p->function;
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
    board_pin_set(b, p->pin[SPI_NSS].port, p->pin[SPI_NSS].number,
                  level ? BOARD_HIGH : BOARD_LOW);
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
