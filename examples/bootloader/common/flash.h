/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The part's flash, for whoever stores something: the core's port, the data
 * pages.  An int is 0 for success.  Each function waits until the flash is
 * done, feeds the watchdog meanwhile, and leaves the flash locked.
 *
 * A function that fails has not touched anything outside its range.  Power may
 * fail within any of them: a page that was being erased reads as anything, and
 * a program unit that was being programmed may be torn (flash_read fails on
 * it, or gives other bytes). */
#ifndef BOOTLOADER_FLASH_H
#define BOOTLOADER_FLASH_H

#include <stdint.h>

#include "flash_map.h" /* FLASH_UNIT, FLASH_PAGE: the part's */

/* Erase whole pages; both values are multiples of FLASH_PAGE.  All of it reads
 * as 0xff afterwards. */
int flash_erase(uint32_t addr, uint32_t len);
/* Program whole units, each of which is erased; both values are multiples of
 * FLASH_UNIT.  `data` may be unaligned, and not in the page being programmed.
 */
int flash_program(uint32_t addr, const uint8_t *data, uint32_t len);
/* Overwrite whole units with zeros, whatever they hold (RM0394, 3.3.7: the one
 * value that a programmed double word accepts).  Fails where the flash has no
 * such value. */
int flash_zero(uint32_t addr, uint32_t len);
/* Read any bytes, past the caches.  Fails, with `out` filled with zeros, when a
 * unit has an error that its ECC does not correct. */
int flash_read(uint32_t addr, uint8_t *out, uint32_t len);

#endif
