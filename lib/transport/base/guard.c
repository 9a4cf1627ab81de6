/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Calls of a link's functions: each result is checked, so that the rest of the
 * library can rely on it. */
#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"

/* AN3155, 2: 8E1 is a start bit, 8 data bits, parity and a stop bit. */
#define BITS_PER_BYTE 11u
/* More than any port has; stops at a link that always reports one more. */
#define SPEEDS_MAX 32u

static sfi_status
guard_check_kind(sfi_transport *tp, enum transport_kind kind)
{
    if (tp->kind == kind)
        return SFI_OK;
    return sfi__fail(tp->obj.ctx, SFI_ERR_INTERNAL,
                     "the link is of kind %d, expected %d", (int)tp->kind,
                     (int)kind);
}

/* Errors are cleared, so that what the function reports is of this call. */
static void
guard_enter(sfi_transport *tp)
{
    sfi__clear_error(tp->obj.ctx);
    tp->obj.busy = true;
}

static sfi_status
guard_leave(sfi_transport *tp, sfi_status st, const char *what)
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
    const struct clock *clock = sfi__transport_clock(tp);
    struct deadline dl = sfi__deadline_in(clock, timeout_ms);
    uint32_t left;
    sfi_status st = guard_check_kind(tp, TRANSPORT_STREAM);

    *got = 0;
    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    st = guard_leave(tp,
                     tp->ops.stream.read(tp->user, buf, len, got, timeout_ms),
                     "read of the link");
    if (*got > len || (st == SFI_OK) != (*got > 0)) {
        size_t n = *got;

        *got = 0;
        return sfi__fail(ctx, SFI_ERR_CALLBACK,
                         "read of the link returned %d and %zu bytes, expected "
                         "1 to %zu, or an error and none",
                         st, n, len);
    }
    /* A link that does not wait returns at once: wait here, or callers would
     * loop without a pause until their deadline. */
    left = sfi__deadline_left(&dl);
    if (st == SFI_ERR_TIMEOUT && left > 0)
        clock->sleep_ms(clock->user, left);
    return st;
}

sfi_status
sfi__transport_write(sfi_transport *tp, const uint8_t *buf, size_t len,
                     uint32_t timeout_ms)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_STREAM);

    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    return guard_leave(tp, tp->ops.stream.write(tp->user, buf, len, timeout_ms),
                       "write to the link");
}

sfi_status
sfi__transport_flush(sfi_transport *tp)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_STREAM);

    if (st != SFI_OK || tp->ops.stream.flush == NULL)
        return st;
    guard_enter(tp);
    return guard_leave(tp, tp->ops.stream.flush(tp->user), "flush of the link");
}

sfi_status
sfi__transport_set_speed(sfi_transport *tp, uint32_t choice, uint32_t *slower)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_STREAM);
    uint32_t baud = tp->baud;

    *slower = 0;
    if (st == SFI_OK && tp->ops.stream.set_speed != NULL) {
        guard_enter(tp);
        st = guard_leave(
            tp, tp->ops.stream.set_speed(tp->user, choice, &baud, slower),
            "set_speed of the link");
    }
    if (st != SFI_OK)
        return st;
    if (choice >= SPEEDS_MAX || *slower > SPEEDS_MAX - choice)
        return sfi__fail(tp->obj.ctx, SFI_ERR_CALLBACK,
                         "set_speed of the link reports %u speeds slower than "
                         "number %u, expected at most %u in all",
                         *slower, choice, SPEEDS_MAX);
    tp->baud = baud;
    return sfi__transport_flush(tp);
}

/* ---- SPI ---- */

sfi_status
sfi__transport_select(sfi_transport *tp, bool asserted)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_SPI);

    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    return guard_leave(tp, tp->ops.spi.select(tp->user, asserted),
                       "select of the link");
}

sfi_status
sfi__transport_transfer(sfi_transport *tp, const uint8_t *tx, uint8_t *rx,
                        size_t len)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_SPI);

    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    return guard_leave(tp, tp->ops.spi.transfer(tp->user, tx, rx, len),
                       "transfer on the link");
}

/* ---- USB ---- */

sfi_status
sfi__transport_control(sfi_transport *tp, uint8_t request_type, uint8_t request,
                       uint16_t value, uint16_t index, uint8_t *data,
                       size_t len, size_t *got, uint32_t timeout_ms)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_USB);
    size_t n;

    *got = 0;
    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    st = guard_leave(tp,
                     tp->ops.usb.control(tp->user, request_type, request, value,
                                         index, data, len, got, timeout_ms),
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
    sfi_status st = guard_check_kind(tp, TRANSPORT_USB);

    if (st != SFI_OK)
        return st;
    if (tp->ops.usb.reopen == NULL)
        return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "this link cannot be opened again");
    guard_enter(tp);
    return guard_leave(tp, tp->ops.usb.reopen(tp->user, timeout_ms),
                       "reopening the link");
}

/* ---- memory ---- */

sfi_status
sfi__transport_read32(sfi_transport *tp, uint32_t address, uint32_t *words,
                      size_t count)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_DAP);

    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    return guard_leave(tp, tp->ops.dap.read32(tp->user, address, words, count),
                       "read of memory through the link");
}

sfi_status
sfi__transport_write32(sfi_transport *tp, uint32_t address,
                       const uint32_t *words, size_t count)
{
    sfi_status st = guard_check_kind(tp, TRANSPORT_DAP);

    if (st != SFI_OK)
        return st;
    guard_enter(tp);
    return guard_leave(tp, tp->ops.dap.write32(tp->user, address, words, count),
                       "write of memory through the link");
}

/* ---- all ---- */

sfi_status
sfi__transport_reset(sfi_transport *tp, bool into_boot)
{
    sfi_status (*reset)(void *user, int into_boot) =
        *sfi__transport_slots(&tp->ops, tp->kind).reset;

    if (reset == NULL)
        return sfi__fail(tp->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "this link cannot reset the chip");
    guard_enter(tp);
    return guard_leave(tp, reset(tp->user, into_boot),
                       "reset through the link");
}

uint32_t
sfi__transport_ms(const sfi_transport *tp, size_t len)
{
    if (tp->baud == 0)
        return 0;
    return (uint32_t)((uint64_t)len * BITS_PER_BYTE * 1000u / tp->baud + 1u);
}

uint32_t
sfi__transport_rtt_ms(const sfi_transport *tp)
{
    return tp->kind == TRANSPORT_STREAM ? tp->ops.stream.rtt_ms : 0;
}
