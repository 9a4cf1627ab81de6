/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the versions of a part's standard bootloader cannot do: data, each row
 * with its source.  Only hosts need it. */
#ifndef SFI_CHIP_BOOTLOADER_H
#define SFI_CHIP_BOOTLOADER_H

#include "chip/chip.h"

enum chip_quirk {
    CHIP_QUIRK_GO_FAILS = 1u << 0,        /* Go does nothing */
    CHIP_QUIRK_DFU_MASS_ERASE = 1u << 1,  /* erase sector by sector */
    CHIP_QUIRK_GET_COUNT = 1u << 2,       /* Get announces more commands than
                                             it lists */
    CHIP_QUIRK_GO_NO_ACK = 1u << 3,       /* Go's command byte has no ACK */
    CHIP_QUIRK_DFU_BANK2_STUCK = 1u << 4, /* such an erase stays in dfuDNBUSY */
    CHIP_QUIRK_LARGE_RAM = 1u << 5,       /* it needs RAM up to 0x24033fff */
    CHIP_QUIRK_SECOND_SYNC = 1u << 6,     /* may need a reset or a 0x7f more */
    CHIP_QUIRK_EARLY_ERASE_ACK = 1u << 7, /* ACK before bank 2 is erased */
    CHIP_QUIRK_GO_STACK = 1u << 8,        /* Go: stack pointer below the end of
                                             RAM minus 16 */
    CHIP_QUIRK_NO_PCROP = 1u << 9,        /* PCROP cannot be written */
};

/* CHIP_QUIRK_LARGE_RAM: AXI SRAM of its own (AN2606) */
#define CHIP_LARGE_RAM_BASE 0x24000000u
#define CHIP_LARGE_RAM_SIZE 0x34000u

struct chip_bootloader {
    uint16_t device_id;
    uint8_t id;          /* AN2606: the byte near the end of system memory */
    const char *version; /* "V9.0" */
    uint32_t quirks;     /* of enum chip_quirk */
    const char *limits;  /* for people; NULL: none is known */
};

/* A row in `index` order; NULL: past the last. */
const struct chip_bootloader *sfi__chip_bootloader_at(size_t index);
/* NULL: a version that is not in the table. */
const struct chip_bootloader *sfi__chip_bootloader(const struct sfi_chip *chip,
                                                   uint8_t id);

#endif
