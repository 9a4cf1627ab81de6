/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A CMSIS-DAP probe through libusb-1.0: packets over a pair of bulk endpoints
 * (version 2), or as reports of a HID (version 1). */
#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "proto/cmsis_dap.h"
#include "transport/probe/probe.h"
#include "transport/base/transport.h"
#include "transport/usb/bus.h"

/* HID 1.11, 7.2.2: SET_REPORT to the interface, of an output report, id 0. */
#define TO_INTERFACE 0x21u
#define SET_REPORT 0x09u
#define OUTPUT_REPORT 0x0200u
/* Below, an install takes days; above, no probe goes. */
#define SPEED_MIN 1000u
#define SPEED_MAX 100000000u
/* Whole packets of the endpoint (at most 1024 bytes) for one of CMSIS-DAP. */
#define BUFFER_MAX (2 * CMSIS_PACKET_MAX)

struct probe_usb {
    struct usb_device device;
    uint8_t buffer[BUFFER_MAX];
};

static sfi_status
lost(struct probe_usb *u, int err, uint8_t endpoint, const char *doing)
{
    sfi_ctx *ctx = u->device.ctx;

    switch (err) {
    case LIBUSB_ERROR_NO_DEVICE:
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "the debug probe has left the USB");
    case LIBUSB_ERROR_TIMEOUT:
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "the debug probe did not get done with %s in time",
                         doing);
    case LIBUSB_ERROR_PIPE:
        (void)libusb_clear_halt(u->device.handle, endpoint);
        return sfi__fail(ctx, SFI_ERR_IO, "the debug probe stalled %s", doing);
    case LIBUSB_ERROR_OVERFLOW:
        return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                         "the debug probe answered more than a packet");
    default:
        return sfi__usb_error(ctx, err, doing);
    }
}

/* libusb takes 0 for "for ever". */
static unsigned
patience(const struct deadline *dl)
{
    uint32_t left = sfi__deadline_left(dl);

    return left > 0 ? left : 1;
}

/* A report is always whole: zeros fill it up. */
static int
send_report(struct probe_usb *u, const uint8_t *out, size_t len, int *sent,
            unsigned ms)
{
    const struct usb_function *f = &u->device.function;
    int n;

    if (len > f->out_packet)
        return LIBUSB_ERROR_INVALID_PARAM;
    sfi__zero(u->buffer, f->out_packet);
    memcpy(u->buffer, out, len);
    if (f->out != 0)
        return libusb_interrupt_transfer(u->device.handle, f->out, u->buffer,
                                         f->out_packet, sent, ms);
    n = libusb_control_transfer(u->device.handle, TO_INTERFACE, SET_REPORT,
                                OUTPUT_REPORT, (uint16_t)f->number, u->buffer,
                                f->out_packet, ms);
    *sent = n;
    return n < 0 ? n : 0;
}

static int
send_bulk(struct probe_usb *u, const uint8_t *out, size_t len, int *sent,
          unsigned ms)
{
    memcpy(u->buffer, out, len);
    return libusb_bulk_transfer(u->device.handle, u->device.function.out,
                                u->buffer, (int)len, sent, ms);
}

static sfi_status
put(struct probe_usb *u, const uint8_t *out, size_t len,
    const struct deadline *dl)
{
    int sent = 0;
    int err;

    if (len > CMSIS_PACKET_MAX)
        return sfi__fail(u->device.ctx, SFI_ERR_INTERNAL,
                         "a packet for the probe is too long");
    if (u->device.function.is_hid)
        err = send_report(u, out, len, &sent, patience(dl));
    else
        err = send_bulk(u, out, len, &sent, patience(dl));
    if (err != 0)
        return lost(u, err, u->device.function.out, "a packet");
    if (sent < (int)len)
        return sfi__fail(u->device.ctx, SFI_ERR_IO,
                         "the debug probe took %d bytes of a packet of %zu",
                         sent, len);
    return SFI_OK;
}

/* A packet ends with one of the endpoint's that is not full, or when no more
 * is asked for: so whole ones are, up to `cap`. */
