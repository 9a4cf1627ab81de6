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

/* The size that every caller's struct has: up to `last`, the last member of the
 * release that brought the struct, whatever a later release appends.  One line
 * for each struct, in the file that copies it; it never changes (a check). */
#define SFI_ABI_PIN(type, last)                                       \
    enum {                                                            \
        type##_pinned =                                               \
            offsetof(type, last) + sizeof(((const type *)NULL)->last) \
    }

#define SFI_ABI_IN(self, type, ours, theirs)                       \
    sfi__abi_in(self, (type *){ours}, sizeof(type), type##_pinned, \
                (const type *){theirs})
#define SFI_ABI_OUT(self, type, theirs, ours)                                 \
    sfi__abi_out(self, (type *){theirs}, type##_pinned, (const type *){ours}, \
                 sizeof(type))

#endif
