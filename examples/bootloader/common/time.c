/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Time: TIM2 counts the cycles of the core, whose clock is not divided. */
#include "board.h"
#include "part.h"
#include "regs.h"

static struct {
    uint32_t cycles; /* TIM2, when time_ms() was called last */
    uint32_t rest;   /* cycles that are no millisecond yet */
    uint32_t ms;
} now;

void
time_start(void)
{
    TIM2_PSC = 0;
    TIM2_ARR = UINT32_MAX;
    TIM2_EGR = TIM_EGR_UG;
    TIM2_CR1 = TIM_CR1_CEN;
}

/* To be called at least once in 53 s, when TIM2 wraps. */
uint32_t
time_ms(void)
{
    uint32_t cycles = TIM2_CNT;

    now.rest += cycles - now.cycles;
    now.cycles = cycles;
    now.ms += now.rest / CYCLES_PER_MS;
    now.rest %= CYCLES_PER_MS;
    return now.ms;
}
