/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A wire that carries the characters of a UART, as levels in time: what sends
 * puts characters on it, and what receives samples it at its own baud rate, so
 * that a wrong baud rate, a break or a wrong parity reads as on a real wire.
 * A timer sees its edges, and a GPIO its level. */
#ifndef BOARD_LINE_H
#define BOARD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

/* Characters that fit; who has more to send waits until there is room. */
#define LINE_FRAMES 64u

struct line_frame {
    board_time start;
    board_time bit;  /* how long one is */
    uint16_t levels; /* the start bit is bit 0 */
    uint16_t count;  /* bits, 16 at most */
};

/* All zero is a wire that rests at high level. */
struct line {
    struct line_frame frame[LINE_FRAMES];
    uint32_t first, count;
};

enum line_parity { LINE_PARITY_NONE, LINE_PARITY_EVEN, LINE_PARITY_ODD };

struct line_format {
    board_time bit;
    unsigned data; /* bits, without parity: 5 to 9 */
    enum line_parity parity;
    unsigned stop_halves; /* half stop bits: 1, 2, 3 or 4 */
};

/* What a receiver makes of one character. */
struct line_word {
    board_time start; /* the falling edge of its start bit */
    board_time done;  /* its stop bit was sampled */
    uint16_t value;   /* with the parity bit above the data */
    bool framing, noise, parity;
};

/* The bits of a character, start and stop bits included. */
unsigned line_half_bits(const struct line_format *format);

/* The length of a character. */
board_time line_length(const struct line_format *format);

/* Put a character on the wire at @at, or when the wire is free.
 * Returns when its last bit ends, or 0 when LINE_FRAMES are waiting. */
board_time line_send(struct line *line, const struct line_format *format,
                     board_time at, uint16_t value);

/* Put @count bits on the wire as they are, bit 0 of @levels first: breaks,
 * glitches, wrong parities. */
board_time line_send_levels(struct line *line, board_time bit, board_time at,
                            uint16_t levels, unsigned count);

/* When the wire is free again: 0 if nothing was sent. */
board_time line_free_at(const struct line *line);

bool line_level(const struct line *line, board_time at);

/* The first change to @level at @from or later. */
bool line_edge(const struct line *line, bool level, board_time from,
               board_time *at);

/* The next character at @from or later, sampled as @format says.  False while
 * no start bit is on the wire. */
bool line_read(const struct line *line, const struct line_format *format,
               board_time from, struct line_word *out);

/* @from, or behind the pulses after it that by @now have turned out to be no
 * start bits. */
board_time line_skip(const struct line *line, const struct line_format *format,
                     board_time from, board_time now);

/* Forget characters that ended before @before. */
void line_forget(struct line *line, board_time before);

/* Nothing more is sent at @from or later, but for the bit that has begun. */
void line_cut(struct line *line, board_time from);

#endif
