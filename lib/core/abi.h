/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Public structs across versions: convert between the caller's struct and
 * libsfi's own. */
#ifndef SFI_CORE_ABI_H
#define SFI_CORE_ABI_H

#include <stddef.h>

#include <sfi/ctx.h>

/* Copy the caller's struct (its first member is struct_size) into ours, which
 * has `size` bytes; the first `min` exist in every version.  Members that the
 * caller lacks become zero; members that libsfi lacks must be zero.  `self` is
 * any handle, for the message, or NULL when no handle exists yet. */
sfi_status sfi__abi_in(const void *self, void *ours, size_t size, size_t min,
                       const void *theirs);
/* Copy our struct into the caller's, as much as fits; the caller's struct_size
 * stays. */
sfi_status sfi__abi_out(const void *self, void *theirs, size_t min,
                        const void *ours, size_t size);

#endif
