/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bootloader: bytes of USART and SPI into the device core, and its answers
 * out.  By polling; no interrupt is enabled. */
#include "board.h"
#include "crypto.h"
#include "part_chip.h"
#include "port.h"
#include "store.h"

_Noreturn void image_main(void);

/* Written by seal.py; secure boot compares. */
__attribute__((section(".seal"), used)) static const uint32_t seal[2] = {0, 0};

static uint64_t device_memory[SFI_DEVICE_SIZE_MAX / sizeof(uint64_t)];
static uint8_t answer[SFI_DEVICE_ANSWER_MAX];

static uint8_t
main_pass_spi(void *user, uint8_t in)
{
    return sfi_device_spi(user, in);
}

static bool
main_serve_usart(sfi_device *dev)
{
    size_t len = sizeof(answer);
    uint8_t byte;

    if (!usart_take(&byte))
        return false;
    if (sfi_device_usart(dev, &byte, 1, answer, &len) == SFI_OK)
        usart_send(answer, (uint32_t)len);
    return true;
}

static void
main_poll(sfi_device *dev)
{
    size_t len = sizeof(answer);

    sfi_device_poll(dev, answer, &len);
    if (len > 0)
        usart_send(answer, (uint32_t)len);
}

/* A store or a generator that does not start is reported to the host, request
 * by request: STORAGE, LICENSE, RANDOM. */
void
image_main(void)
{
    sfi_device *dev;

    board_start();
    (void)store_start();
    (void)crypto_start();
    if (sfi_device_init(device_memory, sizeof(device_memory), &PART_CHIP,
                        &bootloader_port, NULL, &dev) != SFI_OK)
        board_launch();
    for (;;) {
        bool came;

        watchdog_feed();
        came = main_serve_usart(dev);
        came = spi_serve(main_pass_spi, dev) || came;
        if (!came) {
            main_poll(dev);
            links_wait();
        }
    }
}
