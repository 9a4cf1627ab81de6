/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an install costs on the wire, and on this machine, against virtual
 * chips.
 *   bench_install [FOLDER]
 * Bytes are exact; times at a speed are computed of them, without the chip's
 * own work; the rate is of this machine and this run. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "transport/base/transport.h"

#include "bench_kit.h"

#define BITS_PER_BYTE 11.0 /* AN3155, 2: 8E1 */

/* What went over the wire; a turn is a wait for the other side. */
static struct {
    sfi_transport *chip;
    unsigned long long sent, received, turns;
    int listening;
} wire;

static double
now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static sfi_status
wire_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    sfi_status st = sfi__transport_read(wire.chip, buf, len, got, timeout_ms);

    (void)user;
    wire.received += *got;
    wire.turns += !wire.listening;
    wire.listening = 1;
    return st;
}

static sfi_status
wire_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    wire.sent += len;
    wire.listening = 0;
    return sfi__transport_write(wire.chip, buf, len, timeout_ms);
}

static sfi_status
wire_reset(void *user, int into_boot)
{
    (void)user;
    return sfi__transport_reset(wire.chip, into_boot != 0);
}

/* ---- one install ---- */

static void
show(const char *chip, size_t size, double seconds)
{
    unsigned long long all = wire.sent + wire.received;

    (void)printf("%-12s %8zu %9llu %8llu %7llu %8.2f %% %8.2f s %8.2f s "
                 "%8.0f kB/s\n",
                 chip, size, wire.sent, wire.received, wire.turns,
                 (double)size * 100.0 / (double)all,
                 (double)all * BITS_PER_BYTE / 115200.0,
                 (double)all * BITS_PER_BYTE / 921600.0,
                 (double)size / seconds / 1000.0);
}

static void
install(const char *name, size_t size)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = wire_read,
        .write = wire_write,
        .reset = wire_reset,
    };
    sfi_sim *sim = bench_chip(name);
    sfi_transport *tp;
    double t;

    need(sfi_sim_transport(sim, "usart", &wire.chip));
    need(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    bench_build(sfi_sim_chip(sim), size);
    wire.sent = wire.received = wire.turns = 0;
    t = now();
    bench_install(sim, tp);
    show(name, size, now() - t);
    sfi_transport_free(tp);
    sfi_transport_free(wire.chip);
    sfi_sim_free(sim);
}

int
main(int argc, char **argv)
{
    if (!bench_begin(argc > 1 ? argv[1] : "/tmp"))
        return EXIT_FAILURE;
    (void)printf("%-12s %8s %9s %8s %7s %10s %10s %10s %13s\n", "chip",
                 "firmware", "to chip", "to host", "waits", "payload", "115200",
                 "921600", "this machine");
    install("stm32h753xi", 16u << 10);
    install("stm32h753xi", 256u << 10);
    install("stm32h753xi", 1000u << 10);
    install("stm32l462ce", 16u << 10);
    install("stm32l462ce", (256u << 10) + 4);
    return bench_end() ? EXIT_SUCCESS : EXIT_FAILURE;
}
