/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USART: its registers.  RM0394, 38.8 (L4) and RM0433, 48.7 (H7). */
#include <string.h>

#include "usart.h"
#include "sim/board/wire.h"

/* Bits that software may write, and those that it may only while UE is 0. */
#define CR1_L4 0x1fffffffu
#define CR1_LOCKED                                                             \
    (USART_M0 | USART_M1 | USART_PCE | USART_PS | USART_OVER8 | USART_FIFOEN | \
     1u << 11 | 0x3ffu << 16)
#define CR2_MASK 0xfffffff0u
#define CR2_LOCKED 0x000fff70u
#define CR3_L4 0x00fdffffu
#define CR3_H7 0xfefeffffu
#define CR3_LOCKED 0xee30fb3eu
/* Flags that UE 0 clears: all that software may see. */
#define STICKY                                                              \
    (USART_PE | USART_FE | USART_NE | USART_ORE | USART_IDLE | USART_RTOF | \
     USART_CMF | USART_SBKF | USART_ABRE | USART_ABRF)
/* ISR flags that the same bit of ICR clears. */
#define CLEARABLE                                                         \
    (USART_PE | USART_FE | USART_NE | USART_ORE | USART_IDLE | USART_TC | \
     USART_RTOF | USART_CMF)

bool
usart_is_h7(struct board *b, const struct usart *u)
{
    return board_unit_of(b, u)->model == &board_usart_h7;
}

/* AN2606: the pins on which the parts' own bootloaders listen, and the parts'
 * datasheets: their alternate functions. */
const struct usart_pins *
usart_pins(struct board *b, const struct usart *u)
{
    static const struct usart_pins l4[] = {
        {0, 9, 0, 10, 7}, {0, 2, 0, 3, 7}, {2, 10, 2, 11, 7}, {0, 0, 0, 1, 8}};
    static const struct usart_pins h7[] = {
        {0, 9, 0, 10, 7}, {0, 2, 0, 3, 7}, {1, 10, 1, 11, 7}, {0, 0, 0, 1, 8},
        {2, 12, 3, 2, 8}, {2, 6, 2, 7, 7}, {4, 8, 4, 7, 7},   {4, 1, 4, 0, 8}};
    uint32_t instance = board_unit_of(b, u)->instance;

    return usart_is_h7(b, u) ? &h7[instance & 7] : &l4[instance & 3];
}

static uint16_t
take(struct usart *u)
{
    struct usart_fifo *rx = &u->rx;
    uint16_t word = rx->word[rx->first];

    if (rx->count == 0)
        return word; /* the last one again */
    rx->count--;
    /* Without FIFOs the register keeps what was read. */
    if (rx->count > 0 || usart_depth(u) > 1)
        rx->first = (rx->first + 1) % USART_FIFO;
    if (rx->count > 0)
        u->flags |= rx->flags[rx->first];
    return word;
}

static uint32_t
usart_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct usart *u = state;
    uint32_t value;

    (void)size;
    usart_settle(b, u);
    switch (offset & ~3u) {
    case USART_CR1:
        return u->cr1;
    case USART_CR2:
        return u->cr2;
    case USART_CR3:
        return u->cr3;
    case USART_BRR:
        return u->brr;
    case USART_GTPR:
        return u->gtpr;
    case USART_RTOR:
        return u->rtor;
    case USART_ISR:
        value = usart_isr(b, u);
        periph_polled(b, value, &u->last_isr);
        return value >> 8 * (offset & 3);
    case USART_RDR:
        value = take(u);
        board_busy(b);
        usart_run(b, u);
        return value;
    case USART_TDR:
        return u->tx.word[u->tx.first];
    case USART_PRESC:
        return usart_is_h7(b, u) ? u->presc : 0;
    default:
        return 0;
    }
}

/* UE 0 stops everything at once and clears the flags; the settings stay. */
static void
stop(struct usart *u)
{
    u->flags = (u->flags & ~STICKY) | USART_TC;
    u->rx.count = u->tx.count = 0;
    u->shifting = false;
    u->quiet_since = 0;
}

/* What the locked bits were, stays while UE is set before and after. */
static uint32_t
locked(struct board *b, const struct usart *u, uint32_t old, uint32_t new,
       uint32_t bits)
{
    if ((u->cr1 & USART_UE) == 0)
        return new;
    if (((old ^ new) & bits) != 0)
        board_note(b, "USART: bits 0x%08x can be written only while UE is 0",
                   (old ^ new) & bits);
    return (new & ~bits) | (old & bits);
}

static void
write_cr1(struct board *b, struct usart *u, uint32_t value)
{
    uint32_t old = u->cr1;

    if (!usart_is_h7(b, u))
        value &= CR1_L4;
    if ((value & USART_UE) != 0)
        value = locked(b, u, old, value, CR1_LOCKED);
    u->cr1 = value;
    if ((old & USART_UE) != 0 && (value & USART_UE) == 0) {
        stop(u);
        line_cut(&u->tx_line, board_now(b));
    }
    if ((value & (1u << 13 | 1u << 1)) != 0)
        board_note(b, "USART: mute mode and Stop mode are not modelled");
    /* A receiver that goes on looks at the wire from now on. */
    if ((old & (USART_UE | USART_RE)) != (USART_UE | USART_RE))
        u->rx_from = board_now(b);
    /* RM0394, 38.5.2: TE sends an idle character first. */
    if ((value & USART_UE) != 0 && (value & USART_TE) != 0 &&
        ((old & USART_TE) == 0 || (old & USART_UE) == 0) && !u->shifting) {
        usart_set_up(b, u);
        u->shifting = u->format.bit != 0;
        u->shift_end = board_now(b) + line_length(&u->format);
    }
}

