/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI slave as in RM0433, 50 (H7): Motorola frames of 8 bits in mode 0, FIFOs,
 * packets, underrun.  Master, other frame sizes, CRC, TI frames, a counted
 * length (TSIZE) and DMA are not modelled. */
#include <string.h>

#include "spi_wire.h"

enum {
    SPI_CR1 = 0x00,
    SPI_CR2 = 0x04,
    SPI_CFG1 = 0x08,
    SPI_CFG2 = 0x0c,
    SPI_IER = 0x10,
    SPI_SR = 0x14,
    SPI_IFCR = 0x18,
    SPI_TXDR = 0x20,
    SPI_RXDR = 0x30,
    SPI_CRCPOLY = 0x40,
    SPI_UDRDR = 0x4c,
    SPI_I2SCFGR = 0x50,
};
/* CR1 */
#define SPE (1u << 0)
#define SSI (1u << 12)
#define IOLOCK (1u << 16)
/* CFG1 */
#define FTHLV_SHIFT 5
#define UDRCFG_SHIFT 9
#define UDRDET_SHIFT 11
#define CFG1_UNMODELLED (3u << 14 | 1u << 22)
/* CFG2 */
#define MASTER (1u << 22)
#define LSBFRST (1u << 23)
#define CPHA (1u << 24)
#define CPOL (1u << 25)
#define SSM (1u << 26)
#define SSIOP (1u << 28)
#define CFG2_UNMODELLED (1u << 15 | 3u << 17 | 7u << 19 | MASTER)
/* SR, IER and IFCR */
#define RXP (1u << 0)
#define TXP (1u << 1)
#define DXP (1u << 2)
#define UDR (1u << 5)
#define OVR (1u << 6)
#define TXC (1u << 12)
#define RXPLVL_SHIFT 13
#define RXWNE (1u << 15)

/* RM0433, 50.3: 16 bytes in SPI1 to SPI3, 8 in the others. */
#define FIFO 16u

enum { DETECT_AT_START, DETECT_AT_END, DETECT_AT_SELECT };
enum { SEND_UDRDR, SEND_RECEIVED, SEND_SENT };

struct spi_fifo {
    uint8_t byte[FIFO];
    unsigned first, count;
};

enum underrun {
    UNDERRUN_NONE,
    UNDERRUN_FOUND,   /* the flag rises with the next clock */
    UNDERRUN_SHOWN,   /* UDR */
    UNDERRUN_LEAVING, /* cleared too late for the next frame */
};

struct spi {
    uint32_t cr1, cr2, cfg1, cfg2, ier, crcpoly, udrdr, i2scfgr;
    uint32_t last_sr;
    struct spi_fifo rx, tx;
    bool overrun;

    enum underrun underrun;
    uint8_t received, sent;
    struct spi_wire wire;
};

static unsigned
depth(struct board *b, const struct spi *s)
{
    return board_unit_of(b, s)->instance < 3 ? FIFO : FIFO / 2;
}

static unsigned
packet(const struct spi *s)
{
    return (s->cfg1 >> FTHLV_SHIFT & 15) + 1;
}

static bool
selected(struct board *b, const struct spi *s)
{
    bool low = s->wire.nss_low;

    if ((s->cr1 & SPE) == 0 || (s->cfg2 & MASTER) != 0 ||
        !spi_routed(b, s, SPI_SCK))
        return false;
    if ((s->cfg2 & SSM) != 0)
        low = (s->cr1 & SSI) == 0;
    else if (!spi_routed(b, s, SPI_NSS))
        return false;
    return low == ((s->cfg2 & SSIOP) == 0);
}

static uint8_t
fifo_take(struct spi_fifo *fifo)
{
    uint8_t byte = fifo->byte[fifo->first];

    if (fifo->count == 0)
        return 0; /* "extra data read are padded with zeros" */
    fifo->first = (fifo->first + 1) % FIFO;
    fifo->count--;
    return byte;
}

static void
fifo_put(struct spi_fifo *fifo, uint8_t byte)
{
    fifo->byte[(fifo->first + fifo->count) % FIFO] = byte;
    fifo->count++;
}

static uint8_t
pattern(const struct spi *s)
{
    switch (s->cfg1 >> UDRCFG_SHIFT & 3) {
    case SEND_RECEIVED:
        return s->received;
    case SEND_SENT:
        return s->sent;
    default:
        return (uint8_t)s->udrdr;
    }
}

static unsigned
detection(const struct spi *s)
{
    return s->cfg1 >> UDRDET_SHIFT & 3;
}

/* RM0433, 50.5.2, "underrun flag": found at a start, one dummy frame goes out
 * before the pattern; the flag rises when the wire's clock runs; and after it
 * was cleared too late for a frame that one is the pattern still. */
