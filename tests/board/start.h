/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Test firmware: vectors, start-up, registers of what the tests use.  Results
 * go to `result`, at 0x20001000, where the test peeks. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RESULTS 64
static volatile uint32_t result[RESULTS] __attribute__((section(".results")));
/* Survives resets, not a power cycle. */
static volatile uint32_t kept[16] __attribute__((section(".kept"), unused));
#define IN_RAM __attribute__((section(".ram"), noinline, long_call))

#define RCC 0x40021000u
#define RCC_CR REG(RCC + 0x00)
#define RCC_CFGR REG(RCC + 0x08)
#define RCC_PLLCFGR REG(RCC + 0x0c)
#define RCC_AHB2ENR REG(RCC + 0x4c)
#define RCC_APB1ENR1 REG(RCC + 0x58)
#define RCC_APB2ENR REG(RCC + 0x60)
#define RCC_CSR REG(RCC + 0x94)
#define FLASH 0x40022000u
#define FLASH_ACR REG(FLASH + 0x00)
#define FLASH_KEYR REG(FLASH + 0x08)
#define FLASH_OPTKEYR REG(FLASH + 0x0c)
#define FLASH_SR REG(FLASH + 0x10)
#define FLASH_CR REG(FLASH + 0x14)
#define FLASH_ECCR REG(FLASH + 0x18)
#define FLASH_OPTR REG(FLASH + 0x20)
#define IWDG_KR REG(0x40003000)
#define IWDG_PR REG(0x40003004)
#define IWDG_RLR REG(0x40003008)
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)
#define SCB_VTOR REG(0xe000ed08)
#define SCB_AIRCR REG(0xe000ed0c)

/* A test may define these. */
void nmi(void) __attribute__((weak));
void hard_fault(void) __attribute__((weak));
void svc(void) __attribute__((weak));
void pend_sv(void) __attribute__((weak));
void sys_tick(void) __attribute__((weak));
void tim2(void) __attribute__((weak));
int main(void);
extern uint32_t ram_load[], ram_begin[], ram_end[], bss_begin[], bss_end[];

static inline void
unlock(void)
{
    FLASH_KEYR = 0x45670123;
    FLASH_KEYR = 0xcdef89ab;
}

static inline void
unlock_options(void)
{
    FLASH_OPTKEYR = 0x08192a3b;
    FLASH_OPTKEYR = 0x4c5d6e7f;
}

static inline void
wait_flash(void)
{
    while (FLASH_SR & 0x10000)
        ;
}

static inline uint32_t
program(uint32_t address, uint32_t low, uint32_t high)
{
    FLASH_CR = 1;
    REG(address) = low;
    REG(address + 4) = high;
    wait_flash();
    FLASH_CR = 0;
    return FLASH_SR;
}

static inline uint32_t
erase(uint32_t page)
{
    FLASH_CR = 2 | page << 3;
    FLASH_CR |= 0x10000;
    wait_flash();
    FLASH_CR = 0;
    return FLASH_SR;
}

static void __attribute__((noreturn, used)) reset(void)
{
    uint32_t *from = ram_load, *to;

    for (to = ram_begin; to < ram_end; to++)
        *to = *from++;
    for (to = bss_begin; to < bss_end; to++)
        *to = 0;
    main();
    for (;;)
        IWDG_KR = 0xaaaa;
}

static void (*const vectors[16 + 32])(void)
    __attribute__((section(".vectors"), used)) = {
        [0] = (void (*)(void))0x20008000,
        [1] = (void (*)(void))reset,
        [2] = nmi,
        [3] = hard_fault,
        [11] = svc,
        [14] = pend_sv,
        [15] = sys_tick,
        [16 + 28] = tim2,
};
