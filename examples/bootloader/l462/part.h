/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of this part share. */
#ifndef BOOTLOADER_PART_H
#define BOOTLOADER_PART_H

#include <stdint.h>

#include "inner.h"
#include "map.h"

#define CYCLES_PER_MS 80000u
/* ... of HSI16, with which USART1 goes on below 1221 baud */
#define CYCLES_PER_SLOW 5u
/* RAM takes writes from the first instruction on. */
#define PART_BEFORE_RAM ""

/* ---- flash.c ---- */
void flash_wait(void);
/* int 0: unlocked, and free of errors. */
int flash_unlock(void);
/* Lock; int 0: no operation since flash_unlock() had an error. */
int flash_lock(void);

/* ---- clock.c of the bootloader, secure_boot.c ---- */
/* This image cannot be read: what runs is not what was written. */
_Noreturn void image_damaged(void);

#endif
