/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Why an open bootloader refuses: readout and write protection, which it does
 * not name itself. */
#ifndef SFI_TARGET_PROTECTION_H
#define SFI_TARGET_PROTECTION_H

#include "target/target.h"

/* Read one word of the option window; SFI_ERR_PROTECTED when it is refused. */
sfi_status sfi__protection_read_word(sfi_target *t, uint32_t offset,
                                     uint32_t *out);
/* Before erasing or writing flash: write protection makes a bootloader do
 * nothing, and say nothing (AN3155, 3.6). */
sfi_status sfi__protection_check_range(sfi_target *t, uint32_t address,
                                       size_t len);
sfi_status sfi__protection_check_sectors(sfi_target *t, const uint32_t *sectors,
                                         size_t count);
/* After a NACK: what it was about, as far as the chip can be asked; `data`:
 * what was to be written, or NULL. */
sfi_status sfi__protection_explain(sfi_target *t, sfi_status st,
                                   uint32_t address, const uint8_t *data,
                                   size_t len);

#endif
