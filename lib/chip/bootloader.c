/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AN2606, bootloader versions and known limitations, and reports of users. */
#include "chip/bootloader.h"

static const struct chip_bootloader loaders[] = {
    /* AN2606, H74x/75x: Go, USART2 and SPI1 do not work */
    {0x450, 0xd2, "V13.2", CHIP_QUIRK_GO_FAILS,
     "Go, USART2 and SPI1 do not work"},
    /* AN2606, H74x/75x */
    {0x450, 0xd3, "V13.3", CHIP_QUIRK_DFU_MASS_ERASE,
     "mass erase over USB does not work"},
    /* AN2606, H74x/75x: the count of Get, Go's ACK, RAM, the second reset and
     * 0x7f, the stack pointer; betaflight-configurator pull request 1861, issue
     * 5348 and ST community 244731: bank 2 over USB */
    {0x450, 0x90, "V9.0",
     CHIP_QUIRK_GET_COUNT | CHIP_QUIRK_GO_NO_ACK | CHIP_QUIRK_DFU_BANK2_STUCK |
         CHIP_QUIRK_LARGE_RAM | CHIP_QUIRK_SECOND_SYNC | CHIP_QUIRK_GO_STACK,
     "Go may not be acknowledged; an erase in bank 2 hangs over USB; RAM below "
     "0x24034000 is taken"},
    /* AN2606, H74x/75x: the ACK of an erase in bank 2 */
    {0x450, 0x91, "V9.1", CHIP_QUIRK_EARLY_ERASE_ACK | CHIP_QUIRK_GO_STACK,
     "an erase in bank 2 is acknowledged before it is done"},
    {0x450, 0x92, "V9.2", CHIP_QUIRK_GO_STACK, NULL},
    /* AN2606, L45x/46x */
    {0x462, 0x92, "V9.2", CHIP_QUIRK_NO_PCROP, "PCROP cannot be written"},
};

const struct chip_bootloader *
sfi__chip_bootloader_at(size_t index)
{
    return index < sizeof(loaders) / sizeof(*loaders) ? &loaders[index] : NULL;
}

const struct chip_bootloader *
sfi__chip_bootloader(const struct sfi_chip *chip, uint8_t id)
{
    for (size_t i = 0; i < sizeof(loaders) / sizeof(*loaders); i++) {
        if (loaders[i].device_id == chip->device_id && loaders[i].id == id)
            return &loaders[i];
    }
    return NULL;
}
