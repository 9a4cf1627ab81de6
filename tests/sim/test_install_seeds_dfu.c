/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seeds (seeds.h) for a USB that loses transfers or their replies, stalls,
 * delays or cuts them or changes their data, a device that disconnects and
 * re-enumerates, hangs, loses its power, or is gone.  A frame is a control
 * transfer.  USB has checksums, so data does not change in practice; the test
 * covers it all the same. */
#include "core/ctx.h"
#include "proto/dfu.h"
#include "transport/base/transport.h"

#include <bench/seeds.h>

#define HANG_MS_MAX 40000u
/* Longer than a control transfer may take, now and then. */
#define DELAY_MS_MAX 3000u

enum {
    MISHAP_LOST,   /* the transfer does not reach the device */
    MISHAP_LATE,   /* it reaches the device, and the host gets no reply */
    MISHAP_ERROR,  /* noise ruins it three times, before or after that */
    MISHAP_STALL,  /* the device refuses what is right */
    MISHAP_DELAY,  /* its answer comes late */
    MISHAP_LEAVE,  /* the device disconnects, and is back when the host looks
                    * for it */
    MISHAP_FLIP,   /* a bit of the data */
    MISHAP_SHORT,  /* fewer bytes than there were */
    MISHAP_HANG,   /* it answers nothing, for seconds */
    MISHAP_RESET,  /* it loses its power for a moment */
    MISHAP_UNPLUG, /* the cable is out until the next install */
    MISHAPS
};

/* Disconnected: every transfer fails until the device is opened again. */
static bool away;

static void
forget(void)
{
    away = false;
}

static sfi_status
failed(sfi_status st)
{
    sfi_ctx_report(ctx, st, 0, "a control transfer was struck");
    return st;
}

/* The mishap before the transfer; SFI_OK: the transfer follows. */
static sfi_status
befall(const struct mishap *m, uint32_t ms)
{
    switch (m->what) {
    case MISHAP_LOST:
        script_now += ms;
        return failed(SFI_ERR_TIMEOUT);
    case MISHAP_ERROR:
        return m->amount % 2 == 0 ? failed(SFI_ERR_IO) : SFI_OK;
    case MISHAP_STALL:
        return failed(SFI_ERR_NACK);
    case MISHAP_DELAY:
        script_now += m->amount % DELAY_MS_MAX;
        break;
    case MISHAP_LEAVE:
        away = true;
        break;
    case MISHAP_HANG:
        seeds.held_until = script_now + m->amount % HANG_MS_MAX;
        break;
    case MISHAP_RESET:
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        away = true;
        break;
    case MISHAP_UNPLUG:
        seeds.unplugged = true;
        break;
    }
    return SFI_OK;
}

static void
flip(const struct mishap *m, uint8_t *data, size_t len)
{
    if (len > 0)
        data[m->amount / 8 % len] ^= (uint8_t)(1u << m->amount % 8);
}

/* A transfer to the device, whose data `m` may change. */
static sfi_status
exchange(const struct mishap *m, uint8_t type, uint8_t request, uint16_t value,
         uint16_t index, uint8_t *data, size_t len, size_t *got, uint32_t ms)
{
    bool is_in = (type & 0x80u) != 0;
    bool flips = m != NULL && m->what == MISHAP_FLIP;
    sfi_status st;

    if (flips && !is_in)
        flip(m, data, len);
    st = sfi__transport_control(station.direct, type, request, value, index,
                                data, len, got, ms);
    if (st != SFI_OK || m == NULL)
        return st;
    if (flips && is_in)
        flip(m, data, *got);
    if (m->what == MISHAP_SHORT && is_in && *got > 0)
        *got = m->amount % *got;
    if (m->what == MISHAP_LATE ||
        (m->what == MISHAP_DELAY && m->amount % DELAY_MS_MAX > ms)) {
        *got = 0;
        return failed(SFI_ERR_TIMEOUT);
    }
    if (m->what == MISHAP_ERROR) {
        *got = 0;
        return failed(SFI_ERR_IO);
    }
    return SFI_OK;
}

static sfi_status
usb_control(void *user, uint8_t type, uint8_t request, uint16_t value,
            uint16_t index, uint8_t *data, size_t len, size_t *got, uint32_t ms)
{
    const struct mishap *m;
    sfi_status st = SFI_OK;

    (void)user;
    seeds.frame++;
    *got = 0;
    m = seeds_due(false, 0, true);
    if (m != NULL)
        st = befall(m, ms);
    if (away || seeds.unplugged)
        return failed(SFI_ERR_NO_DEVICE);
    if (st != SFI_OK)
        return st;
    if (script_now < seeds.held_until) {
        script_now += ms;
        return failed(SFI_ERR_TIMEOUT);
    }
    return exchange(m, type, request, value, index, data, len, got, ms);
}

static sfi_status
usb_reopen(void *user, uint32_t ms)
{
    (void)user;
    if (seeds.unplugged)
        return failed(SFI_ERR_NO_DEVICE);
    away = false;
    return sfi__transport_reopen(station.direct, ms);
}

static sfi_status
usb_reset(void *user, int into_boot)
{
    (void)user;
    return seeds.unplugged
               ? failed(SFI_ERR_NO_DEVICE)
               : sfi__transport_reset(station.direct, into_boot != 0);
}

static void
open_usb(void)
{
    static const sfi_usb_ops ops = {
        .struct_size = sizeof(ops),
        .control = usb_control,
        .reopen = usb_reopen,
        .reset = usb_reset,
    };

    ck_assert_ok(sfi_transport_open_usb(ctx, &ops, NULL, &station.tp));
}

int
main(void)
{
    static const struct seeds_link usb = {
        .name = "install_seeds_dfu",
        .interface = "usb",
        .chips = {"stm32h753xi"},
        .open = open_usb,
        .forget = forget,
        .survived = MISHAP_FLIP,
        .small = MISHAP_HANG,
        .mishaps = MISHAPS,
        .forged = MISHAP_FLIP,
        .ways = 1,
        .fail_percent = 2,
        .longest_ms = 80000,
        .again = 1800,
        .fresh = 200,
    };

    return seeds_run(&usb);
}
