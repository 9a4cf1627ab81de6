/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The board without a core: see fake.h. */
#include "fake.h"

#include <stdarg.h>
#include <stdio.h>

struct board *
fake_new(bool h7)
{
    struct board *b = calloc(1, sizeof(*b));
    unsigned i, pin;

    ck_assert_ptr_nonnull(b);
    b->now = 1000 * PS_PER_US;
    for (i = 0; i < BOARD_CLOCK_COUNT; i++)
        b->hz[i] = h7 ? 64000000 : 80000000;
    b->hz[BOARD_CLOCK_48] = 48000000;
    for (i = 0; i < FAKE_PORTS; i++)
        for (pin = 0; pin < 16; pin++)
            b->pins[i][pin] = BOARD_FLOATING;
    for (i = 0; i < 8; i++)
        fake_add(b, h7 ? &board_gpio_h7 : &board_gpio_l4, i);
    return b;
}

void
fake_free(struct board *b)
{
    unsigned i;

    for (i = 0; i < b->count; i++)
        free(b->units[i].state);
    free(b);
}

static struct fake_unit *
unit_of(struct board *b, const void *state)
{
    unsigned i;

    for (i = 0; i < b->count; i++)
        if (b->units[i].state == state)
            return &b->units[i];
    ck_abort_msg("a state of no unit");
}

void *
fake_add(struct board *b, const struct board_model *model, uint32_t instance)
{
    struct fake_unit *unit = &b->units[b->count];

    ck_assert_uint_lt(b->count, FAKE_UNITS);
    unit->unit.model = model;
    unit->unit.instance = instance;
    unit->when = BOARD_NEVER;
    unit->state = calloc(1, model->state_size);
    ck_assert_ptr_nonnull(unit->state);
    b->count++;
    model->reset(b, unit->state, BOARD_RESET_POWER);
    return unit->state;
}

void
fake_reset(struct board *b, void *state, enum board_reset why)
{
    struct fake_unit *unit = unit_of(b, state);

    b->writes++;
    unit->when = BOARD_NEVER;
    unit->unit.model->reset(b, state, why);
}

bool
fake_irq(struct board *b, const void *state)
{
    return unit_of(b, state)->irq;
}

void
fake_route(struct board *b, unsigned port, unsigned pin, unsigned function)
{
    void *gpio = board_state(b, b->units[0].unit.model, port);
    uint32_t afr = pin < 8 ? 0x20 : 0x24, moder;

    set32(b, gpio, afr,
          (get32(b, gpio, afr) & ~(15u << 4 * (pin % 8))) |
              (uint32_t)function << 4 * (pin % 8));
    moder = get32(b, gpio, 0) & ~(3u << 2 * pin);
    set32(b, gpio, 0, moder | 2u << 2 * pin);
}

uint32_t
get_sized(struct board *b, void *state, uint32_t offset, unsigned size)
{
    uint32_t value =
        unit_of(b, state)->unit.model->read(b, state, offset, size);

    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

void
set_sized(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    b->writes++;
    unit_of(b, state)->unit.model->write(b, state, offset, value, size);
}

uint32_t
get32(struct board *b, void *state, uint32_t offset)
{
    return get_sized(b, state, offset, 4);
}

void
set32(struct board *b, void *state, uint32_t offset, uint32_t value)
{
    set_sized(b, state, offset, value, 4);
}

static struct fake_unit *
next_unit(struct board *b)
{
    struct fake_unit *next = &b->units[0];
    unsigned i;

    for (i = 1; i < b->count; i++)
        if (b->units[i].when < next->when)
            next = &b->units[i];
    return next;
}

void
fake_wait(struct board *b, board_time time)
{
    board_time end = b->now + time;
    unsigned ticks = 0;

    while (next_unit(b)->when <= end) {
        struct fake_unit *unit = next_unit(b);

        if (unit->when > b->now)
            b->now = unit->when;
        unit->when = BOARD_NEVER;
        unit->unit.model->tick(b, unit->state);
        ck_assert_msg(++ticks < 1000000, "%s never rests",
                      unit->unit.model->name);
    }
    b->now = end;
}

void
fake_send(struct board *b, void *state, uint32_t hz, uint8_t parity,
          const void *data, size_t len)
{
    struct board_line line = {
        .hz = hz, .parity = parity, .data = data, .len = len};

    unit_of(b, state)->unit.model->host_send(b, state, &line);
}

const struct board_unit *
board_unit_of(struct board *b, const void *state)
{
    return &unit_of(b, state)->unit;
}

void *
board_state(struct board *b, const struct board_model *model, uint32_t instance)
{
    unsigned i;

    for (i = 0; i < b->count; i++)
        if (b->units[i].unit.model == model &&
            b->units[i].unit.instance == instance)
            return b->units[i].state;
    return NULL;
}

board_time
board_now(struct board *b)
{
    return b->now;
}

uint64_t
board_writes(struct board *b)
{
    return b->writes;
}

uint32_t
board_clock_hz(struct board *b, enum board_clock which)
{
    return b->hz[which];
}

void
board_schedule(struct board *b, void *state, board_time when)
{
    unit_of(b, state)->when = when;
}

void
board_poll(struct board *b)
{
    b->polls++;
}

void
board_busy(struct board *b)
{
    b->polls = 0;
}

void
board_interrupt(struct board *b, const void *state, bool level)
{
    unit_of(b, state)->irq = level;
}

void
board_host_out(struct board *b, const void *state, uint8_t byte)
{
    (void)state;
    ck_assert_uint_lt(b->out_len, sizeof(b->out));
    b->out[b->out_len++] = byte;
}

void
board_pin_set(struct board *b, unsigned port, unsigned pin,
              enum board_level level)
{
    b->changes += b->pins[port][pin] != level;
    b->pins[port][pin] = level;
}

enum board_level
board_pin(struct board *b, unsigned port, unsigned pin)
{
    return b->pins[port][pin];
}

void
board_pins_out(struct board *b, unsigned port, uint32_t outputs, uint32_t high)
{
    b->outputs[port] = outputs;
    b->high[port] = high;
}

void
board_note(struct board *b, const char *fmt, ...)
{
    va_list args;

    b->notes++;
    va_start(args, fmt);
    vsnprintf(b->note, sizeof(b->note), fmt, args);
    va_end(args);
}
