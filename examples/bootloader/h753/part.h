/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of this part share. */
#ifndef BOOTLOADER_PART_H
#define BOOTLOADER_PART_H

#include <stdint.h>

#include "inner.h"
#include "map.h"

/* HSI, undivided, as after a reset. */
#define CYCLES_PER_MS 64000u
/* Any rate from 977 baud needs no slower clock. */
#define CYCLES_PER_SLOW 1u
/* RM0433, 6.4.1: RAM takes no writes until PWR_CR3 has been written and the
 * voltage is valid (PWR_CSR1, ACTVOSRDY). */
#define PART_BEFORE_RAM        \
    "ldr r1, =0x58024800\n"    \
    "ldr r2, [r1, #0x0c]\n"    \
    "orr r2, r2, #2\n"         \
    "str r2, [r1, #0x0c]\n"    \
    "3: ldr r2, [r1, #0x04]\n" \
    "tst r2, #0x2000\n"        \
    "beq 3b\n"

/* ---- decide.c ---- */
/* Start the firmware, park, or return. */
void part_decide(void);

#endif
