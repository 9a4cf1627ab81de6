/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USART: shift registers, wires, and the host at the other end. */
#include <string.h>

#include "usart.h"

#define TCBGT (1u << 25) /* smartcard's; set always */

static bool
routed(struct board *b, unsigned port, unsigned pin, unsigned function)
{
    return gpio_function(b, port, pin) == (int)function;
}

/* RM0394, 38.5.4: the divider, and what oversampling by 8 does to it. */
static uint32_t
divider(const struct usart *u)
{
    if ((u->cr1 & USART_OVER8) == 0)
        return u->brr;
    return (u->brr & 0xfff0) | (u->brr & 7) << 1;
}

/* RM0433, 48.7.14 */
static uint32_t
prescaler(const struct usart *u)
{
    static const uint16_t by[] = {1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256};

    return by[u->presc < 12 ? u->presc : 11];
}

/* How long one count of the divider is, in ps; 0: no clock. */
static board_time
count_time(struct board *b, const struct usart *u, uint32_t count)
{
    uint32_t instance = board_unit_of(b, u)->instance;
    uint32_t hz =
        board_clock_hz(b, (enum board_clock)(BOARD_CLOCK_USART + instance));

    if (hz == 0)
        return 0;
    return count * BOARD_PS_PER_S / (hz / prescaler(u)) /
           ((u->cr1 & USART_OVER8) != 0 ? 2 : 1);
}

static struct line_format
format_of(struct board *b, const struct usart *u)
{
    static const uint8_t halves[] = {2, 1, 4, 3};
    unsigned word = 8;

    if ((u->cr1 & USART_M1) != 0)
        word = 7;
    else if ((u->cr1 & USART_M0) != 0)
        word = 9;

    struct line_format format = {.data = word, .parity = LINE_PARITY_NONE};

    if ((u->cr1 & USART_PCE) != 0) {
        format.data--;
        format.parity =
            (u->cr1 & USART_PS) != 0 ? LINE_PARITY_ODD : LINE_PARITY_EVEN;
    }
    format.stop_halves = halves[u->cr2 >> USART_STOP_SHIFT & 3];
    /* "USARTDIV must be greater than or equal to 16" */
    format.bit = divider(u) < 16 ? 0 : count_time(b, u, divider(u));
    return format;
}

void
usart_set_up(struct board *b, struct usart *u)
{
    const struct usart_pins *pins = usart_pins(b, u);

    u->format = format_of(b, u);
    u->receives = (u->cr1 & USART_UE) != 0 && (u->cr1 & USART_RE) != 0 &&
                  u->format.bit != 0 &&
                  routed(b, pins->rx_port, pins->rx_pin, pins->function);
}

unsigned
usart_depth(const struct usart *u)
{
    return (u->cr1 & USART_FIFOEN) != 0 ? USART_FIFO : 1;
}

/* RM0433, 48.7.4: thresholds in eighths; 101 is full or empty. */
static unsigned
threshold(uint32_t field)
{
    static const uint8_t eighths[] = {1, 2, 4, 6, 7, 8, 8, 8};

    return USART_FIFO * eighths[field & 7] / 8;
}

static uint32_t
fifo_flags(const struct usart *u)
{
    uint32_t flags = 0;

    if ((u->cr1 & USART_FIFOEN) == 0)
        return 0;
    if (u->tx.count == 0)
        flags |= USART_TXFE;
    if (u->rx.count == USART_FIFO)
        flags |= USART_RXFF;
    if (u->rx.count >= threshold(u->cr3 >> USART_RXFTCFG_SHIFT))
        flags |= USART_RXFT;
    if (USART_FIFO - u->tx.count >= threshold(u->cr3 >> USART_TXFTCFG_SHIFT))
        flags |= USART_TXFT;
    return flags;
}

uint32_t
usart_isr(struct board *b, const struct usart *u)
{
    uint32_t isr = u->flags | TCBGT | fifo_flags(u);

    if (u->tx.count < usart_depth(u))
        isr |= USART_TXE;
    if ((u->cr1 & USART_UE) == 0)
        return isr;
    if (u->rx.count > 0)
        isr |= USART_RXNE;
    if ((u->cr1 & USART_TE) != 0)
        isr |= USART_TEACK;
    if ((u->cr1 & USART_RE) != 0)
        isr |= USART_REACK;
    if (u->coming <= board_now(b))
        isr |= USART_BUSY;
    return isr;
}

/* RM0433, 48.5.6: with FIFOs an error belongs to the character that is the
 * next to be read; without, there is only that one. */
static void
show_errors(struct usart *u)
{
    if (u->rx.count > 0)
        u->flags |= u->rx.flags[u->rx.first];
}

