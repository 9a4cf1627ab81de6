/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reset and clock control: what rcc.c does for each part, and the table of its
 * registers and clocks by which a part differs. */
#ifndef BOARD_RCC_H
#define BOARD_RCC_H

#include "core.h"

#define RCC_REGISTERS 0x60u
#define RCC_CR 0x00u
#define RCC_BIT(offset) (UINT64_C(1) << (offset) / 4)

struct rcc {
    uint32_t reg[RCC_REGISTERS];
};

/* An oscillator or PLL: the bit of CR that starts it, the one that it sets. */
struct rcc_ready {
    uint32_t on, ready;
};

struct rcc_part {
    uint64_t clocks; /* RCC_BIT of each register that changes a rate */
    uint16_t cfgr;   /* SW in its low bits, SWS behind it */
    uint8_t sw_bits;
    uint16_t ppre; /* APB prescalers: register, bits */
    uint8_t ppre1, ppre2;
    uint16_t csr; /* LSION and LSIRDY */
    uint16_t bdcr;
    uint16_t first_reset, last_reset; /* registers with reset bits */
    uint16_t flags_at;                /* the flags of resets ... */
    uint32_t flags, rmvf;             /* ... the bits of them */
    uint32_t beside;                  /* ... and of others */
    uint32_t flag[BOARD_RESET_BUS];   /* what each reset sets */
    uint32_t always;                  /* bits of CR that are set */
    struct rcc_ready ready[5];
    struct {
        uint16_t at;
        uint32_t value;
    } initial[5];
    /* Hz, 0: off; in that order: of the core, of the buses before their
     * prescalers, HSI, for RNG, of a USART. */
    uint32_t (*core)(const struct rcc *r);
    uint32_t (*bus)(const struct rcc *r);
    uint32_t (*hsi)(const struct rcc *r);
    uint32_t (*clock_48)(const struct rcc *r);
    uint32_t (*usart)(const struct rcc *r, unsigned instance);
    /* After a rate has changed; NULL: nothing to check. */
    void (*changed)(struct board *b, struct rcc *r);
};

extern const struct board_model rcc_model;
extern const struct rcc_part rcc_l4, rcc_h7;

uint32_t rcc_register(struct board *b, uint32_t offset);
uint32_t rcc_clock(struct board *b, enum board_clock which);
uint32_t rcc_flags(struct board *b);

/* For a part's table. */
#define RCC_LSI_HZ 32000u
#define RCC_HSI48_HZ 48000000u
enum rcc_sw { RCC_SW_HSE = 2, RCC_SW_PLL = 3 }; /* of SW, in each part */
static inline uint32_t
rcc_at(const struct rcc *r, uint32_t offset)
{
    return r->reg[offset / 4];
}
/* AHB prescalers of 4 bits: 1000 is 2, and so on; none is 32. */
uint32_t rcc_divided(uint32_t hz, uint32_t hpre);
/* Of the bus whose prescaler's bits begin at `bit`. */
uint32_t rcc_apb(const struct board_part *part, const struct rcc *r,
                 unsigned bit);

#endif
