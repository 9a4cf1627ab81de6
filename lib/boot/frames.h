/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The commands that the bootloaders of AN3155 (USART) and AN4286 (SPI) share.
 * The two differ in how a frame goes out, and in how its ACK and the reply come
 * in: struct frames_wire. */
#ifndef SFI_BOOT_FRAMES_H
#define SFI_BOOT_FRAMES_H

#include "boot/session.h"

/* AN3155 and AN4286 name no times; the host bounds every wait by itself.  A
 * secure bootloader of ours drops a half frame, with a NACK, after 1000 ms:
 * whoever waits longer for an ACK receives that NACK. */
#define FRAMES_ACK_MS 1500u
/* Between the bytes of one reply, which come in one go. */
#define FRAMES_GAP_MS 250u

/* For an ACK to Go that may not come. */
#define FRAMES_GO_MS 250u

enum frame_kind {
    FRAME_PLAIN,
    FRAME_PROGRAM /* the data of Write Memory */
};

/* `ms` and `wait_ms` bound the wait for the first byte, besides the time on
 * the line. */
struct frames_wire {
    /* Send a command's code and take its ACK. */
    sfi_status (*send_command)(struct boot *b, uint8_t cmd, uint32_t ms);
    /* Send Go, whose code may have no ACK of its own, and the address; *part:
     * what was refused. */
    sfi_status (*send_go)(struct boot *b, const uint8_t *address, size_t len,
                          enum boot_refused *part);
    /* Send one frame and take its ACK. */
    sfi_status (*send_frame)(struct boot *b, enum frame_kind kind,
                             const uint8_t *frame, size_t len, uint32_t ms);
    /* Send the pages to erase; take the ACK that follows the erase. */
    sfi_status (*send_pages)(struct boot *b, const uint16_t *pages,
                             size_t count, uint32_t ms);
    /* An ACK that comes by itself. */
    sfi_status (*take_ack)(struct boot *b, uint32_t ms);
    /* After the ACK: what precedes a reply. */
    sfi_status (*begin_reply)(struct boot *b);
    /* Bytes of a reply.  `wait_ms`: the first of them may take that long, and
     * is never 0xa5; 0: they follow at once. */
    sfi_status (*take_bytes)(struct boot *b, uint8_t *buf, size_t len,
                             uint32_t wait_ms);
    /* The reply to Get: N, version, commands and the ACK; up to BOOT_GET_MAX
     * bytes. */
    sfi_status (*take_get)(struct boot *b, uint8_t *buf, size_t *len);
    /* Bring a bootloader that lost its place in a frame back to where it waits
     * for a command, whether it gives up on half frames by itself or not. */
    sfi_status (*resync)(struct boot *b);
};

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
