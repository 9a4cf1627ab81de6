/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Readout and write protection, the reasons for most refusals of an open
 * bootloader, which does not name them itself. */
#ifndef SFI_TARGET_PROTECTION_H
#define SFI_TARGET_PROTECTION_H

#include "target/target.h"

/* After SFI_ERR_NACK: did the chip say that the reason is readout protection?
 * Only then is it certain. */
bool sfi__protection_is_told(const sfi_target *t);
/* After SFI_ERR_NACK: SFI_ERR_PROTECTED if it did, else the error stays. */
sfi_status sfi__protection_name_refusal(sfi_target *t);
/* The byte in force. */
sfi_status sfi__protection_read_rdp(sfi_target *t, uint8_t *rdp);
/* Does this word of option bytes set readout protection, at whatever level? */
bool sfi__protection_is_on(const struct sfi_chip *chip, uint32_t word);
/* Before erasing or writing flash: a bootloader ignores a write-protected
 * sector and reports no error (AN3155, 3.6). */
sfi_status sfi__protection_check_range(sfi_target *t, uint32_t address,
                                       size_t len);
sfi_status sfi__protection_check_sectors(sfi_target *t, const uint32_t *sectors,
                                         size_t count);
/* After a NACK: find the reason, as far as the chip can be asked.  `data`: what
 * was to be written, or NULL. */
sfi_status sfi__protection_explain(sfi_target *t, sfi_status st,
                                   uint32_t address, const uint8_t *data,
                                   size_t len);

#endif
