/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* cmsis-dap:PLACE: a CMSIS-DAP probe through libusb-1.0, with packets over bulk
 * endpoints (version 2) or as HID reports (version 1). */
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
/* A slower install would take days; no probe is faster. */
#define SPEED_MIN 1000u
#define SPEED_MAX 100000000u
/* One packet of CMSIS-DAP, rounded up to packets of the endpoint, which have at
 * most 1024 bytes. */
#define BUFFER_MAX (2 * CMSIS_PACKET_MAX)

struct probe_usb {
    struct usb_device device;
    uint8_t buffer[BUFFER_MAX];
};

static sfi_status
probe_usb_fail(struct probe_usb *u, int err, uint8_t endpoint,
               const char *doing)
{
    sfi_ctx *ctx = u->device.ctx;

    switch (err) {
    case LIBUSB_ERROR_NO_DEVICE:
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "the debug probe disconnected");
    case LIBUSB_ERROR_TIMEOUT:
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "the debug probe did not complete %s in time", doing);
    case LIBUSB_ERROR_PIPE:
        (void)libusb_clear_halt(u->device.handle, endpoint);
        return sfi__fail(ctx, SFI_ERR_IO, "the debug probe stalled %s", doing);
    case LIBUSB_ERROR_OVERFLOW:
        return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                         "the debug probe's reply is longer than a packet");
    default:
        return sfi__usb_error(ctx, err, doing);
    }
}

/* 0 would be no timeout at all for libusb. */
static unsigned
probe_usb_ms_left(const struct deadline *dl)
{
    uint32_t left = sfi__deadline_left(dl);

    return left > 0 ? left : 1;
}

/* A report has a fixed length: zeros fill it. */
static int
probe_usb_send_report(struct probe_usb *u, const uint8_t *out, size_t len,
                      int *sent, unsigned ms)
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
probe_usb_send_bulk(struct probe_usb *u, const uint8_t *out, size_t len,
                    int *sent, unsigned ms)
{
    memcpy(u->buffer, out, len);
    return libusb_bulk_transfer(u->device.handle, u->device.function.out,
                                u->buffer, (int)len, sent, ms);
}

static sfi_status
probe_usb_send_packet(struct probe_usb *u, const uint8_t *out, size_t len,
                      const struct deadline *dl)
{
    int sent = 0;
    int err;

    if (len > CMSIS_PACKET_MAX)
        return sfi__fail(u->device.ctx, SFI_ERR_INTERNAL,
                         "a packet for the probe is too long");
    if (u->device.function.is_hid)
        err = probe_usb_send_report(u, out, len, &sent, probe_usb_ms_left(dl));
    else
        err = probe_usb_send_bulk(u, out, len, &sent, probe_usb_ms_left(dl));
    if (err != 0)
        return probe_usb_fail(u, err, u->device.function.out, "a packet");
    if (sent < (int)len)
        return sfi__fail(u->device.ctx, SFI_ERR_IO,
                         "the debug probe accepted %d bytes of a packet of %zu",
                         sent, len);
    return SFI_OK;
}

/* A packet of CMSIS-DAP ends with a short packet of the endpoint, or when all
 * bytes that were requested are there: request whole packets, up to `cap`. */
static sfi_status
probe_usb_read_packet(struct probe_usb *u, uint8_t *in, size_t cap, size_t *got,
                      const struct deadline *dl)
{
    const struct usb_function *f = &u->device.function;
    size_t room = (cap + f->in_packet - 1) / f->in_packet * f->in_packet;
    int n = 0;
    int err;

    if (f->is_hid)
        err =
            libusb_interrupt_transfer(u->device.handle, f->in, u->buffer,
                                      f->in_packet, &n, probe_usb_ms_left(dl));
    else
        err = libusb_bulk_transfer(u->device.handle, f->in, u->buffer,
                                   (int)room, &n, probe_usb_ms_left(dl));
    /* full packets without a short one at the end are a reply too */
    if (err != 0 && !(err == LIBUSB_ERROR_TIMEOUT && n > 0))
        return probe_usb_fail(u, err, f->in, "a reply");
    *got = (size_t)n < cap ? (size_t)n : cap;
    memcpy(in, u->buffer, *got);
    return SFI_OK;
}

