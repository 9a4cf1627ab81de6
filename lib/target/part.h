/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an open part tells about itself: several parts share a DEV_ID. */
#ifndef SFI_TARGET_PART_H
#define SFI_TARGET_PART_H

#include "target/target.h"

/* The bootloader's ID and the size of the flash, where the part lets them be
 * read.  No error is left, but for a link that is gone and a cancel. */
sfi_status sfi__part_read(sfi_target *t);
/* Is this part's flash smaller than that of its table? */
bool sfi__part_is_smaller(const sfi_target *t);
/* Is all of the range in the flash that this part has? */
bool sfi__part_has_flash(const sfi_target *t, uint32_t address, uint32_t len);
bool sfi__part_has_sector(const sfi_target *t, uint32_t sector);

#endif
