/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0433, 8 and 6.8: reset and clock control of STM32H753, as far as rates,
 * ready flags, enable and reset bits and the causes of resets go; and what PWR
 * says.  The board has no crystals: HSE and LSE never get ready. */
#include "part_h7.h"

#define CR 0x00u
#define CFGR 0x10u
#define D1CFGR 0x18u
#define D2CFGR 0x1cu
#define PLLCKSELR 0x28u
#define PLLCFGR 0x2cu
#define PLL1DIVR 0x30u
#define D2CCIP2R 0x54u
#define BDCR 0x70u
#define CSR 0x74u
#define AHB3RSTR 0x7cu
#define APB4RSTR 0x9cu
#define RSR 0xd0u
#define REGISTERS 0x60u

#define CR_RESET 0x83u /* HSI, CSI and HSI's kernel clock */
#define HSION (1u << 0)
#define HSIRDY (1u << 2)
#define HSIDIV_SHIFT 3
#define HSIDIVF (1u << 5)
#define CSION (1u << 7)
#define CSIRDY (1u << 8)
#define HSI48ON (1u << 12)
#define HSI48RDY (1u << 13)
#define DOMAINS_READY (3u << 14)
#define HSERDY (1u << 17)
#define PLL1ON (1u << 24)
#define PLL1RDY (1u << 25)
#define CSR_LSION 1u
#define CSR_LSIRDY 2u
#define RSR_RMVF (1u << 16)
#define RSR_FLAGS 0xfffe0000u

#define HSI_HZ 64000000u
#define CSI_HZ 4000000u
#define HSI48_HZ 48000000u
#define LSI_HZ 32000u

enum source { SOURCE_HSI, SOURCE_CSI, SOURCE_HSE, SOURCE_PLL1 };

struct rcc_h7 {
    uint32_t reg[REGISTERS];
};

static const struct rcc_h7 *
rcc(struct board *b)
{
    return board_state(b, &rcc_h7_model, 0);
}

uint32_t
rcc_h7_register(struct board *b, uint32_t offset)
{
    return rcc(b)->reg[offset / 4];
}

uint32_t
rcc_h7_flags(struct board *b)
{
    return rcc_h7_register(b, RSR);
}

static uint32_t
hsi(const struct rcc_h7 *r)
{
    uint32_t cr = r->reg[CR / 4];

    return (cr & HSION) != 0 ? HSI_HZ >> (cr >> HSIDIV_SHIFT & 3u) : 0;
}

static uint32_t
csi(const struct rcc_h7 *r)
{
    return (r->reg[CR / 4] & CSION) != 0 ? CSI_HZ : 0;
}

/* 8.7.11 to 8.7.13; `shift` is where the output's divider stands. */
static uint32_t
pll1(const struct rcc_h7 *r, unsigned shift)
{
    uint32_t sel = r->reg[PLLCKSELR / 4], div = r->reg[PLL1DIVR / 4];
    uint32_t in = (sel & 3u) == 0 ? hsi(r) : (sel & 3u) == 1 ? csi(r) : 0;
    uint32_t m = sel >> 4 & 0x3fu;

    if ((r->reg[CR / 4] & PLL1ON) == 0 || m == 0)
        return 0;
    return (uint32_t)((uint64_t)in / m * ((div & 0x1ffu) + 1) /
                      ((div >> shift & 0x7fu) + 1));
}

static uint32_t
sysclk(const struct rcc_h7 *r)
{
    switch (r->reg[CFGR / 4] >> 3 & 7u) {
    case SOURCE_HSI:
        return hsi(r);
    case SOURCE_CSI:
        return csi(r);
    case SOURCE_PLL1:
        return pll1(r, 9);
    }
    return 0;
}

static uint32_t
divided(uint32_t hz, uint32_t field)
{
    static const uint8_t shift[16] = {0, 0, 0, 0, 0, 0, 0, 0,
                                      1, 2, 3, 4, 6, 7, 8, 9};

    return hz >> shift[field & 15u];
}