static sfi_status
probe_usb_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in,
               size_t cap, size_t *got, uint32_t timeout_ms)
{
    struct probe_usb *u = user;
    struct deadline dl = sfi__deadline_in(u->device.ctx->clock, timeout_ms);
    sfi_status st = SFI_OK;

    *got = 0;
    if (cap > CMSIS_PACKET_MAX)
        cap = CMSIS_PACKET_MAX;
    if (out_len > 0)
        st = probe_usb_send_packet(u, out, out_len, &dl);
    return st == SFI_OK ? probe_usb_read_packet(u, in, cap, got, &dl) : st;
}

static void
probe_usb_close(void *user)
{
    struct probe_usb *u = user;
    sfi_ctx *ctx = u->device.ctx;

    sfi__usb_device_close(&u->device);
    sfi__ctx_dealloc(ctx, u);
}

static sfi_status
probe_usb_parse_speed(sfi_ctx *ctx, const struct uri *uri, uint32_t *speed)
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
probe_usb_parse_wire(sfi_ctx *ctx, const struct uri *uri, enum probe_wire *wire)
{
    const char *text = sfi__uri_get(uri, "wire");

    *wire =
        text != NULL && sfi__text_same(text, "jtag") ? PROBE_JTAG : PROBE_SWD;
    if (text != NULL && *wire == PROBE_SWD && !sfi__text_same(text, "swd"))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "wire is \"%s\", expected \"swd\" or \"jtag\"", text);
    return SFI_OK;
}

/* The words are those of STM32CubeProgrammer. */
static sfi_status
probe_usb_parse_mode(sfi_ctx *ctx, const struct uri *uri,
                     enum probe_start *start)
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
probe_usb_parse_ap(sfi_ctx *ctx, const struct uri *uri, uint8_t *ap)
{
    const char *text = sfi__uri_get(uri, "ap");
    uint64_t number = 0;

    if (text != NULL && !sfi__text_to_u64(text, UINT8_MAX, &number))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "ap is \"%s\", expected 0 to 255", text);
    *ap = (uint8_t)number;
    return SFI_OK;
}

static sfi_status
probe_usb_parse_name(struct usb_device *d, const struct uri *uri,
                     struct probe_options *o)
{
    static const char *const keys[] = {"speed", "wire", "mode", "ap", NULL};
    sfi_status st = sfi__uri_allow(d->ctx, uri, keys);

    if (st != SFI_OK)
        return st;
    st = probe_usb_parse_speed(d->ctx, uri, &o->speed);
    if (st != SFI_OK)
        return st;
    st = probe_usb_parse_wire(d->ctx, uri, &o->wire);
    if (st != SFI_OK)
        return st;
    st = probe_usb_parse_mode(d->ctx, uri, &o->start);
    if (st != SFI_OK)
        return st;
    st = probe_usb_parse_ap(d->ctx, uri, &o->ap);
    if (st != SFI_OK)
        return st;
    return sfi__usb_pick(d->ctx, d->role, uri->path, &d->pick);
}

static sfi_status
probe_usb_connect(struct probe_usb *u, const struct uri *uri,
                  sfi_transport **out)
{
    static const struct probe_io io = {.xfer = probe_usb_xfer,
                                       .close = probe_usb_close};
    struct usb_device *d = &u->device;
    char name[TRANSPORT_NAME_MAX];
    struct probe_options options;
    sfi_status st = probe_usb_parse_name(d, uri, &options);

    if (st != SFI_OK)
        return st;
    st = sfi__usb_device_open(d);
    if (st != SFI_OK)
        return st;
    sfi__text_format(name, sizeof(name), "cmsis-dap:path=%s", d->path);
    return sfi__probe_new(d->ctx, &io, u, name, &options, out);
}

sfi_status
sfi__probe_usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    struct probe_usb *u = sfi__ctx_alloc(ctx, sizeof(*u));
    sfi_status st;

    if (u == NULL)
        return SFI_ERR_NOMEM;
    u->device = (struct usb_device){.ctx = ctx, .role = USB_ROLE_PROBE};
    st = probe_usb_connect(u, uri, out);
    if (st == SFI_OK)
        return SFI_OK;
    probe_usb_close(u);
    return st;
}
