/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Memory through the open bootloader, in pieces whose checks are apart. */
#ifndef SFI_TARGET_MEMORY_H
#define SFI_TARGET_MEMORY_H

#include "target/target.h"

/* Between two reports of progress: 0.4 s at 115200 baud. */
#define MEMORY_CHUNK 4096u

/* How much of what is left at an address to do at once. */
size_t sfi__memory_chunk(uint64_t address, uint64_t left);
bool sfi__memory_is_flash(const sfi_target *t, uint64_t address);
/* Bytes that are written at once. */
uint32_t sfi__memory_unit(const sfi_target *t, uint64_t address);
/* May whole units be written there?  All but the write protection. */
sfi_status sfi__memory_check_place(sfi_target *t, uint64_t address, size_t len);
sfi_status sfi__memory_read(sfi_target *t, uint64_t address, uint8_t *data,
                            size_t len);
/* The same with progress, as SFI_PHASE_READ. */
sfi_status sfi__memory_read_reporting(sfi_target *t, uint64_t address,
                                      uint8_t *data, size_t len);
/* What was checked. */
sfi_status sfi__memory_write(sfi_target *t, uint64_t address,
                             const uint8_t *data, size_t len);
sfi_status sfi__memory_erase(sfi_target *t, const uint32_t *sectors,
                             size_t count);

#endif