static void
rx_store(struct usart *u, uint16_t word, uint32_t flags)
{
    struct usart_fifo *rx = &u->rx;

    if (rx->count == usart_depth(u)) {
        if ((u->cr3 & USART_OVRDIS) == 0) {
            /* What RDR has stays; the new one is lost.  Errors of a lost one
             * are not told. */
            u->flags |= USART_ORE;
            return;
        }
        rx->count--;
    }

    unsigned at = (rx->first + rx->count) % USART_FIFO;

    rx->word[at] = word;
    rx->flags[at] = flags;
    rx->count++;
    if (rx->count == 1)
        show_errors(u);
}

static void
receive(struct usart *u, const struct line_word *word)
{
    uint32_t flags = (word->framing ? USART_FE : 0) |
                     (word->parity ? USART_PE : 0) |
                     (word->noise ? USART_NE : 0);

    if ((u->cr3 & USART_ONEBIT) != 0)
        flags &= ~USART_NE;
    if (u->fault_noise > 0) {
        flags |= USART_NE;
        u->fault_noise--;
    }
    if ((word->value & 0xffu) == u->cr2 >> USART_ADD_SHIFT)
        u->flags |= USART_CMF;
    rx_store(u, word->value, flags);
    u->rx_from = word->done;
    u->quiet_since = word->done;
    u->idle_armed = u->timeout_armed = true;
}

/* RM0394, 38.5.6: what the four modes measure.  0: not on the wire yet. */
static board_time
measure(const struct usart *u)
{
    static const struct {
        uint8_t falls; /* 0: to the first rising edge */
        uint8_t bits;
    } modes[] = {{0, 1}, {1, 2}, {1, 8}, {4, 8}};
    unsigned mode = u->cr2 >> USART_ABRMOD_SHIFT & 3, fall;
    board_time start, end;

    if (!line_edge(&u->rx_line, false, u->rx_from, &start))
        return 0;
    if (modes[mode].falls == 0)
        return line_edge(&u->rx_line, true, start, &end) ? end - start : 0;
    end = start;
    for (fall = 0; fall < modes[mode].falls; fall++)
        if (!line_edge(&u->rx_line, false, end + 1, &end))
            return 0;
    return (end - start) / modes[mode].bits;
}

/* The character that sets the baud rate.  False: it is not complete. */
static bool
detect_baud(struct board *b, struct usart *u)
{
    struct line_format format = u->format;
    board_time unit = count_time(b, u, 65536);
    struct line_word word;

    format.bit = measure(u);
    if (format.bit == 0 || unit == 0 ||
        !line_read(&u->rx_line, &format, u->rx_from, &word) ||
        word.done > board_now(b))
        return false;

    board_time div = (format.bit * 65536 + unit / 2) / unit;

    if (div < 16 || div > 0xffff) {
        u->flags |= USART_ABRE;
        word.framing = true;
    } else if ((u->cr1 & USART_OVER8) != 0) {
        u->brr = (uint32_t)((div & 0xfff0) | (div & 0xf) >> 1);
    } else {
        u->brr = (uint32_t)div;
    }
    u->flags |= USART_ABRF;
    receive(u, &word);
    return true;
}

static bool
baud_wanted(const struct usart *u)
{
    return (u->cr2 & USART_ABREN) != 0 && (u->flags & USART_ABRF) == 0;
}

static void
run_receiver(struct board *b, struct usart *u)
{
    struct line_format format = u->format;
    board_time now = board_now(b);
    struct line_word word;

    if (!u->receives) {
        u->rx_from = now;
        return;
    }
    for (;;) {
        if (baud_wanted(u)) {
            if (!detect_baud(b, u))
                return;
            usart_set_up(b, u);
            format = u->format;
        } else if (line_read(&u->rx_line, &format, u->rx_from, &word) &&
                   word.done <= now) {
            receive(u, &word);
        } else {
            u->rx_from = line_skip(&u->rx_line, &format, u->rx_from, now);
            return;
        }
    }
}

/* RM0394, 38.8.8: IDLE after a character of ones, RTOF after RTO bits; both
 * from the stop bit of the last character. */
static board_time
quiet_until(const struct usart *u, bool timeout)
{
    struct line_format format = u->format;
    board_time rest = 6 * format.bit / 16; /* of the stop bit's */

    if (timeout)
        return u->quiet_since + rest + (u->rtor & 0xffffff) * format.bit;
    return u->quiet_since + rest + line_length(&format);
}

