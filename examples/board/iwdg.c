/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 32: the independent watchdog.  Once started, only a reset stops it.
 * No window. */
#include "models.h"

#define KR 0x00u
#define PR 0x04u
#define RLR 0x08u
#define SR 0x0cu
#define WINR 0x10u
#define KEY_FEED 0xaaaau
#define KEY_WRITE 0x5555u
#define KEY_START 0xccccu
#define RELOAD_RESET 0xfffu
/* A loop of feeds alone comes round in so many cycles; a feed between pieces of
 * work is no sign of idleness. */
#define FEEDS_ONLY 64u

struct iwdg {
    uint32_t pr, rlr;
    bool is_open, runs;
    uint64_t fed; /* the cycle */
};

/* The counter is fed by LSI / (4 << PR). */
static void
feed(struct board *b, struct iwdg *w)
{
    uint64_t ticks = (UINT64_C(4) << (w->pr > 6 ? 6 : w->pr)) * (w->rlr + 1u);

    if (w->runs)
        board_schedule(
            b, w,
            board_now(b) +
                ticks * (BOARD_PS_PER_S / board_clock_hz(b, BOARD_CLOCK_LSI)));
}

static uint32_t
iwdg_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    const struct iwdg *w = state;

    (void)b;
    (void)size;
    switch (offset) {
    case PR:
        return w->pr;
    case RLR:
        return w->rlr;
    case WINR:
        return RELOAD_RESET;
    }
    return 0; /* KR is write-only; SR: updates are done at once */
}

static void
iwdg_write(struct board *b, void *state, uint32_t offset, uint32_t value,
           unsigned size)
{
    struct iwdg *w = state;

    (void)size;
    if (offset == KR) {
        w->is_open = value == KEY_WRITE;
        if (value == KEY_START)
            w->runs = true;
        if (value == KEY_START || value == KEY_FEED)
            feed(b, w);
        /* who only feeds it does nothing else */
        if (value == KEY_FEED && b->life.cycles - w->fed <= FEEDS_ONLY)
            board_poll(b);
        w->fed = b->life.cycles;
    } else if (w->is_open && offset == PR) {
        w->pr = value & 7u;
    } else if (w->is_open && offset == RLR) {
        w->rlr = value & RELOAD_RESET;
    }
}

static void
iwdg_tick(struct board *b, void *state)
{
    if (dbgmcu_freezes_watchdog(b))
        feed(b, state); /* it goes on from the beginning */
    else
        board_reset(b, BOARD_RESET_WATCHDOG);
}

static void
iwdg_reset(struct board *b, void *state, enum board_reset why)
{
    struct iwdg *w = state;

    if (why == BOARD_RESET_BUS)
        return;
    w->pr = 0;
    w->rlr = RELOAD_RESET;
    w->is_open = false;
    w->runs = b->part->starts_watchdog(b);
    feed(b, w);
}

static bool
iwdg_fault(struct board *b, void *state, unsigned what, uint32_t value)
{
    const struct iwdg *w = state;

    (void)value;
    if (what != WIRE_FAULT_WATCHDOG)
        return false;
    if (w->runs)
        board_reset(b, BOARD_RESET_WATCHDOG);
    return true;
}

const struct board_model iwdg_model = {
    .name = "IWDG",
    .state_size = sizeof(struct iwdg),
    .read = iwdg_read,
    .write = iwdg_write,
    .tick = iwdg_tick,
    .reset = iwdg_reset,
    .fault = iwdg_fault,
};
