/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Peripherals of which this board has registers without effects. */
#include <string.h>

#include "models.h"

#define REGS 0x40u

struct plain {
    uint32_t reg[REGS];
};

static uint32_t
plain_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    const struct plain *p = state;

    (void)b;
    (void)size;
    return offset / 4 < REGS ? p->reg[offset / 4] : 0;
}

static void
plain_write(struct board *b, void *state, uint32_t offset, uint32_t value,
            unsigned size)
{
    struct plain *p = state;

    (void)b;
    (void)size;
    if (offset / 4 < REGS)
        p->reg[offset / 4] = value;
}

static void
plain_reset(struct board *b, void *state, enum board_reset why)
{
    (void)b;
    (void)why;
    memset(state, 0, sizeof(struct plain));
}

const struct board_model plain_model = {
    .name = "plain registers",
    .state_size = sizeof(struct plain),
    .read = plain_read,
    .write = plain_write,
    .reset = plain_reset,
};

/* RM0394, 5.4: CR1 starts with VOS 1; what SR2 says is that it is reached. */
static void
pwr_reset(struct board *b, void *state, enum board_reset why)
{
    struct plain *p = state;

    plain_reset(b, state, why);
    p->reg[0] = 0x200;
    p->reg[0x14 / 4] = 0x100; /* SR2: REGLPS */
}

const struct board_model pwr_l4_model = {
    .name = "PWR",
    .state_size = sizeof(struct plain),
    .read = plain_read,
    .write = plain_write,
    .reset = pwr_reset,
};

/* RM0394, 46.6.1: DBGMCU_IDCODE */
static uint32_t
dbgmcu_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    if (offset == 0)
        return b->part->idcode;
    return plain_read(b, state, offset, size);
}

/* RM0433, 60.5.8: only a power-up clears it. */
static void
dbgmcu_reset(struct board *b, void *state, enum board_reset why)
{
    if (why == BOARD_RESET_POWER)
        plain_reset(b, state, why);
}

/* IWDG stands still while a debugger has halted the core. */
bool
dbgmcu_freezes_watchdog(struct board *b)
{
    const struct plain *p = board_state(b, &dbgmcu_model, 0);

    return b->life.debug.is_halted &&
           (p->reg[b->part->freeze / 4] & b->part->freeze_bit) != 0;
}

const struct board_model dbgmcu_model = {
    .name = "DBGMCU",
    .state_size = sizeof(struct plain),
    .read = dbgmcu_read,
    .write = plain_write,
    .reset = dbgmcu_reset,
};
