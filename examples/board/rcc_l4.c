/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 6: reset and clock control, as far as rates, ready flags, enable and
 * reset bits and the causes of resets go.  The board has no crystals: HSE and
 * LSE never get ready. */
#include "rcc_l4.h"
#include "flash_l4.h"

#define CR 0x00u
#define CFGR 0x08u
#define PLLCFGR 0x0cu
#define AHB1RSTR 0x28u
#define APB2RSTR 0x40u
#define AHB1ENR 0x48u
#define CCIPR 0x88u
#define BDCR 0x90u
#define CSR 0x94u
#define CRRCR 0x98u

#define CR_RESET 0x63u
#define CR_MSION 0x1u
#define CR_MSIRDY 0x2u
#define CR_MSIRGSEL 0x8u
#define CR_HSION 0x100u
#define CR_HSIRDY 0x400u
#define CR_HSERDY 0x20000u
#define CR_PLLON 0x1000000u
#define CR_PLLRDY 0x2000000u
#define CR_PLLSAI1ON 0x4000000u
#define CR_PLLSAI1RDY 0x8000000u
#define CR_READY (CR_MSIRDY | CR_HSIRDY | CR_HSERDY | CR_PLLRDY | CR_PLLSAI1RDY)
#define PLLCFGR_RESET 0x1000u
#define PLLREN 0x1000000u
#define PLLQEN 0x100000u
#define CSR_RESET 0x600u
#define CSR_LSION 0x1u
#define CSR_LSIRDY 0x2u
#define CSR_RMVF 0x800000u
#define CSR_OBLRSTF 0x2000000u
#define CSR_PINRSTF 0x4000000u
#define CSR_BORRSTF 0x8000000u
#define CSR_SFTRSTF 0x10000000u
#define CSR_IWDGRSTF 0x20000000u
#define CSR_FLAGS 0xff000000u

#define HSI_HZ 16000000u
#define HSI48_HZ 48000000u
#define LSI_HZ 32000u

enum source { SOURCE_MSI, SOURCE_HSI, SOURCE_HSE, SOURCE_PLL };

/* 6.4.1: MSIRANGE */
static const uint32_t msi_hz[16] = {
    100000,  200000,  400000,   800000,   1000000,  2000000,
    4000000, 8000000, 16000000, 24000000, 32000000, 48000000,
};

uint32_t
rcc_l4_register(struct board *b, uint32_t offset)
{
    const struct rcc_l4 *r = board_state(b, &rcc_l4_model, 0);

    return r->reg[offset / 4];
}

uint32_t
rcc_l4_flags(struct board *b)
{
    return rcc_l4_register(b, CSR);
}

static uint32_t
msi(const struct rcc_l4 *r)
{
    uint32_t range = (r->reg[CR / 4] & CR_MSIRGSEL) != 0
                         ? r->reg[CR / 4] >> 4 & 15u
                         : r->reg[CSR / 4] >> 8 & 15u;

    return (r->reg[CR / 4] & CR_MSION) != 0 ? msi_hz[range] : 0;
}

static uint32_t
hsi(const struct rcc_l4 *r)
{
    return (r->reg[CR / 4] & CR_HSION) != 0 ? HSI_HZ : 0;
}

/* 6.4.4; `divider` is that of the output. */
static uint32_t
pll(const struct rcc_l4 *r, uint32_t divider)
{
    uint32_t cfg = r->reg[PLLCFGR / 4], in = 0;
    uint32_t m = (cfg >> 4 & 7u) + 1, n = cfg >> 8 & 0x7fu;

    if ((cfg & 3u) == 1)
        in = msi(r);
    else if ((cfg & 3u) == 2)
        in = hsi(r);
    if ((r->reg[CR / 4] & CR_PLLON) == 0)
        return 0;
    return (uint32_t)((uint64_t)in / m * n / divider);
}

static uint32_t
sysclk(const struct rcc_l4 *r)
{
    uint32_t cfg = r->reg[PLLCFGR / 4];

    switch (r->reg[CFGR / 4] >> 2 & 3u) {
    case SOURCE_MSI:
        return msi(r);
    case SOURCE_HSI:
        return hsi(r);
    case SOURCE_PLL:
        return (cfg & PLLREN) != 0 ? pll(r, ((cfg >> 25 & 3u) + 1) * 2) : 0;
    }
    return 0;
}

static uint32_t
ahb(const struct rcc_l4 *r)
{
    static const uint8_t shift[16] = {0, 0, 0, 0, 0, 0, 0, 0,
                                      1, 2, 3, 4, 6, 7, 8, 9};

    return sysclk(r) >> shift[r->reg[CFGR / 4] >> 4 & 15u];
}

static uint32_t
prescaler(const struct rcc_l4 *r, unsigned bit)
{
    uint32_t ppre = r->reg[CFGR / 4] >> bit & 7u;

    return ppre < 4 ? 0 : ppre - 3;
}

/* 6.2: timers count twice the bus's clock, unless it is undivided. */
static uint32_t
timer(const struct rcc_l4 *r, unsigned bit)
{
    uint32_t shift = prescaler(r, bit);

    return shift == 0 ? ahb(r) : ahb(r) >> (shift - 1);
}

/* 6.4.27: two bits for each USART */
static uint32_t
usart(const struct rcc_l4 *r, unsigned instance)
{
    switch (r->reg[CCIPR / 4] >> instance * 2 & 3u) {
    case 1:
        return sysclk(r);
    case 2:
        return hsi(r);
    case 3:
        return 0; /* LSE */
    }
    return ahb(r) >> prescaler(r, instance == 0 ? 11 : 8);
}

