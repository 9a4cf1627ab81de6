/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* How much of its link an install uses, exactly: each link's own units, counted
 * at the chip, against the least that its frames allow.
 *   bench_links [FOLDER]
 * Ends with 1 when one uses more than its share. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/boot.h"
#include "sim/sim.h"
#include "transport/probe/probe.h"
#include "transport/base/transport.h"

#include "bench_kit.h"

#define H753 "stm32h753xi"
#define L462 "stm32l462ce"
#define KIB 1024u

/* The chip's end, and what went over it. */
static struct {
    sfi_sim *sim;
    sfi_transport *chip;
    uint64_t units;
} wire;

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    return sfi__transport_reset(wire.chip, into_boot != 0);
}

/* ---- USART: bytes, either way ---- */

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    sfi_status st = sfi__transport_read(wire.chip, buf, len, got, timeout_ms);

    (void)user;
    wire.units += *got;
    return st;
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    wire.units += len;
    return sfi__transport_write(wire.chip, buf, len, timeout_ms);
}

static sfi_transport *
open_usart(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = on_read,
        .write = on_write,
        .reset = on_reset,
    };
    sfi_transport *tp;

    need(sfi_sim_transport(wire.sim, "usart", &wire.chip));
    need(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    return tp;
}

/* ---- SPI: bytes that are clocked ---- */

static sfi_status
on_select(void *user, int asserted)
{
    (void)user;
    return sfi__transport_select(wire.chip, asserted != 0);
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    (void)user;
    wire.units += len;
    return sfi__transport_transfer(wire.chip, tx, rx, len);
}

static sfi_transport *
open_spi(void)
{
    static const sfi_spi_ops ops = {
        .struct_size = sizeof(ops),
        .select = on_select,
        .transfer = on_transfer,
        .reset = on_reset,
    };
    sfi_transport *tp;

    need(sfi_sim_transport(wire.sim, "spi", &wire.chip));
    need(sfi_transport_open_spi(ctx, &ops, NULL, &tp));
    return tp;
}

/* ---- USB: control transfers ---- */

static sfi_status
on_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    (void)user;
    wire.units++;
    return sfi__transport_control(wire.chip, request_type, request, value,
                                  index, data, len, got, timeout_ms);
}

static sfi_status
on_reopen(void *user, uint32_t timeout_ms)
{
    (void)user;
    return sfi__transport_reopen(wire.chip, timeout_ms);
}

static sfi_transport *
open_usb(void)
{
    static const sfi_usb_ops ops = {
        .struct_size = sizeof(ops),
        .control = on_control,
        .reopen = on_reopen,
        .reset = on_reset,
    };
    sfi_transport *tp;

    need(sfi_sim_transport(wire.sim, "usb", &wire.chip));
    need(sfi_transport_open_usb(ctx, &ops, NULL, &tp));
    return tp;
}

/* ---- JTAG and SWD: clocks of a virtual CMSIS-DAP probe ---- */

static sfi_status
on_packet(void *user, const uint8_t *out, size_t out_len, uint8_t *in,
          size_t cap, size_t *got, uint32_t timeout_ms)
{
    uint8_t answer[SFI_SIM_PROBE_PACKET];
    uint64_t before = wire.sim->probe.clocks;
    size_t len = sizeof(answer);

    (void)user;
    *got = 0;
    if (out_len == 0) {
        sfi__sim_wait(wire.sim, timeout_ms);
        return SFI_ERR_TIMEOUT;
    }
    sfi__sim_wait(wire.sim, 1);
    need(sfi_sim_probe(wire.sim, out, out_len, answer, &len));
    wire.units += wire.sim->probe.clocks - before;
    for (*got = 0; *got < len && *got < cap; (*got)++)
        in[*got] = answer[*got];
    return SFI_OK;
}

static sfi_transport *
open_probe(enum probe_wire how)
{
    static const struct probe_io io = {.xfer = on_packet};
    const struct probe_options options = {
        .wire = how,
        .speed = PROBE_SPEED_DEFAULT,
    };
    sfi_transport *tp = NULL;

    need(sfi__probe_new(ctx, &io, NULL, "probe", &options, &tp));
    return tp;
}

static sfi_transport *
open_jtag(void)
{
    return open_probe(PROBE_JTAG);
}

static sfi_transport *
open_swd(void)
{
    return open_probe(PROBE_SWD);
}

/* ---- the table ---- */

static const struct row {
    const char *chip, *link;
    size_t size;
    sfi_transport *(*open)(void);
    const char *unit;
    double bits;  /* bits of content that a unit can carry; 0: a unit is a
                   * transfer */
    double limit; /* in the frames that the link has */
    double want;
} rows[] = {
    /* 1024 of 1043 bytes, AN3155, 3.15 */
    {H753, "USART", 1000 << 10, open_usart, "bytes", 8, 0.9818, 0.96},
    {L462, "USART", (256 << 10) + 4, open_usart, "bytes", 8, 0.9818, 0.96},
    /* 1024 of 1059, AN4286 */
    {H753, "SPI", 1000 << 10, open_spi, "bytes", 8, 0.9670, 0.93},
    {L462, "SPI", (256 << 10) + 4, open_spi, "bytes", 8, 0.9670, 0.93},
    /* DNLOAD and GETSTATUS twice; some 100 are an install's own */
    {H753, "USB", 1000 << 10, open_usb, "control transfers", 0, 3, 3.1},
    /* 32 of the 41 clocks of a scan with one TAP in BYPASS */
    {H753, "JTAG", 1000 << 10, open_jtag, "clocks", 1, 32.0 / 41, 0.70},
    /* 32 of the 46 of a write; no more than its own limit is asked for */
    {H753, "SWD", 1000 << 10, open_swd, "clocks", 1, 32.0 / 46, 0.64},
};

static bool
show(const struct row *r, size_t size, uint64_t count)
{
    double units = (double)count;
    double used = r->bits > 0 ? 8 * (double)size / (units * r->bits)
                              : units * KIB / (double)size;
    bool good = r->bits > 0 ? used >= r->want : used <= r->want;

    (void)printf("%-12s %-6s %8zu %9llu %-18s", r->chip, r->link, size,
                 (unsigned long long)count, r->unit);
    if (r->bits > 0)
        (void)printf("%7.2f %% of %6.2f %%, at least %.0f %%", 100 * used,
                     100 * r->limit, 100 * r->want);
    else
        (void)printf("%7.2f per KiB of %.2f, at most %.1f", used, r->limit,
                     r->want);
    (void)printf("%s\n", good ? "" : "  <- MISSED");
    return good;
}

/* The units of one install. */
static uint64_t
install(const struct row *r, size_t size)
{
    sfi_transport *tp;

    wire.sim = bench_chip(r->chip);
    wire.chip = NULL;
    wire.units = 0;
    bench_build(sfi_sim_chip(wire.sim), size);
    tp = r->open();
    bench_install(wire.sim, tp);
    sfi_transport_free(tp);
    sfi_transport_free(wire.chip);
    sfi_sim_free(wire.sim);
    return wire.units;
}

static bool
measure(const struct row *r)
{
    return show(r, r->size, install(r, r->size));
}

int
main(int argc, char **argv)
{
    bool good = true;

    if (!bench_begin(argc > 1 ? argv[1] : "/tmp"))
        return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        good = measure(&rows[i]) && good;
    return bench_end() && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
