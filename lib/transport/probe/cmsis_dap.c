/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A CMSIS-DAP probe as a transport: setting up the probe, reset, release. */
#include "core/err.h"
#include "transport/probe/session.h"
#include "transport/base/transport.h"

/* How often the probe itself repeats an access that gets WAIT. */
#define WAIT_RETRIES 100u
/* None are needed between accesses: a list ends with an access that completes
 * the last write (IHI 0031, B4: eight clocks, or another access), and one that
 * is too early gets WAIT. */
#define IDLE_CLOCKS 0u
/* The same as for serial ports. */
#define RESET_PULSE_MS 20u

static const struct {
    enum cmsis_port port;
    uint8_t capability;
} wires[] = {
    [PROBE_SWD] = {CMSIS_PORT_SWD, CMSIS_CAPABILITY_SWD},
    [PROBE_JTAG] = {CMSIS_PORT_JTAG, CMSIS_CAPABILITY_JTAG},
};

static sfi_status
probe_assert_reset(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;
    sfi_status st = sfi__probe_drive_reset(p, true);

    if (st == SFI_OK)
        clock->sleep_ms(clock->user, RESET_PULSE_MS);
    return st;
}

/* A probe has no line to BOOT0: `into_boot` has no effect. */
static sfi_status
probe_reset_chip(void *user, int into_boot)
{
    struct probe *p = user;
    sfi_status st = probe_assert_reset(p);

    (void)into_boot;
    if (st == SFI_OK)
        st = sfi__probe_release_reset(p);
    p->is_connected = false;
    p->may_be_held = st != SFI_OK;
    return st;
}

static sfi_status
probe_write_words(void *user, uint32_t address, const uint32_t *words,
                  size_t count)
{
    sfi__probe_halt_note(user, address, words, count);
    return sfi__probe_write32(user, address, words, count);
}

/* Let the core run, and disconnect, so that the probe releases the pins. */
static void
probe_close(void *user)
{
    struct probe *p = user;
    sfi_ctx *ctx = p->ctx;
    struct wr w;
    uint8_t status;

    sfi__probe_halt_end(p);
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_disconnect(&w);
    (void)sfi__probe_command(p, &w, &status);
    if (p->io.close != NULL)
        p->io.close(p->user);
    sfi__ctx_dealloc(ctx, p);
}

static sfi_status
probe_read_limits(struct probe *p)
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
        return sfi__fail(p->ctx, SFI_ERR_UNSUPPORTED,
                         "the probe does not support %s",
                         sfi__probe_wire_name(p->wire));
    p->packet = packet < CMSIS_PACKET_MAX ? packet : CMSIS_PACKET_MAX;
    return SFI_OK;
}

static sfi_status
probe_connect_pins(struct probe *p)
{
    struct wr w;
    uint8_t port;
    sfi_status st;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_connect(&w, wires[p->wire].port);
    st = sfi__probe_command(p, &w, &port);
    if (st == SFI_OK && port != (uint8_t)wires[p->wire].port)
        st = sfi__fail(p->ctx, SFI_ERR_IO,
                       "the probe does not connect: port is %u, expected %u "
                       "(%s)",
                       port, (unsigned)wires[p->wire].port,
                       sfi__probe_wire_name(p->wire));
    return st;
}

/* While the chip is held in reset its debug port works, its memory does not,
 * and on some parts neither does the access port: a failure then is ignored,
 * and the core is halted as soon as it can be. */
static void
probe_catch_in_reset(struct probe *p)
{
    sfi_status st = sfi__probe_connect_port(p);

    if (st == SFI_OK)
        st = sfi__probe_halt_catch(p);
    if (st != SFI_OK)
        sfi__log(p->ctx, SFI_LOG_DEBUG, "while reset is held: %s",
                 p->ctx->error.message);
    sfi__clear_error(p->ctx);
}

static sfi_status
probe_connect_chip(struct probe *p, enum probe_start start)
{
    sfi_status st;

    if (start == PROBE_AS_IT_IS)
        return sfi__probe_connect_port(p);
    st = probe_assert_reset(p);
    if (st != SFI_OK)
        return st;
    if (start == PROBE_UNDER_RESET)
        probe_catch_in_reset(p);
    st = sfi__probe_release_reset(p);
    if (st == SFI_OK)
        st = sfi__probe_connect_port(p);
    return st == SFI_OK ? sfi__probe_halt_core(p) : st;
}

/* On a bad line, slower. */
static sfi_status
probe_find_chip(struct probe *p, enum probe_start start)
{
    sfi_status st = probe_connect_chip(p, start);

    while (st != SFI_OK && p->line_is_bad && sfi__probe_slow_down(p))
        st = probe_connect_chip(p, start);
    return st;
}

/* Clock, retries, and the turnaround of SWD. */
static sfi_status
probe_set_parameters(struct probe *p, uint32_t speed)
{
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_clock(&w, speed);
    st = sfi__probe_configure(p, &w);
    if (st != SFI_OK)
        return st;
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_configure(&w, IDLE_CLOCKS, WAIT_RETRIES);
    st = sfi__probe_configure(p, &w);
    if (st != SFI_OK || p->wire != PROBE_SWD)
        return st;
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_swd_configure(&w);
    return sfi__probe_configure(p, &w);
}

static sfi_status
probe_set_up(struct probe *p, const struct probe_options *options)
{
    sfi_status st;

    sfi__probe_drop_replies(p);
    st = probe_read_limits(p);
    if (st != SFI_OK)
        return st;
    st = probe_connect_pins(p);
    if (st != SFI_OK)
        return st;
    st = probe_set_parameters(p, options->speed);
    if (st == SFI_OK)
        st = probe_find_chip(p, options->start);
    if (st != SFI_OK)
        sfi__probe_halt_end(p);
    return st;
}

sfi_status
sfi__probe_new(sfi_ctx *ctx, const struct probe_io *io, void *user,
               const char *name, const struct probe_options *options,
               sfi_transport **out)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = sfi__probe_read32,
        .write32 = probe_write_words,
        .reset = probe_reset_chip,
        .close = probe_close,
    };
    struct probe *p = sfi__ctx_alloc(ctx, sizeof(*p));
    sfi_status st;

    if (p == NULL)
        return SFI_ERR_NOMEM;
    p->ctx = ctx;
    p->io = *io;
    p->user = user;
    p->wire = options->wire;
    p->ap = options->ap;
    p->speed = options->speed;
    p->tap = 0;
    p->packet = CMSIS_PACKET_MIN;
    st = probe_set_up(p, options);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_DAP, &ops, p, name, out);
    if (st != SFI_OK)
        sfi__ctx_dealloc(ctx, p);
    return st;
}
