/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A virtual STM32H753 with little memory, new for each input, for targets that
 * play a hostile host. */
#ifndef SFI_TESTS_FUZZ_CHIP_H
#define SFI_TESTS_FUZZ_CHIP_H

#include "sim/sim.h"

#include "fuzz_session.h"

enum fuzz_start {
    FUZZ_OPEN,
    FUZZ_SECURE, /* empty, and waits for an install */
    /* open, with firmware that readout protection hides */
    FUZZ_PROTECTED,
    FUZZ_STARTS
};

/* Powered on, BOOT0 high. */
struct sfi_sim *fuzz_chip(enum fuzz_start start);
/* What the chip said: never a piece of the firmware. */
void fuzz_chip_says(const uint8_t *data, size_t len);
/* Nobody had a licence: a secure chip is empty.  Then it is released. */
void fuzz_chip_end(void);

#endif
