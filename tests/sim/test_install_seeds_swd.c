/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seeds (seeds.h) for a disturbed SWD, behind a probe whose replies are lost,
 * late, cut, doubled or wrong, a chip that loses its power, a probe that
 * disappears.  A frame is a packet to the probe. */
#include <string.h>

#include "core/ctx.h"
#include "sim/boot.h"
#include "transport/probe/probe.h"

#include <bench/seeds.h>

#define STALL_MS_MAX 40000u
#define DELAY_MS_MAX 2000u

enum {
    /* on SWD, after some accesses of a list */
    MISHAP_NO_ACK,
    MISHAP_PARITY, /* behind the last one */
    MISHAP_WAIT,
    MISHAP_FAULT, /* only in the reply, not in the chip */
    /* on the USB */
    MISHAP_CUT,
    MISHAP_TWICE,
    MISHAP_DELAY,
    /* usually prevented by the CRC and by the host's controller */
    MISHAP_LOST,  /* the packet */
    MISHAP_LATE,  /* the answer, which is there when the next is due */
    MISHAP_WRONG, /* a bit of the answer */
    MISHAP_STALL,
    MISHAP_RESET,
    MISHAP_UNPLUG,
    MISHAPS
};

static struct {
    uint8_t stale[DAP_PROBE_PACKET]; /* a reply that was not fetched */
    size_t stale_len;
    uint64_t told; /* when the chip's clock was last set */
} usb;

static void
forget(void)
{
    usb.stale_len = 0;
}

static void
pass_time(uint32_t ms)
{
    script_now += ms;
    if (script_now > usb.told)
        sfi__sim_wait(board.sim, script_now - usb.told);
    usb.told = script_now;
}

static sfi_status
no_answer(uint32_t timeout_ms)
{
    pass_time(timeout_ms);
    sfi_ctx_report(ctx, SFI_ERR_TIMEOUT, 0, "struck");
    return SFI_ERR_TIMEOUT;
}

static bool
is_list(const uint8_t *out)
{
    return out[0] == CMSIS_TRANSFER || out[0] == CMSIS_TRANSFER_BLOCK;
}

/* Some of the accesses are done, then comes this response. */
static size_t
break_off(const uint8_t *out, size_t len, uint32_t amount, uint8_t response,
          uint8_t *in)
{
    bool is_block = out[0] == CMSIS_TRANSFER_BLOCK;
    size_t count = out[2] | (is_block ? (size_t)out[3] << 8 : 0);
    uint8_t copy[CMSIS_PACKET_MAX];

    count = amount % (count + 1);
    memcpy(copy, out, len);
    copy[2] = (uint8_t)count;
    if (is_block)
        copy[3] = (uint8_t)(count >> 8);
    (void)sfi__dap_probe_packet(board.sim, copy, len, in);
    in[0] = out[0];
    in[1] = (uint8_t)count;
    if (is_block)
        in[2] = (uint8_t)(count >> 8);
    in[is_block ? 3 : 2] = response;
    return is_block ? 4 : 3;
}

/* The mishap before the packet; false: the packet goes on unchanged. */
static bool
befalls_list(const struct mishap *m, const uint8_t *out, size_t len,
             uint8_t *in, size_t *got)
{
    static const uint8_t responses[] = {
        [MISHAP_NO_ACK] = ADI_ACK_NONE,
        [MISHAP_PARITY] = ADI_ACK_OK,
        [MISHAP_WAIT] = ADI_ACK_WAIT,
        [MISHAP_FAULT] = ADI_ACK_FAULT,
    };

    if (m->what > MISHAP_FAULT || !is_list(out))
        return false;
    if (m->what == MISHAP_PARITY) {
        *got = sfi__dap_probe_packet(board.sim, out, len, in);
        in[out[0] == CMSIS_TRANSFER ? 2 : 3] |= CMSIS_RESPONSE_ERROR;
    } else {
        *got = break_off(out, len, m->amount, responses[m->what], in);
    }
    return true;
}

