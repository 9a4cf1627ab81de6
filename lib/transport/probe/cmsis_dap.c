/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "core/err.h"
#include "transport/probe/session.h"
#include "transport/base/transport.h"

/* How often the probe itself asks a chip that says WAIT. */
#define WAIT_RETRIES 100u
/* None between accesses: every list ends with one that carries the last write
 * out (IHI 0031, B4: eight clocks before they stop, or another access),
 * and each that is too early gets WAIT. */
#define IDLE_CLOCKS 0u
/* As long as the serial port's reset. */
#define RESET_PULSE_MS 20u

static const struct {
    enum cmsis_port port;
    uint8_t capability;
} wires[] = {
    [PROBE_SWD] = {CMSIS_PORT_SWD, CMSIS_CAPABILITY_SWD},
    [PROBE_JTAG] = {CMSIS_PORT_JTAG, CMSIS_CAPABILITY_JTAG},
};

static sfi_status
hold_in_reset(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;
    sfi_status st = sfi__probe_drive_reset(p, true);

    if (st == SFI_OK)
        clock->sleep_ms(clock->user, RESET_PULSE_MS);
    return st;
}

/* What the reset left of the debug port is looked at anew. */
static sfi_status
let_go(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;
    sfi_status st = sfi__probe_drive_reset(p, false);

    clock->sleep_ms(clock->user, PROBE_BOOT_MS);
    p->is_up = false;
    return st;
}

/* A probe has no line to BOOT0: it stays as the board has it. */
static sfi_status
on_reset(void *user, int into_boot)
{
    struct probe *p = user;
    sfi_status st = hold_in_reset(p);

    (void)into_boot;
    if (st == SFI_OK)
        st = let_go(p);
    p->is_up = false;
    p->may_be_held = st != SFI_OK;
    return st;
}

/* The probe lets go of the pins. */
static void
on_close(void *user)
{
    struct probe *p = user;
    sfi_ctx *ctx = p->ctx;
    struct wr w;
    uint8_t status;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_disconnect(&w);
    (void)sfi__probe_order(p, &w, &status);
    if (p->io.close != NULL)
        p->io.close(p->user);
    sfi__ctx_dealloc(ctx, p);
}

static sfi_status
sizes(struct probe *p)
{
    uint32_t packet = 0, capabilities = 0;
    sfi_status st = sfi__probe_info(p, CMSIS_INFO_PACKET_SIZE, &packet);

    if (st == SFI_OK)
        st = sfi__probe_info(p, CMSIS_INFO_CAPABILITIES, &capabilities);
    if (st != SFI_OK)
        return st;
    if (packet < CMSIS_PACKET_MIN)
        return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                         "the probe's packets have %u bytes, expected at least "
                         "%u",
                         packet, CMSIS_PACKET_MIN);
    if ((capabilities & wires[p->wire].capability) == 0)
        return sfi__fail(p->ctx, SFI_ERR_UNSUPPORTED, "the probe has no %s",
                         sfi__probe_wire_name(p->wire));
    p->packet = packet < CMSIS_PACKET_MAX ? packet : CMSIS_PACKET_MAX;
    return SFI_OK;
}

static sfi_status
take_pins(struct probe *p)
{
    struct wr w;
    uint8_t port;
    sfi_status st;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_connect(&w, wires[p->wire].port);
    st = sfi__probe_order(p, &w, &port);
    if (st == SFI_OK && port != (uint8_t)wires[p->wire].port)
        st = sfi__fail(p->ctx, SFI_ERR_IO,
                       "the probe does not connect: port is %u, expected %u "
                       "(%s)",
                       port, (unsigned)wires[p->wire].port,
                       sfi__probe_wire_name(p->wire));
    return st;
}

/* The debug port is there while the chip is held; its memory is not, and some
 * parts have no access port then either. */
static sfi_status
meet(struct probe *p, enum probe_start start)
{
    sfi_status st = SFI_OK;

    if (start != PROBE_AS_IT_IS)
        st = hold_in_reset(p);
    if (st == SFI_OK && start == PROBE_UNDER_RESET)
        (void)sfi__probe_line_up(p);
    if (st == SFI_OK && start != PROBE_AS_IT_IS)
        st = let_go(p);
    return st == SFI_OK ? sfi__probe_line_up(p) : st;
}

static sfi_status
set_up(struct probe *p, const struct probe_options *options)
{
    struct wr w;
    sfi_status st;

    sfi__probe_drop_stale(p);
    st = sizes(p);
    if (st == SFI_OK)
        st = take_pins(p);
    if (st != SFI_OK)
        return st;
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_clock(&w, options->speed);
    st = sfi__probe_setting(p, &w);
    if (st != SFI_OK)
        return st;
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_configure(&w, IDLE_CLOCKS, WAIT_RETRIES);
    st = sfi__probe_setting(p, &w);
    if (st != SFI_OK)
        return st;
    if (p->wire == PROBE_SWD) {
        sfi__wr_init(&w, p->out, sizeof(p->out));
        sfi__cmsis_put_swd_configure(&w);
        st = sfi__probe_setting(p, &w);
    }
    return st == SFI_OK ? meet(p, options->start) : st;
}

sfi_status
sfi__probe_new(sfi_ctx *ctx, const struct probe_io *io, void *user,
               const char *name, const struct probe_options *options,
               sfi_transport **out)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = sfi__probe_read32,
        .write32 = sfi__probe_write32,
        .reset = on_reset,
        .close = on_close,
    };
    struct probe *p = sfi__ctx_alloc(ctx, sizeof(*p));
    sfi_status st;

    if (p == NULL)
        return SFI_ERR_NOMEM;
    p->ctx = ctx;
    p->io = *io;
    p->user = user;
    p->wire = options->wire;
    p->tap = 0;
    p->packet = CMSIS_PACKET_MIN;
    st = set_up(p, options);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_DAP, &ops, p, name, out);
    if (st != SFI_OK)
        sfi__ctx_dealloc(ctx, p);
    return st;
}
