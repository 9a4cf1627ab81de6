/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seeds (seeds.h) for a serial line that loses, changes, doubles and delays
 * bytes, a chip that loses its power, an adapter that disappears. */
#include <string.h>

#include "core/ctx.h"
#include "transport/base/transport.h"

#include <bench/seeds.h>

#define STALL_MS_MAX 40000u
/* Longer than a wait for an ACK, now and then. */
#define DELAY_MS_MAX 2000u

enum {
    MISHAP_DROP,
    MISHAP_FLIP,
    MISHAP_DOUBLE,
    MISHAP_DELAY,
    MISHAP_STALL,  /* both ways, for seconds */
    MISHAP_RESET,  /* the chip loses its power for a moment */
    MISHAP_UNPLUG, /* the adapter is gone until the next install */
    MISHAPS
};

/* Bytes from the chip that are not read yet. */
static struct {
    uint32_t answered; /* bytes that came since the last frame */
    uint8_t queue[4096];
    size_t head, len;
} line;

static void
put(uint8_t byte)
{
    /* an assertion for each byte would be too slow */
    if (line.len == sizeof(line.queue))
        ck_abort_msg("the virtual chip says more than a line holds");
    line.queue[(line.head + line.len++) % sizeof(line.queue)] = byte;
}

/* How often a byte is passed on. */
static unsigned
suffer(const struct mishap *m, uint8_t *byte)
{
    switch (m->what) {
    case MISHAP_DROP:
        return 0;
    case MISHAP_FLIP:
        *byte = (uint8_t)(*byte ^ 1u << m->amount % 8);
        return 1;
    case MISHAP_DOUBLE:
        return 2;
    case MISHAP_DELAY:
        seeds.held_until = script_now + m->amount % DELAY_MS_MAX;
        return 1;
    case MISHAP_STALL:
        seeds.held_until = script_now + m->amount % STALL_MS_MAX;
        return 1;
    case MISHAP_RESET:
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        return 1;
    case MISHAP_UNPLUG:
        seeds.unplugged = true;
        return 0;
    }
    return 1;
}

/* Fetch what the chip has sent so far. */
static void
listen(uint32_t ms)
{
    uint8_t in[256];
    size_t got = 0;

    while (sfi__transport_read(station.direct, in, sizeof(in), &got, ms) ==
           SFI_OK) {
        for (size_t i = 0; i < got; i++) {
            struct mishap *m = seeds_due(true, line.answered++, false);
            unsigned times = m == NULL ? 1 : suffer(m, &in[i]);

            while (times-- > 0 && !seeds.unplugged)
                put(in[i]);
        }
        ms = 0;
    }
}

/* A delayed byte delays all that follow it. */
static void
hold(void)
{
    while (seeds.held_until > script_now)
        listen((uint32_t)(seeds.held_until - script_now));
}

static sfi_status
line_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    seeds.frame++;
    line.answered = 0;
    for (size_t i = 0; i < len && !seeds.unplugged; i++) {
        struct mishap *m = seeds_due(false, (uint32_t)i, i == len - 1);
        uint8_t byte = buf[i];
        unsigned times = m == NULL ? 1 : suffer(m, &byte);

        if (m != NULL && m->what == MISHAP_DELAY)
            hold();
        while (times-- > 0) {
            if (sfi__transport_write(station.direct, &byte, 1, timeout_ms) !=
                SFI_OK)
                ck_abort_msg("the virtual chip's line failed");
        }
    }
    return seeds.unplugged ? SFI_ERR_NO_DEVICE : SFI_OK;
}

static sfi_status
line_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    uint64_t end = script_now + timeout_ms;

    (void)user;
    *got = 0;
    while (script_now < seeds.held_until && script_now < end)
        listen((uint32_t)((seeds.held_until < end ? seeds.held_until : end) -
                          script_now));
    if (script_now >= seeds.held_until && line.len == 0)
        listen(script_now < end ? (uint32_t)(end - script_now) : 0);
    if (seeds.unplugged)
        return SFI_ERR_NO_DEVICE;
    while (script_now >= seeds.held_until && line.len > 0 && *got < len) {
        buf[(*got)++] = line.queue[line.head];
        line.head = (line.head + 1) % sizeof(line.queue);
        line.len--;
    }
    return *got > 0 ? SFI_OK : SFI_ERR_TIMEOUT;
}

static sfi_status
line_flush(void *user)
{
    (void)user;
    line.len = 0;
    return seeds.unplugged ? SFI_ERR_NO_DEVICE
                           : sfi__transport_flush(station.direct);
}

static sfi_status
line_reset(void *user, int into_boot)
{
    (void)user;
    line.len = 0;
    return seeds.unplugged ? SFI_ERR_NO_DEVICE
                           : sfi__transport_reset(station.direct, into_boot);
}

static void
open_line(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = line_read,
        .write = line_write,
        .flush = line_flush,
        .reset = line_reset,
    };

    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &station.tp));
}

static void
forget(void)
{
    memset(&line, 0, sizeof(line));
}

/* A mishap of a few bytes is survived; of a thousand installs with several of
 * them some are not: a doubled byte that equals the checksum, say.  The longest
 * is four times the longest stall, and the longest waits after them. */
int
main(void)
{
    static const struct seeds_link usart = {
        .name = "install_seeds",
        .interface = "usart",
        .chips = {"stm32h753xi", "stm32l462ce"},
        .open = open_line,
        .forget = forget,
        .survived = MISHAP_STALL,
        .small = MISHAP_STALL,
        .mishaps = MISHAPS,
        .ways = 2,
        .fail_percent = 3,
        .longest_ms = 240000,
        .again = 1600,
        .fresh = 200,
    };

    return seeds_run(&usart);
}