static void
befall_answer(const struct mishap *m, uint8_t *in, size_t *got)
{
    switch (m->what) {
    case MISHAP_CUT:
        *got = m->amount % *got;
        break;
    case MISHAP_TWICE:
        memcpy(usb.stale, in, *got);
        usb.stale_len = *got;
        break;
    case MISHAP_WRONG:
        in[m->amount / 8 % *got] ^= (uint8_t)(1u << m->amount % 8);
        break;
    }
}

static sfi_status
suffer(const struct mishap *m, const uint8_t *out, size_t len, uint8_t *in,
       size_t *got, uint32_t timeout_ms)
{
    switch (m->what) {
    case MISHAP_LOST:
        return no_answer(timeout_ms);
    case MISHAP_LATE:
        usb.stale_len = sfi__dap_probe_packet(board.sim, out, len, usb.stale);
        return no_answer(timeout_ms);
    case MISHAP_DELAY:
        pass_time(m->amount % DELAY_MS_MAX);
        break;
    case MISHAP_STALL:
        seeds.held_until = script_now + m->amount % STALL_MS_MAX;
        return no_answer(timeout_ms);
    case MISHAP_RESET:
        ck_assert_ok(sfi_sim_power_on(board.sim));
        break;
    case MISHAP_UNPLUG:
        seeds.unplugged = true;
        return SFI_ERR_NO_DEVICE;
    }
    if (!befalls_list(m, out, len, in, got))
        *got = sfi__dap_probe_packet(board.sim, out, len, in);
    befall_answer(m, in, got);
    return SFI_OK;
}

static sfi_status
fetch_stale(uint8_t *in, size_t *got)
{
    memcpy(in, usb.stale, usb.stale_len);
    *got = usb.stale_len;
    usb.stale_len = 0;
    return SFI_OK;
}

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    uint8_t answer[DAP_PROBE_PACKET];
    struct mishap *m;
    sfi_status st = SFI_OK;

    (void)user;
    *got = 0;
    if (seeds.unplugged)
        return SFI_ERR_NO_DEVICE;
    if (script_now < seeds.held_until)
        return no_answer(timeout_ms);
    if (out_len == 0)
        return usb.stale_len > 0 ? fetch_stale(in, got) : no_answer(timeout_ms);
    pass_time(1);
    seeds.frame++;
    m = seeds_due(false, 0, true);
    if (m != NULL)
        st = suffer(m, out, out_len, answer, got, timeout_ms);
    else
        *got = sfi__dap_probe_packet(board.sim, out, out_len, answer);
    *got = *got < cap ? *got : cap;
    /* a reply that was not fetched comes first */
    if (m == NULL && usb.stale_len > 0) {
        size_t len = *got;

        (void)fetch_stale(in, got);
        memcpy(usb.stale, answer, len);
        usb.stale_len = len;
        return SFI_OK;
    }
    if (st == SFI_OK)
        memcpy(in, answer, *got);
    return st;
}

static void
open_probe(void)
{
    static const struct probe_io io = {.xfer = on_xfer};
    static const struct probe_options options = {
        .wire = PROBE_SWD,
        .speed = PROBE_SPEED_DEFAULT,
    };

    usb.told = script_now;
    ck_assert_ok(sfi__probe_new(ctx, &io, NULL, "SWD", &options, &station.tp));
}

int
main(void)
{
    static const struct seeds_link swd = {
        .name = "install_seeds_swd",
        .interface = "jtag",
        .chips = {"stm32h753xi"},
        .open = open_probe,
        .forget = forget,
        .survived = MISHAP_LOST,
        .small = MISHAP_STALL,
        .mishaps = MISHAPS,
        .ways = 1,
        .fail_percent = 3,
        .longest_ms = 480000,
        .again = 1850,
        .fresh = 150,
    };

    return seeds_run(&swd);
}
