/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What dfu_transfer.c (blocks and states), dfu_memory.c, dfu_erase.c, dfu.c
 * (the other commands) and dfu_discovery.c (finding out what the device is) use
 * of each other, and the blocks of a dialect. */
#ifndef SFI_BOOT_DFU_H
#define SFI_BOOT_DFU_H

#include "boot/session.h"

/* A transfer that makes the device do no work. */
#define DFU_CONTROL_MS 2000u

/* What a block makes the device do. */
struct dfu_work {
    uint32_t ms; /* at most */
    bool deaf;   /* it may NAK every transfer meanwhile: an erase in a ROM's
                  * interrupt */
};

#define DFU_STATE_UNKNOWN 0xffu

sfi_status sfi__boot_dfu_return_to_idle(struct boot *b);
/* After a block that timed out and left the state at dfuDNBUSY: to dfuIDLE. */
sfi_status sfi__boot_dfu_clear_busy(struct boot *b);
/* DNLOAD one block, and wait until the device has done it; *r is its last
 * report. */
sfi_status sfi__boot_dfu_send_block(struct boot *b, uint16_t block,
                                    const uint8_t *data, size_t len,
                                    const struct dfu_work *w,
                                    struct dfu_report *r);
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

/* dfu.c: one command from its first transfer to its last, repeated after a
 * fault; `had_effect` (or NULL): a command that failed was carried out all the
 * same. */
sfi_status sfi__boot_dfu_transact(struct boot *b, const char *what,
                                  sfi_status (*once)(struct boot *b, void *arg),
                                  bool (*had_effect)(struct boot *b, void *arg),
                                  void *arg);
/* dfu_memory.c */
sfi_status sfi__boot_dfu_read(struct boot *b, uint32_t address, uint8_t *out,
                              size_t len);
sfi_status sfi__boot_dfu_write(struct boot *b, uint32_t address,
                               const uint8_t *data, size_t len);
sfi_status sfi__boot_dfu_set_pointer(struct boot *b, uint32_t address);
/* Select the alternate setting that names this address. */
sfi_status sfi__boot_dfu_select_memory(struct boot *b, uint32_t address);
/* Read without repeating. */
sfi_status sfi__boot_dfu_read_once(struct boot *b, uint32_t address,
                                   uint8_t *out, size_t len);
/* dfu_erase.c */
sfi_status sfi__boot_dfu_erase_mass(struct boot *b);
sfi_status sfi__boot_dfu_erase_sectors(struct boot *b, const uint16_t *sectors,
                                       size_t count);

/* dfu_discovery.c: the part, its memories, its commands. */
sfi_status sfi__boot_dfu_discover(struct boot *b);

#endif