/* 8.7.6: the core's clock, and that of the buses behind HPRE. */
static uint32_t
cpu(const struct rcc_h7 *r)
{
    return divided(sysclk(r), r->reg[D1CFGR / 4] >> 8);
}

static uint32_t
hclk(const struct rcc_h7 *r)
{
    return divided(cpu(r), r->reg[D1CFGR / 4]);
}

/* Prescalers of 3 bits: 100 is 2, and so on. */
static uint32_t
apb_shift(const struct rcc_h7 *r, unsigned at)
{
    uint32_t ppre = r->reg[D2CFGR / 4] >> at & 7u;

    return ppre < 4 ? 0 : ppre - 3;
}

/* 8.5.11, TIMPRE 0 */
static uint32_t
timer(const struct rcc_h7 *r, unsigned at)
{
    uint32_t shift = apb_shift(r, at);

    return shift <= 1 ? hclk(r) : hclk(r) >> (shift - 1);
}

/* 8.7.18: USART1 and 6, and the others. */
static uint32_t
usart(const struct rcc_h7 *r, unsigned instance)
{
    bool first = instance == 0 || instance == 5;

    switch (r->reg[D2CCIP2R / 4] >> (first ? 3 : 0) & 7u) {
    case 0:
        return hclk(r) >> apb_shift(r, first ? 8 : 4);
    case 3:
        return hsi(r);
    case 4:
        return csi(r);
    }
    return 0;
}

static uint32_t
clock_rng(const struct rcc_h7 *r)
{
    switch (r->reg[D2CCIP2R / 4] >> 8 & 3u) {
    case 0:
        return (r->reg[CR / 4] & HSI48ON) != 0 ? HSI48_HZ : 0;
    case 1:
        return pll1(r, 16);
    case 3:
        return LSI_HZ;
    }
    return 0;
}

uint32_t
rcc_h7_clock(struct board *b, enum board_clock which)
{
    const struct rcc_h7 *r = rcc(b);

    if (which >= BOARD_CLOCK_USART)
        return usart(r, which - BOARD_CLOCK_USART);
    switch ((int)which) {
    case BOARD_CLOCK_HCLK:
        return cpu(r);
    case BOARD_CLOCK_PCLK1:
        return hclk(r) >> apb_shift(r, 4);
    case BOARD_CLOCK_PCLK2:
        return hclk(r) >> apb_shift(r, 8);
    case BOARD_CLOCK_TIM1:
        return timer(r, 4);
    case BOARD_CLOCK_TIM2:
        return timer(r, 8);
    case BOARD_CLOCK_HSI:
        return hsi(r);
    case BOARD_CLOCK_LSI:
        return LSI_HZ;
    case BOARD_CLOCK_48:
        return clock_rng(r);
    }
    return 0;
}

static void
follow(struct board *b, struct rcc_h7 *r)
{
    uint32_t cr = r->reg[CR / 4], cfgr = r->reg[CFGR / 4];

    cr &= ~(HSIRDY | CSIRDY | HSI48RDY | HSERDY | PLL1RDY);
    cr |= DOMAINS_READY | HSIDIVF;
    cr |= (cr & HSION) != 0 ? HSIRDY : 0;
    cr |= (cr & CSION) != 0 ? CSIRDY : 0;
    cr |= (cr & HSI48ON) != 0 ? HSI48RDY : 0;
    cr |= (cr & PLL1ON) != 0 ? PLL1RDY : 0;
    r->reg[CR / 4] = cr;
    if ((cfgr & 7u) != SOURCE_HSE)
        r->reg[CFGR / 4] = (cfgr & ~(7u << 3)) | (cfgr & 7u) << 3;
    time_rebase(b);
    if (board_clock_hz(b, BOARD_CLOCK_HCLK) == 0) {
        board_note(b, "the core's clock stopped");
        b->life.is_lockup = true;
    }
}

