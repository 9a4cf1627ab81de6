/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The kinds of link by their names: what opens one, and what lists all. */
#include <sfi/version.h>

#include "core/err.h"
#include "core/obj.h"
#include "transport/base/list.h"
#include "transport/base/uri.h"
#include "transport/openocd/openocd.h"
#include "transport/ports/serial.h"
#include "transport/ports/spi.h"
#include "transport/trace/trace.h"
#include "transport/usb/usb.h"

static sfi_status
open_uri(sfi_ctx *ctx, const char *text, sfi_transport **out)
{
    static const struct {
        const char *scheme;
        sfi_status (*open)(sfi_ctx *ctx, const struct uri *uri,
                           sfi_transport **out);
    } schemes[] = {
        {"cmsis-dap", sfi__probe_usb_open}, {"openocd", sfi__openocd_open},
        {"serial", sfi__serial_open},       {"spi", sfi__spi_open},
        {"script", sfi__script_open},       {"usb", sfi__usb_open},
    };
    struct uri uri;
    sfi_status st = sfi__uri_parse(ctx, text, &uri);

    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        if (sfi__text_same(schemes[i].scheme, uri.scheme))
            return schemes[i].open(ctx, &uri, out);
    }
    (void)sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                    "unknown kind of link \"%s\", expected \"serial\", "
                    "\"openocd\", \"cmsis-dap\", \"spi\", \"usb\" or "
                    "\"script\"",
                    uri.scheme);
    return sfi__where(ctx, "%s", text);
}

sfi_status
sfi_transport_open(sfi_ctx *ctx, const char *uri, sfi_transport **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, uri != NULL);
    return open_uri(ctx, uri, out);
}

sfi_status
sfi__list(const struct listing *l)
{
    static const struct {
        const char *feature;
        sfi_status (*list)(const struct listing *l);
    } kinds[] = {
        {"serial", sfi__list_serial},
        {"spi", sfi__list_spi},
        {"usb", sfi__list_usb},
        {"usb", sfi__list_probe},
    };
    sfi_status first = SFI_OK;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        sfi_status st =
            sfi_has_feature(kinds[i].feature) != 0 ? kinds[i].list(l) : SFI_OK;

        if (first == SFI_OK)
            first = st;
    }
    return first;
}

sfi_status
sfi_transport_list(sfi_ctx *ctx, sfi_transport_found_fn fn, void *user)
{
    const struct listing l = {.ctx = ctx, .root = "", .fn = fn, .user = user};

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, fn != NULL);
    return sfi__list(&l);
}
