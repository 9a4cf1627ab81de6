/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seeds (seeds.h) for an SPI bus that loses, changes, doubles and delays bytes,
 * with glitches on NSS and SCK, a part that is busy for long, loses its power,
 * or is gone.  A frame is what the host clocks in one go; single bytes behind
 * it, such as polls, belong to it. */
#include <string.h>

#include "core/ctx.h"
#include "proto/an4286.h"
#include "transport/base/transport.h"

#include <bench/seeds.h>

#define STALL_MS_MAX 40000u
/* Longer than a wait for an ACK, now and then. */
#define DELAY_MS_MAX 2000u
#define GLITCH_MAX 4u /* bytes */

enum {
    MISHAP_DROP,   /* eight clocks that one side did not see */
    MISHAP_FLIP,   /* a bit */
    MISHAP_DOUBLE, /* eight clocks too many, on the part's side */
    MISHAP_DELAY,  /* the host is held up between two bytes */
    MISHAP_NSS,    /* high for some bytes */
    MISHAP_SCK,    /* an edge too many: bits are shifted until NSS is high */
    MISHAP_STALL,  /* the part is busy for seconds */
    MISHAP_RESET,  /* it loses its power for a moment */
    MISHAP_UNPLUG, /* the adapter is gone until the next install */
    MISHAPS
};

static struct {
    uint32_t at;   /* bytes since the frame began */
    uint32_t deaf; /* bytes that the part neither receives nor sends */
    bool shifted;
    uint8_t before; /* what the host clocked before */
} bus;

static void
forget(void)
{
    memset(&bus, 0, sizeof(bus));
}

/* A mishap of the bus or the part rather than of a byte. */
static void
befall(const struct mishap *m)
{
    switch (m->what) {
    case MISHAP_DELAY:
        script_now += m->amount % DELAY_MS_MAX;
        break;
    case MISHAP_NSS:
        bus.deaf = 1 + m->amount % GLITCH_MAX;
        break;
    case MISHAP_SCK:
        bus.shifted = true;
        break;
    case MISHAP_STALL:
        seeds.held_until = script_now + m->amount % STALL_MS_MAX;
        break;
    case MISHAP_RESET:
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        break;
    case MISHAP_UNPLUG:
        seeds.unplugged = true;
        break;
    }
}

static uint8_t
clock_part(uint8_t tx)
{
    uint8_t rx = 0xff;

    /* an assertion for each byte would be too slow */
    if (sfi__transport_transfer(station.direct, &tx, &rx, 1) != SFI_OK)
        ck_abort_msg("the virtual chip's bus failed");
    return rx;
}

/* A byte both ways; `m` hits the one to the part. */
static uint8_t
exchange(uint8_t tx, const struct mishap *m)
{
    uint8_t rx;

    if (bus.deaf > 0) {
        bus.deaf--;
        return 0xff;
    }
    if (script_now < seeds.held_until)
        return SPI_BUSY;
    if (m != NULL && m->what == MISHAP_DROP)
        return 0xff;
    if (m != NULL && m->what == MISHAP_FLIP)
        tx = (uint8_t)(tx ^ 1u << m->amount % 8);
    rx = clock_part(bus.shifted ? (uint8_t)(bus.before << 7 | tx >> 1) : tx);
    if (m != NULL && m->what == MISHAP_DOUBLE)
        rx = clock_part(tx);
    return bus.shifted ? (uint8_t)(rx << 1 | 1) : rx;
}

static uint8_t
pass(uint8_t tx, bool is_last)
{
    const struct mishap *out = seeds_due(false, bus.at, is_last);
    const struct mishap *in = seeds_due(true, bus.at, is_last);
    uint8_t rx;

    bus.at++;
    if (out != NULL)
        befall(out);
    if (in != NULL)
        befall(in);
    rx = exchange(tx, out);
    bus.before = tx;
    if (in != NULL && in->what == MISHAP_DROP)
        rx = 0xff;
    if (in != NULL && in->what == MISHAP_DOUBLE)
        (void)exchange(SPI_DUMMY, NULL);
    if (in != NULL && in->what == MISHAP_FLIP)
        rx = (uint8_t)(rx ^ 1u << in->amount % 8);
    return rx;
}

static sfi_status
bus_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    (void)user;
    if (len > 1) {
        seeds.frame++;
        bus.at = 0;
    }
    for (size_t i = 0; i < len && !seeds.unplugged; i++) {
        uint8_t byte = pass(tx[i], len > 1 && i == len - 1);

        if (rx != NULL)
            rx[i] = byte;
    }
    return seeds.unplugged ? SFI_ERR_NO_DEVICE : SFI_OK;
}

static sfi_status
bus_select(void *user, int asserted)
{
    (void)user;
    if (!asserted)
        bus.shifted = false;
    return seeds.unplugged
               ? SFI_ERR_NO_DEVICE
               : sfi__transport_select(station.direct, asserted != 0);
}

static sfi_status
bus_reset(void *user, int into_boot)
{
    (void)user;
    return seeds.unplugged
               ? SFI_ERR_NO_DEVICE
               : sfi__transport_reset(station.direct, into_boot != 0);
}

static void
open_bus(void)
{
    static const sfi_spi_ops ops = {
        .struct_size = sizeof(ops),
        .select = bus_select,
        .transfer = bus_transfer,
        .reset = bus_reset,
    };

    ck_assert_ok(sfi_transport_open_spi(ctx, &ops, NULL, &station.tp));
}

int
main(void)
{
    static const struct seeds_link spi = {
        .name = "install_seeds_spi",
        .interface = "spi",
        .chips = {"stm32h753xi", "stm32l462ce"},
        .open = open_bus,
        .forget = forget,
        .survived = MISHAP_STALL,
        .small = MISHAP_STALL,
        .mishaps = MISHAPS,
        .ways = 2,
        .fail_percent = 3,
        .longest_ms = 160000,
        .again = 1600,
        .fresh = 200,
    };

    return seeds_run(&spi);
}
