/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Public structs across versions: read the caller's as ours, write ours as the
 * caller's. */
#ifndef SFI_CORE_ABI_H
#define SFI_CORE_ABI_H

#include <stddef.h>

#include <sfi/ctx.h>

/* Copy a caller's struct (its first member is struct_size) into ours of `size`
 * bytes, of which the first `min` have existed since the beginning.  What the
 * caller does not know stays zero; what we do not know must be zero.  `self`
 * is any handle, for the message; NULL when there is none yet. */
sfi_status sfi__abi_in(const void *self, void *ours, size_t size, size_t min,
                       const void *theirs);
/* Copy our struct into the caller's, as much as it has room for; its
 * struct_size stays. */
sfi_status sfi__abi_out(const void *self, void *theirs, size_t min,
                        const void *ours, size_t size);

#endif
