/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Flash and option bytes of an STM32H7 through its FLASH registers (RM0433, 4.3
 * and 4.4), by a debug port. */
#include "core/err.h"
#include "chip/chip.h"
#include "wire/h7_flash.h"
#include "boot/debug_port.h"

#define OPTIONS_MS 5000u /* besides an erase */
#define RESET_MS 2000u

static sfi_status
flash_write_register(struct boot *b, uint32_t offset, uint32_t value)
{
    return sfi__debug_write(b, b->chip->flash_regs + offset, &value, 1);
}

static uint32_t
flash_bank_offset(uint32_t bank)
{
    return bank * H7_FLASH_BANK2;
}

struct lock {
    uint32_t lock, key; /* offsets; the lock is bit 0 */
    uint32_t key1, key2;
};

static sfi_status
flash_read_lock(struct boot *b, const struct lock *l, bool *locked)
{
    uint32_t word = 0;
    sfi_status st =
        sfi__debug_read_sure(b, b->chip->flash_regs + l->lock, &word, 1);

    *locked = (word & 1) != 0;
    return st;
}

static sfi_status
flash_write_key(struct boot *b, const struct lock *l, uint32_t value)
{
    return sfi__debug_write_once(b, b->chip->flash_regs + l->key, &value, 1);
}

/* A key that is lost or arrives twice leaves the lock shut. */
static sfi_status
flash_try_keys(struct boot *b, const struct lock *l, bool *locked)
{
    sfi_status st = flash_read_lock(b, l, locked);

    if (st != SFI_OK || !*locked)
        return st;
    st = flash_write_key(b, l, l->key1);
    if (st == SFI_OK)
        st = flash_write_key(b, l, l->key2);
    return st == SFI_OK || sfi__link_is_fault(st)
               ? flash_read_lock(b, l, locked)
               : st;
}

/* RM0433, 4.5.1: a broken key sequence shuts the lock until a reset. */
static sfi_status
flash_reset_lock(struct boot *b)
{
    const char *doing = b->link.doing;
    sfi_status st = sfi__transport_reset(b->link.tp, true);

    if (st == SFI_OK)
        st = sfi__boot_connect(b, RESET_MS);
    b->link.doing = doing;
    return st;
}

static sfi_status
flash_unlock(struct boot *b, const struct lock *l)
{
    bool locked = true;
    sfi_status st = flash_try_keys(b, l, &locked);

    if (st == SFI_OK && locked) {
        st = flash_reset_lock(b);
        if (st == SFI_OK)
            st = flash_try_keys(b, l, &locked);
    }
    if (st == SFI_ERR_UNSUPPORTED || (st == SFI_OK && locked))
        return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                         "the chip's flash stays locked: reset the chip and "
                         "try again");
    return st;
}

static sfi_status
flash_open_bank(struct boot *b, uint32_t bank)
{
    uint32_t at = flash_bank_offset(bank);
    const struct lock lock = {at + H7_FLASH_CR, at + H7_FLASH_KEYR,
                              H7_FLASH_KEY1, H7_FLASH_KEY2};
    sfi_status st = sfi__debug_core_freeze(b);

    if (st == SFI_OK)
        st = flash_unlock(b, &lock);
    if (st != SFI_OK)
        return st;
    /* clear the flags of earlier operations */
    return flash_write_register(b, at + H7_FLASH_CCR,
                                H7_FLASH_SR_ERRORS | H7_FLASH_SR_EOP);
}

