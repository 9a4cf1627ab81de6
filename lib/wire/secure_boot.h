/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Why the secure boot of examples/bootloader parks: it stands still with two
 * words in RAM, for whoever looks at a board that does not start.  Numbers
 * only. */
#ifndef SFI_WIRE_SECURE_BOOT_H
#define SFI_WIRE_SECURE_BOOT_H

/* Of an STM32L462CE: the words' address, SECURE_BOOT_PARKED and a reason. */
#define SECURE_BOOT_L462_PARK_AT 0x20004000u
/* Of an STM32H753xI, whose bootloader does that itself. */
#define SECURE_BOOT_H753_PARK_AT 0x20004000u
#define SECURE_BOOT_PARKED 0x6b726170u

enum secure_boot_reason {
    /* No bootloader, and no firmware that can be started: */
    SECURE_BOOT_NO_STACK = 1, /* its stack pointer is not in RAM */
    SECURE_BOOT_NO_ENTRY = 2, /* its reset vector is not in the user range */
    /* A bootloader that must not run; nothing was erased: */
    SECURE_BOOT_RDP = 3,     /* readout protection is level 0 */
    SECURE_BOOT_WRP = 4,     /* secure boot is not write-protected */
    SECURE_BOOT_OPTIONS = 5, /* the option bytes are damaged */
    /* A damaged bootloader; the user range was erased: */
    SECURE_BOOT_DAMAGED = 6, /* its CRC is wrong, or it cannot be read */
    /* ... and was not, since a complete firmware is in it: */
    SECURE_BOOT_DAMAGED_COMPLETE = 7,
    SECURE_BOOT_ERASE = 8, /* the flash does not erase */
    /* Secure boot has a double ECC error; nothing was erased: */
    SECURE_BOOT_SELF = 9,
};

#endif
