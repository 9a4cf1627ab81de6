/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What reads and writes of an STM32H7's FLASH registers do (RM0433, 4.9). */
#include "sim/flash_regs.h"

#include <string.h>

#include "util/mem.h"
#include "sim/boot.h"
#include "sim/options.h"

#define CR_KEPT                                           \
    (H7_FLASH_CR_PG | H7_FLASH_CR_SER | H7_FLASH_CR_BER | \
     H7_FLASH_CR_PSIZE64 | H7_FLASH_CR_SNB_MASK << H7_FLASH_CR_SNB_SHIFT)
/* RM0433, 4.9.1 */
#define ACR_RESET 0x37u
#define ACR_MASK 0x3fu
#define FILLED_ALL ((1u << H7_FLASH_WORD / 4) - 1)

static void
flash_regs_shut_lock(struct flash_lock *l)
{
    l->open = false;
    l->half = false;
}

/* RM0433, 4.5.1: any sequence but the two keys shuts the lock until a reset. */
static void
flash_regs_take_key(struct flash_lock *l, uint32_t value, uint32_t key1,
                    uint32_t key2)
{
    if (l->jammed || l->open || value != (l->half ? key2 : key1)) {
        l->jammed = true;
        flash_regs_shut_lock(l);
    } else if (l->half) {
        l->open = true;
        l->half = false;
    } else {
        l->half = true;
    }
}

void
sfi__flash_regs_reset(struct sfi_sim *sim)
{
    sfi__zero(&sim->regs, sizeof(sim->regs));
    sim->regs.acr = ACR_RESET;
}

/* ---- programming ---- */

static bool
flash_regs_is_protected(const struct sfi_sim *sim, uint32_t address,
                        uint32_t len)
{
    return sfi__options_write_protected(sim, address, len);
}

/* Program the write buffer. */
static void
flash_regs_program_word(struct sfi_sim *sim, struct flash_bank_regs *b)
{
    b->filled = 0;
    if (flash_regs_is_protected(sim, b->word_address, H7_FLASH_WORD)) {
        b->sr |= H7_FLASH_SR_WRPERR;
        return;
    }
    switch (sfi__flash_program(&sim->flash, b->word_address, b->word,
                               H7_FLASH_WORD)) {
    case FLASH_OK:
        b->sr |= H7_FLASH_SR_EOP;
        break;
    case FLASH_RANGE:
    case FLASH_UNIT:
    case FLASH_NOT_ERASED:
        b->sr |= H7_FLASH_SR_PGSERR;
        break;
    case FLASH_POWER:
        break;
    }
}

bool
sfi__flash_regs_program(struct sfi_sim *sim, uint32_t address, uint32_t value)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t n = (address - chip->flash.base) / chip->bank_size;
    struct flash_bank_regs *b = &sim->regs.bank[n % FLASH_REGS_BANKS];
    uint32_t at = address % H7_FLASH_WORD;

    if (sfi__options_readout_protected(sim))
        return false;
    if (!b->lock.open || (b->cr & H7_FLASH_CR_PG) == 0) {
        b->sr |= H7_FLASH_SR_PGSERR;
        return true;
    }
    /* RM0433, 4.3.9: a write elsewhere while the buffer is not full */
    if (b->filled != 0 && address - at != b->word_address) {
        b->sr |= H7_FLASH_SR_INCERR;
        b->filled = 0;
        return true;
    }
    if (b->filled == 0)
        sfi__fill(b->word, FLASH_ERASED, sizeof(b->word));
    b->word_address = address - at;
    for (uint32_t i = 0; i < 4; i++)
        b->word[at + i] = (uint8_t)(value >> 8 * i);
    b->filled |= 1u << at / 4;
    if (b->filled == FILLED_ALL)
        flash_regs_program_word(sim, b);
    return true;
}

static void
flash_regs_erase(struct sfi_sim *sim, struct flash_bank_regs *b, uint32_t base)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t sector = chip->sector_size;
    uint32_t len = chip->bank_size;

    if ((b->cr & H7_FLASH_CR_BER) == 0) {
        base +=
            sector * (b->cr >> H7_FLASH_CR_SNB_SHIFT & H7_FLASH_CR_SNB_MASK);
        len = sector;
    }
    if (flash_regs_is_protected(sim, base, len)) {
        b->sr |= H7_FLASH_SR_WRPERR;
        return;
    }
    if (sfi__flash_erase(&sim->flash, base, len) == FLASH_OK)
        b->sr |= H7_FLASH_SR_EOP;
}

static void
flash_regs_set_cr(struct sfi_sim *sim, uint32_t n, uint32_t value)
{
    struct flash_bank_regs *b = &sim->regs.bank[n];

    if (!b->lock.open)
        return;
    if ((value & H7_FLASH_CR_LOCK) != 0) {
        b->cr = 0;
        flash_regs_shut_lock(&b->lock);
        return;
    }
    b->cr = value & CR_KEPT;
    if ((value & H7_FLASH_CR_FW) != 0 && b->filled != 0)
        flash_regs_program_word(sim, b);
    if ((value & H7_FLASH_CR_START) != 0 &&
        (value & (H7_FLASH_CR_SER | H7_FLASH_CR_BER)) != 0)
        flash_regs_erase(sim, b,
                         sim->chip->flash.base + n * sim->chip->bank_size);
}

