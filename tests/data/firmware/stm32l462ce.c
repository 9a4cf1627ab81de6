/* STM32L462CE: LED on PA5, USART2_TX on PA2.  After reset the core runs from
 * MSI at 4 MHz (RM0394 6.2). */
#include "board.h"

#define RCC 0x40021000u
#define RCC_AHB2ENR (RCC + 0x4cu)
#define RCC_APB1ENR1 (RCC + 0x58u)
#define GPIOA 0x48000000u
#define USART2 0x40004400u

#define MODER 0x00u
#define AFRL 0x20u

static const struct write_op init[] = {
    {RCC_AHB2ENR, 0, 1u << 0},           /* GPIOA */
    {RCC_APB1ENR1, 0, 1u << 17},         /* USART2 */
    {GPIOA + MODER, 3u << 10, 1u << 10}, /* PA5: output */
    {GPIOA + MODER, 3u << 4, 2u << 4},   /* PA2: alternate function */
    {GPIOA + AFRL, 15u << 8, 7u << 8},   /* AF7: USART2_TX */
};

const struct board board = {
    .name = "stm32l462ce",
    .hz = 4000000,
    .init = init,
    .init_count = sizeof(init) / sizeof(init[0]),
    .led_port = GPIOA,
    .led_pin = 5,
    .uart = USART2,
};

__attribute__((used)) static const char marker[] =
    "LIBSFI-PLAINTEXT-MARKER code 0b94e6d2";