/* Wait for the operation to end, lock the bank, and report errors. */
static sfi_status
flash_finish_bank(struct boot *b, uint32_t bank, uint32_t address, uint32_t ms)
{
    uint32_t at = flash_bank_offset(bank);
    uint32_t sr = 0;
    sfi_status st = sfi__debug_wait(
        b, b->chip->flash_regs + at + H7_FLASH_SR,
        H7_FLASH_SR_BSY | H7_FLASH_SR_QW | H7_FLASH_SR_WBNE, 0, ms, &sr);
    sfi_status shut;

    if (st != SFI_OK)
        return st;
    shut = flash_write_register(b, at + H7_FLASH_CR, H7_FLASH_CR_LOCK);
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

/* The bus waits for the flash while the write queue is full, so a block goes
 * out in one piece.  A block never crosses a bank. */
sfi_status
sfi__debug_flash_write(struct boot *b, uint32_t address, const uint32_t *words,
                       size_t count)
{
    const struct sfi_chip *chip = b->chip;
    uint32_t bank = (address - chip->flash.base) / chip->bank_size;
    sfi_status st = flash_open_bank(b, bank);

    if (st != SFI_OK)
        return st;
    st = flash_write_register(b, flash_bank_offset(bank) + H7_FLASH_CR,
                              H7_FLASH_CR_PSIZE64 | H7_FLASH_CR_PG);
    if (st != SFI_OK)
        return st;
    st = sfi__debug_write_once(b, address, words, count);
    return st == SFI_OK ? flash_finish_bank(b, bank, address, BOOT_WRITE_MS)
                        : st;
}

static sfi_status
flash_erase_region(struct boot *b, uint32_t bank, uint32_t address, uint32_t cr,
                   size_t sectors)
{
    uint32_t ms = sfi__boot_erase_ms(b, sectors);
    sfi_status st = flash_open_bank(b, bank);

    cr |= H7_FLASH_CR_PSIZE64;
    if (st != SFI_OK)
        return st;
    st = flash_write_register(b, flash_bank_offset(bank) + H7_FLASH_CR, cr);
    if (st != SFI_OK)
        return st;
    st = flash_write_register(b, flash_bank_offset(bank) + H7_FLASH_CR,
                              cr | H7_FLASH_CR_START);
    return st == SFI_OK ? flash_finish_bank(b, bank, address, ms) : st;
}

sfi_status
sfi__debug_flash_erase_bank(struct boot *b, uint32_t bank)
{
    const struct sfi_chip *chip = b->chip;

    return flash_erase_region(
        b, bank, chip->flash.base + bank * chip->bank_size, H7_FLASH_CR_BER,
        chip->bank_size / chip->sector_size);
}

sfi_status
sfi__debug_flash_erase_sector(struct boot *b, uint32_t sector)
{
    const struct sfi_chip *chip = b->chip;
    uint32_t per_bank = chip->bank_size / chip->sector_size;

    if (sector >= chip->flash.size / chip->sector_size)
        return sfi__fail(b->link.ctx, SFI_ERR_NACK, "%s has no sector %u",
                         chip->name, sector);
    return flash_erase_region(
        b, sector / per_bank, chip->flash.base + sector * chip->sector_size,
        H7_FLASH_CR_SER | sector % per_bank << H7_FLASH_CR_SNB_SHIFT, 1);
}

/* Is this register one of the option bytes that are programmed? */
static bool
option_is_pending(const struct sfi_chip *chip, uint32_t address)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (chip->ob[i].is_register &&
            chip->ob_window.base + chip->ob[i].pending == address)
            return true;
    }
    return false;
}

/* Accesses through a debug port carry no checksum, and a wrong bit here can
 * lock the chip for ever. */
static sfi_status
option_stage_word(struct boot *b, uint32_t address, uint32_t word)
{
    for (unsigned i = 0; i < AGREE_TRIES; i++) {
        uint32_t there = word;
        sfi_status st = sfi__debug_write(b, address, &word, 1);

        if (st == SFI_OK)
            st = sfi__debug_read_sure(b, address, &there, 1);
        if (st != SFI_OK || there == word)
            return st;
    }
    return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                     "the chip did not take the option bytes");
}

/* Nothing but these registers: among others between them are locks, which a
 * value that is not a key shuts until a reset (RM0433, 4.5.1). */
static sfi_status
option_stage_words(struct boot *b, uint32_t address, const uint32_t *words,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t at = address + 4 * (uint32_t)i;
        sfi_status st = SFI_OK;

        if (option_is_pending(b->chip, at))
            st = option_stage_word(b, at, words[i]);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* RM0433, 4.5.3: to lower readout protection erases the flash. */
static sfi_status
option_choose_ms(struct boot *b, uint32_t address, const uint32_t *words,
                 size_t count, uint32_t *ms)
{
    const struct sfi_chip *chip = b->chip;
    const struct chip_ob_row *row = &chip->ob[chip->rdp_row];
    uint32_t base = chip->ob_window.base;
    uint32_t at = (base + row->pending - address) / 4;
    uint32_t now = 0;
    sfi_status st;

    *ms = OPTIONS_MS;
    if (at >= count ||
        (words[at] >> chip->rdp_shift & 0xffu) != CHIP_RDP_LEVEL0)
        return SFI_OK;
    st = sfi__debug_read(b, base + row->current, &now, 1);
    if (st == SFI_OK && (now >> chip->rdp_shift & 0xffu) != CHIP_RDP_LEVEL0)
        *ms += sfi__boot_erase_ms(b, BOOT_ALL_SECTORS);
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
    uint32_t ms;
    sfi_status st = sfi__debug_core_freeze(b);

    if (st == SFI_OK)
        st = flash_unlock(b, &lock);
    if (st == SFI_OK)
        st = option_choose_ms(b, address, words, count, &ms);
    if (st != SFI_OK)
        return st;
    st = flash_write_register(b, H7_FLASH_OPTCCR, H7_FLASH_OPTCHANGEERR);
    if (st != SFI_OK)
        return st;
    st = option_stage_words(b, address, words, count);
    if (st != SFI_OK)
        return st;
    st = flash_write_register(b, H7_FLASH_OPTCR, H7_FLASH_OPTCR_OPTSTART);
    if (st != SFI_OK)
        return st;
    st = sfi__debug_wait(b, regs + H7_FLASH_OPTSR_CUR, H7_FLASH_OPTSR_BUSY, 0,
                         ms, &word);
    if (st != SFI_OK)
        return st;
    st = flash_write_register(b, H7_FLASH_OPTCR, H7_FLASH_OPTCR_OPTLOCK);
    if (st != SFI_OK)
        return st;
    if ((word & H7_FLASH_OPTCHANGEERR) != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_NACK,
                         "the chip did not take the option bytes");
    return SFI_OK;
}
