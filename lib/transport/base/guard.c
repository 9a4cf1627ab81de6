/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a link's functions did, made into what their callers may rely on. */
#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"

/* AN3155, 2: 8E1 is a start bit, 8 data bits, parity and a stop bit. */
#define BITS_PER_BYTE 11u
/* More than any port has: a link whose list has no end. */
#define SPEEDS_MAX 32u

static sfi_status
need(sfi_transport *tp, enum transport_kind kind)
{
    if (tp->kind == kind)
        return SFI_OK;
    return sfi__fail(tp->obj.ctx, SFI_ERR_INTERNAL,
                     "the link is of kind %d, expected %d", (int)tp->kind,
                     (int)kind);
}

/* A caller's op gets a clean slate: what it reports is this call's. */
static void
begin(sfi_transport *tp)
{
    sfi__clear_error(tp->obj.ctx);
    tp->obj.busy = true;
}

static sfi_status
end(sfi_transport *tp, sfi_status st, const char *what)
{
    tp->obj.busy = false;
    return sfi__from_callback(tp->obj.ctx, st, what);
}

/* ---- stream ---- */

sfi_status
sfi__transport_read(sfi_transport *tp, uint8_t *buf, size_t len, size_t *got,
                    uint32_t timeout_ms)
{
    sfi_ctx *ctx = tp->obj.ctx;
    struct deadline dl = sfi__deadline_in(ctx->clock, timeout_ms);
    uint32_t left;
    sfi_status st = need(tp, TRANSPORT_STREAM);

    *got = 0;
    if (st != SFI_OK)
        return st;
    begin(tp);
    st = end(tp, tp->ops.stream.read(tp->user, buf, len, got, timeout_ms),
             "read of the link");
    if (*got > len || (st == SFI_OK) != (*got > 0)) {
        size_t n = *got;

        *got = 0;
        return sfi__fail(ctx, SFI_ERR_CALLBACK,
                         "read of the link returned %d and %zu bytes, expected "
                         "1 to %zu, or an error and none",
                         st, n, len);
    }
    /* A link without time of its own gives up at once: wait for it, or the
     * callers' deadlines would be busy loops. */
    left = sfi__deadline_left(&dl);
    if (st == SFI_ERR_TIMEOUT && left > 0)
        ctx->clock->sleep_ms(ctx->clock->user, left);
    return st;
}

sfi_status
sfi__transport_write(sfi_transport *tp, const uint8_t *buf, size_t len,
                     uint32_t timeout_ms)
{
    sfi_status st = need(tp, TRANSPORT_STREAM);

    if (st != SFI_OK)
        return st;
    begin(tp);
    return end(tp, tp->ops.stream.write(tp->user, buf, len, timeout_ms),
               "write to the link");
}

sfi_status
sfi__transport_flush(sfi_transport *tp)
{
    sfi_status st = need(tp, TRANSPORT_STREAM);

    if (st != SFI_OK || tp->ops.stream.flush == NULL)
        return st;
    begin(tp);
    return end(tp, tp->ops.stream.flush(tp->user), "flush of the link");
}

sfi_status
sfi__transport_set_speed(sfi_transport *tp, uint32_t choice, uint32_t *slower)
{
    sfi_status st = need(tp, TRANSPORT_STREAM);
    uint32_t baud = tp->baud;

    *slower = 0;
    if (st == SFI_OK && tp->ops.stream.set_speed != NULL) {
        begin(tp);
        st = end(tp, tp->ops.stream.set_speed(tp->user, choice, &baud, slower),
                 "set_speed of the link");
    }
    if (st != SFI_OK)
        return st;
    if (choice >= SPEEDS_MAX || *slower > SPEEDS_MAX - choice)
        return sfi__fail(tp->obj.ctx, SFI_ERR_CALLBACK,
                         "set_speed of the link tells of %u speeds below its "
                         "number %u, expected %u in all at most",
                         *slower, choice, SPEEDS_MAX);
    tp->baud = baud;
    return sfi__transport_flush(tp);
}

