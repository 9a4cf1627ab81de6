/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Two pages of flash as an L4 has it: double words with ECC, which are
 * programmed once or overwritten with zeros.  Power fails where a test says. */
#ifndef SFI_TESTS_BOOTLOADER_FLASH_H
#define SFI_TESTS_BOOTLOADER_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* What the cut leaves of the double word or page that was being changed. */
enum cut {
    CUT_NOTHING, /* as before */
    CUT_ECC,     /* it cannot be read */
    CUT_BITS,    /* other bits, which can be read */
    CUT_WHOLE,   /* all that was meant: only the success is not known */
    CUT_KINDS,
};

/* Erased, with power. */
void fake_flash_reset(void);
/* The nth operation from now is cut; 0: none. */
void fake_flash_cut(uint32_t nth, enum cut kind);
bool fake_flash_is_off(void);
void fake_flash_power_on(void);
/* Operations since the reset: double words programmed, pages erased. */
uint32_t fake_flash_operations(void);
/* Program without counting. */
void fake_flash_put(uint32_t addr, const uint8_t *data, uint32_t len);
/* The bytes, whatever their ECC. */
const uint8_t *fake_flash_at(uint32_t addr);
/* Let this double word fail its ECC. */
void fake_flash_break(uint32_t addr);
/* Programming of this double word fails from now on. */
void fake_flash_wear(uint32_t addr);
/* The program unit was neither erased nor overwritten with zeros. */
bool fake_flash_was_misused(void);

#endif
