/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* STM32H753xI: its memories and peripherals (RM0433, 2.3 and 8.7).  Caches, MPU
 * regions and ITCM are not modelled; address 0 shows where the part starts. */
#include "models.h"
#include "part_h7.h"
#include "periph.h"
#include "rcc.h"

/* Offsets in RCC: enable and reset. */
#define AHB2 0xdc, 0x84
#define AHB4 0xe0, 0x88
#define APB1 0xe8, 0x90
#define APB2 0xf0, 0x98
#define APB4 0xf4, 0x9c
#define ALWAYS BOARD_ALWAYS, 0, 0
#define GPIO(n)                                                               \
    {                                                                         \
        &board_gpio_h7, 0x58020000 + 0x400 * n, 0x400, n, BOARD_NO_IRQ, AHB4, \
            n, 0                                                              \
    }

static const struct board_unit units[] = {
    {&rcc_model, 0x58024400, 0x400, 0, 5, ALWAYS, 0},
    {&pwr_h7_model, 0x58024800, 0x400, 0, BOARD_NO_IRQ, ALWAYS, 0},
    {&flash_h7_model, 0x52002000, 0x400, 0, 4, ALWAYS, 0},
    {&iwdg_model, 0x58004800, 0x400, 0, BOARD_NO_IRQ, ALWAYS,
     BOARD_LINK_BACKGROUND},
    {&tim_model, 0x40000000, 0x400, 2, 28, APB1, 0, 0},
    {&tim_model, 0x40000400, 0x400, 3, 29, APB1, 1, 0},
    {&tim_model, 0x40001000, 0x400, 6, 54, APB1, 4, 0},
    {&tim_model, 0x40010000, 0x400, 1, 25, APB2, 0, 0},
    GPIO(0),
    GPIO(1),
    GPIO(2),
    GPIO(3),
    GPIO(4),
    GPIO(5),
    GPIO(6),
    GPIO(7),
    GPIO(8),
    GPIO(9),
    GPIO(10),
    {&board_usart_h7, 0x40011000, 0x400, 0, 37, APB2, 4, BOARD_LINK_USART},
    {&board_usart_h7, 0x40004400, 0x400, 1, 38, APB1, 17, BOARD_LINK_USART},
    {&board_usart_h7, 0x40004800, 0x400, 2, 39, APB1, 18, BOARD_LINK_USART},
    {&board_spi_h7, 0x40013000, 0x400, 0, 35, APB2, 12, BOARD_LINK_SPI},
    {&board_spi_h7, 0x40003800, 0x400, 1, 36, APB1, 14, BOARD_LINK_SPI},
    {&board_spi_h7, 0x40003c00, 0x400, 2, 51, APB1, 15, BOARD_LINK_SPI},
    {&board_spi_h7, 0x40013400, 0x400, 3, 84, APB2, 13, BOARD_LINK_SPI},
    {&board_rng_h7, 0x48021800, 0x400, 0, 80, AHB2, 6, 0},
    {&plain_model, 0x58000400, 0x400, 0, BOARD_NO_IRQ, APB4, 1, 0}, /* SYSCFG */
    {&plain_model, 0x58000000, 0x400, 1, BOARD_NO_IRQ, ALWAYS, 0},  /* EXTI */
    {&dbgmcu_model, 0x5c001000, 0x400, 0, BOARD_NO_IRQ, ALWAYS, 0},
};

static const struct span spans[] = {
    {0x40000000, 0x30000}, {0x48020000, 0x3000}, {0x52002000, 0x1000},
    {0x58000000, 0x27000}, {0x5c001000, 0x1000}, {0xe0000000, 0x50000},
};

/* RM0433, 4.4.2, as the part comes. */
static const uint32_t factory[H7_OPTION_WORDS] = {
    0x1bc6aaf0, 0x000000ff, 0x000000ff, 0x000000ff, 0x000000ff,
    0x000000ff, 0x000000ff, 0x1ff00800, 0x10000810,
};

/* RM0433, 61: unique id, flash size in KB; and ST's bootloader's id
 * (AN2606). */
static uint32_t
system_word(struct board *b, uint32_t address)
{
    static const uint32_t uid[3] = {0x00320041, 0x3436510b, 0x20373453};

    if (address >= 0x1ff1e800 && address < 0x1ff1e80c)
        return uid[(address - 0x1ff1e800) / 4];
    if (address == 0x1ff1e880)
        return 0xffff0000u | b->part->flash_len >> 10;
    if (address == 0x1ff1e7fc)
        return 0x00310000;
    return 0xffffffffu;
}

const struct board_part board_h753 = {
    .name = "stm32h753xi",
    .text = "STM32H753xI on an emulated Cortex-M7",
    .cpu = UC_CPU_ARM_CORTEX_M7,
    .idcode = 0x20036450,
    .freeze = 0x54, /* APB4FZ1: WDGLSD1 */
    .freeze_bit = 1u << 18,
    .flash = 0x08000000,
    .flash_len = 2u << 20,
    .page = H7_SECTOR,
    .unit = H7_UNIT,
    .system = 0x1ff00000,
    .system_len = 0x20000,
    .otp = 0x1ff1f000, /* it has none: a place that no one reads */
    .otp_len = 1024,
    .options = 0x1ff1f800, /* and none of its options is memory */
    .option_count = H7_OPTION_WORDS,
    .factory_options = factory,
    .user = 0x08020000,
    .user_len = 0x1a0000,
    .loader = 0x08000000,
    .ram = {{0x20000000, 128u << 10, 0, false},
            {0x24000000, 512u << 10, 0, false},
            {0x30000000, 288u << 10, 0, false},
            {0x38000000, 64u << 10, 0, false}},
    .ram_count = 4,
    .units = units,
    .unit_count = sizeof(units) / sizeof(*units),
    .spans = spans,
    .span_count = sizeof(spans) / sizeof(*spans),
    .store = flash_h7_store,
    .loaded = flash_h7_loaded,
    .watches = flash_h7_watches,
    .system_word = system_word,
    .load_options = flash_h7_load_options,
    .options_get = flash_h7_options,
    .set_options = flash_h7_set_options,
    .rdp = flash_h7_rdp,
    .starts_watchdog = flash_h7_starts_watchdog,
    .start = flash_h7_start,
    .rcc = &rcc_h7,
    .fault = flash_h7_fault,
};
