/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A DFU host of a few lines, for the virtual chip on the board, which is
 * attached. */
#ifndef SFI_TESTS_USB_HOST_H
#define SFI_TESTS_USB_HOST_H

#include <sfi/status.h>

#include "proto/dfu.h"

sfi_status host_control(uint8_t type, uint8_t request, uint16_t value,
                        void *bytes, size_t len, size_t *got);
void host_status(struct dfu_report *r);
uint8_t host_state(void);
sfi_status host_download(uint16_t block, const void *bytes, size_t len);
/* Busy first, then done: the status, cleared if it is an error. */
uint8_t host_run_block(uint16_t block, const void *bytes, size_t len);
uint8_t host_command(uint8_t code, uint32_t address);
/* ABORT */
void host_idle(void);
void host_assert_stalls(sfi_status st);

#endif
