/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* STM32L462CE: its memories and peripherals (RM0394, 2.2.2 and 6.4). */
#include "flash_l4.h"
#include "models.h"
#include "periph.h"
#include "rcc.h"

/* Offsets in RCC: enable and reset. */
#define AHB2 0x4c, 0x2c
#define APB1 0x58, 0x38
#define APB2 0x60, 0x40
#define ALWAYS BOARD_ALWAYS, 0, 0

static const struct board_unit units[] = {
    {&rcc_model, 0x40021000, 0x400, 0, 5, ALWAYS, 0},
    {&flash_l4_model, 0x40022000, 0x400, 0, 4, ALWAYS, 0},
    {&pwr_l4_model, 0x40007000, 0x400, 0, BOARD_NO_IRQ, APB1, 28, 0},
    {&iwdg_model, 0x40003000, 0x400, 0, BOARD_NO_IRQ, ALWAYS,
     BOARD_LINK_BACKGROUND},
    {&tim_model, 0x40000000, 0x400, 2, 28, APB1, 0, 0},
    {&tim_model, 0x40000400, 0x400, 3, 29, APB1, 1, 0},
    {&tim_model, 0x40001000, 0x400, 6, 54, APB1, 4, 0},
    {&tim_model, 0x40012c00, 0x400, 1, 25, APB2, 11, 0},
    {&tim_model, 0x40014000, 0x400, 15, 24, APB2, 16, 0},
    {&tim_model, 0x40014400, 0x400, 16, 25, APB2, 17, 0},
    {&board_gpio_l4, 0x48000000, 0x400, 0, BOARD_NO_IRQ, AHB2, 0, 0},
    {&board_gpio_l4, 0x48000400, 0x400, 1, BOARD_NO_IRQ, AHB2, 1, 0},
    {&board_gpio_l4, 0x48000800, 0x400, 2, BOARD_NO_IRQ, AHB2, 2, 0},
    {&board_gpio_l4, 0x48000c00, 0x400, 3, BOARD_NO_IRQ, AHB2, 3, 0},
    {&board_gpio_l4, 0x48001000, 0x400, 4, BOARD_NO_IRQ, AHB2, 4, 0},
    {&board_gpio_l4, 0x48001c00, 0x400, 7, BOARD_NO_IRQ, AHB2, 7, 0},
    {&board_usart_l4, 0x40013800, 0x400, 0, 37, APB2, 14, BOARD_LINK_USART},
    {&board_usart_l4, 0x40004400, 0x400, 1, 38, APB1, 17, BOARD_LINK_USART},
    {&board_usart_l4, 0x40004800, 0x400, 2, 39, APB1, 18, BOARD_LINK_USART},
    {&board_usart_l4, 0x40004c00, 0x400, 3, 52, APB1, 19, BOARD_LINK_USART},
    {&board_spi_l4, 0x40013000, 0x400, 0, 35, APB2, 12, BOARD_LINK_SPI},
    {&board_spi_l4, 0x40003800, 0x400, 1, 36, APB1, 14, BOARD_LINK_SPI},
    {&board_spi_l4, 0x40003c00, 0x400, 2, 51, APB1, 15, BOARD_LINK_SPI},
    {&board_aes_l4, 0x50060000, 0x400, 0, 79, AHB2, 16, 0},
    {&board_rng_l4, 0x50060800, 0x400, 0, 80, AHB2, 18, 0},
    {&plain_model, 0x40010000, 0x400, 0, BOARD_NO_IRQ, APB2, 0, 0}, /* SYSCFG */
    {&plain_model, 0x40010400, 0x400, 1, BOARD_NO_IRQ, ALWAYS, 0},  /* EXTI */
    {&dbgmcu_model, 0xe0042000, 0x400, 0, BOARD_NO_IRQ, ALWAYS, 0},
};

static const struct span spans[] = {
    {0x40000000, 0x30000}, {0x48000000, 0x4000},  {0x50040000, 0x1000},
    {0x50060000, 0x1000},  {0xe0000000, 0x50000},
};

/* RM0394, 3.4.1, as the part comes. */
static const uint32_t factory[L4_OPTION_WORDS] = {
    0xffeff8aa, 0xffffffff, 0x00000000, 0xff00ffff, 0xff00ffff,
};

static bool
starts_watchdog(struct board *b)
{
    return (flash_l4(b)->in_force[OPTR] & OPTR_IWDG_SW) == 0;
}

/* RM0394, 47: unique id, flash size in KB, package; and ST's bootloader's id
 * (AN2606). */
static uint32_t
system_word(struct board *b, uint32_t address)
{
    static const uint32_t uid[3] = {0x00320041, 0x3436510b, 0x20373453};

    if (address >= 0x1fff7590 && address < 0x1fff759c)
        return uid[(address - 0x1fff7590) / 4];
    if (address == 0x1fff75e0)
        return 0xffff0000u | b->part->flash_len >> 10;
    if (address == 0x1fff6ffe)
        return 0x31;
    return 0xffffffffu;
}

const struct board_part board_l462 = {
    .name = "stm32l462ce",
    .text = "STM32L462CE on an emulated Cortex-M4",
    .cpu = UC_CPU_ARM_CORTEX_M4,
    .idcode = 0x10006462,
    .freeze = 0x08, /* APB1FZR1: DBG_IWDG_STOP */
    .freeze_bit = 1u << 12,
    .flash = 0x08000000,
    .flash_len = 512u << 10,
    .page = L4_PAGE,
    .unit = L4_UNIT,
    .system = 0x1fff0000,
    .system_len = 0x8000,
    .otp = 0x1fff7000,
    .otp_len = 1024,
    .options = 0x1fff7800,
    .option_count = L4_OPTION_WORDS,
    .factory_options = factory,
    .user = 0x08001000,
    .user_len = 466u << 10,
    .loader = 0x08075800,
    .ram = {{0x20000000, 128u << 10, 0, false},
            {0x10000000, 32u << 10, 0x20020000, true}},
    .ram_count = 2,
    .units = units,
    .unit_count = sizeof(units) / sizeof(*units),
    .spans = spans,
    .span_count = sizeof(spans) / sizeof(*spans),
    .store = flash_l4_store,
    .loaded = flash_l4_loaded,
    .watches = flash_l4_watches,
    .system_word = system_word,
    .load_options = flash_l4_load_options,
    .options_get = flash_l4_options,
    .set_options = flash_l4_set_options,
    .rdp = flash_l4_rdp,
    .starts_watchdog = starts_watchdog,
    .start = flash_l4_start,
    .rcc = &rcc_l4,
    .fault = flash_l4_fault,
};
