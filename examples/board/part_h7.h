/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Flash, clocks and power of STM32H753. */
#ifndef BOARD_PART_H7_H
#define BOARD_PART_H7_H

#include "core.h"

#define H7_SECTOR 0x20000u
#define H7_BANK 0x100000u
#define H7_UNIT 32u
#define H7_OPTION_WORDS 9u
#define H7_BANKS 2u

extern const struct board_model pwr_h7_model, flash_h7_model;

/* flash_h7.c, for the part's table */
void flash_h7_store(struct board *b, uint32_t offset, uint32_t value,
                    unsigned size);
bool flash_h7_loaded(struct board *b, uint32_t offset, bool is_fetch);
bool flash_h7_watches(struct board *b);
void flash_h7_load_options(struct board *b);
void flash_h7_options(struct board *b, uint32_t *programmed,
                      uint32_t *in_force);
void flash_h7_set_options(struct board *b, const uint32_t *words);
unsigned flash_h7_rdp(struct board *b);
bool flash_h7_starts_watchdog(struct board *b);
uint32_t flash_h7_start(struct board *b);
bool flash_h7_fault(struct board *b, unsigned what, uint32_t where,
                    uint32_t value);

#endif
