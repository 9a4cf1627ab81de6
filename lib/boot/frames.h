/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the bootloaders of AN3155 (USART) and AN4286 (SPI) share: the commands.
 * What differs is how a frame goes out, and how its ACK and the answer come
 * in. */
#ifndef SFI_BOOT_FRAMES_H
#define SFI_BOOT_FRAMES_H

#include "boot/session.h"

/* AN3155 and AN4286 name no times; the host bounds every wait by itself.  A
 * secure bootloader of ours drops a half frame, with a NACK, after 1000 ms:
 * waiting longer for an ACK hears it. */
#define AN_ACK_MS 1500u
/* Between the bytes of one answer, which come in one go. */
#define AN_GAP_MS 250u

/* In each: `ms` for the first byte of what is waited for, time on the line
 * apart. */
struct frames_wire {
    /* A command's code, and its ACK. */
    sfi_status (*command)(struct boot *b, uint8_t cmd);
    /* What goes out before the next wait, and its ACK. */
    sfi_status (*phase)(struct boot *b, const uint8_t *frame, size_t len,
                        uint32_t ms);
    /* The same of the data of Write Memory. */
    sfi_status (*program)(struct boot *b, const uint8_t *frame, size_t len,
                          uint32_t ms);
    /* An ACK that comes by itself. */
    sfi_status (*ack)(struct boot *b, uint32_t ms);
    /* Pages to erase, and the ACK when they are. */
    sfi_status (*pages)(struct boot *b, const uint16_t *pages, size_t count,
                        uint32_t ms);
    /* After the ACK: what comes before an answer. */
    sfi_status (*answer)(struct boot *b);
    /* The rest of an answer that has begun. */
    sfi_status (*take)(struct boot *b, uint8_t *buf, size_t len);
    /* A byte that may take its time, and is never 0xa5. */
    sfi_status (*take_late)(struct boot *b, uint8_t *byte, uint32_t ms);
    /* The answer to Get: N, version, commands and the ACK; up to UINT8_MAX + 3
     * bytes. */
    sfi_status (*take_get)(struct boot *b, uint8_t *buf, size_t *len);
    /* Back to where a bootloader that was lost in a frame waits for a command,
     * whether it gives up on half frames by itself or not. */
    sfi_status (*resync)(struct boot *b);
    /* Drop what may still come; keeps the context's error. */
    void (*give_up)(struct boot *b);
};

#define AN_GET_MAX (1u + 1u + UINT8_MAX + 1u)

/* After the bootloader was found: Get and Get ID. */
sfi_status sfi__frames_identify(struct boot *b);

sfi_status sfi__frames_read(struct boot *b, uint32_t address, uint8_t *out,
                            size_t len);
sfi_status sfi__frames_write(struct boot *b, uint32_t address,
                             const uint8_t *data, size_t len);
sfi_status sfi__frames_go(struct boot *b, uint32_t address);
sfi_status sfi__frames_erase_mass(struct boot *b);
sfi_status sfi__frames_erase_sectors(struct boot *b, const uint16_t *sectors,
                                     size_t count);
sfi_status sfi__frames_readout_unprotect(struct boot *b);
sfi_status sfi__frames_special(struct boot *b, struct special *s);

#endif
