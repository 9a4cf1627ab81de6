/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seeds (seeds.h) for a debug probe that loses, faults, halves, garbles and
 * delays accesses to memory, a chip that loses its power, a probe that
 * disappears. */
#include "core/ctx.h"
#include "transport/base/transport.h"

#include <bench/seeds.h>

#define STALL_MS_MAX 40000u
#define DELAY_MS_MAX 2000u
/* How long a probe tries before it gives up. */
#define PATIENCE_MS 1000u

enum {
    MISHAP_LOST,  /* no answer, and nothing was done */
    MISHAP_LATE,  /* no answer, but it was done */
    MISHAP_FAULT, /* refused */
    MISHAP_HALF,  /* refused, with some of its words done */
    MISHAP_TWICE, /* done, and done again */
    MISHAP_DELAY,
    MISHAP_FLIP, /* of a word that is written or read: JTAG has no parity */
    MISHAP_STALL,
    MISHAP_RESET,
    MISHAP_UNPLUG,
    MISHAPS
};

#define WORDS_MAX 1024u

static uint32_t copy[WORDS_MAX];
static uint64_t told; /* when the chip's clock was last set */

/* Advance the chip's clock with the host's. */
static void
pass_time(void)
{
    if (script_now > told)
        sfi_sim_wait(board.sim, (uint32_t)(script_now - told));
    told = script_now;
}

static sfi_status
failed(sfi_status st)
{
    sfi_ctx_report(ctx, st, 0, "struck");
    return st;
}

static sfi_status
access(bool read, uint32_t address, uint32_t *words, size_t count)
{
    if (read)
        return sfi__transport_read32(station.direct, address, words, count);
    return sfi__transport_write32(station.direct, address, words, count);
}

static sfi_status
suffer(const struct mishap *m, bool read, uint32_t address, uint32_t *words,
       size_t count)
{
    size_t n = m->amount % count;
    sfi_status st;

    switch (m->what) {
    case MISHAP_LOST:
        script_now += PATIENCE_MS;
        return failed(SFI_ERR_TIMEOUT);
    case MISHAP_LATE:
        (void)access(read, address, words, count);
        script_now += PATIENCE_MS;
        return failed(SFI_ERR_TIMEOUT);
    case MISHAP_FAULT:
        return failed(SFI_ERR_NACK);
    case MISHAP_HALF:
        if (n > 0)
            (void)access(read, address, words, n);
        return failed(SFI_ERR_NACK);
    case MISHAP_FLIP:
        if (!read)
            words[n] ^= 1u << m->amount % 32;
        st = access(read, address, words, count);
        if (read)
            words[n] ^= 1u << m->amount % 32;
        return st;
    case MISHAP_TWICE:
        st = access(read, address, words, count);
        return st == SFI_OK ? access(read, address, words, count) : st;
    case MISHAP_DELAY:
        script_now += m->amount % DELAY_MS_MAX;
        break;
    case MISHAP_STALL:
        seeds.held_until = script_now + m->amount % STALL_MS_MAX;
        return failed(SFI_ERR_TIMEOUT);
    case MISHAP_RESET:
        ck_assert_ok(sfi_sim_power_on(board.sim));
        break;
    case MISHAP_UNPLUG:
        seeds.unplugged = true;
        break;
    }
    return seeds.unplugged ? SFI_ERR_NO_DEVICE
                           : access(read, address, words, count);
}

static sfi_status
pass(bool read, uint32_t address, uint32_t *words, size_t count)
{
    struct mishap *m;

    pass_time();
    seeds.frame++;
    if (seeds.unplugged)
        return SFI_ERR_NO_DEVICE;
    if (script_now < seeds.held_until) {
        script_now += PATIENCE_MS;
        return failed(SFI_ERR_TIMEOUT);
    }
    m = seeds_due(false, 0, true);
    if (m != NULL)
        return suffer(m, read, address, words, count);
    return access(read, address, words, count);
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    (void)user;
    return pass(true, address, words, count);
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    (void)user;
    ck_assert_uint_le(count, WORDS_MAX);
    for (size_t i = 0; i < count; i++)
        copy[i] = words[i];
    return pass(false, address, copy, count);
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    return seeds.unplugged
               ? SFI_ERR_NO_DEVICE
               : sfi__transport_reset(station.direct, into_boot != 0);
}

static void
open_port(void)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
    };

    ck_assert_ok(sfi_transport_open_dap(ctx, &ops, NULL, &station.tp));
}

int
main(void)
{
    static const struct seeds_link jtag = {
        .name = "install_seeds_jtag",
        .interface = "jtag",
        .chips = {"stm32h753xi"},
        .open = open_port,
        .survived = MISHAP_FLIP,
        .small = MISHAP_STALL,
        .mishaps = MISHAPS,
        .ways = 1,
        .fail_percent = 1,
        .longest_ms = 240000,
        .again = 1800,
        .fresh = 200,
    };

    return seeds_run(&jtag);
}
