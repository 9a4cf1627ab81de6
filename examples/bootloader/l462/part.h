/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of this part share. */
#ifndef BOOTLOADER_PART_H
#define BOOTLOADER_PART_H

#include <stdint.h>

#include "map.h"

#define CYCLES_PER_MS 80000u
/* ... of HSI16, with which USART1 goes on below 1221 baud */
#define CYCLES_PER_SLOW 5u
/* RAM takes writes from the first instruction on. */
#define PART_BEFORE_RAM ""

/* ---- clock.c ---- */
void usart_slow_clock(void);

/* ---- time.c ---- */
void time_start(void);

/* ---- flash.c ---- */
/* At each start: no cache for data, no errors of before. */
void flash_start(void);
void flash_on_nmi(void);
void flash_wait(void);
/* int 0: unlocked, and free of errors. */
int flash_unlock(void);
/* Lock; int 0: no operation since flash_unlock() had an error. */
int flash_lock(void);

/* ---- leave.c ---- */
_Noreturn void part_reset(void);

/* ---- clock.c of the bootloader, secure_boot.c ---- */
/* This image cannot be read: what runs is not what was written. */
_Noreturn void image_damaged(void);

/* ---- watchdog.c ---- */
void watchdog_start(void);

/* ---- start.c ---- */
/* Give the core to a vector table: VTOR, stack, and nothing in RAM. */
_Noreturn void part_start(uint32_t vectors);

/* ---- spi.c ---- */
void spi_start(void);

/* ---- usart.c ---- */
void usart_start(void);

#endif
