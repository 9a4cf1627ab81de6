/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stands in for licence servers when libsfi is built without libcurl and
 * jansson. */
#include "hsm/server/server.h"

#include "core/err.h"
#include "hsm/server/name.h"

sfi_status
sfi__server_open(sfi_ctx *ctx, const char *name, sfi_hsm_ops *ops, void **user)
{
    struct server_name parsed;
    sfi_status st = sfi__server_name_parse(ctx, name, &parsed);

    (void)ops;
    *user = NULL;
    if (st != SFI_OK)
        return st;
    sfi__server_name_free(ctx, &parsed);
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this libsfi was built without licence servers: they need "
                     "libcurl and jansson");
}
