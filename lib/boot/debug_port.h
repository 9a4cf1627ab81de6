/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip behind a debug port: words of its memory, and through them its core,
 * its flash and its option bytes. */
#ifndef SFI_BOOT_DEBUG_PORT_H
#define SFI_BOOT_DEBUG_PORT_H

#include "boot/session.h"

/* One block of memory. */
#define MEM_WORDS 256u

/* Repeated when the line damaged it. */
sfi_status sfi__debug_read(struct boot *b, uint32_t address, uint32_t *words,
                           size_t count);
sfi_status sfi__debug_write(struct boot *b, uint32_t address,
                            const uint32_t *words, size_t count);
/* For registers where a repeated write has another effect. */
sfi_status sfi__debug_write_once(struct boot *b, uint32_t address,
                                 const uint32_t *words, size_t count);
/* Words that a decision is based on: read until two replies in a row agree. */
sfi_status sfi__debug_read_sure(struct boot *b, uint32_t address,
                                uint32_t *words, size_t count);
/* Wait for `mask` of a register to be `value`; *last (or NULL) is what was
 * read. */
sfi_status sfi__debug_wait(struct boot *b, uint32_t address, uint32_t mask,
                           uint32_t value, uint32_t ms, uint32_t *last);

/* SFI_ERR_NACK: a chip is there, but neither libsfi nor a dialect knows it. */
sfi_status sfi__debug_fail_unknown_chip(struct boot *b);

/* debug_core.c: reset the part and run the program of this vector table. */
sfi_status sfi__debug_core_start(struct boot *b, uint32_t table);

/* Reset the part by its core, which runs afterwards. */
sfi_status sfi__debug_core_reset(struct boot *b);
/* Halt the core where it is. */
sfi_status sfi__debug_core_halt(struct boot *b);

/* Stop the watchdogs whenever the core is halted, and keep the debug clocks,
 * once in a session. */
sfi_status sfi__debug_core_freeze(struct boot *b);
/* The same at once for a core that is halted already; one that runs, or that
 * the access port does not show, is left alone. */
sfi_status sfi__debug_core_find(struct boot *b);

/* debug_flash.c: by the FLASH registers.  Whole program units. */
sfi_status sfi__debug_flash_write(struct boot *b, uint32_t address,
                                  const uint32_t *words, size_t count);
sfi_status sfi__debug_flash_erase_bank(struct boot *b, uint32_t bank);
sfi_status sfi__debug_flash_erase_sector(struct boot *b, uint32_t sector);
/* Write registers of the option window, read them back, then program them. */
sfi_status sfi__debug_options_write(struct boot *b, uint32_t address,
                                    const uint32_t *words, size_t count);

#endif
