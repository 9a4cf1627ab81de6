/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The FLASH registers of an STM32H7 (RM0433, 4.9), as far as a programmer over
 * the debug port needs them: locks, program by 256-bit words, erase, option
 * bytes.  Everything is done at once; BSY and QW are set while a
 * real part would be at work, if the chip is timed. */
#ifndef SFI_SIM_FLASH_REGS_H
#define SFI_SIM_FLASH_REGS_H

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip.h"
#include "wire/h7_flash.h"

struct sfi_sim;

#define FLASH_REGS_BANKS 2u

/* A lock: two keys in a row open it, a wrong one shuts it until a reset. */
struct flash_lock {
    bool open;
    bool jammed;
    bool half; /* the first key came */
};

struct flash_bank_regs {
    struct flash_lock lock;
    uint32_t cr; /* without LOCK */
    uint32_t sr;
    uint32_t word_address; /* of the write buffer */
    uint32_t filled;       /* a bit per 32-bit word of it; 0: empty */
    uint8_t word[H7_FLASH_WORD];
};

struct flash_regs {
    struct flash_bank_regs bank[FLASH_REGS_BANKS];
    uint32_t acr;
    struct flash_lock option_lock;
    bool option_error; /* OPTCHANGEERR */
    uint32_t staged[CHIP_OB_ROWS_MAX];
};

/* A reset: all locked. */
void sfi__flash_regs_reset(struct sfi_sim *sim);
/* `offset`: from the first register. */
uint32_t sfi__flash_regs_read(struct sfi_sim *sim, uint32_t offset);
void sfi__flash_regs_write(struct sfi_sim *sim, uint32_t offset,
                           uint32_t value);
/* A word into the flash's address range; false: a bus error. */
bool sfi__flash_regs_program(struct sfi_sim *sim, uint32_t address,
                             uint32_t value);

#endif
