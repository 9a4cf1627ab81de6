/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Flash and option bytes of an STM32H7 by its registers (RM0433, 4.3 and 4.4),
 * for a debug port. */
#include "core/err.h"
#include "chip/chip.h"
#include "wire/h7_flash.h"
#include "boot/debug_port.h"

/* A block of 1 KiB; AN2606: an H7's mass erase takes more than 13 s. */
#define PROGRAM_MS 3000u
#define ERASE_MS 35000u
#define OPTIONS_MS 5000u
#define RESET_MS 2000u

static sfi_status
set(struct boot *b, uint32_t offset, uint32_t value)
{
    return sfi__debug_write(b, b->chip->flash_regs + offset, &value, 1);
}

static uint32_t
bank_offset(uint32_t bank)
{
    return bank * H7_FLASH_BANK2;
}

struct lock {
    uint32_t lock, key; /* offsets; the lock is bit 0 */
    uint32_t key1, key2;
};

static sfi_status
is_locked(struct boot *b, const struct lock *l, bool *locked)
{
    uint32_t word = 0;
    sfi_status st =
        sfi__debug_read_sure(b, b->chip->flash_regs + l->lock, &word, 1);

    *locked = (word & 1) != 0;
    return st;
}

static sfi_status
key(struct boot *b, const struct lock *l, uint32_t value)
{
    return sfi__debug_write_once(b, b->chip->flash_regs + l->key, &value, 1);
}

/* A key that is lost, or comes twice, leaves it locked. */
static sfi_status
try_keys(struct boot *b, const struct lock *l, bool *locked)
{
    sfi_status st = is_locked(b, l, locked);

    if (st != SFI_OK || !*locked)
        return st;
    st = key(b, l, l->key1);
    if (st == SFI_OK)
        st = key(b, l, l->key2);
    return st == SFI_OK || sfi__link_is_fault(st) ? is_locked(b, l, locked)
                                                  : st;
}

/* RM0433, 4.5.1: a sequence that was broken off shuts the lock until a reset.
 */
static sfi_status
unlock(struct boot *b, const struct lock *l)
{
    const char *doing = b->link.doing;
    bool locked = true;
    sfi_status st = try_keys(b, l, &locked);

    if (st == SFI_OK && locked) {
        st = sfi__transport_reset(b->link.tp, true);
        if (st == SFI_OK)
            st = sfi__boot_connect(b, RESET_MS);
        b->link.doing = doing;
        if (st == SFI_OK)
            st = try_keys(b, l, &locked);
    }
    if (st == SFI_ERR_UNSUPPORTED || (st == SFI_OK && locked))
        return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                         "the chip's flash stays locked: reset the chip and "
                         "try again");
    return st;
}

static sfi_status
open_bank(struct boot *b, uint32_t bank)
{
    uint32_t at = bank_offset(bank);
    const struct lock lock = {at + H7_FLASH_CR, at + H7_FLASH_KEYR,
                              H7_FLASH_KEY1, H7_FLASH_KEY2};
    sfi_status st = unlock(b, &lock);

    /* what an operation before left is not this one's */
    return st == SFI_OK
               ? set(b, at + H7_FLASH_CCR, H7_FLASH_SR_ERRORS | H7_FLASH_SR_EOP)
               : st;
}

/* Done, and how did it go? */
static sfi_status
finish(struct boot *b, uint32_t bank, uint32_t address, uint32_t ms)
{
    uint32_t at = bank_offset(bank);
    uint32_t sr = 0;
    sfi_status st = sfi__debug_wait(
        b, b->chip->flash_regs + at + H7_FLASH_SR,
        H7_FLASH_SR_BSY | H7_FLASH_SR_QW | H7_FLASH_SR_WBNE, 0, ms, &sr);
    sfi_status shut;

    if (st != SFI_OK)
        return st;
    shut = set(b, at + H7_FLASH_CR, H7_FLASH_CR_LOCK);
    if ((sr & H7_FLASH_SR_WRPERR) != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                         "the flash at 0x%08x is write protected", address);
    if ((sr & H7_FLASH_SR_ERRORS) != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                         "the flash at 0x%08x refused %s (FLASH_SR 0x%08x); "
                         "is it erased",
                         address, b->link.doing, sr);
    return shut;
}

/* The bus waits for the flash where the queue is full, so a block goes out in
 * one piece.  A block never crosses a bank. */
