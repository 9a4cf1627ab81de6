/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's half of AN4286: frames in, then a verdict and the answer, each
 * behind a dummy byte. */
#include "proto/an4286_device.h"

#include "proto/an4286.h"

/* An erase takes its time: the host must poll so often. */
#define BUSY_POLLS 20u

void
sfi__an4286_device_init(struct an4286_device *s,
                        const struct an3155_device_config *config)
{
    *s = (struct an4286_device){.phase = SPI_LISTEN};
    sfi__an3155_device_init(&s->engine, config);
}

bool
sfi__an4286_device_quiet(const struct an4286_device *s)
{
    return s->phase == SPI_LISTEN;
}

/* An answer is a verdict (ACK or NACK), then data, then a second verdict if the
 * command has one. */
static void
spi_device_begin_answer(struct an4286_device *s, size_t len)
{
    s->verdict = s->answer[0];
    s->tail = s->engine.tail && len > 1;
    s->at = 1;
    s->len = s->tail ? len - 1 : len;
    s->busy = s->engine.cmd == USART_EXT_ERASE ? BUSY_POLLS : 0;
    s->phase = SPI_DUMMY_A;
}

static void
spi_device_take_byte(struct an4286_device *s, uint8_t in)
{
    struct wr w;

    sfi__wr_init(&w, s->answer, sizeof(s->answer));
    sfi__an3155_device_byte(&s->engine, in, &w);
    if (sfi__wr_len(&w) > 0)
        spi_device_begin_answer(s, sfi__wr_len(&w));
}

/* The host took the verdict: go on to the data, the second verdict, or the next
 * frame. */
static void
spi_device_after_verdict(struct an4286_device *s)
{
    if (s->at < s->len) {
        s->phase = SPI_DUMMY_D;
    } else if (s->tail) {
        s->verdict = s->answer[s->len];
        s->tail = false;
        s->phase = SPI_DUMMY_A;
    } else {
        s->phase = SPI_LISTEN;
    }
}

/* A command with two verdicts has the first before its work. */
static bool
spi_device_must_wait(const struct an4286_device *s)
{
    bool is_first = s->tail && s->len == 1;

    return s->busy > 0 || (s->waits && !is_first);
}

/* A dummy precedes each verdict and each answer, and what follows them does not
 * depend on the byte that comes in meanwhile: so a slave can be a byte ahead.
 */
uint8_t
sfi__an4286_device_ahead(const struct an4286_device *s)
{
    if (s->phase == SPI_DUMMY_A)
        return spi_device_must_wait(s) ? SPI_BUSY : s->verdict;
    if (s->phase == SPI_DUMMY_D)
        return s->answer[s->at];
    return s->phase == SPI_DATA && s->at + 1 < s->len ? s->answer[s->at + 1]
                                                      : SPI_BUSY;
}

static uint8_t
spi_device_next(const struct an4286_device *s)
{
    if (s->phase == SPI_DATA)
        return s->answer[s->at];
    return s->phase == SPI_VERDICT && !spi_device_must_wait(s) ? s->verdict
                                                               : SPI_BUSY;
}

uint8_t
sfi__an4286_device_clock(struct an4286_device *s, uint8_t in)
{
    uint8_t out = spi_device_next(s);

    switch (s->phase) {
    case SPI_LISTEN:
        spi_device_take_byte(s, in);
        break;
    case SPI_DUMMY_A:
        s->phase = SPI_VERDICT;
        break;
    case SPI_VERDICT:
        if (!spi_device_must_wait(s))
            s->phase = SPI_TAKEN;
        s->busy -= s->busy > 0;
        break;
    case SPI_TAKEN:
        if (in == USART_ACK)
            spi_device_after_verdict(s);
        break;
    case SPI_DUMMY_D:
        s->phase = SPI_DATA;
        break;
    case SPI_DATA:
        if (++s->at == s->len)
            spi_device_after_verdict(s);
        break;
    }
    return out;
}
