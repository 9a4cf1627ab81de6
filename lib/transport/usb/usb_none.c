/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stubs of usb: and cmsis-dap: for builds without libusb. */
#include "transport/usb/usb.h"

#include "core/err.h"

static sfi_status
usb_fail_not_built(sfi_ctx *ctx)
{
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this libsfi was built without USB");
}

sfi_status
sfi__usb_each(sfi_ctx *ctx, enum usb_role role, const char *root,
              sfi_status (*fn)(void *user, const struct usb_seen *seen),
              void *user)
{
    (void)role;
    (void)root;
    (void)fn;
    (void)user;
    return usb_fail_not_built(ctx);
}

sfi_status
sfi__usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    (void)uri;
    (void)out;
    return usb_fail_not_built(ctx);
}

sfi_status
sfi__probe_usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    (void)uri;
    (void)out;
    return usb_fail_not_built(ctx);
}
