/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The flash of STM32L4 (RM0394, 3): its controller and its option bytes, which
 * are two files of one model. */
#ifndef BOARD_FLASH_L4_H
#define BOARD_FLASH_L4_H

#include "core.h"

#define L4_PAGE 2048u
#define L4_UNIT 8u
#define L4_OPTION_WORDS 5u

/* RM0394, 3.7: registers */
#define FLASH_ACR 0x00u
#define FLASH_PDKEYR 0x04u
#define FLASH_KEYR 0x08u
#define FLASH_OPTKEYR 0x0cu
#define FLASH_SR 0x10u
#define FLASH_CR 0x14u
#define FLASH_ECCR 0x18u
#define FLASH_OPTR 0x20u

#define SR_EOP 0x1u
#define SR_OPERR 0x2u
#define SR_PROGERR 0x8u
#define SR_WRPERR 0x10u
#define SR_PGAERR 0x20u
#define SR_SIZERR 0x40u
#define SR_PGSERR 0x80u
#define SR_MISERR 0x100u
#define SR_FASTERR 0x200u
#define SR_RDERR 0x4000u
#define SR_OPTVERR 0x8000u
#define SR_BSY 0x10000u
#define SR_PEMPTY 0x20000u
/* Those of a programming or erase that was not done. */
#define SR_PROGRAMMING                                                        \
    (SR_PROGERR | SR_WRPERR | SR_PGAERR | SR_SIZERR | SR_PGSERR | SR_MISERR | \
     SR_FASTERR)
#define SR_CLEARED_BY_1 \
    (SR_EOP | SR_OPERR | SR_PROGRAMMING | SR_RDERR | SR_OPTVERR)

#define CR_PG 0x1u
#define CR_PER 0x2u
#define CR_MER1 0x4u
#define CR_PNB_SHIFT 3u
#define CR_PNB_MASK 0xffu
#define CR_STRT 0x10000u
#define CR_OPTSTRT 0x20000u
#define CR_FSTPG 0x40000u
#define CR_EOPIE 0x1000000u
#define CR_ERRIE 0x2000000u
#define CR_RDERRIE 0x4000000u
#define CR_OBL_LAUNCH 0x8000000u
#define CR_OPTLOCK 0x40000000u
#define CR_LOCK 0x80000000u

#define ECCR_ECCIE 0x1000000u
#define ECCR_ECCC 0x40000000u
#define ECCR_ECCD 0x80000000u

#define OPTR_BOOT_NOT_PIN 0x4000000u /* nSWBOOT0 */
#define OPTR_NBOOT0 0x8000000u
#define OPTR_NBOOT1 0x800000u
#define OPTR_IWDG_SW 0x10000u
#define OPTR_SRAM2_RST 0x2000000u
#define PCROP1ER_RDP 0x80000000u

enum option_row { OPTR, PCROP1SR, PCROP1ER, WRP1AR, WRP1BR };

struct flash_l4 {
    uint32_t acr, sr, cr, eccr;
    uint32_t option[L4_OPTION_WORDS]; /* as written: the registers */
    uint32_t in_force[L4_OPTION_WORDS];
    uint8_t key, option_key; /* right words so far; KEY_LOST: until a reset */
    bool has_first;          /* of a double word */
    uint32_t first_at, first;
    board_time busy_until;
    uint32_t busy_at; /* what a reset would leave half-done */
    uint32_t busy_len;
    bool writes_options; /* and they, too */
    uint8_t before[L4_PAGE];
    uint8_t brown_out; /* option words before the power fails, + 1; 0: none */
};

extern const struct board_model flash_l4_model;

struct flash_l4 *flash_l4(struct board *b);
/* An error, which may interrupt. */
void flash_l4_error(struct board *b, struct flash_l4 *f, uint32_t flag);
/* Busy for so long, from now. */
void flash_l4_begin(struct board *b, struct flash_l4 *f, uint64_t us);

/* For the part's table. */
void flash_l4_store(struct board *b, uint32_t offset, uint32_t value,
                    unsigned size);
bool flash_l4_loaded(struct board *b, uint32_t offset, bool is_fetch);
bool flash_l4_watches(struct board *b);
bool flash_l4_fault(struct board *b, unsigned what, uint32_t where,
                    uint32_t value);
/* options_l4.c */
void flash_l4_load_options(struct board *b);
void flash_l4_options(struct board *b, uint32_t *programmed,
                      uint32_t *in_force);
void flash_l4_set_options(struct board *b, const uint32_t *words);
void flash_l4_write_options(struct board *b, struct flash_l4 *f);
unsigned flash_l4_rdp(struct board *b);
uint32_t flash_l4_start(struct board *b);
/* Is a byte of this page written-protected (WRP), or in PCROP? */
bool flash_l4_is_wrp(const struct flash_l4 *f, uint32_t page);
bool flash_l4_is_pcrop(const struct flash_l4 *f, uint32_t offset, uint32_t len);
bool flash_l4_has_pcrop(const struct flash_l4 *f);
/* All of the flash, or with PCROP kept; an operation of its own. */
void flash_l4_mass_erase(struct board *b, struct flash_l4 *f, bool keeps_pcrop);

#endif