/* ---- SPI ---- */

sfi_status
sfi__transport_select(sfi_transport *tp, bool asserted)
{
    sfi_status st = need(tp, TRANSPORT_SPI);

    if (st != SFI_OK)
        return st;
    begin(tp);
    return end(tp, tp->ops.spi.select(tp->user, asserted),
               "select of the link");
}

sfi_status
sfi__transport_transfer(sfi_transport *tp, const uint8_t *tx, uint8_t *rx,
                        size_t len)
{
    sfi_status st = need(tp, TRANSPORT_SPI);

    if (st != SFI_OK)
        return st;
    begin(tp);
    return end(tp, tp->ops.spi.transfer(tp->user, tx, rx, len),
               "transfer on the link");
}

/* ---- USB ---- */

sfi_status
sfi__transport_control(sfi_transport *tp, uint8_t request_type, uint8_t request,
                       uint16_t value, uint16_t index, uint8_t *data,
                       size_t len, size_t *got, uint32_t timeout_ms)
{
    sfi_status st = need(tp, TRANSPORT_USB);
    size_t n;

    *got = 0;
    if (st != SFI_OK)
        return st;
    begin(tp);
    st = end(tp,
             tp->ops.usb.control(tp->user, request_type, request, value, index,
                                 data, len, got, timeout_ms),
             "control transfer on the link");
    n = *got;
    if (st == SFI_OK && n <= len)
        return SFI_OK;
    *got = 0;
    if (st != SFI_OK)
        return st;
    return sfi__fail(tp->obj.ctx, SFI_ERR_CALLBACK,
                     "control transfer on the link moved %zu bytes, expected "
                     "at most %zu",
                     n, len);
}

sfi_status
sfi__transport_reopen(sfi_transport *tp, uint32_t timeout_ms)
{
    sfi_status st = need(tp, TRANSPORT_USB);

    if (st != SFI_OK)
        return st;
    if (tp->ops.usb.reopen == NULL)
        return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "this link cannot be opened again");
    begin(tp);
    return end(tp, tp->ops.usb.reopen(tp->user, timeout_ms),
               "reopening the link");
}

/* ---- memory ---- */

sfi_status
sfi__transport_read32(sfi_transport *tp, uint32_t address, uint32_t *words,
                      size_t count)
{
    sfi_status st = need(tp, TRANSPORT_DAP);

    if (st != SFI_OK)
        return st;
    begin(tp);
    return end(tp, tp->ops.dap.read32(tp->user, address, words, count),
               "read of memory through the link");
}

sfi_status
sfi__transport_write32(sfi_transport *tp, uint32_t address,
                       const uint32_t *words, size_t count)
{
    sfi_status st = need(tp, TRANSPORT_DAP);

    if (st != SFI_OK)
        return st;
    begin(tp);
    return end(tp, tp->ops.dap.write32(tp->user, address, words, count),
               "write of memory through the link");
}

/* ---- all ---- */

static sfi_status (*reset_of(const sfi_transport *tp))(void *, int)
{
    switch (tp->kind) {
    case TRANSPORT_STREAM:
        return tp->ops.stream.reset;
    case TRANSPORT_SPI:
        return tp->ops.spi.reset;
    case TRANSPORT_USB:
        return tp->ops.usb.reset;
    case TRANSPORT_DAP:
        return tp->ops.dap.reset;
    case TRANSPORT_KINDS:
        break;
    }
    return NULL;
}

sfi_status
sfi__transport_reset(sfi_transport *tp, bool into_boot)
{
    sfi_status (*reset)(void *user, int into_boot) = reset_of(tp);

    if (reset == NULL)
        return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "this link has no line to the chip's reset");
    begin(tp);
    return end(tp, reset(tp->user, into_boot), "reset through the link");
}

uint32_t
sfi__transport_ms(const sfi_transport *tp, size_t len)
{
    if (tp->baud == 0)
        return 0;
    return (uint32_t)((uint64_t)len * BITS_PER_BYTE * 1000u / tp->baud + 1u);
}
