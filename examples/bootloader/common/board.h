/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part, as the common files of the bootloader see it; each part's folder
 * implements it.  An int is 0 for success. */
#ifndef BOOTLOADER_BOARD_H
#define BOOTLOADER_BOARD_H

#include <stdint.h>

/* Let the watchdog run on; often enough is every 100 ms. */
void watchdog_feed(void);

/* Milliseconds since the start of the bootloader; wraps after 49 days. */
uint32_t time_ms(void);

#endif