static void
run_quiet(struct board *b, struct usart *u)
{
    board_time now = board_now(b), edge;
    bool broken;

    if (u->quiet_since == 0 || !u->receives)
        return;
    broken = line_edge(&u->rx_line, false, u->quiet_since, &edge);
    if (u->idle_armed && now >= quiet_until(u, false)) {
        if (!broken || edge > quiet_until(u, false))
            u->flags |= USART_IDLE;
        u->idle_armed = false;
    }
    if (u->timeout_armed && (u->cr2 & USART_RTOEN) != 0 &&
        now >= quiet_until(u, true)) {
        if (!broken || edge > quiet_until(u, true))
            u->flags |= USART_RTOF;
        u->timeout_armed = false;
    }
}

static bool
transmits(struct board *b, const struct usart *u)
{
    const struct usart_pins *pins = usart_pins(b, u);

    return routed(b, pins->tx_port, pins->tx_pin, pins->function);
}

/* Into the shift register at @at.  A pin that is not connected to it shows
 * nothing to the host. */
static void
shift_out(struct board *b, struct usart *u, board_time at)
{
    struct line_format format = u->format;
    uint16_t word = u->tx.word[u->tx.first];

    u->tx.first = (u->tx.first + 1) % USART_FIFO;
    u->tx.count--;
    u->shifting = true;
    u->shift_end = at + line_length(&format);
    if (transmits(b, u))
        line_send(&u->tx_line, &format, at, word);
}

void
usart_transmit(struct board *b, struct usart *u, uint16_t word)
{
    if (u->tx.count == usart_depth(u)) {
        board_note(b, "USART: TDR was written while it was full");
        u->tx.count--;
    }
    u->tx.word[(u->tx.first + u->tx.count) % USART_FIFO] = word;
    u->tx.count++;
    u->flags &= ~USART_TC;
    usart_run(b, u);
}

/* RM0394, 38.5.2: a character of zeros, stop bits too, and two bits of ones. */
void
usart_send_break(struct board *b, struct usart *u)
{
    struct line_format format = u->format;
    unsigned zeros = (line_half_bits(&format) + 1) / 2;
    board_time at = u->shifting ? u->shift_end : board_now(b);

    if (format.bit == 0 || !transmits(b, u))
        return;
    u->shift_end = line_send_levels(&u->tx_line, format.bit, at,
                                    (uint16_t)(3u << zeros), zeros + 2);
    u->shifting = true;
}

static void
run_transmitter(struct board *b, struct usart *u)
{
    board_time now = board_now(b);

    while (u->shifting && u->shift_end <= now) {
        u->shifting = false;
        if (u->tx.count > 0)
            shift_out(b, u, u->shift_end);
        else
            u->flags |= USART_TC;
    }
    if (!u->shifting && u->tx.count > 0 && (u->cr1 & USART_TE) != 0 &&
        (u->cr1 & USART_UE) != 0 && u->format.bit != 0)
        shift_out(b, u, now);
}

/* The next character for the host; it listens as it sent the last time, or as
 * the part sends if it has sent nothing. */
static bool
host_word(const struct usart *u, struct line_word *word)
{
    struct line_format format = u->host_format;

    if (format.bit == 0)
        format = u->format;
    return format.bit != 0 &&
           line_read(&u->tx_line, &format, u->host_from, word);
}

static void
run_host(struct board *b, struct usart *u)
{
    board_time now = board_now(b);
    struct line_word word;

    while (host_word(u, &word) && word.done <= now) {
        board_host_out(b, u, (uint8_t)word.value);
        u->host_from = word.done;
    }
    /* What ended long ago reads no other way later. */
    line_forget(&u->tx_line, u->host_from);
    if (line_free_at(&u->tx_line) + 2 * u->host_format.bit * 16 < now)
        line_forget(&u->tx_line, now);
}

/* Put characters of the host on the wire while there is room. */
static void
feed(struct board *b, struct usart *u)
{
    struct line_format format = u->host_format;

    line_forget(&u->rx_line, u->rx_from);
    while (u->host_len > 0 && u->rx_line.count < LINE_FRAMES) {
        uint8_t byte = *u->host_data;

        if (u->fault_parity > 0) {
            u->fault_parity--;
            format.parity = format.parity == LINE_PARITY_EVEN
                                ? LINE_PARITY_ODD
                                : LINE_PARITY_EVEN;
        }
        line_send(&u->rx_line, &format, board_now(b), byte);
        format = u->host_format;
        if (u->fault_frame > 0) {
            struct line_frame *frame =
                &u->rx_line.frame[(u->rx_line.first + u->rx_line.count - 1) %
                                  LINE_FRAMES];

            u->fault_frame--;
            frame->levels &= (uint16_t) ~(1u << (frame->count - 1));
            frame->levels |= (uint16_t)(1u << frame->count++);
        }
        u->host_data++;
        u->host_len--;
    }
}

/* The receiver's pin, for GPIO and timers: only while the receiver itself is
 * off, since each edge costs a moment of the board. */