static sfi_status
get(struct probe_usb *u, uint8_t *in, size_t cap, size_t *got,
    const struct deadline *dl)
{
    const struct usb_function *f = &u->device.function;
    size_t room = (cap + f->in_packet - 1) / f->in_packet * f->in_packet;
    int n = 0;
    int err;

    if (f->is_hid)
        err = libusb_interrupt_transfer(u->device.handle, f->in, u->buffer,
                                        f->in_packet, &n, patience(dl));
    else
        err = libusb_bulk_transfer(u->device.handle, f->in, u->buffer,
                                   (int)room, &n, patience(dl));
    /* full packets, and none to end them, are an answer all the same */
    if (err != 0 && !(err == LIBUSB_ERROR_TIMEOUT && n > 0))
        return lost(u, err, f->in, "an answer");
    *got = (size_t)n < cap ? (size_t)n : cap;
    memcpy(in, u->buffer, *got);
    return SFI_OK;
}

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    struct probe_usb *u = user;
    struct deadline dl = sfi__deadline_in(u->device.ctx->clock, timeout_ms);
    sfi_status st = SFI_OK;

    *got = 0;
    if (cap > CMSIS_PACKET_MAX)
        cap = CMSIS_PACKET_MAX;
    if (out_len > 0)
        st = put(u, out, out_len, &dl);
    return st == SFI_OK ? get(u, in, cap, got, &dl) : st;
}

static void
on_close(void *user)
{
    struct probe_usb *u = user;
    sfi_ctx *ctx = u->device.ctx;

    sfi__usb_device_close(&u->device);
    sfi__ctx_dealloc(ctx, u);
}

static sfi_status
take_speed(sfi_ctx *ctx, const struct uri *uri, uint32_t *speed)
{
    const char *text = sfi__uri_get(uri, "speed");
    uint64_t hz = PROBE_SPEED_DEFAULT;

    if (text != NULL &&
        (!sfi__text_to_u64(text, SPEED_MAX, &hz) || hz < SPEED_MIN))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "speed is \"%s\", expected %u to %u Hz", text,
                         SPEED_MIN, SPEED_MAX);
    *speed = (uint32_t)hz;
    return SFI_OK;
}

static sfi_status
take_wire(sfi_ctx *ctx, const struct uri *uri, enum probe_wire *wire)
{
    const char *text = sfi__uri_get(uri, "wire");

    *wire =
        text != NULL && sfi__text_same(text, "jtag") ? PROBE_JTAG : PROBE_SWD;
    if (text != NULL && *wire == PROBE_SWD && !sfi__text_same(text, "swd"))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "wire is \"%s\", expected \"swd\" or \"jtag\"", text);
    return SFI_OK;
}

/* The words are those of ST's programmer. */
static sfi_status
take_mode(sfi_ctx *ctx, const struct uri *uri, enum probe_start *start)
{
    static const char *const words[] = {
        [PROBE_AS_IT_IS] = "hotplug",
        [PROBE_RESET] = "normal",
        [PROBE_UNDER_RESET] = "ur",
    };
    const char *text = sfi__uri_get(uri, "mode");

    *start = PROBE_AS_IT_IS;
    if (text == NULL)
        return SFI_OK;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (sfi__text_same(text, words[i])) {
            *start = (enum probe_start)i;
            return SFI_OK;
        }
    }
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "mode is \"%s\", expected \"hotplug\", \"normal\" or "
                     "\"ur\"",
                     text);
}

static sfi_status
take_name(struct usb_device *d, const struct uri *uri, struct probe_options *o)
{
    static const char *const keys[] = {"speed", "wire", "mode", NULL};
    sfi_status st = sfi__uri_allow(d->ctx, uri, keys);

    if (st == SFI_OK)
        st = take_speed(d->ctx, uri, &o->speed);
    if (st == SFI_OK)
        st = take_wire(d->ctx, uri, &o->wire);
    if (st == SFI_OK)
        st = take_mode(d->ctx, uri, &o->start);
    if (st == SFI_OK)
        st = sfi__usb_pick(d->ctx, d->role, uri->path, &d->pick);
    return st;
}

static sfi_status
open_probe(struct probe_usb *u, const struct uri *uri, sfi_transport **out)
{
    static const struct probe_io io = {.xfer = on_xfer, .close = on_close};
    struct usb_device *d = &u->device;
    char name[TRANSPORT_NAME_MAX];
    struct probe_options options;
    sfi_status st = take_name(d, uri, &options);

    if (st == SFI_OK)
        st = sfi__usb_device_open(d);
    sfi__text_format(name, sizeof(name), "cmsis-dap:path=%s", d->path);
    if (st == SFI_OK)
        st = sfi__probe_new(d->ctx, &io, u, name, &options, out);
    return st;
}

sfi_status
sfi__probe_usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    struct probe_usb *u = sfi__ctx_alloc(ctx, sizeof(*u));
    sfi_status st;

    if (u == NULL)
        return SFI_ERR_NOMEM;
    u->device = (struct usb_device){.ctx = ctx, .role = USB_ROLE_PROBE};
    st = open_probe(u, uri, out);
    if (st == SFI_OK)
        return SFI_OK;
    on_close(u);
    return st;
}
