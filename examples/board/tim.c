/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 27 to 29: timers as counters upwards, with prescaler, reload, update
 * event and its interrupt, one-pulse mode.  No channels. */
#include "models.h"

#define CR1 0x00u
#define DIER 0x0cu
#define SR 0x10u
#define EGR 0x14u
#define CNT 0x24u
#define PSC 0x28u
#define ARR 0x2cu
#define CR1_CEN 1u
#define CR1_URS 4u
#define CR1_OPM 8u
#define UIF 1u
#define REGS 0x18u

struct tim {
    uint32_t reg[REGS]; /* as written, for those without a meaning here */
    uint32_t prescaler; /* in force since the last update event */
    uint32_t count;     /* at `from` */
    board_time from;
    uint32_t sr;
};

/* RM0394, 2.2.2: TIM2 alone has 32 bits. */
static uint64_t
period(struct board *b, const struct tim *t)
{
    uint32_t mask =
        board_unit_of(b, t)->instance == 2 ? UINT32_MAX : UINT16_MAX;

    return (uint64_t)(t->reg[ARR / 4] & mask) + 1;
}

static uint64_t
tick_ps(struct board *b, const struct tim *t)
{
    bool is_apb2 = board_unit_of(b, t)->base >= 0x40010000u;
    uint32_t hz =
        board_clock_hz(b, is_apb2 ? BOARD_CLOCK_TIM2 : BOARD_CLOCK_TIM1);

    return BOARD_PS_PER_S * (t->prescaler + UINT64_C(1)) / (hz == 0 ? 1 : hz);
}

static bool
runs(const struct tim *t)
{
    return (t->reg[CR1 / 4] & CR1_CEN) != 0;
}

/* Bring count and flag to this moment. */
static void
settle(struct board *b, struct tim *t)
{
    uint64_t ps = tick_ps(b, t), ticks, sum;

    if (!runs(t)) {
        t->from = board_now(b);
        return;
    }
    ticks = (board_now(b) - t->from) / ps;
    t->from += ticks * ps;
    sum = t->count + ticks;
    t->count = (uint32_t)(sum % period(b, t));
    if (sum < period(b, t))
        return;
    t->sr |= UIF;
    t->prescaler = t->reg[PSC / 4] & UINT16_MAX;
    if ((t->reg[CR1 / 4] & CR1_OPM) != 0) {
        t->reg[CR1 / 4] &= ~CR1_CEN;
        t->count = 0;
    }
    board_interrupt(b, t, (t->reg[DIER / 4] & UIF) != 0);
}

/* An update matters at once only to an interrupt, or when it stops. */
static void
plan(struct board *b, struct tim *t)
{
    bool matters =
        (t->reg[DIER / 4] & UIF) != 0 || (t->reg[CR1 / 4] & CR1_OPM) != 0;

    board_schedule(b, t,
                   runs(t) && matters
                       ? t->from + (period(b, t) - t->count) * tick_ps(b, t)
                       : BOARD_NEVER);
}

static uint32_t
tim_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct tim *t = state;

    (void)size;
    settle(b, t);
    if (offset == CNT)
        return t->count;
    if (offset == SR)
        return t->sr;
    return offset / 4 < REGS ? t->reg[offset / 4] : 0;
}

static void
tim_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct tim *t = state;

    (void)size;
    settle(b, t);
    if (offset == SR) {
        t->sr &= value;
        if ((t->sr & UIF) == 0)
            board_interrupt(b, t, false);
    } else if (offset == CNT) {
        t->count = value;
        t->from = board_now(b);
    } else if (offset == EGR && (value & 1u) != 0) {
        t->count = 0;
        t->from = board_now(b);
        t->prescaler = t->reg[PSC / 4] & UINT16_MAX;
        if ((t->reg[CR1 / 4] & CR1_URS) == 0)
            t->sr |= UIF;
    } else if (offset / 4 < REGS) {
        t->reg[offset / 4] = value;
    }
    plan(b, t);
}

static void
tim_tick(struct board *b, void *state)
{
    settle(b, state);
    plan(b, state);
}

static void
tim_reset(struct board *b, void *state, enum board_reset why)
{
    struct tim *t = state;
    uint32_t i;

    (void)why;
    for (i = 0; i < REGS; i++)
        t->reg[i] = 0;
    t->reg[ARR / 4] = UINT32_MAX;
    t->prescaler = 0;
    t->count = 0;
    t->sr = 0;
    t->from = board_now(b);
    board_interrupt(b, t, false);
}

const struct board_model tim_model = {
    .name = "TIM",
    .state_size = sizeof(struct tim),
    .read = tim_read,
    .write = tim_write,
    .tick = tim_tick,
    .reset = tim_reset,
};
