/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What dfu_transfer.c (blocks and states), dfu.c (commands) and dfu_discovery.c
 * (finding out what the device is) use of each other, and the blocks of a
 * dialect. */
#ifndef SFI_BOOT_DFU_H
#define SFI_BOOT_DFU_H

#include "boot/session.h"

/* A transfer that makes the device do no work. */
#define DFU_CONTROL_MS 2000u
#define DFU_STATE_UNKNOWN 0xffu

sfi_status sfi__boot_dfu_return_to_idle(struct boot *b);
/* DNLOAD one block, and wait until the device has done it within `ms`; *r is
 * its last report. */
sfi_status sfi__boot_dfu_send_block(struct boot *b, uint16_t block,
                                    const uint8_t *data, size_t len,
                                    uint32_t ms, struct dfu_report *r);
/* Leave DFU mode (AN3156, 5.4): the program at the pointer starts. */
sfi_status sfi__boot_dfu_leave(struct boot *b);
/* UPLOAD one block; returns to dfuIDLE first where necessary. */
sfi_status sfi__boot_dfu_take_block(struct boot *b, uint16_t block,
                                    uint8_t *out, size_t len, size_t *got);
/* DNLOAD one block for a dialect, never repeated; an empty block tells the
 * device to leave DFU mode.  *string: the last byte of GETSTATUS's reply. */
sfi_status sfi__boot_dfu_download(struct boot *b, uint16_t block,
                                  const uint8_t *data, size_t len, uint32_t ms,
                                  uint8_t *string);
/* UPLOAD one block for a dialect; the device decides how long it is. */
sfi_status sfi__boot_dfu_upload(struct boot *b, uint16_t block, uint8_t *out,
                                size_t *len);
/* dfu_discovery.c: the part, its memories, its commands. */
sfi_status sfi__boot_dfu_discover(struct boot *b);

#endif
