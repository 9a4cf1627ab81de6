/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Models that more than one part has. */
#ifndef BOARD_MODELS_H
#define BOARD_MODELS_H

#include "core.h"

extern const struct board_model iwdg_model; /* iwdg.c */
extern const struct board_model tim_model;  /* tim.c */
/* Registers that only keep what is written: EXTI, SYSCFG, ... */
extern const struct board_model plain_model;  /* plain.c */
extern const struct board_model pwr_l4_model; /* and those with a status */
extern const struct board_model dbgmcu_model;
bool dbgmcu_freezes_watchdog(struct board *b);

#endif
