/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A SPI slave at its master: see spi.h.  Motorola frames; master, CRC, TI
 * frames and DMA are not modelled. */
#include "spi.h"

#include <string.h>

static const struct spi_part *
part_of(struct board *b, const void *state)
{
    return board_unit_of(b, state)->model == &board_spi_h7 ? &spi_h7 : &spi_l4;
}

static const struct spi_pins *
pins(struct board *b, const void *state)
{
    return &part_of(b, state)->on[board_unit_of(b, state)->instance & 3];
}

bool
spi_routed(struct board *b, const void *state, enum spi_pin pin)
{
    const struct spi_pins *p = pins(b, state);

    return gpio_function(b, p->pin[pin].port, p->pin[pin].number) ==
           (int)p->function;
}

bool
spi_selected(struct board *b, const void *state)
{
    const struct spi_slave *s = state;

    return spi_routed(b, s, SPI_SCK) &&
           part_of(b, s)->selected(s, spi_routed(b, s, SPI_NSS) && s->nss_low);
}

uint8_t
spi_take(struct spi_fifo *fifo, unsigned ring)
{
    uint8_t byte = fifo->byte[fifo->first];

    if (fifo->count > 0) {
        fifo->first = (fifo->first + 1) % ring;
        fifo->count--;
    }
    return byte;
}

void
spi_put(struct spi_fifo *fifo, unsigned ring, uint8_t byte)
{
    fifo->byte[(fifo->first + fifo->count) % ring] = byte;
    fifo->count++;
}

/* ---- a byte on the wire ---- */

static uint8_t
reversed(uint8_t byte)
{
    uint8_t out = 0;
    unsigned i;

    for (i = 0; i < 8; i++)
        out |= (uint8_t)((byte >> i & 1) << (7 - i));
    return out;
}

/* The byte at the part's end of the wire; a slave in another mode samples at
 * the wrong edges, one bit late. */
static uint8_t
on_wire(struct board *b, const void *state, uint8_t byte)
{
    unsigned mode = part_of(b, state)->mode(state);

    if ((mode & SPI_LSB_FIRST) != 0)
        byte = reversed(byte);
    if (((mode & SPI_CPHA) != 0) == ((mode & SPI_CPOL) != 0))
        return byte;
    board_note(b, "SPI: the master uses mode 0");
    return byte >> 1;
}

/* Without a slave nobody drives MISO. */
static void
byte_begins(struct board *b, struct spi_slave *s, board_time at)
{
    uint8_t out;

    s->end = at + s->byte_time;
    s->clocking = true;
    s->out = 0xff;
    if (!spi_selected(b, s))
        return;
    out = on_wire(b, s, part_of(b, s)->next_out(s));
    if (spi_routed(b, s, SPI_MISO))
        s->out = out;
}

static void
byte_ends(struct board *b, struct spi_slave *s)
{
    uint8_t in = *s->data++;

    s->clocking = false;
    s->len--;
    board_host_out(b, s, s->out);
    if (!spi_selected(b, s))
        return;
    if (!spi_routed(b, s, SPI_MOSI))
        in = 0;
    part_of(b, s)->take_in(b, s, on_wire(b, s, in));
}

void
spi_run(struct board *b, void *state)
{
    const struct spi_part *p = part_of(b, state);
    struct spi_slave *s = state;

    while (s->clocking && s->end <= board_now(b)) {
        byte_ends(b, s);
        if (s->len > 0)
            byte_begins(b, s, s->end);
    }
    board_schedule(b, s, s->clocking ? s->end : BOARD_NEVER);
    board_interrupt(b, s, p->interrupts(s, p->status(b, s)));
}

/* ---- a model's functions ---- */

/* The host goes on clocking: the bytes find no slave. */
void
spi_reset(struct board *b, void *state, enum board_reset why)
{
    const struct spi_part *p = part_of(b, state);
    struct spi_slave wire = *(struct spi_slave *)state;

    (void)why;
    memset(&wire.rx, 0, sizeof(wire.rx));
    memset(&wire.tx, 0, sizeof(wire.tx));
    wire.overrun = false;
    wire.last_sr = 0;
    memset(state, 0, p->state_size);
    memcpy(state, &wire, sizeof(wire));
    p->reset(state);
    spi_run(b, state);
}

void
spi_host_send(struct board *b, void *state, const struct board_line *line)
{
    struct spi_slave *s = state;

    spi_run(b, s);
    s->data = line->data;
    s->len = line->len;
    s->byte_time = 8 * BOARD_PS_PER_S / (line->hz == 0 ? 1 : line->hz);
    if (s->len > 0)
        byte_begins(b, s, board_now(b));
    spi_run(b, s);
}

bool
spi_host_busy(struct board *b, void *state)
{
    const struct spi_slave *s = state;

    (void)b;
    return s->clocking;
}

void
spi_host_select(struct board *b, void *state, bool level)
{
    const struct spi_pins *p = pins(b, state);
    struct spi_slave *s = state;

    spi_run(b, s);
    s->nss_low = !level;
    board_pin_set(b, p->pin[SPI_NSS].port, p->pin[SPI_NSS].number,
                  level ? BOARD_HIGH : BOARD_LOW);
    part_of(b, s)->select(b, s, level);
    spi_run(b, s);
}