/* ---- option bytes ---- */

/* The staged option word at the offset of its register; NULL: none. */
static uint32_t *
flash_regs_staged_at(struct sfi_sim *sim, uint32_t offset)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t in_window = chip->flash_regs + offset - chip->ob_window.base;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (chip->ob[i].is_register && chip->ob[i].pending == in_window)
            return &sim->regs.staged[i];
    }
    return NULL;
}

/* RM0433, 4.4.3: protected flash is erased before it can be read. */
static bool
flash_regs_erase_protected(struct sfi_sim *sim)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t next = sim->regs.staged[chip->rdp_row] >> chip->rdp_shift & 0xff;

    return !sfi__options_readout_protected(sim) || next != CHIP_RDP_LEVEL0 ||
           sfi__flash_erase(&sim->flash, chip->flash.base, chip->flash.size) ==
               FLASH_OK;
}

static void
flash_regs_set_optcr(struct sfi_sim *sim, uint32_t value)
{
    struct flash_regs *f = &sim->regs;

    if (!f->option_lock.open)
        return;
    if ((value & H7_FLASH_OPTCR_OPTSTART) != 0 &&
        (!flash_regs_erase_protected(sim) ||
         !sfi__options_program(sim, f->staged)))
        f->option_error = true;
    if ((value & H7_FLASH_OPTCR_OPTLOCK) != 0)
        flash_regs_shut_lock(&f->option_lock);
}

static void
flash_regs_set_option(struct sfi_sim *sim, uint32_t offset, uint32_t value)
{
    uint32_t *word = flash_regs_staged_at(sim, offset);

    if (word != NULL && sim->regs.option_lock.open)
        *word = value;
}

/* While the lock is open, a register reads back as it was written. */
static uint32_t
flash_regs_read_option(struct sfi_sim *sim, uint32_t offset)
{
    uint32_t address = sim->chip->flash_regs + offset;
    const uint32_t *staged = flash_regs_staged_at(sim, offset);
    uint8_t raw[4] = {0};
    uint32_t value = 0;

    if (staged != NULL && sim->regs.option_lock.open)
        return *staged;
    (void)sfi__options_window_read(sim, address, raw, sizeof(raw));
    for (uint32_t i = 0; i < sizeof(raw); i++)
        value |= (uint32_t)raw[i] << 8 * i;
    if (offset == H7_FLASH_OPTSR_CUR && sim->regs.option_error)
        value |= H7_FLASH_OPTCHANGEERR;
    return value;
}

/* ---- the register file ---- */

uint32_t
sfi__flash_regs_read(struct sfi_sim *sim, uint32_t offset)
{
    const struct flash_regs *f = &sim->regs;
    const struct flash_bank_regs *b = &f->bank[offset / H7_FLASH_BANK2];

    switch (offset % H7_FLASH_BANK2) {
    case H7_FLASH_ACR:
        return f->acr;
    case H7_FLASH_KEYR:
    case H7_FLASH_OPTKEYR:
    case H7_FLASH_CCR:
        return 0;
    case H7_FLASH_CR:
        return b->cr | (b->lock.open ? 0 : H7_FLASH_CR_LOCK);
    case H7_FLASH_SR:
        return b->sr | (b->filled != 0 ? H7_FLASH_SR_WBNE : 0) |
               (sfi__sim_busy_us(sim) > 0 ? H7_FLASH_SR_BSY | H7_FLASH_SR_QW
                                          : 0);
    case H7_FLASH_OPTCR:
        return f->option_lock.open ? 0 : H7_FLASH_OPTCR_OPTLOCK;
    default:
        return flash_regs_read_option(sim, offset);
    }
}

void
sfi__flash_regs_write(struct sfi_sim *sim, uint32_t offset, uint32_t value)
{
    struct flash_regs *f = &sim->regs;
    uint32_t n = offset / H7_FLASH_BANK2;

    switch (offset % H7_FLASH_BANK2) {
    case H7_FLASH_ACR:
        f->acr = value & ACR_MASK;
        break;
    case H7_FLASH_KEYR:
        flash_regs_take_key(&f->bank[n].lock, value, H7_FLASH_KEY1,
                            H7_FLASH_KEY2);
        break;
    case H7_FLASH_OPTKEYR:
        flash_regs_take_key(&f->option_lock, value, H7_FLASH_OPTKEY1,
                            H7_FLASH_OPTKEY2);
        memcpy(f->staged, sim->store.options, sizeof(f->staged));
        break;
    case H7_FLASH_CR:
        flash_regs_set_cr(sim, n, value);
        break;
    case H7_FLASH_CCR:
        f->bank[n].sr &= ~value;
        break;
    case H7_FLASH_OPTCR:
        flash_regs_set_optcr(sim, value);
        break;
    case H7_FLASH_OPTCCR:
        if ((value & H7_FLASH_OPTCHANGEERR) != 0)
            f->option_error = false;
        break;
    default:
        flash_regs_set_option(sim, offset, value);
        break;
    }
}
