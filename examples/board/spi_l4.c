/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI slave as in RM0394, 40 (L4): Motorola frames of 8 or 16 bits in mode 0,
 * two FIFOs of 32 bits, NSS by pin or by software.  Master, CRC, TI frames,
 * one data line and DMA are not modelled. */
#include "spi.h"

enum {
    SPI_CR1 = 0x00,
    SPI_CR2 = 0x04,
    SPI_SR = 0x08,
    SPI_DR = 0x0c,
    SPI_CRCPR = 0x10,
    SPI_RXCRCR = 0x14,
    SPI_TXCRCR = 0x18,
};
/* CR1 */
#define CPHA (1u << 0)
#define CPOL (1u << 1)
#define MSTR (1u << 2)
#define SPE (1u << 6)
#define LSBFIRST (1u << 7)
#define SSI (1u << 8)
#define SSM (1u << 9)
#define CR1_UNMODELLED (MSTR | 1u << 10 | 1u << 13 | 1u << 15)
/* CR2 */
#define ERRIE (1u << 5)
#define RXNEIE (1u << 6)
#define TXEIE (1u << 7)
#define DS_SHIFT 8
#define FRXTH (1u << 12)
#define CR2_UNMODELLED (1u << 0 | 1u << 1 | 1u << 3 | 1u << 4)
/* SR */
#define RXNE (1u << 0)
#define TXE (1u << 1)
#define OVR (1u << 6)
#define BSY (1u << 7)
#define FRLVL_SHIFT 9
#define FTLVL_SHIFT 11

#define FIFO 4u

struct spi {
    struct spi_slave slave;
    uint32_t cr1, cr2, crcpr;
    bool data_was_read;
    unsigned half; /* of a frame of 16 bits: bytes done */
    uint16_t frame_rx, frame_tx;
};

static unsigned
frame_bytes(const struct spi *s)
{
    return (s->cr2 >> DS_SHIFT & 15) > 7 ? 2 : 1;
}

static bool
selected(const void *state, bool nss_low)
{
    const struct spi *s = state;

    if ((s->cr1 & SPE) == 0 || (s->cr1 & MSTR) != 0)
        return false;
    return (s->cr1 & SSM) != 0 ? (s->cr1 & SSI) == 0 : nss_low;
}

static unsigned
mode(const void *state)
{
    uint32_t cr1 = ((const struct spi *)state)->cr1;

    return ((cr1 & CPHA) != 0 ? SPI_CPHA : 0) |
           ((cr1 & CPOL) != 0 ? SPI_CPOL : 0) |
           ((cr1 & LSBFIRST) != 0 ? SPI_LSB_FIRST : 0);
}

/* RM0394, 40.4.9, "sequence handling": there is no underrun flag, and the
 * master clocks out what is there.  What that is the manual leaves open; seen
 * on this SPI (community.st.com, "what is sent when TX fifo is empty") is the
 * old content of the FIFO's next place. */
static uint16_t
frame_out(struct spi *s)
{
    uint16_t frame = spi_take(&s->slave.tx, FIFO);

    if (frame_bytes(s) == 2)
        frame |= (uint16_t)(spi_take(&s->slave.tx, FIFO) << 8);
    return frame;
}

/* RM0394, 40.4.11: what does not fit is lost, and so is all that follows until
 * OVR is cleared. */
static void
frame_in(struct spi *s, uint16_t frame)
{
    if (s->slave.overrun || s->slave.rx.count + frame_bytes(s) > FIFO) {
        s->slave.overrun = true;
        return;
    }
    spi_put(&s->slave.rx, FIFO, (uint8_t)frame);
    if (frame_bytes(s) == 2)
        spi_put(&s->slave.rx, FIFO, (uint8_t)(frame >> 8));
}

static uint8_t
next_out(void *state)
{
    struct spi *s = state;

    if (s->half == 0)
        s->frame_tx = frame_out(s);
    if (frame_bytes(s) == 2 && s->half == 0)
        return (uint8_t)(s->frame_tx >> 8);
    return (uint8_t)s->frame_tx;
}

static void
take_in(struct board *b, void *state, uint8_t in)
{
    struct spi *s = state;

    (void)b;
    if (frame_bytes(s) == 1) {
        frame_in(s, in);
    } else if (s->half == 0) {
        s->frame_rx = (uint16_t)(in << 8);
        s->half = 1;
    } else {
        frame_in(s, s->frame_rx | in);
        s->half = 0;
    }
}

static uint32_t
status(struct board *b, const void *state)
{
    const struct spi *s = state;
    static const uint8_t rx_level[] = {0, 1, 2, 2, 3};
    /* "If the TxFIFO is 3/4 full FTLVL stays at FIFO full" */
    static const uint8_t tx_level[] = {0, 1, 2, 3, 3};
    uint32_t sr = 0;

    if (s->slave.rx.count >= ((s->cr2 & FRXTH) != 0 ? 1u : 2u))
        sr |= RXNE;
    if (s->slave.tx.count <= FIFO / 2)
        sr |= TXE;
    if (s->slave.overrun)
        sr |= OVR;
    if (s->slave.clocking && spi_selected(b, s))
        sr |= BSY;
    sr |= (uint32_t)rx_level[s->slave.rx.count] << FRLVL_SHIFT;
    sr |= (uint32_t)tx_level[s->slave.tx.count] << FTLVL_SHIFT;
    return sr;
}

