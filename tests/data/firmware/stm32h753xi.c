/* STM32H753xI on a NUCLEO-144: LD1 on PB0, USART3_TX on PD8.  After reset the
 * core runs from HSI at 64 MHz (RM0433 8.5). */
#include "board.h"

#define RCC 0x58024400u
#define RCC_AHB4ENR (RCC + 0xe0u)
#define RCC_APB1LENR (RCC + 0xe8u)
#define GPIOB 0x58020400u
#define GPIOD 0x58020c00u
#define USART3 0x40004800u

#define MODER 0x00u
#define AFRH 0x24u

static const struct write_op init[] = {
    {RCC_AHB4ENR, 0, 1u << 1 | 1u << 3}, /* GPIOB, GPIOD */
    {RCC_APB1LENR, 0, 1u << 18},         /* USART3 */
    {GPIOB + MODER, 3u << 0, 1u << 0},   /* PB0: output */
    {GPIOD + MODER, 3u << 16, 2u << 16}, /* PD8: alternate function */
    {GPIOD + AFRH, 15u << 0, 7u << 0},   /* AF7: USART3_TX */
};

const struct board board = {
    .name = "stm32h753xi",
    .hz = 64000000,
    .init = init,
    .init_count = sizeof(init) / sizeof(init[0]),
    .led_port = GPIOB,
    .led_pin = 0,
    .uart = USART3,
};

__attribute__((used)) static const char marker[] =
    "LIBSFI-PLAINTEXT-MARKER code 0b94e6d2";