static void
write_control(struct board *b, struct usart *u, uint32_t offset, uint32_t value)
{
    bool h7 = usart_is_h7(b, u);

    switch (offset) {
    case USART_CR2:
        if ((value & (1u << 14 | 1u << 11 | 0x1fu << 15)) != 0)
            board_note(b,
                       "USART: CR2 0x%08x: LIN, clock, swap, inversion and "
                       "MSB first are not modelled",
                       value);
        u->cr2 = locked(b, u, u->cr2, value & CR2_MASK, CR2_LOCKED);
        break;
    case USART_CR3:
        if ((value & 0x0000c3feu) != 0)
            board_note(b,
                       "USART: CR3 0x%08x: DMA, flow control, smartcard, "
                       "IrDA and half duplex are not modelled",
                       value);
        u->cr3 =
            locked(b, u, u->cr3, value & (h7 ? CR3_H7 : CR3_L4), CR3_LOCKED);
        break;
    case USART_BRR:
        u->brr = locked(b, u, u->brr, value & 0xffff, 0xffff);
        if ((u->brr & 0xffff) < 16)
            board_note(b, "USART: BRR 0x%04x is less than 16", u->brr);
        break;
    case USART_GTPR:
        u->gtpr = locked(b, u, u->gtpr, value & 0xffff, 0xffff);
        break;
    case USART_RTOR:
        u->rtor = value;
        u->timeout_armed = u->quiet_since != 0;
        break;
    case USART_PRESC:
        if (h7)
            u->presc = locked(b, u, u->presc, value & 0xf, 0xf);
        break;
    default:
        break;
    }
}

static void
write_request(struct board *b, struct usart *u, uint32_t value)
{
    if ((value & USART_ABRRQ) != 0)
        u->flags &= ~(USART_ABRF | USART_ABRE);
    if ((value & USART_RXFRQ) != 0)
        u->rx.count = 0;
    if ((value & USART_TXFRQ) != 0 && usart_depth(u) > 1)
        u->tx.count = 0;
    if ((value & USART_SBKRQ) != 0)
        usart_send_break(b, u);
}

static void
usart_write(struct board *b, void *state, uint32_t offset, uint32_t value,
            unsigned size)
{
    struct usart *u = state;

    value = periph_apb_word(value, size);
    offset &= ~3u;
    usart_run(b, u);
    board_busy(b);
    switch (offset) {
    case USART_CR1:
        write_cr1(b, u, value);
        break;
    case USART_RQR:
        write_request(b, u, value);
        break;
    case USART_ICR:
        u->flags &= ~(value & CLEARABLE);
        break;
    case USART_TDR:
        if ((u->cr1 & USART_UE) != 0)
            usart_transmit(b, u, value & 0x1ff);
        else
            board_note(b, "USART: TDR was written while UE is 0");
        break;
    default:
        write_control(b, u, offset, value);
        break;
    }
    usart_set_up(b, u);
    usart_run(b, u);
}

static void
usart_tick(struct board *b, void *state)
{
    usart_run(b, state);
}

/* The wires and the host stay; the part's side begins anew. */
static void
usart_reset(struct board *b, void *state, enum board_reset why)
{
    struct usart *u = state;

    (void)why;
    stop(u);
    u->cr1 = u->cr2 = u->cr3 = u->brr = u->gtpr = u->rtor = u->presc = 0;
    u->flags = USART_TC;
    u->last_isr = 0;
    memset(&u->rx, 0, sizeof(u->rx));
    memset(&u->tx, 0, sizeof(u->tx));
    line_cut(&u->tx_line, board_now(b));
    u->rx_from = board_now(b);
    usart_set_up(b, u);
    usart_run(b, u);
}

static bool
usart_fault(struct board *b, void *state, unsigned what, uint32_t value)
{
    struct usart *u = state;

    (void)b;
    (void)value;
    switch (what) {
    case WIRE_FAULT_USART_FRAME:
        u->fault_frame++;
        return true;
    case WIRE_FAULT_USART_NOISE:
        u->fault_noise++;
        return true;
    case WIRE_FAULT_USART_PARITY:
        u->fault_parity++;
        return true;
    default:
        return false;
    }
}

const struct board_model board_usart_l4 = {
    .name = "USART",
    .state_size = sizeof(struct usart),
    .read = usart_read,
    .write = usart_write,
    .tick = usart_tick,
    .reset = usart_reset,
    .host_send = usart_host_send,
    .host_busy = usart_host_busy,
    .fault = usart_fault,
};

const struct board_model board_usart_h7 = {
    .name = "USART",
    .state_size = sizeof(struct usart),
    .read = usart_read,
    .write = usart_write,
    .tick = usart_tick,
    .reset = usart_reset,
    .host_send = usart_host_send,
    .host_busy = usart_host_busy,
    .fault = usart_fault,
};
