/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Serve a chip's links to other processes until the caller stops it, in real
 * time. */
#include "sim/serve/serve.h"

#include <errno.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "sim/boot.h"

SFI_ABI_PIN(sfi_sim_links, jtag);

/* How often stop() is asked and the chip's clock advanced, at least. */
#define TICK_MS 50

struct server {
    struct sfi_sim *sim;
    struct pty *pty;        /* NULL: not served */
    struct jtag_port *jtag; /* likewise */
    struct control_port *control;
};

/* Until an answer is ready, at most. */
static int
serve_tick_ms(const struct sfi_sim *sim)
{
    uint64_t ms = (sfi__sim_busy_us(sim) + 999) / 1000;

    return ms > 0 && ms < TICK_MS ? (int)ms : TICK_MS;
}

static sfi_status
serve_one_turn(struct server *s, const struct clock *clock, uint64_t *last)
{
    sfi_ctx *ctx = s->sim->obj.ctx;
    struct pollfd fds[3];
    struct pollfd *pty = &fds[0];
    struct pollfd *jtag = &fds[s->pty != NULL];
    struct pollfd *control = jtag + (s->jtag != NULL);
    nfds_t count = 0;
    uint64_t now;
    int ready;

    if (s->pty != NULL)
        fds[count++] = sfi__serve_pty_wait(s->sim, s->pty);
    if (s->jtag != NULL)
        fds[count++] = sfi__serve_jtag_wait(s->jtag);
    if (s->control != NULL)
        fds[count++] = sfi__serve_control_wait(s->control);
    ready = poll(fds, count, serve_tick_ms(s->sim));
    if (ready < 0 && errno != EINTR)
        return sfi__fail_os(ctx, SFI_ERR_OS, errno, "cannot wait");
    if (ready == 0 && s->pty != NULL)
        sfi__serve_pty_idle(s->pty);
    now = clock->now_ms(clock->user);
    sfi__sim_wait(s->sim, now - *last);
    *last = now;
    if (s->jtag != NULL && ready > 0)
        sfi__serve_jtag_ready(s->sim, s->jtag, jtag->revents);
    if (s->control != NULL)
        sfi__serve_control_ready(s->sim, s->control,
                                 ready > 0 ? control->revents : 0);
    if (s->pty == NULL)
        return SFI_OK;
    return sfi__pty_ready(s->sim, s->pty, ready > 0 ? pty->revents : 0);
}

static sfi_status
serve_until_stop(struct server *s, int (*stop)(void *user), void *user)
{
    const struct clock *clock = s->sim->obj.ctx->clock;
    uint64_t last = clock->now_ms(clock->user);
    sfi_status st = SFI_OK;

    s->sim->obj.busy = true;
    while (st == SFI_OK && !stop(user))
        st = serve_one_turn(s, clock, &last);
    s->sim->obj.busy = false;
    return st;
}

static sfi_status
serve_open_jtag(struct server *s, const sfi_sim_links *links)
{
    sfi_ctx *ctx = s->sim->obj.ctx;
    struct jtag_port *jtag = sfi__ctx_alloc(ctx, sizeof(*jtag));
    sfi_status st;

    if (jtag == NULL)
        return SFI_ERR_NOMEM;
    st = sfi__jtag_open(ctx, links->jtag, (links->flags & SFI_SIM_REMOTE) != 0,
                        jtag);
    if (st != SFI_OK) {
        sfi__ctx_dealloc(ctx, jtag);
        return st;
    }
    s->jtag = jtag;
    s->sim->jtag_number = jtag->number;
    return SFI_OK;
}

static void
serve_close_jtag(struct server *s)
{
    if (s->jtag == NULL)
        return;
    sfi__jtag_close(s->jtag);
    sfi__ctx_dealloc(s->sim->obj.ctx, s->jtag);
    s->sim->jtag_number = 0;
}

static sfi_status
serve_open_and_run(struct sfi_sim *sim, const sfi_sim_links *links,
                   int (*stop)(void *user), void *user)
{
    struct server s = {.sim = sim};
    struct control_port control;
    struct pty pty;
    sfi_status st = SFI_OK;

    if (links->jtag != NULL)
        st = serve_open_jtag(&s, links);
    if (st != SFI_OK)
        return st;
    /* before the link appears, by which others see that the chip listens */
    if ((links->flags & SFI_SIM_CONTROL) != 0) {
        st = sfi__control_open(sim->obj.ctx, sim->store.dir, &control);
        if (st != SFI_OK)
            goto out;
        s.control = &control;
    }
    if (links->usart != NULL) {
        st = sfi__pty_open(sim->obj.ctx, links->usart, &pty);
        if (st != SFI_OK)
            goto out;
        s.pty = &pty;
    }
    st = serve_until_stop(&s, stop, user);

out:
    if (s.control != NULL)
        sfi__control_close(s.control);
    if (s.pty != NULL)
        sfi__pty_close(s.pty);
    serve_close_jtag(&s);
    return st;
}

sfi_status
sfi_sim_serve(sfi_sim *sim, const sfi_sim_links *links, int (*stop)(void *user),
              void *user)
{
    sfi_sim_links l;
    sfi_status st;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, links != NULL);
    SFI_ARG(sim, stop != NULL);
    st = SFI_ABI_IN(sim->obj.ctx, sfi_sim_links, &l, links);
    if (st != SFI_OK)
        return st;
    SFI_ARG(sim, (links->flags & ~(SFI_SIM_REMOTE | SFI_SIM_CONTROL)) == 0);
    SFI_ARG(sim, l.usart != NULL || l.jtag != NULL);
    SFI_ARG(sim, l.usart == NULL || l.usart[0] != '\0');
    if (l.jtag != NULL && sim->chip->dbgmcu == 0)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "a virtual %s has no JTAG", sim->chip->name);
    return serve_open_and_run(sim, &l, stop, user);
}

uint32_t
sfi_sim_jtag_port(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) ? sim->jtag_number : 0;
}
