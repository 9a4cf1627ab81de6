/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The flash of the STM32H753 (RM0433, 4): two banks of eight sectors, flash
 * words of 256 bits. */
#include "flash.h"

#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "part.h"
#include "regs.h"
#include "util/mem.h"
#include "wire/h7_flash.h"

#define SECTORS 8u
#define WORDS (FLASH_UNIT / 4u)
/* Of a read, not of what is being programmed. */
#define SR_WRITE_ERRORS                                              \
    (H7_FLASH_SR_WRPERR | H7_FLASH_SR_PGSERR | H7_FLASH_SR_STRBERR | \
     H7_FLASH_SR_INCERR | H7_FLASH_SR_OPERR)

void
flash_start(void)
{
    FLASH_ACR = ACR_1_WAIT_STATE;
}

/* The clock fails; flash does not raise one. */
void
flash_on_nmi(void)
{
    part_reset();
}

static volatile uint32_t *
flash_register(uint32_t addr, uint32_t offset)
{
    uint32_t bank = addr - MAP_FLASH >= MAP_BANK_LEN ? H7_FLASH_BANK2 : 0;

    return (volatile uint32_t *)(uintptr_t)(FLASH_REGISTERS + bank + offset);
}

/* Until the queue of writes is empty; false on an error. */
static bool
flash_wait(uint32_t addr)
{
    volatile uint32_t *sr = flash_register(addr, H7_FLASH_SR);
    uint32_t errors;

    while ((*sr & (H7_FLASH_SR_BSY | H7_FLASH_SR_WBNE | H7_FLASH_SR_QW)) != 0)
        watchdog_feed();
    errors = *sr & H7_FLASH_SR_ERRORS;
    *flash_register(addr, H7_FLASH_CCR) = errors | H7_FLASH_SR_EOP;
    return (errors & SR_WRITE_ERRORS) == 0;
}

/* The bank's control register, with an empty queue and without old errors. */
static volatile uint32_t *
flash_unlock(uint32_t addr)
{
    volatile uint32_t *cr = flash_register(addr, H7_FLASH_CR);

    (void)flash_wait(addr);
    if ((*cr & H7_FLASH_CR_LOCK) != 0) {
        *flash_register(addr, H7_FLASH_KEYR) = H7_FLASH_KEY1;
        *flash_register(addr, H7_FLASH_KEYR) = H7_FLASH_KEY2;
    }
    return cr;
}

static bool
flash_range_is_whole(uint32_t addr, uint32_t len, uint32_t unit)
{
    return addr >= MAP_FLASH && addr - MAP_FLASH <= 2 * MAP_BANK_LEN &&
           len <= 2 * MAP_BANK_LEN - (addr - MAP_FLASH) && addr % unit == 0 &&
           len % unit == 0;
}

static bool
flash_erase_sector(uint32_t addr)
{
    volatile uint32_t *cr = flash_unlock(addr);
    uint32_t sector = (addr - MAP_FLASH) / FLASH_PAGE % SECTORS;
    bool erased;

    *cr =
        H7_FLASH_CR_SER | H7_FLASH_CR_PSIZE64 | sector << H7_FLASH_CR_SNB_SHIFT;
    *cr |= H7_FLASH_CR_START;
    erased = flash_wait(addr);
    *cr = H7_FLASH_CR_LOCK;
    return erased;
}

int
flash_erase(uint32_t addr, uint32_t len)
{
    if (!flash_range_is_whole(addr, len, FLASH_PAGE))
        return 1;
    for (; len > 0; addr += FLASH_PAGE, len -= FLASH_PAGE) {
        if (!flash_erase_sector(addr))
            return 1;
    }
    return 0;
}

/* The eighth word starts it (RM0433, 4.3.9). */
static bool
flash_program_unit(uint32_t addr, const uint8_t *data)
{
    volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)addr;
    volatile uint32_t *cr = flash_unlock(addr);
    uint32_t words[WORDS];
    bool programmed;

    memcpy(words, data, sizeof(words));
    *cr = H7_FLASH_CR_PG | H7_FLASH_CR_PSIZE64;
    __asm__ volatile("dsb" ::: "memory");
    for (uint32_t i = 0; i < WORDS; i++)
        to[i] = words[i];
    __asm__ volatile("dsb" ::: "memory");
    programmed = flash_wait(addr);
    *cr = H7_FLASH_CR_LOCK;
    sfi__wipe(words, sizeof(words));
    return programmed;
}

int
flash_program(uint32_t addr, const uint8_t *data, uint32_t len)
{
    if (!flash_range_is_whole(addr, len, FLASH_UNIT))
        return 1;
    for (uint32_t at = 0; at < len; at += FLASH_UNIT) {
        if (!flash_program_unit(addr + at, data + at))
            return 1;
    }
    return 0;
}

/* A flash word is programmed once: its ECC would not fit the zeros. */
int
flash_zero(uint32_t addr, uint32_t len)
{
    (void)addr;
    (void)len;
    return 1;
}

/* A double error is a bus fault, too, which FAULTMASK and BFHFNMIGN ignore
 * (ARMv7-M ARM, B1.5.7). */
int
flash_read(uint32_t addr, uint8_t *out, uint32_t len)
{
    volatile uint32_t *sr = flash_register(addr, H7_FLASH_SR);
    bool failed;

    SCB_CCR |= CCR_BFHFNMIGN;
    __asm__ volatile("cpsid f" ::: "memory");
    *flash_register(addr, H7_FLASH_CCR) = SR_DBECCERR;
    memcpy(out, (const void *)(uintptr_t)addr, len);
    __asm__ volatile("dsb" ::: "memory");
    failed = (*sr & SR_DBECCERR) != 0;
    *flash_register(addr, H7_FLASH_CCR) = SR_DBECCERR;
    __asm__ volatile("cpsie f" ::: "memory");
    SCB_CCR &= ~CCR_BFHFNMIGN;
    if (failed)
        sfi__wipe(out, len);
    return failed;
}
