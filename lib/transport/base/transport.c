/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "transport/base/transport.h"

#include <string.h>

#include "core/abi.h"
#include "core/err.h"

static void
transport_destroy(void *self)
{
    sfi_transport *tp = self;
    void (*close)(void *user) = NULL;

    switch (tp->kind) {
    case TRANSPORT_STREAM:
        close = tp->ops.stream.close;
        break;
    case TRANSPORT_SPI:
        close = tp->ops.spi.close;
        break;
    case TRANSPORT_USB:
        close = tp->ops.usb.close;
        break;
    case TRANSPORT_DAP:
        close = tp->ops.dap.close;
        break;
    case TRANSPORT_KINDS:
        break;
    }
    if (close != NULL)
        close(tp->user);
}

sfi_status
sfi__transport_new(sfi_ctx *ctx, enum transport_kind kind, const void *ops,
                   void *user, const char *name, sfi_transport **out)
{
    static const size_t sizes[TRANSPORT_KINDS] = {
        [TRANSPORT_STREAM] = sizeof(sfi_stream_ops),
        [TRANSPORT_SPI] = sizeof(sfi_spi_ops),
        [TRANSPORT_USB] = sizeof(sfi_usb_ops),
        [TRANSPORT_DAP] = sizeof(sfi_dap_ops),
    };
    sfi_transport *tp =
        sfi__obj_new(ctx, OBJ_TRANSPORT, sizeof(*tp), transport_destroy);

    if (tp == NULL)
        return SFI_ERR_NOMEM;
    tp->kind = kind;
    memcpy(&tp->ops, ops, sizes[kind]);
    tp->user = user;
    (void)sfi__text_copy(tp->name, sizeof(tp->name), name);
    *out = tp;
    return SFI_OK;
}

sfi_status
sfi_transport_open_stream(sfi_ctx *ctx, const sfi_stream_ops *ops, void *user,
                          sfi_transport **out)
{
    sfi_stream_ops o;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &o, sizeof(o), sizeof(o), ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    SFI_ARG(ctx, ops->read != NULL);
    SFI_ARG(ctx, ops->write != NULL);
    return sfi__transport_new(ctx, TRANSPORT_STREAM, &o, user, "stream", out);
}

sfi_status
sfi_transport_open_spi(sfi_ctx *ctx, const sfi_spi_ops *ops, void *user,
                       sfi_transport **out)
{
    sfi_spi_ops o;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &o, sizeof(o), sizeof(o), ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    SFI_ARG(ctx, ops->select != NULL);
    SFI_ARG(ctx, ops->transfer != NULL);
    return sfi__transport_new(ctx, TRANSPORT_SPI, &o, user, "SPI", out);
}

sfi_status
sfi_transport_open_usb(sfi_ctx *ctx, const sfi_usb_ops *ops, void *user,
                       sfi_transport **out)
{
    sfi_usb_ops o;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &o, sizeof(o), sizeof(o), ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    SFI_ARG(ctx, ops->control != NULL);
    return sfi__transport_new(ctx, TRANSPORT_USB, &o, user, "USB", out);
}

sfi_status
sfi_transport_open_dap(sfi_ctx *ctx, const sfi_dap_ops *ops, void *user,
                       sfi_transport **out)
{
    sfi_dap_ops o;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &o, sizeof(o), sizeof(o), ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    SFI_ARG(ctx, ops->read32 != NULL);
    SFI_ARG(ctx, ops->write32 != NULL);
    return sfi__transport_new(ctx, TRANSPORT_DAP, &o, user, "debug port", out);
}

void
sfi_transport_free(sfi_transport *tp)
{
    sfi__obj_free(tp, OBJ_TRANSPORT);
}
