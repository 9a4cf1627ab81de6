/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The kinds of link in one table: opens a link by its name, and lists what
 * links can use. */
#include <string.h>

#include <sfi/version.h>

#include "core/ctx.h"
#include "core/err.h"
#include "core/obj.h"
#include "transport/base/list.h"
#include "transport/base/uri.h"
#include "transport/openocd/openocd.h"
#include "transport/ports/network.h"
#include "transport/ports/serial.h"
#include "transport/ports/spi.h"
#include "transport/trace/trace.h"
#include "transport/usb/usb.h"

/* A new kind of link is one line here. */
static const struct link_kind {
    const char *scheme;
    bool path_is_optional;
    sfi_status (*open)(sfi_ctx *ctx, const struct uri *uri,
                       sfi_transport **out);
} kinds[] = {
    {"serial", false, sfi__serial_open},
    {"tcp", false, sfi__tcp_open},
    {"rfc2217", false, sfi__rfc2217_open},
    {"spi", false, sfi__spi_open},
    {"usb", true, sfi__usb_open},
    {"cmsis-dap", true, sfi__probe_usb_open},
    {"openocd", false, sfi__openocd_open},
    {"script", false, sfi__script_open},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))
#define SCHEMES_MAX 128u

/* NULL: unknown. */
static const struct link_kind *
link_find_kind(const char *scheme)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (sfi__text_same(kinds[i].scheme, scheme))
            return &kinds[i];
    }
    return NULL;
}

static sfi_status
link_refuse_scheme(sfi_ctx *ctx, const char *text, const char *scheme)
{
    char all[SCHEMES_MAX] = "";

    for (size_t i = 0; i < KIND_COUNT; i++) {
        size_t len = strlen(all);

        sfi__text_format(all + len, sizeof(all) - len, "%s\"%s\"",
                         i == 0                ? ""
                         : i + 1 == KIND_COUNT ? " or "
                                               : ", ",
                         kinds[i].scheme);
    }
    (void)sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                    "unknown kind of link \"%s\", expected %s", scheme, all);
    return sfi__where(ctx, "%s", text);
}

static sfi_status
link_open_by_name(sfi_ctx *ctx, const char *text, sfi_transport **out)
{
    const struct link_kind *kind;
    struct uri uri;
    bool before;
    sfi_status st = sfi__uri_parse(ctx, text, &uri);

    if (st != SFI_OK)
        return st;
    kind = link_find_kind(uri.scheme);
    if (kind == NULL)
        return link_refuse_scheme(ctx, text, uri.scheme);
    if (uri.path[0] == '\0' && !kind->path_is_optional)
        return sfi__uri_malformed(ctx, text, "the path is missing");
    before = sfi__ctx_set_can_cancel(ctx, true);
    st = sfi__ctx_cancelled(ctx);
    if (st == SFI_OK)
        st = kind->open(ctx, &uri, out);
    (void)sfi__ctx_set_can_cancel(ctx, before);
    if (st != SFI_OK)
        (void)sfi__where(ctx, "%s:%s", uri.scheme, uri.path);
    return st;
}

sfi_status
sfi_transport_open(sfi_ctx *ctx, const char *uri, sfi_transport **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, uri != NULL);
    return link_open_by_name(ctx, uri, out);
}

/* ---- list ---- */

/* The kinds that can be listed, and how. */
static const struct port_kind {
    sfi_port_kind told;
    sfi_status (*list)(const struct listing *l);
} port_kinds[] = {
    {
        .told = {.struct_size = sizeof(sfi_port_kind),
                 .kind = "serial",
                 .feature = "serial",
                 .title = "Serial ports",
                 .none = "no serial port is connected",
                 .remedy = "join its group, often dialout"},
        .list = sfi__list_serial,
    },
    {
        .told = {.struct_size = sizeof(sfi_port_kind),
                 .kind = "spi",
                 .feature = "spi",
                 .title = "SPI ports",
                 .none = "no SPI port (/dev/spidev*) was found",
                 .remedy = "add a udev rule for it"},
        .list = sfi__list_spi,
    },
    {
        .told = {.struct_size = sizeof(sfi_port_kind),
                 .kind = "usb",
                 .feature = "usb",
                 .title = "USB devices in DFU mode",
                 .none = "no chip in DFU mode is connected",
                 .remedy = "add a udev rule for it"},
        .list = sfi__list_usb,
    },
    {
        .told = {.struct_size = sizeof(sfi_port_kind),
                 .kind = "cmsis-dap",
                 .feature = "usb",
                 .title = "Debug probes",
                 .none =
                     "no CMSIS-DAP probe is connected; openocd knows others",
                 .remedy = "add a udev rule for it"},
        .list = sfi__list_probe,
    },
};
#define PORT_KIND_COUNT (sizeof(port_kinds) / sizeof(*port_kinds))

const sfi_port_kind *
sfi_port_kind_at(size_t index)
{
    return index < PORT_KIND_COUNT ? &port_kinds[index].told : NULL;
}

sfi_status
sfi__list_links(const struct listing *l)
{
    sfi_status first = SFI_OK;

    for (size_t i = 0; i < PORT_KIND_COUNT; i++) {
        sfi_status st;

        if (!sfi_has_feature(port_kinds[i].told.feature))
            continue;
        st = port_kinds[i].list(l);
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
    return sfi__list_links(&l);
}