static uint8_t
next_out(struct spi *s)
{
    switch (s->underrun) {
    case UNDERRUN_FOUND:
        s->underrun = UNDERRUN_SHOWN;
        return pattern(s);
    case UNDERRUN_SHOWN:
        return pattern(s);
    case UNDERRUN_LEAVING:
        s->underrun = UNDERRUN_NONE;
        return pattern(s);
    case UNDERRUN_NONE:
        break;
    }
    if (s->tx.count == 0) {
        if (detection(s) == DETECT_AT_START)
            s->underrun = UNDERRUN_SHOWN;
        return (uint8_t)~s->sent; /* "unpredictable" */
    }
    return s->sent = fifo_take(&s->tx);
}

static uint8_t
on_wire(struct board *b, const struct spi *s, uint8_t byte)
{
    if ((s->cfg2 & LSBFRST) != 0)
        byte = spi_reversed(byte);
    if (((s->cfg2 & CPHA) != 0) == ((s->cfg2 & CPOL) != 0))
        return byte;
    board_note(b, "SPI: the master uses mode 0");
    return byte >> 1;
}

static void
byte_begins(struct board *b, struct spi *s, board_time at)
{
    uint8_t out;

    spi_wire_begin(&s->wire, at);
    if (!selected(b, s))
        return;
    out = on_wire(b, s, next_out(s));
    if (spi_routed(b, s, SPI_MISO))
        s->wire.out = out;
}

/* "The newly received value is discarded and all data transmitted subsequently
 * are lost." */
static void
byte_ends(struct board *b, struct spi *s, uint8_t in)
{
    if (!selected(b, s))
        return;
    if (!spi_routed(b, s, SPI_MOSI))
        in = 0;
    s->received = on_wire(b, s, in);
    if (s->overrun || s->rx.count == depth(b, s))
        s->overrun = true;
    else
        fifo_put(&s->rx, s->received);
    if (detection(s) == DETECT_AT_END && s->tx.count == 0 &&
        s->underrun == UNDERRUN_NONE)
        s->underrun = UNDERRUN_FOUND;
}

static uint32_t
status(struct board *b, const struct spi *s)
{
    uint32_t sr = 0;

    if (s->rx.count >= packet(s))
        sr |= RXP;
    if (depth(b, s) - s->tx.count >= packet(s))
        sr |= TXP;
    if ((sr & (RXP | TXP)) == (RXP | TXP))
        sr |= DXP;
    if (s->underrun == UNDERRUN_SHOWN)
        sr |= UDR;
    if (s->overrun)
        sr |= OVR;
    if (s->tx.count == 0 && !(s->wire.clocking && selected(b, s)))
        sr |= TXC;
    if (s->rx.count >= 4)
        sr |= RXWNE;
    return sr | (s->rx.count % 4) << RXPLVL_SHIFT;
}

static void
spi_run(struct board *b, struct spi *s)
{
    uint8_t in;

    while (spi_wire_end(b, s, &s->wire, &in)) {
        byte_ends(b, s, in);
        if (s->wire.len > 0)
            byte_begins(b, s, s->wire.end);
    }
    board_schedule(b, s, s->wire.clocking ? s->wire.end : BOARD_NEVER);
    board_interrupt(
        b, s, (status(b, s) & s->ier & (RXP | TXP | DXP | UDR | OVR)) != 0);
}

static uint32_t
read_data(struct spi *s, unsigned size)
{
    uint32_t value = 0;
    unsigned i;

    for (i = 0; i < size; i++)
        value |= (uint32_t)fifo_take(&s->rx) << 8 * i;
    return value;
}

static uint32_t
spi_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct spi *s = state;
    uint32_t value;

    spi_run(b, s);
    switch (offset & ~3u) {
    case SPI_CR1:
        return s->cr1;
    case SPI_CR2:
        return s->cr2;
    case SPI_CFG1:
        return s->cfg1;
    case SPI_CFG2:
        return s->cfg2;
    case SPI_IER:
        return s->ier;
    case SPI_SR:
        value = status(b, s);
        periph_polled(b, value, &s->last_sr);
        return value >> 8 * (offset & 3);
    case SPI_RXDR:
        board_busy(b);
        value = read_data(s, size);
        spi_run(b, s);
        return value;
    case SPI_CRCPOLY:
        return s->crcpoly;
    case SPI_UDRDR:
        return s->udrdr;
    case SPI_I2SCFGR:
        return s->i2scfgr;
    default:
        return 0;
    }
}

