/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stub of openocd: for builds without sockets. */
#include "transport/openocd/openocd.h"

#include "core/err.h"

sfi_status
sfi__openocd_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    (void)uri;
    (void)out;
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this libsfi was built without openocd");
}