static uint32_t
clock48(const struct rcc_l4 *r)
{
    uint32_t cfg = r->reg[PLLCFGR / 4];

    switch (r->reg[CCIPR / 4] >> 26 & 3u) {
    case 0:
        return (r->reg[CRRCR / 4] & 1u) != 0 ? HSI48_HZ : 0;
    case 2:
        return (cfg & PLLQEN) != 0 ? pll(r, ((cfg >> 21 & 3u) + 1) * 2) : 0;
    case 3:
        return msi(r);
    }
    return 0; /* PLLSAI1 */
}

uint32_t
rcc_l4_clock(struct board *b, enum board_clock which)
{
    const struct rcc_l4 *r = board_state(b, &rcc_l4_model, 0);

    if (which >= BOARD_CLOCK_USART)
        return usart(r, which - BOARD_CLOCK_USART);
    switch ((int)which) {
    case BOARD_CLOCK_HCLK:
        return ahb(r);
    case BOARD_CLOCK_PCLK1:
        return ahb(r) >> prescaler(r, 8);
    case BOARD_CLOCK_PCLK2:
        return ahb(r) >> prescaler(r, 11);
    case BOARD_CLOCK_TIM1:
        return timer(r, 8);
    case BOARD_CLOCK_TIM2:
        return timer(r, 11);
    case BOARD_CLOCK_HSI:
        return hsi(r);
    case BOARD_CLOCK_LSI:
        return LSI_HZ;
    case BOARD_CLOCK_48:
        return clock48(r);
    }
    return 0;
}

/* 3.3.3, table "Number of wait states": range 1 of the regulator.  Too few
 * wait states: the core reads nonsense, which is a lockup here. */
static void
check_latency(struct board *b)
{
    uint32_t waits = flash_l4(b)->acr & 7u;
    uint32_t hz = board_clock_hz(b, BOARD_CLOCK_HCLK);

    if (hz > (waits + 1) * 16000000u) {
        board_note(b, "HCLK %u Hz with %u wait states", hz, waits);
        b->life.is_lockup = true;
        b->attention = true;
    }
}

static void
follow(struct board *b, struct rcc_l4 *r)
{
    uint32_t cr = r->reg[CR / 4], cfgr = r->reg[CFGR / 4];

    cr &= ~CR_READY;
    cr |= (cr & CR_MSION) != 0 ? CR_MSIRDY : 0;
    cr |= (cr & CR_HSION) != 0 ? CR_HSIRDY : 0;
    cr |= (cr & CR_PLLON) != 0 ? CR_PLLRDY : 0;
    cr |= (cr & CR_PLLSAI1ON) != 0 ? CR_PLLSAI1RDY : 0;
    r->reg[CR / 4] = cr;
    /* the switch waits for its source; HSE never comes */
    if ((cfgr & 3u) != SOURCE_HSE)
        r->reg[CFGR / 4] = (cfgr & ~0xcu) | (cfgr & 3u) << 2;
    r->reg[CRRCR / 4] |= (r->reg[CRRCR / 4] & 1u) << 1;
    time_rebase(b);
    if (board_clock_hz(b, BOARD_CLOCK_HCLK) == 0) {
        board_note(b, "the core's clock stopped");
        b->life.is_lockup = true;
    }
    check_latency(b);
}

static uint32_t
rcc_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    const struct rcc_l4 *r = state;
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
    struct rcc_l4 *r = state;

    if (offset >= sizeof(r->reg) || size != 4)
        return;
    if (offset == CSR) {
        if ((value & CSR_RMVF) != 0)
            value &= ~(CSR_FLAGS | CSR_RMVF);
        else
            value = (value & ~CSR_FLAGS) | (r->reg[CSR / 4] & CSR_FLAGS);
    }
    r->reg[offset / 4] = value;
    if (offset >= AHB1RSTR && offset <= APB2RSTR)
        reset_units(b, offset, value);
    if (offset == CR || offset == CFGR || offset == PLLCFGR || offset == CRRCR)
        follow(b, r);
}

static void
rcc_reset(struct board *b, void *state, enum board_reset why)
{
    static const uint32_t flag[] = {
        [BOARD_RESET_POWER] = CSR_BORRSTF | CSR_PINRSTF,
        [BOARD_RESET_PIN] = CSR_PINRSTF,
        [BOARD_RESET_SOFTWARE] = CSR_SFTRSTF | CSR_PINRSTF,
        [BOARD_RESET_WATCHDOG] = CSR_IWDGRSTF | CSR_PINRSTF,
        [BOARD_RESET_OPTIONS] = CSR_OBLRSTF | CSR_PINRSTF,
    };
    struct rcc_l4 *r = state;
    uint32_t flags = r->reg[CSR / 4] & CSR_FLAGS, bdcr = r->reg[BDCR / 4];
    size_t i;

    (void)b;
    if (why == BOARD_RESET_BUS)
        return;
    for (i = 0; i < sizeof(r->reg) / 4; i++)
        r->reg[i] = 0;
    r->reg[CR / 4] = CR_RESET;
    r->reg[PLLCFGR / 4] = PLLCFGR_RESET;
    r->reg[AHB1ENR / 4] = 0x100; /* FLASHEN */
    if (why == BOARD_RESET_POWER)
        flags = 0; /* 6.4.29: of power resets only */
    else
        r->reg[BDCR / 4] = bdcr;
    r->reg[CSR / 4] = CSR_RESET | flags | flag[why];
}

const struct board_model rcc_l4_model = {
    .name = "RCC",
    .state_size = sizeof(struct rcc_l4),
    .read = rcc_read,
    .write = rcc_write,
    .reset = rcc_reset,
};
