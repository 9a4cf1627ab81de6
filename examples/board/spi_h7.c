/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SPI slave as in RM0433, 50 (H7): Motorola frames of 8 bits in mode 0, FIFOs,
 * packets, underrun.  Master, other frame sizes, CRC, TI frames, a counted
 * length (TSIZE) and DMA are not modelled. */
#include <string.h>

#include "spi.h"

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

enum underrun {
    UNDERRUN_NONE,
    UNDERRUN_FOUND,   /* the flag rises with the next clock */
    UNDERRUN_SHOWN,   /* UDR */
    UNDERRUN_LEAVING, /* cleared too late for the next frame */
};

struct spi {
    struct spi_slave slave;
    uint32_t cr1, cr2, cfg1, cfg2, ier, crcpoly, udrdr, i2scfgr;
    enum underrun underrun;
    uint8_t received, sent;
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
selected(const void *state, bool nss_low)
{
    const struct spi *s = state;

    if ((s->cr1 & SPE) == 0 || (s->cfg2 & MASTER) != 0)
        return false;
    if ((s->cfg2 & SSM) != 0)
        nss_low = (s->cr1 & SSI) == 0;
    return nss_low == ((s->cfg2 & SSIOP) == 0);
}

static unsigned
mode(const void *state)
{
    uint32_t cfg2 = ((const struct spi *)state)->cfg2;

    return ((cfg2 & CPHA) != 0 ? SPI_CPHA : 0) |
           ((cfg2 & CPOL) != 0 ? SPI_CPOL : 0) |
           ((cfg2 & LSBFRST) != 0 ? SPI_LSB_FIRST : 0);
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
next_out(void *state)
{
    struct spi *s = state;

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
    if (s->slave.tx.count == 0) {
        if (detection(s) == DETECT_AT_START)
            s->underrun = UNDERRUN_SHOWN;
        return (uint8_t)~s->sent; /* "unpredictable" */
    }
    return s->sent = spi_take(&s->slave.tx, FIFO);
}

/* "The newly received value is discarded and all data transmitted subsequently
 * are lost." */
static void
take_in(struct board *b, void *state, uint8_t in)
{
    struct spi *s = state;

    s->received = in;
    if (s->slave.overrun || s->slave.rx.count == depth(b, s))
        s->slave.overrun = true;
    else
        spi_put(&s->slave.rx, FIFO, in);
    if (detection(s) == DETECT_AT_END && s->slave.tx.count == 0 &&
        s->underrun == UNDERRUN_NONE)
        s->underrun = UNDERRUN_FOUND;
}

static uint32_t
status(struct board *b, const void *state)
{
    const struct spi *s = state;
    uint32_t sr = 0;

    if (s->slave.rx.count >= packet(s))
        sr |= RXP;
    if (depth(b, s) - s->slave.tx.count >= packet(s))
        sr |= TXP;
    if ((sr & (RXP | TXP)) == (RXP | TXP))
        sr |= DXP;
    if (s->underrun == UNDERRUN_SHOWN)
        sr |= UDR;
    if (s->slave.overrun)
        sr |= OVR;
    if (s->slave.tx.count == 0 && !(s->slave.clocking && spi_selected(b, s)))
        sr |= TXC;
    if (s->slave.rx.count >= 4)
        sr |= RXWNE;
    return sr | (s->slave.rx.count % 4) << RXPLVL_SHIFT;
}

static bool
interrupts(const void *state, uint32_t sr)
{
    const struct spi *s = state;

    return (sr & s->ier & (RXP | TXP | DXP | UDR | OVR)) != 0;
}

/* "Extra data read are padded with zeros." */
static uint32_t
read_data(struct spi *s, unsigned size)
{
    uint32_t value = 0;
    unsigned i;

    for (i = 0; i < size; i++)
        if (s->slave.rx.count > 0)
            value |= (uint32_t)spi_take(&s->slave.rx, FIFO) << 8 * i;
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
        periph_polled(b, value, &s->slave.last_sr);
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
        if (s->slave.tx.count == depth(b, s)) {
            board_note(b, "SPI: TXDR was written while TXP was 0");
            return;
        }
        spi_put(&s->slave.tx, FIFO, (uint8_t)(value >> 8 * i));
    }
}

/* SPE 0 empties the FIFOs and begins the underrun's logic anew. */
static void
stop(struct spi *s)
{
    memset(&s->slave.rx, 0, sizeof(s->slave.rx));
    memset(&s->slave.tx, 0, sizeof(s->slave.tx));
    s->slave.overrun = false;
    s->underrun = UNDERRUN_NONE;
}

static void
clear_flags(struct board *b, struct spi *s, uint32_t value)
{
    if ((value & OVR) != 0)
        s->slave.overrun = false;
    if ((value & UDR) == 0 || s->underrun != UNDERRUN_SHOWN)
        return;
    s->underrun = UNDERRUN_NONE;
    if (!s->slave.clocking ||
        s->slave.end - board_now(b) < s->slave.byte_time / 2)
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
reset(void *state)
{
    struct spi *s = state;

    s->cfg1 = 0x00070007;
    s->crcpoly = 0x107;
}

static void
select_found(struct board *b, void *state, bool level)
{
    struct spi *s = state;

    (void)level;
    if (spi_selected(b, s) && detection(s) == DETECT_AT_SELECT &&
        s->slave.tx.count == 0 && s->underrun == UNDERRUN_NONE)
        s->underrun = UNDERRUN_FOUND;
}

/* AN2606: the pins on which the part's own bootloader listens, and the part's
 * datasheet: their alternate functions. */
const struct spi_part spi_h7 = {
    .state_size = sizeof(struct spi),
    .ring = FIFO,
    .on = {{{{0, 4}, {0, 5}, {0, 6}, {0, 7}}, 5},
           {{{8, 0}, {8, 1}, {8, 2}, {8, 3}}, 5},
           {{{0, 15}, {2, 10}, {2, 11}, {2, 12}}, 6},
           {{{4, 11}, {4, 12}, {4, 13}, {4, 14}}, 5}},
    .selected = selected,
    .mode = mode,
    .next_out = next_out,
    .take_in = take_in,
    .status = status,
    .interrupts = interrupts,
    .select = select_found,
    .reset = reset,
};

const struct board_model board_spi_h7 = {
    .state_size = sizeof(struct spi),
    .read = spi_read,
    .write = spi_write,
    SPI_MODEL,
};
