/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Options in, bytes out. */
#include "map/output.h"

#include <inttypes.h>

#include "core/abi.h"

SFI_ABI_PIN(sfi_map_options, reserved);

/* A map's bytes reach the caller in pieces of this size. */
#define MAP_PIECE 65536u

static sfi_status
map_take_options(sfi_layout *l, const sfi_map_options *opts,
                 const struct map_kind *kind, sfi_map_options *out)
{
    *out = (sfi_map_options){.struct_size = sizeof(*out)};
    if (opts != NULL) {
        sfi_status st = SFI_ABI_IN(l, sfi_map_options, out, opts);

        if (st != SFI_OK)
            return st;
    }
    SFI_ARG(l, out->reserved == 0);
    if ((out->flags & ~kind->flags) != 0)
        return sfi__fail(l->obj.ctx, SFI_ERR_ARGUMENT,
                         "this map has no flags 0x%" PRIx32,
                         out->flags & ~kind->flags);
    if (kind->columns_max > 0 && out->columns != 0 &&
        (out->columns < kind->columns_min || out->columns > kind->columns_max))
        return sfi__fail(l->obj.ctx, SFI_ERR_RANGE,
                         "%" PRIu32 " columns, expected %" PRIu32
                         " to %" PRIu32,
                         out->columns, kind->columns_min, kind->columns_max);
    return SFI_OK;
}

static sfi_status
map_hand_out(sfi_layout *l, const struct buf *bytes, sfi_write_fn write,
             void *user)
{
    sfi_status st = SFI_OK;

    for (size_t at = 0; st == SFI_OK && at < bytes->len; at += MAP_PIECE) {
        size_t left = bytes->len - at;

        l->obj.busy = true;
        st = write(user, bytes->data + at, left < MAP_PIECE ? left : MAP_PIECE);
        l->obj.busy = false;
        st = sfi__from_callback(l->obj.ctx, st, "write");
    }
    return st;
}

sfi_status
sfi__map_write(sfi_layout *l, const sfi_map_options *opts,
               const struct map_kind *kind, sfi_write_fn write, void *user)
{
    sfi_map_options o;
    struct map m;
    struct buf bytes;
    sfi_status st = map_take_options(l, opts, kind, &o);

    if (st != SFI_OK)
        return st;
    sfi__buf_init(&bytes, &l->obj.ctx->alloc, false);
    st = sfi__map_make(l, &m);
    if (st == SFI_OK)
        st = kind->worker(&m, &o, &bytes);
    if (st == SFI_OK)
        st = map_hand_out(l, &bytes, write, user);
    sfi__map_free(&m);
    sfi__buf_free(&bytes);
    return st;
}