sfi_status
sfi__debug_flash_write(struct boot *b, uint32_t address, const uint32_t *words,
                       size_t count)
{
    const struct sfi_chip *chip = b->chip;
    uint32_t bank = (address - chip->flash.base) / chip->bank_size;
    sfi_status st = open_bank(b, bank);

    if (st == SFI_OK)
        st = set(b, bank_offset(bank) + H7_FLASH_CR,
                 H7_FLASH_CR_PSIZE64 | H7_FLASH_CR_PG);
    if (st == SFI_OK)
        st = sfi__debug_write_once(b, address, words, count);
    return st == SFI_OK ? finish(b, bank, address, PROGRAM_MS) : st;
}

static sfi_status
erase(struct boot *b, uint32_t bank, uint32_t address, uint32_t cr)
{
    sfi_status st = open_bank(b, bank);

    cr |= H7_FLASH_CR_PSIZE64;
    if (st == SFI_OK)
        st = set(b, bank_offset(bank) + H7_FLASH_CR, cr);
    if (st == SFI_OK)
        st = set(b, bank_offset(bank) + H7_FLASH_CR, cr | H7_FLASH_CR_START);
    return st == SFI_OK ? finish(b, bank, address, ERASE_MS) : st;
}

sfi_status
sfi__debug_flash_erase_bank(struct boot *b, uint32_t bank)
{
    return erase(b, bank, b->chip->flash.base + bank * b->chip->bank_size,
                 H7_FLASH_CR_BER);
}

sfi_status
sfi__debug_flash_erase_sector(struct boot *b, uint32_t sector)
{
    const struct sfi_chip *chip = b->chip;
    uint32_t per_bank = chip->bank_size / chip->sector_size;

    if (sector >= chip->flash.size / chip->sector_size)
        return sfi__fail(b->link.ctx, SFI_ERR_NACK, "%s has no sector %u",
                         chip->name, sector);
    return erase(b, sector / per_bank,
                 chip->flash.base + sector * chip->sector_size,
                 H7_FLASH_CR_SER | sector % per_bank << H7_FLASH_CR_SNB_SHIFT);
}

/* Is it one of those that are programmed? */
static bool
is_pending(const struct sfi_chip *chip, uint32_t address)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (chip->ob[i].is_register &&
            chip->ob_window.base + chip->ob[i].pending == address)
            return true;
    }
    return false;
}

/* Nothing on a debug port's way has a checksum, and a wrong bit here can shut
 * the chip for good. */
static sfi_status
stage_word(struct boot *b, uint32_t address, uint32_t word)
{
    for (unsigned i = 0; i < BOOT_ASKED_MAX; i++) {
        uint32_t there = word;
        sfi_status st = sfi__debug_write(b, address, &word, 1);

        if (st == SFI_OK && is_pending(b->chip, address))
            st = sfi__debug_read_sure(b, address, &there, 1);
        if (st != SFI_OK || there == word)
            return st;
    }
    return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                     "the chip did not take the option bytes");
}

static sfi_status
stage(struct boot *b, uint32_t address, const uint32_t *words, size_t count)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < count && st == SFI_OK; i++)
        st = stage_word(b, address + 4 * (uint32_t)i, words[i]);
    return st;
}

sfi_status
sfi__debug_options_write(struct boot *b, uint32_t address,
                         const uint32_t *words, size_t count)
{
    static const struct lock lock = {H7_FLASH_OPTCR, H7_FLASH_OPTKEYR,
                                     H7_FLASH_OPTKEY1, H7_FLASH_OPTKEY2};
    uint32_t regs = b->chip->flash_regs;
    uint32_t word = 0;
    sfi_status st = unlock(b, &lock);

    if (st == SFI_OK)
        st = set(b, H7_FLASH_OPTCCR, H7_FLASH_OPTCHANGEERR);
    if (st == SFI_OK)
        st = stage(b, address, words, count);
    if (st == SFI_OK)
        st = set(b, H7_FLASH_OPTCR, H7_FLASH_OPTCR_OPTSTART);
    if (st == SFI_OK)
        st = sfi__debug_wait(b, regs + H7_FLASH_OPTSR_CUR, H7_FLASH_OPTSR_BUSY,
                             0, OPTIONS_MS, &word);
    if (st == SFI_OK)
        st = set(b, H7_FLASH_OPTCR, H7_FLASH_OPTCR_OPTLOCK);
    if (st == SFI_OK && (word & H7_FLASH_OPTCHANGEERR) != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                         "the chip did not take the option bytes");
    return st;
}
