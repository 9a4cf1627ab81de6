/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Virtual time.  Blocks of instructions count cycles; models have moments.
 * While the core only polls, time skips to the next moment. */
#include "core.h"
#include "rcc.h"

/* Polls in a row before time skips, before the core counts as idle, and the
 * cycles between two after which they are not in a row any more.  A loop may
 * poll several registers, and has to come round to each after a skip: or what
 * arrived first would be overrun by what is next. */
#define POLLS_SKIP 16u
#define POLLS_IDLE 48u
#define POLL_GAP 4000u
/* A wait of an idle core goes in steps from 1 ms to 100 ms, and the core polls
 * in between, so that it feeds its watchdog and sees time pass. */
#define STEP_FIRST (BOARD_PS_PER_S / 1000)
#define STEP_LAST (BOARD_PS_PER_S / 10)

board_time
board_now(struct board *b)
{
    const struct life *l = &b->life;

    return l->base + (l->cycles - l->base_cycles) * l->ps_per_cycle;
}

uint32_t
board_clock_hz(struct board *b, enum board_clock which)
{
    return rcc_clock(b, which);
}

/* Units whose moments do not come to the core's aid: the watchdog. */
static bool
is_background(const struct unit *u)
{
    return u->row->link == BOARD_LINK_BACKGROUND;
}

static board_time
next(struct board *b, bool with_background)
{
    board_time when = scs_systick_next(b);
    size_t i;

    for (i = 0; i < b->unit_count; i++)
        if (b->life.when[i] < when &&
            (with_background || !is_background(&b->units[i])))
            when = b->life.when[i];
    return when;
}

static void
set_due(struct board *b)
{
    board_time now = board_now(b), when = next(b, true);

    if (b->limit < when)
        when = b->limit;
    if (when == BOARD_NEVER)
        b->due = UINT64_MAX;
    else if (when <= now)
        b->due = b->life.cycles;
    else
        b->due = b->life.cycles + (when - now) / b->life.ps_per_cycle + 1;
}

void
time_rebase(struct board *b)
{
    struct life *l = &b->life;
    uint32_t hz = board_clock_hz(b, BOARD_CLOCK_HCLK);

    l->base = board_now(b);
    l->base_cycles = l->cycles;
    l->ps_per_cycle = hz == 0 ? BOARD_PS_PER_S : BOARD_PS_PER_S / hz;
    set_due(b);
}

void
time_look(struct board *b)
{
    board_time now = board_now(b);
    size_t i;

    if (scs_systick_next(b) <= now)
        scs_systick_tick(b);
    for (i = 0; i < b->unit_count; i++) {
        if (b->life.when[i] > now)
            continue;
        b->life.when[i] = BOARD_NEVER;
        b->units[i].row->model->tick(b, b->units[i].state);
    }
    set_due(b);
}

/* Moment by moment, so that a reset on the way ends the skip there. */
void
time_skip(struct board *b, board_time to)
{
    while (board_now(b) < to && !b->life.reset_due && b->life.has_power) {
        board_time when = next(b, true), now = board_now(b);

        if (when > to)
            when = to;
        if (when > now)
            b->life.base += when - now;
        time_look(b);
    }
}

void
board_schedule(struct board *b, void *state, board_time when)
{
    size_t i = 0;

    if (b->last_unit != NULL && b->last_unit->state == state)
        i = (size_t)(b->last_unit - b->units);
    while (b->units[i].state != state)
        i++;
    if (b->life.when[i] == when)
        return;
    b->life.when[i] = when;
    set_due(b);
}

/* The core has nothing to do.  False: it is idle, and the run ends. */
bool
time_skip_idle(struct board *b)
{
    board_time now = board_now(b), when = next(b, false), guard;

    if (when != BOARD_NEVER) { /* past the limit: it is no idle core */
        time_skip(b, when < b->limit ? when : b->limit);
        return true;
    }
    if (b->until_idle)
        return false;
    if (now >= b->limit)
        return true;
    b->life.step = b->life.step * 2 < STEP_LAST ? b->life.step * 2 : STEP_LAST;
    if (b->life.step < STEP_FIRST)
        b->life.step = STEP_FIRST;
    when = now + b->life.step;
    guard = next(b, true);
    if (guard != BOARD_NEVER && guard > now && when > now + (guard - now) / 2)
        when = now + (guard - now) / 2 + 1;
    time_skip(b, when < b->limit ? when : b->limit);
    return true;
}

void
board_busy(struct board *b)
{
    b->life.polls = 0;
    b->life.step = 0;
}

void
board_poll(struct board *b)
{
    struct life *l = &b->life;

    if (!b->is_running)
        return; /* a debugger's read */
    if (l->cycles - l->poll_cycles > POLL_GAP)
        l->polls = 0;
    l->poll_cycles = l->cycles;
    l->polls++;
    if (l->polls >= POLLS_SKIP)
        b->attention = true;
}

/* Called between blocks when polls asked for it. */
bool
time_polled(struct board *b)
{
    struct life *l = &b->life;
    board_time when;

    if (l->polls < POLLS_SKIP)
        return true;
    when = next(b, false);
    if (when != BOARD_NEVER && when <= b->limit) {
        l->polls = 0;
        time_skip(b, when);
        return true;
    }
    if (l->polls < POLLS_IDLE)
        return true;
    l->polls = 0;
    return time_skip_idle(b);
}
