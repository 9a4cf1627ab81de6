/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* usb:PLACE: a device in DFU mode through libusb-1.0, as a link of USB kind. */
#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"
#include "transport/usb/bus.h"

#define TO_INTERFACE 0x01u
#define SET_INTERFACE 0x0bu
/* Between two looks for a device that was reset. */
#define POLL_MS 50u

static sfi_status
usb_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
            uint16_t index, uint8_t *data, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct usb_device *u = user;
    int n;

    if (u->handle == NULL)
        return sfi__usb_error(u->ctx, LIBUSB_ERROR_NO_DEVICE, "a reset");
    if (len > UINT16_MAX)
        return sfi__usb_error(u->ctx, LIBUSB_ERROR_INVALID_PARAM, "a transfer");
    if (request_type == TO_INTERFACE && request == SET_INTERFACE)
        n = libusb_set_interface_alt_setting(u->handle, index, value);
    else
        n = libusb_control_transfer(u->handle, request_type, request, value,
                                    index, data, (uint16_t)len,
                                    timeout_ms > 0 ? timeout_ms : 1);
    if (n < 0)
        return sfi__usb_error(u->ctx, n, "a control transfer");
    *got = (size_t)n;
    return SFI_OK;
}

/* Looks at the same port only: ids and serial number may be those of another
 * chip. */
static sfi_status
usb_reopen(void *user, uint32_t timeout_ms)
{
    struct usb_device *u = user;
    const struct clock *clock = u->ctx->clock;
    struct deadline dl = sfi__deadline_in(clock, timeout_ms);

    sfi__usb_device_close(u);
    (void)sfi__text_copy(u->pick.path, sizeof(u->pick.path), u->path);
    u->pick.nth = 0;
    for (;;) {
        uint32_t left = sfi__deadline_left(&dl);
        sfi_status st = sfi__usb_device_open(u);

        /* udev sets the permissions a moment after the device appears */
        if ((st != SFI_ERR_NO_DEVICE && st != SFI_ERR_ACCESS) || left == 0)
            return st;
        clock->sleep_ms(clock->user, left < POLL_MS ? left : POLL_MS);
    }
}

static void
usb_close(void *user)
{
    struct usb_device *u = user;

    sfi__usb_device_close(u);
    sfi__ctx_dealloc(u->ctx, u);
}

static const sfi_usb_ops usb_ops = {
    .struct_size = sizeof(usb_ops),
    .control = usb_control,
    .reopen = usb_reopen,
    .close = usb_close,
};

sfi_status
sfi__usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    static const char *const keys[] = {NULL};
    char name[TRANSPORT_NAME_MAX];
    struct usb_device *u;
    sfi_status st = sfi__uri_allow(ctx, uri, keys);

    if (st != SFI_OK)
        return st;
    u = sfi__ctx_alloc(ctx, sizeof(*u));
    if (u == NULL)
        return SFI_ERR_NOMEM;
    *u = (struct usb_device){.ctx = ctx, .role = USB_ROLE_DFU};
    st = sfi__usb_pick(ctx, USB_ROLE_DFU, uri->path, &u->pick);
    if (st != SFI_OK)
        goto out;
    st = sfi__usb_device_open(u);
    if (st != SFI_OK)
        goto out;
    sfi__text_format(name, sizeof(name), "usb:path=%s", u->path);
    st = sfi__transport_new(ctx, TRANSPORT_USB, &usb_ops, u, name, out);

out:
    if (st != SFI_OK)
        usb_close(u);
    return st;
}
