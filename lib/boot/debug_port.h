/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip behind a debug port: words of its memory, and what programs its flash
 * and option bytes through them. */
#ifndef SFI_BOOT_DEBUG_PORT_H
#define SFI_BOOT_DEBUG_PORT_H

#include "boot/session.h"

/* A block of memory that moves at once. */
#define MEM_WORDS 256u

/* Done again when the line spoilt it. */
sfi_status sfi__debug_read(struct boot *b, uint32_t address, uint32_t *words,
                           size_t count);
sfi_status sfi__debug_write(struct boot *b, uint32_t address,
                            const uint32_t *words, size_t count);
/* Where twice is not the same as once. */
sfi_status sfi__debug_write_once(struct boot *b, uint32_t address,
                                 const uint32_t *words, size_t count);
/* Words that decisions hang on: until two answers in a row agree. */
#define MEM_SURE_WORDS 8u
sfi_status sfi__debug_read_sure(struct boot *b, uint32_t address,
                                uint32_t *words, size_t count);
/* Wait for `mask` of a register to be `value`; *last (or NULL) is what was
 * read. */
sfi_status sfi__debug_wait(struct boot *b, uint32_t address, uint32_t mask,
                           uint32_t value, uint32_t ms, uint32_t *last);

/* Something is there, but nobody that we or a dialect know. */
sfi_status sfi__debug_unknown_chip(struct boot *b);

/* mem_core.c: reset the part, and run the program of this vector table. */
sfi_status sfi__debug_core_start(struct boot *b, uint32_t table);

/* mem_flash.c: by the FLASH registers.  Whole program units. */
sfi_status sfi__debug_flash_write(struct boot *b, uint32_t address,
                                  const uint32_t *words, size_t count);
sfi_status sfi__debug_flash_erase_bank(struct boot *b, uint32_t bank);
sfi_status sfi__debug_flash_erase_sector(struct boot *b, uint32_t sector);
/* Registers of the option window, then program what they hold, once it is what
 * was written. */
sfi_status sfi__debug_options_write(struct boot *b, uint32_t address,
                                    const uint32_t *words, size_t count);

#endif
