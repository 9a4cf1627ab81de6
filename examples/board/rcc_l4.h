/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Clocks of STM32L4. */
#ifndef BOARD_RCC_L4_H
#define BOARD_RCC_L4_H

#include "core.h"

struct rcc_l4 {
    uint32_t reg[0x28];
};

extern const struct board_model rcc_l4_model;

uint32_t rcc_l4_register(struct board *b, uint32_t offset);
uint32_t rcc_l4_clock(struct board *b, enum board_clock which);
uint32_t rcc_l4_flags(struct board *b); /* RCC_CSR */

#endif
