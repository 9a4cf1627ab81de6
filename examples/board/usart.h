/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USART as in RM0394, 38 (L4) and, with FIFOs and a prescaler, in RM0433, 48
 * (H7).  Asynchronous only: synchronous mode, LIN, smartcard, IrDA, half
 * duplex, Modbus, mute mode, flow control and DMA are not modelled. */
#ifndef BOARD_USART_H
#define BOARD_USART_H

#include "line.h"
#include "periph.h"

/* Registers, their offsets. */
enum {
    USART_CR1 = 0x00,
    USART_CR2 = 0x04,
    USART_CR3 = 0x08,
    USART_BRR = 0x0c,
    USART_GTPR = 0x10,
    USART_RTOR = 0x14,
    USART_RQR = 0x18,
    USART_ISR = 0x1c,
    USART_ICR = 0x20,
    USART_RDR = 0x24,
    USART_TDR = 0x28,
    USART_PRESC = 0x2c,
};

/* CR1 */
#define USART_UE (1u << 0)
#define USART_RE (1u << 2)
#define USART_TE (1u << 3)
#define USART_IDLEIE (1u << 4)
#define USART_RXNEIE (1u << 5)
#define USART_TCIE (1u << 6)
#define USART_TXEIE (1u << 7)
#define USART_PEIE (1u << 8)
#define USART_PS (1u << 9)
#define USART_PCE (1u << 10)
#define USART_M0 (1u << 12)
#define USART_CMIE (1u << 14)
#define USART_OVER8 (1u << 15)
#define USART_RTOIE (1u << 26)
#define USART_M1 (1u << 28)
#define USART_FIFOEN (1u << 29)
#define USART_TXFEIE (1u << 30)
#define USART_RXFFIE (1u << 31)
/* CR2 */
#define USART_STOP_SHIFT 12
#define USART_ABREN (1u << 20)
#define USART_ABRMOD_SHIFT 21
#define USART_RTOEN (1u << 23)
#define USART_ADD_SHIFT 24
/* CR3 */
#define USART_EIE (1u << 0)
#define USART_ONEBIT (1u << 11)
#define USART_OVRDIS (1u << 12)
#define USART_TXFTIE (1u << 23)
#define USART_RXFTCFG_SHIFT 25
#define USART_RXFTIE (1u << 28)
#define USART_TXFTCFG_SHIFT 29
/* RQR */
#define USART_ABRRQ (1u << 0)
#define USART_SBKRQ (1u << 1)
#define USART_RXFRQ (1u << 3)
#define USART_TXFRQ (1u << 4)
/* ISR, and ICR where it is cleared there */
#define USART_PE (1u << 0)
#define USART_FE (1u << 1)
#define USART_NE (1u << 2)
#define USART_ORE (1u << 3)
#define USART_IDLE (1u << 4)
#define USART_RXNE (1u << 5)
#define USART_TC (1u << 6)
#define USART_TXE (1u << 7)
#define USART_RTOF (1u << 11)
#define USART_ABRE (1u << 14)
#define USART_ABRF (1u << 15)
#define USART_BUSY (1u << 16)
#define USART_CMF (1u << 17)
#define USART_SBKF (1u << 18)
#define USART_TEACK (1u << 21)
#define USART_REACK (1u << 22)
#define USART_TXFE (1u << 23)
#define USART_RXFF (1u << 24)
#define USART_RXFT (1u << 26)
#define USART_TXFT (1u << 27)

#define USART_FIFO 16u /* RM0433, 48.5.2 */

/* Characters between the registers and the shift registers. */
struct usart_fifo {
    uint16_t word[USART_FIFO];
    uint32_t flags[USART_FIFO]; /* PE, FE, NE of received ones */
    unsigned first, count;
};

struct usart {
    uint32_t cr1, cr2, cr3, brr, gtpr, rtor, presc;
    uint32_t flags; /* bits of ISR that stay until they are cleared */
    uint32_t last_isr;
    struct usart_fifo rx, tx;

    struct line rx_line, tx_line;
    board_time rx_from;     /* the receiver looks at the wire from here */
    board_time quiet_since; /* the last stop bit; 0: nothing was received */
    bool idle_armed, timeout_armed;
    bool shifting;
    board_time shift_end;
    /* By clocks, pins and registers: kept while board_writes() is as it was. */
    struct line_format format;
    bool receives;
    /* All of this is at its present until then, while board_writes() is as it
     * was; 0: it is not. */
    board_time settled_until;
    uint64_t settled_writes;
    board_time coming; /* the next start bit for the receiver */

    /* The host: what it sends still, and how it listens. */
    const uint8_t *host_data;
    size_t host_len;
    struct line_format host_format;
    board_time host_from;
    unsigned fault_frame, fault_noise, fault_parity;
};

/* What the board has for one instance. */
struct usart_pins {
    uint8_t tx_port, tx_pin, rx_port, rx_pin, function;
};
bool usart_is_h7(struct board *b, const struct usart *u);
const struct usart_pins *usart_pins(struct board *b, const struct usart *u);

unsigned usart_depth(const struct usart *u);
/* After a write to a register: format and receives follow. */
void usart_set_up(struct board *b, struct usart *u);

/* Bring everything to the present, and set the next moment; the second: unless
 * it is there. */
void usart_run(struct board *b, struct usart *u);
void usart_settle(struct board *b, struct usart *u);
/* A character for the transmitter. */
void usart_transmit(struct board *b, struct usart *u, uint16_t word);
void usart_send_break(struct board *b, struct usart *u);
uint32_t usart_isr(struct board *b, const struct usart *u);

void usart_host_send(struct board *b, void *state,
                     const struct board_line *line);
bool usart_host_busy(struct board *b, void *state);

#endif
