#include "sim/spi_slave.h"

#include "proto/an4286.h"

/* A program that erases takes its time: a host must poll. */
#define BUSY_POLLS 20u

void
spi_slave_init(struct spi_slave *s, const struct usart_slave_config *config)
{
    *s = (struct spi_slave){.phase = SPI_LISTEN};
    usart_slave_init(&s->engine, config);
}

bool
spi_slave_quiet(const struct spi_slave *s)
{
    return s->phase == SPI_LISTEN;
}

/* First a verdict, last one too when there is a tail, data between. */
static void
begin_answer(struct spi_slave *s, size_t len)
{
    s->verdict = s->answer[0];
    s->tail = s->engine.tail && len > 1;
    s->at = 1;
    s->len = s->tail ? len - 1 : len;
    s->busy = s->engine.cmd == USART_EXT_ERASE ? BUSY_POLLS : 0;
    s->phase = SPI_DUMMY_A;
}

static void
listen(struct spi_slave *s, uint8_t in)
{
    struct wr w;

    wr_init(&w, s->answer, sizeof(s->answer));
    usart_slave_byte(&s->engine, in, &w);
    if (wr_len(&w) > 0)
        begin_answer(s, wr_len(&w));
}

/* The verdict is taken: what now? */
static void
go_on(struct spi_slave *s)
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

static uint8_t
next_data(struct spi_slave *s)
{
    uint8_t byte = s->answer[s->at++];

    if (s->at == s->len)
        go_on(s);
    return byte;
}

uint8_t
spi_slave_clock(struct spi_slave *s, uint8_t in)
{
    switch (s->phase) {
    case SPI_LISTEN:
        listen(s, in);
        break;
    case SPI_DUMMY_A:
        s->phase = SPI_VERDICT;
        break;
    case SPI_VERDICT:
        if (s->busy == 0) {
            s->phase = SPI_TAKEN;
            return s->verdict;
        }
        s->busy--;
        break;
    case SPI_TAKEN:
        if (in == USART_ACK)
            go_on(s);
        break;
    case SPI_DUMMY_D:
        s->phase = SPI_DATA;
        break;
    case SPI_DATA:
        return next_data(s);
    }
    return SPI_BUSY;
}
