/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The two halves of the DFU session. */
#ifndef SFI_BOOT_DFU_H
#define SFI_BOOT_DFU_H

#include "boot/session.h"

/* A transfer that is not work for the device. */
#define DFU_CONTROL_MS 2000u
#define DFU_STATE_UNKNOWN 0xffu

/* UPLOAD of one block; the way to dfuIDLE before it. */
sfi_status sfi__boot_dfu_take_block(struct boot *b, uint16_t block,
                                    uint8_t *out, size_t len, size_t *got);
/* One block of a dialect's, never again; none: "leave".  `string`: what
 * GETSTATUS ends with.  An upload is as long as the device makes it. */
sfi_status sfi__boot_dfu_download(struct boot *b, uint16_t block,
                                  const uint8_t *data, size_t len, uint32_t ms,
                                  uint8_t *string);
sfi_status sfi__boot_dfu_upload(struct boot *b, uint16_t block, uint8_t *out,
                                size_t *len);
/* boot_dfu_look.c: the part, its memories, its commands. */
sfi_status sfi__boot_dfu_discover(struct boot *b);

#endif
