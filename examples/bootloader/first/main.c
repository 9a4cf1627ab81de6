/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core on a USART, by polling: the loop of a bootloader. */
#include <sfi/device.h>

#define REG(address) (*(volatile uint32_t *)(address))

extern const sfi_device_port port;

/* An STM32L462 after its reset runs on MSI, 4 MHz.  PA9 and PA10 are USART1:
 * 8 data bits, even parity, 115,200 baud. */
static void
line_start(void)
{
    REG(0x4002104c) |= 1u << 0;   /* RCC_AHB2ENR: GPIOA */
    REG(0x40021060) |= 1u << 14;  /* RCC_APB2ENR: USART1 */
    REG(0x48000024) = 0x00000770; /* GPIOA_AFRH: function 7 */
    REG(0x48000000) =
        (REG(0x48000000) & ~0x003c0000u) | 0x00280000u; /* MODER */
    REG(0x4001380c) = 35;                               /* USART1_BRR */
    REG(0x40013800) =
        1u << 12 | 1u << 10 | 1u << 3 | 1u << 2; /* M0 PCE TE RE */
    REG(0x40013800) |= 1u;                       /* UE */
}

static void
line_send(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        while ((REG(0x4001381c) & 1u << 7) == 0) /* USART1_ISR: TXE */
            ;
        REG(0x40013828) = bytes[i]; /* TDR */
    }
}

int
main(void)
{
    static uint64_t mem[SFI_DEVICE_SIZE_MAX / sizeof(uint64_t)];
    uint8_t in, out[SFI_DEVICE_ANSWER_MAX];
    sfi_device *dev;
    size_t len;

    line_start();
    if (sfi_device_init(mem, sizeof(mem), sfi_chip_find("stm32l462ce"), &port,
                        NULL, &dev) != SFI_OK)
        return 1;
    for (;;) {
        while ((REG(0x4001381c) & 1u << 5) == 0) /* RXNE */
            ;
        in = (uint8_t)REG(0x40013824); /* RDR */
        len = sizeof(out);
        if (sfi_device_usart(dev, &in, 1, out, &len) == SFI_OK)
            line_send(out, len);
        len = sizeof(out);
        sfi_device_poll(dev, out, &len);
        line_send(out, len);
    }
}
