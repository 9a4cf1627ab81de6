/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Copies public structs between libsfi's version and the caller's. */
#include "core/abi.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "core/obj.h"

/* Larger than any public struct: a larger size is garbage. */
#define STRUCT_SIZE_MAX 4096u

static sfi_status
abi_refuse_size(const void *self, const char *what, uint32_t size)
{
    const struct obj *o = self;

    if (o == NULL)
        return SFI_ERR_ABI;
    return sfi__fail(o->ctx, SFI_ERR_ABI, "struct_size is %u: %s", size, what);
}

static uint32_t
abi_read_their_size(const void *theirs)
{
    uint32_t size;

    memcpy(&size, theirs, sizeof(size));
    return size;
}

sfi_status
sfi__abi_in(const void *self, void *ours, size_t size, size_t min,
            const void *theirs)
{
    uint32_t got = abi_read_their_size(theirs);
    const uint8_t *tail = theirs;

    if (got < min || got > STRUCT_SIZE_MAX)
        return abi_refuse_size(self, "set it to sizeof the struct", got);
    for (size_t i = size; i < got; i++) {
        if (tail[i] != 0)
            return abi_refuse_size(
                self, "a member that this libsfi lacks is set", got);
    }
    sfi__zero(ours, size);
    memcpy(ours, theirs, got < size ? got : size);
    return SFI_OK;
}

sfi_status
sfi__abi_out(const void *self, void *theirs, size_t min, const void *ours,
             size_t size)
{
    uint32_t room = abi_read_their_size(theirs);
    size_t n = room < size ? room : size;

    if (room < min || room > STRUCT_SIZE_MAX)
        return abi_refuse_size(self, "set it to sizeof the struct", room);
    sfi__zero((uint8_t *)theirs + sizeof(room), room - sizeof(room));
    memcpy((uint8_t *)theirs + sizeof(room),
           (const uint8_t *)ours + sizeof(room), n - sizeof(room));
    return SFI_OK;
}
