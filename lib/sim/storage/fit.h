/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board: a chip's folder whose flash holds the programs of the chip's side,
 * which an emulated core runs, and the chip's key and certificate in a data
 * page.  Its flash is readable by its owner only, as the device key is. */
#ifndef SFI_SIM_STORAGE_FIT_H
#define SFI_SIM_STORAGE_FIT_H

#include <sfi/firmware.h>

#include "sim/storage/store.h"

/* Put programs into a chip's folder, which nobody has open. */
sfi_status sfi__fit_board(sfi_ctx *ctx, const char *dir,
                          const sfi_firmware *const *programs, size_t count);
/* Likewise a new chip in memory.  `memory` receives that of the board, and is
 * freed by the caller, also after a failure. */
sfi_status sfi__fit_memory(sfi_ctx *ctx, struct store *s,
                           const sfi_firmware *const *programs, size_t count,
                           struct buf *memory);

#endif
