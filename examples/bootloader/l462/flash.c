/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The flash of the STM32L462 (RM0394, 3.3).  One bank: while it erases or
 * programs, the core waits with its next instruction. */
#include "flash.h"

#include <string.h>

#include "board.h"
#include "part.h"
#include "regs.h"

/* RAM does not hold this by chance at power-up. */
#define READING 0x9d1b63c5u
/* More units than anybody reads at once. */
#define UNITS_MAX 256u

static volatile uint32_t flash_reader;
static volatile uint32_t flash_is_damaged;

void
flash_start(void)
{
    /* Its content would be stale after an erase. */
    FLASH_ACR &= ~ACR_DCEN;
    FLASH_SR = SR_ERRORS | SR_EOP;
    FLASH_CR = CR_LOCK | CR_OPTLOCK;
}

/* 3.3.2: a double error is an NMI; what was read is wrong.  Where nobody reads
 * data it was an instruction or a constant of this code; so it was when there
 * is no end of them, as the code that reads cannot be read. */
void
flash_on_nmi(void)
{
    if ((FLASH_ECCR & ECCR_ECCD) == 0 || flash_reader != READING ||
        flash_is_damaged == UNITS_MAX)
        image_damaged();
    FLASH_ECCR = ECCR_ECCD;
    flash_is_damaged++;
}

/* 25 ms at most (datasheet): no watchdog is as quick. */
void
flash_wait(void)
{
    while ((FLASH_SR & SR_BSY) != 0)
        ;
}

int
flash_unlock(void)
{
    flash_wait();
    if ((FLASH_CR & CR_LOCK) != 0) {
        FLASH_KEYR = KEYR_1;
        FLASH_KEYR = KEYR_2;
    }
    FLASH_SR = SR_ERRORS | SR_EOP;
    return (FLASH_CR & CR_LOCK) != 0;
}

int
flash_lock(void)
{
    int failed = (FLASH_SR & SR_ERRORS) != 0;

    FLASH_SR = SR_ERRORS | SR_EOP;
    FLASH_CR = CR_LOCK | CR_OPTLOCK;
    return failed;
}

/* 3.3.6 */
static void
flash_erase_page(uint32_t addr)
{
    uint32_t page = (addr - MAP_FLASH) / FLASH_PAGE;

    FLASH_CR = CR_PER | page << CR_PNB_SHIFT;
    FLASH_CR |= CR_STRT;
    flash_wait();
    FLASH_CR = 0;
}

int
flash_erase(uint32_t addr, uint32_t len)
{
    if (flash_unlock() != 0)
        return 1;
    for (; len > 0 && (FLASH_SR & SR_ERRORS) == 0; len -= FLASH_PAGE) {
        watchdog_feed();
        flash_erase_page(addr);
        addr += FLASH_PAGE;
    }
    return flash_lock();
}

/* 3.3.7: two words, the lower one first. */
static void
flash_program_unit(uint32_t addr, const uint8_t *data)
{
    uint32_t words[2];

    memcpy(words, data, sizeof(words));
    FLASH_CR = CR_PG;
    REG(addr) = words[0];
    __asm__ volatile("isb" ::: "memory");
    REG(addr + 4) = words[1];
    flash_wait();
    FLASH_CR = 0;
    memset(words, 0, sizeof(words));
    __asm__ volatile("" ::"r"(words) : "memory");
}

int
flash_program(uint32_t addr, const uint8_t *data, uint32_t len)
{
    if (flash_unlock() != 0)
        return 1;
    for (; len > 0 && (FLASH_SR & SR_ERRORS) == 0; len -= FLASH_UNIT) {
        flash_program_unit(addr, data);
        addr += FLASH_UNIT;
        data += FLASH_UNIT;
    }
    return flash_lock();
}

int
flash_zero(uint32_t addr, uint32_t len)
{
    static const uint8_t zeros[FLASH_UNIT];

    if (flash_unlock() != 0)
        return 1;
    for (; len > 0 && (FLASH_SR & SR_ERRORS) == 0; len -= FLASH_UNIT) {
        flash_program_unit(addr, zeros);
        addr += FLASH_UNIT;
    }
    return flash_lock();
}

int
flash_read(uint32_t addr, uint8_t *out, uint32_t len)
{
    uint32_t at = 0;

    FLASH_ECCR = ECCR_ECCD | ECCR_ECCC;
    flash_is_damaged = 0;
    flash_reader = READING;
    for (; addr % 4 == 0 && len - at >= 4; at += 4) {
        uint32_t word = REG(addr + at);

        __builtin_memcpy(out + at, &word, sizeof(word)); /* a store */
    }
    for (; at < len; at++)
        out[at] = REG8(addr + at);
    flash_reader = 0;
    if (flash_is_damaged == 0 && (FLASH_ECCR & ECCR_ECCD) == 0)
        return 0;
    FLASH_ECCR = ECCR_ECCD;
    memset(out, 0, len);
    return 1;
}
