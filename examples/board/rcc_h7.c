/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0433, 8 and 6.8: the clocks of STM32H753, and what PWR says. */
#include "part_h7.h"
#include "rcc.h"

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

#define PPRE1 4u
#define PPRE2 8u
#define HSI_HZ 64000000u
#define CSI_HZ 4000000u

enum source { SOURCE_HSI, SOURCE_CSI };

static uint32_t
hsi(const struct rcc *r)
{
    uint32_t cr = rcc_at(r, RCC_CR);

    return (cr & HSION) != 0 ? HSI_HZ >> (cr >> HSIDIV_SHIFT & 3u) : 0;
}

static uint32_t
csi(const struct rcc *r)
{
    return (rcc_at(r, RCC_CR) & CSION) != 0 ? CSI_HZ : 0;
}

/* 8.7.11 to 8.7.13; `shift` is where the output's divider stands. */
static uint32_t
pll1(const struct rcc *r, unsigned shift)
{
    uint32_t sel = rcc_at(r, PLLCKSELR), div = rcc_at(r, PLL1DIVR);
    uint32_t in = (sel & 3u) == 0 ? hsi(r) : (sel & 3u) == 1 ? csi(r) : 0;
    uint32_t m = sel >> 4 & 0x3fu;

    if ((rcc_at(r, RCC_CR) & PLL1ON) == 0 || m == 0)
        return 0;
    return (uint32_t)((uint64_t)in / m * ((div & 0x1ffu) + 1) /
                      ((div >> shift & 0x7fu) + 1));
}

static uint32_t
sysclk(const struct rcc *r)
{
    switch (rcc_at(r, CFGR) >> 3 & 7u) {
    case SOURCE_HSI:
        return hsi(r);
    case SOURCE_CSI:
        return csi(r);
    case RCC_SW_PLL:
        return pll1(r, 9);
    }
    return 0;
}

/* 8.7.6: the core's clock, and that of the buses behind HPRE. */
static uint32_t
core(const struct rcc *r)
{
    return rcc_divided(sysclk(r), rcc_at(r, D1CFGR) >> 8);
}

static uint32_t
bus(const struct rcc *r)
{
    return rcc_divided(core(r), rcc_at(r, D1CFGR));
}

/* 8.7.18: USART1 and 6, and the others. */
static uint32_t
usart(const struct rcc *r, unsigned instance)
{
    bool first = instance == 0 || instance == 5;

    switch (rcc_at(r, D2CCIP2R) >> (first ? 3 : 0) & 7u) {
    case 0:
        return rcc_apb(&board_h753, r, first ? PPRE2 : PPRE1);
    case 3:
        return hsi(r);
    case 4:
        return csi(r);
    }
    return 0;
}

static uint32_t
clock_rng(const struct rcc *r)
{
    switch (rcc_at(r, D2CCIP2R) >> 8 & 3u) {
    case 0:
        return (rcc_at(r, RCC_CR) & HSI48ON) != 0 ? RCC_HSI48_HZ : 0;
    case 1:
        return pll1(r, 16);
    case 3:
        return RCC_LSI_HZ;
    }
    return 0;
}

const struct rcc_part rcc_h7 = {
    .clocks = RCC_BIT(RCC_CR) | RCC_BIT(CFGR) | RCC_BIT(D1CFGR) |
              RCC_BIT(PLLCKSELR) | RCC_BIT(PLLCFGR) | RCC_BIT(PLL1DIVR),
    .cfgr = CFGR,
    .sw_bits = 3,
    .ppre = D2CFGR,
    .ppre1 = PPRE1,
    .ppre2 = PPRE2,
    .csr = CSR,
    .bdcr = BDCR,
    .first_reset = AHB3RSTR,
    .last_reset = APB4RSTR,
    .flags_at = RSR,
    .flags = 0xfffe0000,
    .rmvf = 1u << 16,
    .flag =
        {
            /* 8.7.39 */
            [BOARD_RESET_POWER] = 0x00fa0000,
            [BOARD_RESET_PIN] = 0x004a0000,
            [BOARD_RESET_SOFTWARE] = 0x014a0000,
            [BOARD_RESET_WATCHDOG] = 0x044a0000,
            [BOARD_RESET_OPTIONS] = 0x004a0000,
        },
    .always = DOMAINS_READY | HSIDIVF,
    .ready = {{HSION, HSIRDY},
              {CSION, CSIRDY},
              {HSI48ON, HSI48RDY},
              {0, HSERDY},
              {PLL1ON, PLL1RDY}},
    .initial =
        {
            {RCC_CR, CR_RESET | HSIRDY | CSIRDY | HSIDIVF | DOMAINS_READY},
            {PLLCKSELR, 0x02020200},
            {PLLCFGR, 0x01ff0000},
            {PLL1DIVR, 0x01010280},
        },
    .core = core,
    .bus = bus,
    .hsi = hsi,
    .clock_48 = clock_rng,
    .usart = usart,
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
