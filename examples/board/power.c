/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Power, its cuts, and resets. */
#include <string.h>

#include "core.h"

/* RM0394, 6.1: the pulse at NRST is at least 20 us, and the option bytes are
 * loaded before the core starts. */
#define RESET_TIME (UINT64_C(50) * 1000 * BOARD_PS_PER_NS)

/* RAM has anything after power-up; here it has the same each time. */
static void
fill_ram(struct board *b)
{
    uint64_t x = b->life.noise += UINT64_C(0x9e3779b97f4a7c15);
    size_t at;

    for (at = b->state_len; at < b->memory_len; at += sizeof(x)) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(b->memory + at, &x, sizeof(x));
    }
}

static void
reset_units(struct board *b, enum board_reset why)
{
    size_t i;

    for (i = 0; i < b->unit_count; i++) {
        b->life.when[i] = BOARD_NEVER;
        b->units[i].row->model->reset(b, b->units[i].state, why);
    }
    b->life.writes++;
    scs_reset(b);
}

void
board_reset(struct board *b, enum board_reset why)
{
    if (!b->life.has_power || b->life.reset_due)
        return;
    b->life.reset_due = true;
    b->life.reset_why = (uint8_t)why;
    b->attention = true;
}

void
power_reset_now(struct board *b)
{
    enum board_reset why = (enum board_reset)b->life.reset_why;
    struct life *l = &b->life;

    l->reset_due = false;
    if (why != BOARD_RESET_POWER)
        l->resets++;
    l->is_lockup = false;
    l->is_asleep = false;
    b->stall_until = 0;
    board_busy(b);
    l->base += RESET_TIME;
    if (why == BOARD_RESET_POWER || why == BOARD_RESET_OPTIONS)
        b->part->load_options(b);
    reset_units(b, why);
    l->start = b->part->start(b);
    l->starts_elsewhere = l->start == 0;
    time_rebase(b);
    cpu_reset(b);
    debug_reset(b);
}

void
power_set(struct board *b, bool on)
{
    struct life *l = &b->life;

    l->has_power = false;
    l->cut_at = WIRE_NO_CUT;
    b->attention = true;
    if (!on)
        return;
    fill_ram(b);
    debug_power(b);
    memcpy(b->view, b->nvm.flash, b->part->flash_len);
    b->fix_count = 0;
    l->has_power = true;
    l->reset_due = true;
    l->reset_why = BOARD_RESET_POWER;
    power_reset_now(b);
}

enum power
power_spend(struct board *b)
{
    struct life *l = &b->life;

    if (!l->has_power || l->reset_due)
        return POWER_NOTHING;
    if (l->cut_at == WIRE_NO_CUT || l->cut_at-- != 0) {
        l->ops++;
        return POWER_OK;
    }
    l->cut_at = WIRE_NO_CUT;
    if (l->cut_how == WIRE_CUT_NRST) {
        board_reset(b, BOARD_RESET_PIN);
        return POWER_TORN;
    }
    l->has_power = false;
    b->attention = true;
    if (l->cut_how == WIRE_CUT_BEFORE)
        return POWER_NOTHING;
    return l->cut_how == WIRE_CUT_AFTER ? POWER_ALL : POWER_TORN;
}