static bool
interrupts(const void *state, uint32_t sr)
{
    const struct spi *s = state;

    return ((s->cr2 & RXNEIE) != 0 && (sr & RXNE) != 0) ||
           ((s->cr2 & TXEIE) != 0 && (sr & TXE) != 0) ||
           ((s->cr2 & ERRIE) != 0 && (sr & OVR) != 0);
}

/* RM0394, 40.6.4: an access of 16 bits takes two frames of up to 8 bits; one of
 * 32 bits is one of 16 at this register. */
static uint32_t
read_data(struct spi *s, unsigned size)
{
    uint32_t value = spi_take(&s->slave.rx, FIFO);

    if (size > 1)
        value |= (uint32_t)spi_take(&s->slave.rx, FIFO) << 8;
    if (s->slave.overrun)
        s->data_was_read = true;
    return value;
}

static void
write_data(struct board *b, struct spi *s, uint32_t value, unsigned size)
{
    unsigned bytes = size > 1 ? 2 : 1;

    if (s->slave.tx.count + bytes > FIFO) {
        board_note(b, "SPI: DR was written while TXE was 0");
        return;
    }
    spi_put(&s->slave.tx, FIFO, (uint8_t)value);
    if (bytes == 2)
        spi_put(&s->slave.tx, FIFO, (uint8_t)(value >> 8));
}

static uint32_t
spi_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct spi *s = state;
    uint32_t value = 0;

    spi_run(b, s);
    switch (offset & ~3u) {
    case SPI_CR1:
        return s->cr1;
    case SPI_CR2:
        return s->cr2;
    case SPI_SR:
        value = status(b, s);
        periph_polled(b, value, &s->slave.last_sr);
        if (s->data_was_read)
            s->slave.overrun = s->data_was_read = false;
        return value >> 8 * (offset & 3);
    case SPI_DR:
        board_busy(b);
        value = read_data(s, size);
        spi_run(b, s);
        return value;
    case SPI_CRCPR:
        return s->crcpr;
    default:
        return 0;
    }
}

static void
write_cr1(struct board *b, struct spi *s, uint32_t value)
{
    if ((value & CR1_UNMODELLED) != 0)
        board_note(b,
                   "SPI: CR1 0x%04x: master, CRC, receive only and one "
                   "data line are not modelled",
                   value);
    if ((s->cr1 & value & SPE) != 0 && ((s->cr1 ^ value) & 0x2efu & ~SPE) != 0)
        board_note(b, "SPI: CR1 was changed while SPE is 1");
    s->cr1 = value;
    if ((value & SPE) == 0)
        s->half = 0;
}

static void
write_cr2(struct board *b, struct spi *s, uint32_t value)
{
    /* RM0394, 40.6.2: sizes of less than 4 bits become 8. */
    if ((value >> DS_SHIFT & 15) < 3)
        value |= 7u << DS_SHIFT;
    if ((value & CR2_UNMODELLED) != 0)
        board_note(b, "SPI: CR2 0x%04x: DMA and TI frames are not modelled",
                   value);
    if ((value >> DS_SHIFT & 7) != 7)
        board_note(b, "SPI: frames of %u bits are not modelled",
                   (value >> DS_SHIFT & 15) + 1);
    s->cr2 = value;
}

static void
spi_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct spi *s = state;

    spi_run(b, s);
    board_busy(b);
    switch (offset & ~3u) {
    case SPI_CR1:
        write_cr1(b, s, periph_apb_word(value, size) & 0xffff);
        break;
    case SPI_CR2:
        write_cr2(b, s, periph_apb_word(value, size) & 0x7fff);
        break;
    case SPI_DR:
        write_data(b, s, value, size);
        break;
    case SPI_CRCPR:
        s->crcpr = periph_apb_word(value, size) & 0xffff;
        break;
    default:
        break;
    }
    spi_run(b, s);
}

static void
reset(void *state)
{
    struct spi *s = state;

    s->cr2 = 0x0700;
    s->crcpr = 7;
}

static void
deselect(struct board *b, void *state, bool level)
{
    (void)b;
    if (level)
        ((struct spi *)state)->half = 0;
}

/* AN2606: the pins on which the part's own bootloader listens, and the part's
 * datasheet: their alternate functions. */
const struct spi_part spi_l4 = {
    .state_size = sizeof(struct spi),
    .ring = FIFO,
    .on = {{{{0, 4}, {0, 5}, {0, 6}, {0, 7}}, 5},
           {{{1, 12}, {1, 13}, {1, 14}, {1, 15}}, 5},
           {{{0, 15}, {1, 3}, {1, 4}, {1, 5}}, 6}},
    .selected = selected,
    .mode = mode,
    .next_out = next_out,
    .take_in = take_in,
    .status = status,
    .interrupts = interrupts,
    .select = deselect,
    .reset = reset,
};

const struct board_model board_spi_l4 = {
    .state_size = sizeof(struct spi),
    .read = spi_read,
    .write = spi_write,
    SPI_MODEL,
};
