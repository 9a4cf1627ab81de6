/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board without a core, for the models of examples/board: the test reads and
 * writes their registers, and lets time pass. */
#ifndef SFI_TESTS_BOARD_FAKE_H
#define SFI_TESTS_BOARD_FAKE_H

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#include "board.h"
#include "periph.h"

#define FAKE_UNITS 16
#define FAKE_PORTS 11

struct fake_unit {
    struct board_unit unit;
    void *state;
    board_time when;
    bool irq;
};

struct board {
    board_time now;
    struct fake_unit units[FAKE_UNITS];
    unsigned count;
    uint32_t hz[BOARD_CLOCK_COUNT];
    enum board_level pins[FAKE_PORTS][16];
    uint32_t outputs[FAKE_PORTS], high[FAKE_PORTS];
    uint8_t out[8192]; /* what came to the host */
    size_t out_len;
    uint64_t writes;
    unsigned polls, changes, notes;
    char note[160]; /* the last one */
};

/* An L4 at 80 MHz, or an H7 at 64 MHz; free with fake_free(). */
struct board *fake_new(bool h7);
void fake_free(struct board *b);

void *fake_add(struct board *b, const struct board_model *model,
               uint32_t instance);
void fake_reset(struct board *b, void *state, enum board_reset why);
bool fake_irq(struct board *b, const void *state);

/* A pin becomes this alternate function. */
void fake_route(struct board *b, unsigned port, unsigned pin,
                unsigned function);

uint32_t get32(struct board *b, void *state, uint32_t offset);
void set32(struct board *b, void *state, uint32_t offset, uint32_t value);
uint32_t get_sized(struct board *b, void *state, uint32_t offset,
                   unsigned size);
void set_sized(struct board *b, void *state, uint32_t offset, uint32_t value,
               unsigned size);

/* Let time pass, with the moments of the models in their order. */
void fake_wait(struct board *b, board_time time);
#define PS_PER_US UINT64_C(1000000)

/* The host of this unit sends; what it sends must live on. */
void fake_send(struct board *b, void *state, uint32_t hz, uint8_t parity,
               const void *data, size_t len);

#endif
