/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What runs after a reset of the STM32H753: its bootloader or the firmware, and
 * the ways out of the bootloader. */
#include "board.h"
#include "flash.h"
#include "part.h"
#include "part_chip.h"
#include "regs.h"
#include "state.h"
#include "wire/h7_flash.h"

/* PC13, high while the bootloader is wanted: the button of ST's boards. */
#define BUTTON_PIN 13u
#define OPTSR_RDP_SHIFT 8
#define WPSN_CUR_A 0x38u

struct sfi_chip h753_chip;

_Noreturn static void
decide_park(uint32_t reason)
{
    REG(SECURE_BOOT_H753_PARK_AT) = SECURE_BOOT_PARKED;
    REG(SECURE_BOOT_H753_PARK_AT + 4) = reason;
    for (;;)
        watchdog_feed();
}

/* Once an install is complete the option bytes are the firmware's. */
static void
decide_check_protection(enum record_phase phase)
{
    uint32_t options = REG(FLASH_REGISTERS + H7_FLASH_OPTSR_CUR);

    if ((options >> OPTSR_RDP_SHIFT & 0xff) == CHIP_RDP_LEVEL0)
        decide_park(SECURE_BOOT_RDP);
    if (phase == RECORD_COMMITTING || phase == RECORD_INSTALLED)
        return;
    if ((REG(FLASH_REGISTERS + WPSN_CUR_A) & MAP_WRP_BOOT) != 0)
        decide_park(SECURE_BOOT_WRP);
}

static bool
decide_is_wanted(void)
{
    RCC_GPIOENR |= GPIOENR_C;
    (void)RCC_GPIOENR; /* the clock is on when this has been read */
    GPIOC_MODER &= ~(3u << 2 * BUTTON_PIN);
    GPIOC_PUPDR =
        (GPIOC_PUPDR & ~(3u << 2 * BUTTON_PIN)) | PULL_DOWN << 2 * BUTTON_PIN;
    for (volatile uint32_t i = 0; i < 1000; i++) /* the pull-down works */
        ;
    return (GPIOC_IDR & BIT(BUTTON_PIN)) != 0;
}

static bool
decide_is_within(uint32_t value, uint32_t from, uint32_t to)
{
    return value >= from && value < to;
}

/* A stack grows downwards from its pointer, which may be the end of RAM. */
static bool
decide_can_start(void)
{
    uint32_t head[2];

    if (flash_read(MAP_USER, (uint8_t *)head, sizeof(head)) != 0)
        return false;
    return head[0] % 4 == 0 && head[1] % 2 == 1 &&
           decide_is_within(head[1], MAP_USER, MAP_USER_END) &&
           (decide_is_within(head[0] - 4, MAP_RAM, MAP_RAM_END) ||
            decide_is_within(head[0] - 4, MAP_AXI, MAP_AXI_END) ||
            decide_is_within(head[0] - 4, MAP_SRAM, MAP_SRAM_END));
}

/* A firmware that cannot start leaves the bootloader to whoever installs the
 * next one. */
void
part_decide(void)
{
    enum record_phase phase = state_load_phase();

    decide_check_protection(phase);
    if (phase == RECORD_INSTALLED && !decide_is_wanted() && decide_can_start())
        part_start(MAP_USER);
}

void
part_reset(void)
{
    __asm__ volatile("dsb" ::: "memory");
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    for (;;)
        ;
}

/* The option bytes came into force when they were written (RM0433, 4.4.5). */
void
board_launch(void)
{
    part_reset();
}

/* This bootloader stays: sfi_chip.loader is empty. */
void
board_erase_loader(void)
{
    part_reset();
}

void
usart_slow_clock(void)
{
}

static void
decide_fill_chip(void)
{
    h753_chip = sfi__chip_stm32h753;
    h753_chip.user.base = MAP_USER;
    h753_chip.user.size = MAP_USER_LEN;
}

/* HSI at 64 MHz, undivided, as after a reset.  The cache of instructions only:
 * data that depends on secrets is looked up in the same time. */
void
board_start(void)
{
    flash_start();
    watchdog_start();
    decide_fill_chip();
    part_decide();
    SCB_ICIALLU = 0;
    __asm__ volatile("dsb\nisb" ::: "memory");
    SCB_CCR |= CCR_IC;
    __asm__ volatile("dsb\nisb" ::: "memory");
    RCC_APB1LENR |= APB1LENR_TIM2;
    (void)RCC_APB1LENR; /* the clock is on when this has been read */
    time_start();
    usart_start();
    spi_start();
}
