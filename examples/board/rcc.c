/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reset and clock control (RM0394, 6, RM0433, 8), as far as rates, ready flags,
 * enable and reset bits and the causes of resets go.  The board has no
 * crystals: HSE and LSE never get ready. */
#include "rcc.h"

#define CSR_LSION 1u
#define CSR_LSIRDY 2u

static struct rcc *
rcc(struct board *b)
{
    return board_state(b, &rcc_model, 0);
}

uint32_t
rcc_register(struct board *b, uint32_t offset)
{
    return rcc_at(rcc(b), offset);
}

uint32_t
rcc_flags(struct board *b)
{
    return rcc_register(b, b->part->rcc->flags_at);
}

/* ---- rates ---- */

uint32_t
rcc_divided(uint32_t hz, uint32_t hpre)
{
    static const uint8_t shift[16] = {0, 0, 0, 0, 0, 0, 0, 0,
                                      1, 2, 3, 4, 6, 7, 8, 9};

    return hz >> shift[hpre & 15u];
}

/* Prescalers of 3 bits: 100 is 2, and so on. */
static uint32_t
apb_shift(const struct rcc_part *p, const struct rcc *r, unsigned bit)
{
    uint32_t ppre = rcc_at(r, p->ppre) >> bit & 7u;

    return ppre < 4 ? 0 : ppre - 3;
}

uint32_t
rcc_apb(const struct board_part *part, const struct rcc *r, unsigned bit)
{
    return part->rcc->bus(r) >> apb_shift(part->rcc, r, bit);
}

/* RM0394, 6.2; RM0433, 8.5.11, with TIMPRE 0: timers count twice the bus's
 * clock, unless it is undivided. */
static uint32_t
timer(const struct rcc_part *p, const struct rcc *r, unsigned bit)
{
    uint32_t shift = apb_shift(p, r, bit);

    return p->bus(r) >> (shift <= 1 ? 0 : shift - 1);
}

uint32_t
rcc_clock(struct board *b, enum board_clock which)
{
    const struct rcc_part *p = b->part->rcc;
    const struct rcc *r = rcc(b);

    if (which >= BOARD_CLOCK_USART)
        return p->usart(r, which - BOARD_CLOCK_USART);
    switch ((int)which) {
    case BOARD_CLOCK_HCLK:
        return p->core(r);
    case BOARD_CLOCK_PCLK1:
        return rcc_apb(b->part, r, p->ppre1);
    case BOARD_CLOCK_PCLK2:
        return rcc_apb(b->part, r, p->ppre2);
    case BOARD_CLOCK_TIM1:
        return timer(p, r, p->ppre1);
    case BOARD_CLOCK_TIM2:
        return timer(p, r, p->ppre2);
    case BOARD_CLOCK_HSI:
        return p->hsi(r);
    case BOARD_CLOCK_LSI:
        return RCC_LSI_HZ;
    case BOARD_CLOCK_48:
        return p->clock_48(r);
    }
    return 0;
}

/* ---- registers ---- */

static uint32_t
ready(const struct rcc_part *p, uint32_t cr)
{
    size_t i;

    for (i = 0; i < sizeof(p->ready) / sizeof(*p->ready); i++) {
        cr &= ~p->ready[i].ready;
        if ((cr & p->ready[i].on) != 0)
            cr |= p->ready[i].ready;
    }
    return cr | p->always;
}

/* The switch of the core's clock waits for its source; HSE never comes. */
static void
follow(struct board *b, struct rcc *r)
{
    const struct rcc_part *p = b->part->rcc;
    uint32_t *cfgr = &r->reg[p->cfgr / 4], mask = (1u << p->sw_bits) - 1;
    uint32_t sw = *cfgr & mask;

    r->reg[RCC_CR] = ready(p, r->reg[RCC_CR]);
    if (sw != RCC_SW_HSE)
        *cfgr = (*cfgr & ~(mask << p->sw_bits)) | sw << p->sw_bits;
    time_rebase(b);
    if (p->core(r) == 0) {
        board_note(b, "the core's clock stopped");
        b->life.is_lockup = true;
    }
    if (p->changed != NULL)
        p->changed(b, r);
}

static uint32_t
rcc_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    const struct rcc *r = state;
    uint32_t value = offset < sizeof(r->reg) ? rcc_at(r, offset) : 0;

    (void)size;
    if (offset == b->part->rcc->csr && (value & CSR_LSION) != 0)
        value |= CSR_LSIRDY;
    return value;
}

static void
reset_units(struct board *b, uint32_t offset, uint32_t bits)
{
    size_t i;

    for (i = 0; i < b->unit_count; i++) {
        const struct unit *u = &b->units[i];

        if (u->row->enable != BOARD_ALWAYS && u->row->reset == offset &&
            (bits >> u->row->bit & 1u) != 0) {
            b->life.when[i] = BOARD_NEVER;
            u->row->model->reset(b, u->state, BOARD_RESET_BUS);
        }
    }
}

/* The flags of resets are only cleared, all by one bit. */
static uint32_t
write_flags(const struct rcc_part *p, uint32_t was, uint32_t value)
{
    uint32_t flags = (value & p->rmvf) != 0 ? 0 : was & p->flags;

    return (value & p->beside) | flags;
}

static void
rcc_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    const struct rcc_part *p = b->part->rcc;
    struct rcc *r = state;

    if (offset >= sizeof(r->reg) || size != 4)
        return;
    if (offset == p->flags_at)
        value = write_flags(p, rcc_at(r, offset), value);
    r->reg[offset / 4] = value;
    if (offset >= p->first_reset && offset <= p->last_reset)
        reset_units(b, offset, value);
    if (offset < 64 * 4 && (p->clocks & RCC_BIT(offset)) != 0)
        follow(b, r);
}

/* The flags and the backup domain are of power resets only. */
static void
rcc_reset(struct board *b, void *state, enum board_reset why)
{
    const struct rcc_part *p = b->part->rcc;
    struct rcc *r = state;
    uint32_t flags = rcc_at(r, p->flags_at) & p->flags;
    uint32_t bdcr = rcc_at(r, p->bdcr);
    size_t i;

    if (why == BOARD_RESET_BUS)
        return;
    for (i = 0; i < RCC_REGISTERS; i++)
        r->reg[i] = 0;
    for (i = 0; i < sizeof(p->initial) / sizeof(*p->initial); i++)
        r->reg[p->initial[i].at / 4] |= p->initial[i].value;
    if (why != BOARD_RESET_POWER) {
        r->reg[p->bdcr / 4] = bdcr;
        r->reg[p->flags_at / 4] |= flags;
    }
    r->reg[p->flags_at / 4] |= p->flag[why];
}

const struct board_model rcc_model = {
    .name = "RCC",
    .state_size = sizeof(struct rcc),
    .read = rcc_read,
    .write = rcc_write,
    .reset = rcc_reset,
};
