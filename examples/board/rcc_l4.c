/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 6: the clocks of STM32L4. */
#include "flash_l4.h"
#include "rcc.h"

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
#define MSION 0x1u
#define MSIRDY 0x2u
#define MSIRGSEL 0x8u
#define HSION 0x100u
#define HSIRDY 0x400u
#define HSERDY 0x20000u
#define PLLON 0x1000000u
#define PLLRDY 0x2000000u
#define PLLSAI1ON 0x4000000u
#define PLLSAI1RDY 0x8000000u
#define PLLREN 0x1000000u
#define PLLQEN 0x100000u
#define CSR_RMVF 0x800000u
#define CSR_OBLRSTF 0x2000000u
#define CSR_PINRSTF 0x4000000u
#define CSR_BORRSTF 0x8000000u
#define CSR_SFTRSTF 0x10000000u
#define CSR_IWDGRSTF 0x20000000u
#define CSR_FLAGS 0xff000000u
#define HSI48ON 0x1u
#define HSI48RDY 0x2u

#define PPRE1 8u
#define PPRE2 11u
#define HSI_HZ 16000000u

enum source { SOURCE_MSI, SOURCE_HSI };

/* 6.4.1: MSIRANGE */
static const uint32_t msi_hz[16] = {
    100000,  200000,  400000,   800000,   1000000,  2000000,
    4000000, 8000000, 16000000, 24000000, 32000000, 48000000,
};

static uint32_t
msi(const struct rcc *r)
{
    uint32_t cr = rcc_at(r, RCC_CR);
    uint32_t range =
        (cr & MSIRGSEL) != 0 ? cr >> 4 & 15u : rcc_at(r, CSR) >> 8 & 15u;

    return (cr & MSION) != 0 ? msi_hz[range] : 0;
}

static uint32_t
hsi(const struct rcc *r)
{
    return (rcc_at(r, RCC_CR) & HSION) != 0 ? HSI_HZ : 0;
}

/* 6.4.4; `divider` is that of the output. */
static uint32_t
pll(const struct rcc *r, uint32_t divider)
{
    uint32_t cfg = rcc_at(r, PLLCFGR), in = 0;
    uint32_t m = (cfg >> 4 & 7u) + 1, n = cfg >> 8 & 0x7fu;

    if ((cfg & 3u) == 1)
        in = msi(r);
    else if ((cfg & 3u) == 2)
        in = hsi(r);
    if ((rcc_at(r, RCC_CR) & PLLON) == 0)
        return 0;
    return (uint32_t)((uint64_t)in / m * n / divider);
}

static uint32_t
sysclk(const struct rcc *r)
{
    uint32_t cfg = rcc_at(r, PLLCFGR);

    switch (rcc_at(r, CFGR) >> 2 & 3u) {
    case SOURCE_MSI:
        return msi(r);
    case SOURCE_HSI:
        return hsi(r);
    case RCC_SW_PLL:
        return (cfg & PLLREN) != 0 ? pll(r, ((cfg >> 25 & 3u) + 1) * 2) : 0;
    }
    return 0;
}

static uint32_t
ahb(const struct rcc *r)
{
    return rcc_divided(sysclk(r), rcc_at(r, CFGR) >> 4);
}

/* 6.4.27: two bits for each USART */
static uint32_t
usart(const struct rcc *r, unsigned instance)
{
    switch (rcc_at(r, CCIPR) >> instance * 2 & 3u) {
    case 1:
        return sysclk(r);
    case 2:
        return hsi(r);
    case 3:
        return 0; /* LSE */
    }
    return rcc_apb(&board_l462, r, instance == 0 ? PPRE2 : PPRE1);
}

static uint32_t
clock_48(const struct rcc *r)
{
    uint32_t cfg = rcc_at(r, PLLCFGR);

    switch (rcc_at(r, CCIPR) >> 26 & 3u) {
    case 0:
        return (rcc_at(r, CRRCR) & HSI48ON) != 0 ? RCC_HSI48_HZ : 0;
    case 2:
        return (cfg & PLLQEN) != 0 ? pll(r, ((cfg >> 21 & 3u) + 1) * 2) : 0;
    case 3:
        return msi(r);
    }
    return 0; /* PLLSAI1 */
}

/* 3.3.3, table "Number of wait states": range 1 of the regulator.  Too few
 * wait states: the core reads nonsense, which is a lockup here. */
static void
changed(struct board *b, struct rcc *r)
{
    uint32_t waits = flash_l4(b)->acr & 7u, hz = ahb(r);

    if ((rcc_at(r, CRRCR) & HSI48ON) != 0)
        r->reg[CRRCR / 4] |= HSI48RDY;
    if (hz > (waits + 1) * 16000000u) {
        board_note(b, "HCLK %u Hz with %u wait states", hz, waits);
        b->life.is_lockup = true;
        b->attention = true;
    }
}

const struct rcc_part rcc_l4 = {
    .clocks =
        RCC_BIT(RCC_CR) | RCC_BIT(CFGR) | RCC_BIT(PLLCFGR) | RCC_BIT(CRRCR),
    .cfgr = CFGR,
    .sw_bits = 2,
    .ppre = CFGR,
    .ppre1 = PPRE1,
    .ppre2 = PPRE2,
    .csr = CSR,
    .bdcr = BDCR,
    .first_reset = AHB1RSTR,
    .last_reset = APB2RSTR,
    .flags_at = CSR,
    .flags = CSR_FLAGS,
    .rmvf = CSR_RMVF,
    .beside = ~(CSR_FLAGS | CSR_RMVF),
    .flag =
        {
            [BOARD_RESET_POWER] = CSR_BORRSTF | CSR_PINRSTF,
            [BOARD_RESET_PIN] = CSR_PINRSTF,
            [BOARD_RESET_SOFTWARE] = CSR_SFTRSTF | CSR_PINRSTF,
            [BOARD_RESET_WATCHDOG] = CSR_IWDGRSTF | CSR_PINRSTF,
            [BOARD_RESET_OPTIONS] = CSR_OBLRSTF | CSR_PINRSTF,
        },
    .ready = {{MSION, MSIRDY},
              {HSION, HSIRDY},
              {0, HSERDY},
              {PLLON, PLLRDY},
              {PLLSAI1ON, PLLSAI1RDY}},
    .initial =
        {
            {RCC_CR, CR_RESET},
            {PLLCFGR, 0x1000},
            {AHB1ENR, 0x100}, /* FLASHEN */
            {CSR, 0x600},
        },
    .core = ahb,
    .bus = ahb,
    .hsi = hsi,
    .clock_48 = clock_48,
    .usart = usart,
    .changed = changed,
};