static void
write_data(struct board *b, struct spi *s, uint32_t value, unsigned size)
{
    unsigned i;

    if ((s->cr1 & SPE) == 0) {
        board_note(b, "SPI: TXDR was written while SPE is 0");
        return;
    }
    for (i = 0; i < size; i++) {
        if (s->tx.count == depth(b, s)) {
            board_note(b, "SPI: TXDR was written while TXP was 0");
            return;
        }
        fifo_put(&s->tx, (uint8_t)(value >> 8 * i));
    }
}

/* SPE 0 empties the FIFOs and begins the underrun's logic anew. */
static void
stop(struct spi *s)
{
    memset(&s->rx, 0, sizeof(s->rx));
    memset(&s->tx, 0, sizeof(s->tx));
    s->overrun = false;
    s->underrun = UNDERRUN_NONE;
}

static void
clear_flags(struct board *b, struct spi *s, uint32_t value)
{
    if ((value & OVR) != 0)
        s->overrun = false;
    if ((value & UDR) == 0 || s->underrun != UNDERRUN_SHOWN)
        return;
    s->underrun = UNDERRUN_NONE;
    if (!s->wire.clocking || s->wire.end - board_now(b) < s->wire.byte_time / 2)
        s->underrun = UNDERRUN_LEAVING;
}

static void
write_config(struct board *b, struct spi *s, uint32_t *reg, uint32_t value,
             uint32_t unmodelled)
{
    if ((s->cr1 & SPE) != 0) {
        board_note(b, "SPI: CFG1, CFG2 and TSIZE can be written only while SPE "
                      "is 0");
        return;
    }
    if ((value & unmodelled) != 0)
        board_note(b, "SPI: 0x%08x of a configuration is not modelled",
                   value & unmodelled);
    *reg = value;
}

static void
spi_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct spi *s = state;
    uint32_t word = periph_apb_word(value, size);

    spi_run(b, s);
    board_busy(b);
    switch (offset & ~3u) {
    case SPI_CR1:
        if ((word & SPE) == 0)
            stop(s);
        s->cr1 = word & 0x1f901u;
        break;
    case SPI_CR2:
        write_config(b, s, &s->cr2, word, UINT32_MAX);
        break;
    case SPI_CFG1:
        write_config(b, s, &s->cfg1, word & 0x705fdfffu, CFG1_UNMODELLED);
        if ((s->cfg1 & 31) != 7)
            board_note(b, "SPI: only frames of 8 bits are modelled");
        break;
    case SPI_CFG2:
        if ((s->cr1 & IOLOCK) == 0)
            write_config(b, s, &s->cfg2, word & 0xf7fe80ffu, CFG2_UNMODELLED);
        break;
    case SPI_IER:
        s->ier = word & 0x7ff;
        break;
    case SPI_IFCR:
        clear_flags(b, s, word);
        break;
    case SPI_TXDR:
        write_data(b, s, value, size);
        break;
    case SPI_CRCPOLY:
        s->crcpoly = word;
        break;
    case SPI_UDRDR:
        s->udrdr = word;
        break;
    case SPI_I2SCFGR:
        s->i2scfgr = word;
        break;
    default:
        break;
    }
    spi_run(b, s);
}

static void
spi_tick(struct board *b, void *state)
{
    spi_run(b, state);
}

static void
spi_reset(struct board *b, void *state, enum board_reset why)
{
    struct spi *s = state;
    struct spi_wire wire = s->wire;

    (void)why;
    memset(s, 0, sizeof(*s));
    s->wire = wire;
    s->cfg1 = 0x00070007;
    s->crcpoly = 0x107;
    spi_run(b, s);
}

static void
spi_host_send(struct board *b, void *state, const struct board_line *line)
{
    struct spi *s = state;

    spi_run(b, s);
    spi_wire_send(&s->wire, line);
    if (s->wire.len > 0)
        byte_begins(b, s, board_now(b));
    spi_run(b, s);
}

static bool
spi_host_busy(struct board *b, void *state)
{
    struct spi *s = state;

    (void)b;
    return s->wire.clocking;
}

static void
spi_host_select(struct board *b, void *state, bool level)
{
    struct spi *s = state;

    spi_run(b, s);
    spi_wire_select(b, s, &s->wire, level);
    if (selected(b, s) && detection(s) == DETECT_AT_SELECT &&
        s->tx.count == 0 && s->underrun == UNDERRUN_NONE)
        s->underrun = UNDERRUN_FOUND;
    spi_run(b, s);
}

const struct board_model board_spi_h7 = {
    .name = "SPI",
    .state_size = sizeof(struct spi),
    .read = spi_read,
    .write = spi_write,
    .tick = spi_tick,
    .reset = spi_reset,
    .host_send = spi_host_send,
    .host_busy = spi_host_busy,
    .host_select = spi_host_select,
};
