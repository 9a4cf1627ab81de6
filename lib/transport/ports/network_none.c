/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stub of the ports at a server: for builds without sockets. */
#include "transport/ports/network.h"

#include "core/err.h"

static sfi_status
network_refuse(sfi_ctx *ctx)
{
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this libsfi was built without network ports");
}

sfi_status
sfi__tcp_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    (void)uri;
    (void)out;
    return network_refuse(ctx);
}

sfi_status
sfi__rfc2217_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    (void)uri;
    (void)out;
    return network_refuse(ctx);
}