static uint32_t
rcc_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    const struct rcc_h7 *r = state;
    uint32_t value = offset < sizeof(r->reg) ? r->reg[offset / 4] : 0;

    (void)b;
    (void)size;
    if (offset == CSR && (value & CSR_LSION) != 0)
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

static void
rcc_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct rcc_h7 *r = state;

    if (offset >= sizeof(r->reg) || size != 4)
        return;
    if (offset == RSR)
        value = (value & RSR_RMVF) != 0 ? 0 : r->reg[RSR / 4];
    r->reg[offset / 4] = value;
    if (offset >= AHB3RSTR && offset <= APB4RSTR)
        reset_units(b, offset, value);
    if (offset == CR || offset == CFGR || offset == D1CFGR ||
        (offset >= PLLCKSELR && offset <= PLL1DIVR))
        follow(b, r);
}

/* 8.7.39: which flags each reset sets. */
static void
rcc_reset(struct board *b, void *state, enum board_reset why)
{
    static const uint32_t flag[] = {
        [BOARD_RESET_POWER] = 0x00fa0000,
        [BOARD_RESET_PIN] = 0x004a0000,
        [BOARD_RESET_SOFTWARE] = 0x014a0000,
        [BOARD_RESET_WATCHDOG] = 0x044a0000,
        [BOARD_RESET_OPTIONS] = 0x004a0000,
    };
    struct rcc_h7 *r = state;
    uint32_t flags = r->reg[RSR / 4] & RSR_FLAGS, bdcr = r->reg[BDCR / 4];
    size_t i;

    (void)b;
    if (why == BOARD_RESET_BUS)
        return;
    for (i = 0; i < REGISTERS; i++)
        r->reg[i] = 0;
    r->reg[CR / 4] = CR_RESET | HSIRDY | CSIRDY | HSIDIVF | DOMAINS_READY;
    r->reg[PLLCKSELR / 4] = 0x02020200;
    r->reg[PLLCFGR / 4] = 0x01ff0000;
    r->reg[PLL1DIVR / 4] = 0x01010280;
    if (why == BOARD_RESET_POWER)
        flags = 0;
    else
        r->reg[BDCR / 4] = bdcr;
    r->reg[RSR / 4] = flags | flag[why];
}

const struct board_model rcc_h7_model = {
    .name = "RCC",
    .state_size = sizeof(struct rcc_h7),
    .read = rcc_read,
    .write = rcc_write,
    .reset = rcc_reset,
};

/* 6.8: what PWR was told, and that each voltage is reached at once. */
struct pwr_h7 {
    uint32_t reg[16];
};
#define PWR_CSR1 0x04u
#define PWR_CR3 0x0cu
#define PWR_D3CR 0x18u
#define PWR_VOS_READY (1u << 13)

static uint32_t
pwr_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    const struct pwr_h7 *p = state;

    (void)b;
    (void)size;
    if (offset == PWR_CSR1)
        return PWR_VOS_READY | (p->reg[PWR_D3CR / 4] & 3u << 14);
    if (offset == PWR_D3CR)
        return PWR_VOS_READY | p->reg[PWR_D3CR / 4];
    return offset / 4 < 16 ? p->reg[offset / 4] : 0;
}

static void
pwr_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct pwr_h7 *p = state;

    (void)b;
    (void)size;
    if (offset / 4 < 16)
        p->reg[offset / 4] = value;
}

static void
pwr_reset(struct board *b, void *state, enum board_reset why)
{
    struct pwr_h7 *p = state;
    size_t i;

    (void)b;
    if (why == BOARD_RESET_BUS)
        return;
    for (i = 0; i < 16; i++)
        p->reg[i] = 0;
    p->reg[0] = 0xf000c000;
    p->reg[PWR_CR3 / 4] = 0x46;
    p->reg[PWR_D3CR / 4] = 1u << 14; /* VOS3 */
}

const struct board_model pwr_h7_model = {
    .name = "PWR",
    .state_size = sizeof(struct pwr_h7),
    .read = pwr_read,
    .write = pwr_write,
    .reset = pwr_reset,
};