static void
run_pin(struct board *b, struct usart *u)
{
    const struct usart_pins *pins = usart_pins(b, u);
    bool level = u->receives || line_level(&u->rx_line, board_now(b));

    board_pin_set(b, pins->rx_port, pins->rx_pin,
                  level ? BOARD_HIGH : BOARD_LOW);
}

static void
sooner(board_time *next, board_time when)
{
    if (when < *next)
        *next = when;
}

static board_time
next_moment(struct board *b, const struct usart *u)
{
    struct line_format format = u->format;
    board_time next = BOARD_NEVER, now = board_now(b), edge;
    struct line_word word;

    if (u->shifting)
        sooner(&next, u->shift_end);
    if (host_word(u, &word))
        sooner(&next, word.done);
    if (!u->receives) {
        if (line_edge(&u->rx_line, !line_level(&u->rx_line, now), now + 1,
                      &edge))
            sooner(&next, edge);
    } else {
        if (baud_wanted(u))
            format.bit = measure(u);
        if (format.bit != 0 &&
            line_read(&u->rx_line, &format, u->rx_from, &word))
            sooner(&next, word.done);
        if (u->quiet_since != 0 && u->idle_armed)
            sooner(&next, quiet_until(u, false));
        if (u->quiet_since != 0 && u->timeout_armed &&
            (u->cr2 & USART_RTOEN) != 0)
            sooner(&next, quiet_until(u, true));
    }
    if (u->host_len > 0)
        sooner(&next, line_free_at(&u->rx_line));
    return next;
}

static board_time
next_start(const struct usart *u)
{
    struct line_format format = u->format;
    struct line_word word;

    if (u->receives && line_read(&u->rx_line, &format, u->rx_from, &word))
        return word.start;
    return BOARD_NEVER;
}

static bool
interrupt_wanted(struct board *b, const struct usart *u)
{
    uint32_t isr = usart_isr(b, u);

    /* CR1's enable bits 4 to 8 are over ISR's flags IDLE, RXNE, TC, TXE, and
     * PE is bit 0. */
    if ((isr & u->cr1 &
         (USART_IDLEIE | USART_RXNEIE | USART_TCIE | USART_TXEIE)) != 0)
        return true;
    return ((u->cr1 & USART_RXNEIE) != 0 && (isr & USART_ORE) != 0) ||
           ((u->cr1 & USART_PEIE) != 0 && (isr & USART_PE) != 0) ||
           ((u->cr1 & USART_CMIE) != 0 && (isr & USART_CMF) != 0) ||
           ((u->cr1 & USART_RTOIE) != 0 && (isr & USART_RTOF) != 0) ||
           ((u->cr1 & USART_TXFEIE) != 0 && (isr & USART_TXFE) != 0) ||
           ((u->cr1 & USART_RXFFIE) != 0 && (isr & USART_RXFF) != 0) ||
           ((u->cr3 & USART_RXFTIE) != 0 && (isr & USART_RXFT) != 0) ||
           ((u->cr3 & USART_TXFTIE) != 0 && (isr & USART_TXFT) != 0) ||
           ((u->cr3 & USART_EIE) != 0 &&
            (isr & (USART_FE | USART_ORE | USART_NE)) != 0);
}

void
usart_settle(struct board *b, struct usart *u)
{
    if (board_now(b) >= u->settled_until ||
        board_writes(b) != u->settled_writes)
        usart_run(b, u);
}

void
usart_run(struct board *b, struct usart *u)
{
    if (board_writes(b) != u->settled_writes)
        usart_set_up(b, u);
    feed(b, u);
    run_receiver(b, u);
    run_quiet(b, u);
    feed(b, u);
    run_transmitter(b, u);
    run_host(b, u);
    run_pin(b, u);
    board_interrupt(b, u, interrupt_wanted(b, u));
    u->coming = next_start(u);
    u->settled_until = next_moment(b, u);
    u->settled_writes = board_writes(b);
    board_schedule(b, u, u->settled_until);
}

void
usart_host_send(struct board *b, void *state, const struct board_line *line)
{
    static const enum line_parity parities[] = {
        LINE_PARITY_NONE, LINE_PARITY_EVEN, LINE_PARITY_ODD};
    struct usart *u = state;

    usart_run(b, u);
    u->host_format.bit = BOARD_PS_PER_S / (line->hz == 0 ? 1 : line->hz);
    u->host_format.data = 8;
    u->host_format.parity = parities[line->parity < 3 ? line->parity : 0];
    u->host_format.stop_halves = 2;
    u->host_data = line->data;
    u->host_len = line->len;
    usart_run(b, u);
}

bool
usart_host_busy(struct board *b, void *state)
{
    struct usart *u = state;

    return u->host_len > 0 || line_free_at(&u->rx_line) > board_now(b);
}
