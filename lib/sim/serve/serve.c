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

struct sim_server {
    struct sfi_sim *sim;
    uint64_t last_ms;       /* when the chip's clock was advanced */
    struct pty *pty;        /* NULL: not served */
    struct jtag_port *jtag; /* likewise */
    struct control_port *control;
    struct pty pty_room;
    struct control_port control_room;
};

/* Until an answer is ready, at most. */
static int
serve_tick_ms(const struct sfi_sim *sim)
{
    uint64_t ms = (sfi__sim_busy_us(sim) + 999) / 1000;

    return ms > 0 && ms < TICK_MS ? (int)ms : TICK_MS;
}

/* What each link waits for; the places that they have in `fds`. */
struct turn {
    struct pollfd fds[3];
    nfds_t count;
    struct pollfd *pty;
    struct pollfd *jtag;
    struct pollfd *control;
};

static void
serve_fill_turn(const struct sim_server *s, struct turn *t)
{
    *t = (struct turn){.count = 0};
    if (s->pty != NULL) {
        t->pty = &t->fds[t->count++];
        *t->pty = sfi__serve_pty_wait(s->sim, s->pty);
    }
    if (s->jtag != NULL) {
        t->jtag = &t->fds[t->count++];
        *t->jtag = sfi__serve_jtag_wait(s->jtag);
    }
    if (s->control != NULL) {
        t->control = &t->fds[t->count++];
        *t->control = sfi__serve_control_wait(s->control);
    }
}

static sfi_status
serve_one_turn(struct sim_server *s, int timeout_ms)
{
    sfi_ctx *ctx = s->sim->obj.ctx;
    const struct clock *clock = ctx->clock;
    const int quiet_ms = serve_tick_ms(s->sim);
    struct turn t;
    uint64_t now;
    int ready;

    serve_fill_turn(s, &t);
    ready = poll(t.fds, t.count, timeout_ms);
    if (ready < 0 && errno != EINTR)
        return sfi__fail_os(ctx, SFI_ERR_OS, errno, "cannot wait");
    now = clock->now_ms(clock->user);
    if (ready == 0 && s->pty != NULL && now - s->last_ms >= (uint64_t)quiet_ms)
        sfi__serve_pty_idle(s->pty);
    sfi__sim_wait(s->sim, now - s->last_ms);
    s->last_ms = now;
    if (s->jtag != NULL && ready > 0)
        sfi__serve_jtag_ready(s->sim, s->jtag, t.jtag->revents);
    if (s->control != NULL)
        sfi__serve_control_ready(s->sim, s->control,
                                 ready > 0 ? t.control->revents : 0);
    if (s->pty == NULL)
        return SFI_OK;
    return sfi__pty_ready(s->sim, s->pty, ready > 0 ? t.pty->revents : 0);
}

static sfi_status
serve_open_jtag(struct sim_server *s, const sfi_sim_links *links)
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
serve_close_jtag(struct sim_server *s)
{
    if (s->jtag == NULL)
        return;
    sfi__jtag_close(s->jtag);
    sfi__ctx_dealloc(s->sim->obj.ctx, s->jtag);
    s->sim->jtag_number = 0;
}

static void
serve_close(struct sim_server *s)
{
    if (s->control != NULL)
        sfi__control_close(s->control);
    if (s->pty != NULL)
        sfi__pty_close(s->pty);
    serve_close_jtag(s);
    s->sim->server = NULL;
    sfi__ctx_dealloc(s->sim->obj.ctx, s);
}

static sfi_status
serve_open_control(struct sim_server *s)
{
    sfi_ctx *ctx = s->sim->obj.ctx;

    if (!sfi__store_is_memory(&s->sim->store))
        return sfi__control_open(ctx, s->sim->store.dir, &s->control_room);
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "a chip in memory has no folder for a control socket; use "
                     "sfi_sim_command()");
}

/* The control socket is there before the link appears, by which others see that
 * the chip listens. */
static sfi_status
serve_open_links(struct sim_server *s, const sfi_sim_links *links)
{
    sfi_ctx *ctx = s->sim->obj.ctx;
    sfi_status st = SFI_OK;

    if (links->jtag != NULL)
        st = serve_open_jtag(s, links);
    if (st == SFI_OK && (links->flags & SFI_SIM_CONTROL) != 0) {
        st = serve_open_control(s);
        if (st == SFI_OK)
            s->control = &s->control_room;
    }
    if (st == SFI_OK && links->usart != NULL) {
        st = sfi__pty_open(ctx, links->usart, &s->pty_room);
        if (st == SFI_OK)
            s->pty = &s->pty_room;
    }
    return st;
}

static void
serve_end(struct sfi_sim *sim)
{
    if (sim->server != NULL)
        serve_close(sim->server);
}

static sfi_status
serve_begin(struct sfi_sim *sim, const sfi_sim_links *links)
{
    sfi_ctx *ctx = sim->obj.ctx;
    struct sim_server *s = sfi__ctx_alloc(ctx, sizeof(*s));
    sfi_status st;

    if (s == NULL)
        return SFI_ERR_NOMEM;
    *s = (struct sim_server){.sim = sim};
    sim->server = s;
    sim->end_server = serve_end;
    st = serve_open_links(s, links);
    s->last_ms = ctx->clock->now_ms(ctx->clock->user);
    if (st != SFI_OK)
        serve_close(s);
    return st;
}

static sfi_status
serve_check_links(const sfi_sim *sim, const sfi_sim_links *l)
{
    SFI_ARG(sim, (l->flags & ~(SFI_SIM_REMOTE | SFI_SIM_CONTROL)) == 0);
    SFI_ARG(sim, l->usart != NULL || l->jtag != NULL);
    SFI_ARG(sim, l->usart == NULL || l->usart[0] != '\0');
    if (l->jtag != NULL && sim->chip->dbgmcu == 0)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "a virtual %s has no JTAG", sim->chip->name);
    if (sim->server != NULL)
        return sfi__fail(sim->obj.ctx, SFI_ERR_STATE,
                         "the chip is served already");
    return SFI_OK;
}

sfi_status
sfi_sim_serve_begin(sfi_sim *sim, const sfi_sim_links *links)
{
    sfi_sim_links l;
    sfi_status st;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, links != NULL);
    st = SFI_ABI_IN(sim->obj.ctx, sfi_sim_links, &l, links);
    if (st == SFI_OK)
        st = serve_check_links(sim, &l);
    return st == SFI_OK ? serve_begin(sim, &l) : st;
}

static sfi_status
serve_need(const sfi_sim *sim)
{
    if (sim->server != NULL)
        return SFI_OK;
    return sfi__fail(sim->obj.ctx, SFI_ERR_STATE,
                     "the chip is not served: begin with "
                     "sfi_sim_serve_begin()");
}

sfi_status
sfi_sim_poll(sfi_sim *sim, uint32_t timeout_ms)
{
    sfi_status st;
    int tick;

    SFI_ENTER(sim, SIM);
    st = serve_need(sim);
    if (st != SFI_OK)
        return st;
    tick = serve_tick_ms(sim);
    sim->obj.busy = true;
    st = serve_one_turn(sim->server,
                        timeout_ms < (uint32_t)tick ? (int)timeout_ms : tick);
    sim->obj.busy = false;
    return st;
}

sfi_status
sfi_sim_get_wait(sfi_sim *sim, size_t index, int *fd, uint32_t *events,
                 uint32_t *within_ms)
{
    struct turn t;
    sfi_status st;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, fd != NULL);
    SFI_ARG(sim, events != NULL);
    SFI_ARG(sim, within_ms != NULL);
    st = serve_need(sim);
    if (st != SFI_OK)
        return st;
    serve_fill_turn(sim->server, &t);
    if (index >= t.count)
        return sfi__fail(sim->obj.ctx, SFI_ERR_RANGE,
                         "the chip has %zu links, numbered from 0",
                         (size_t)t.count);
    *fd = t.fds[index].fd;
    *events = ((t.fds[index].events & POLLIN) != 0 ? SFI_SIM_READABLE : 0) |
              ((t.fds[index].events & POLLOUT) != 0 ? SFI_SIM_WRITABLE : 0);
    *within_ms = (uint32_t)serve_tick_ms(sim);
    return SFI_OK;
}

void
sfi_sim_serve_end(sfi_sim *sim)
{
    if (sfi__is(sim, OBJ_SIM) && !sim->obj.busy)
        serve_end(sim);
}

static sfi_status
serve_until_stop(struct sfi_sim *sim, int (*stop)(void *user), void *user)
{
    struct control_port *control = sim->server->control;
    bool is_over = false;
    sfi_status st = SFI_OK;

    if (control != NULL)
        control->is_over = &is_over;
    sim->obj.busy = true;
    while (st == SFI_OK && !is_over && !stop(user))
        st = serve_one_turn(sim->server, serve_tick_ms(sim));
    sim->obj.busy = false;
    if (control != NULL)
        control->is_over = NULL;
    return st;
}

sfi_status
sfi_sim_serve(sfi_sim *sim, const sfi_sim_links *links, int (*stop)(void *user),
              void *user)
{
    sfi_status st;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, links != NULL);
    SFI_ARG(sim, stop != NULL);
    st = sfi_sim_serve_begin(sim, links);
    if (st != SFI_OK)
        return st;
    st = serve_until_stop(sim, stop, user);
    serve_end(sim);
    return st;
}

uint32_t
sfi_sim_jtag_port(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) ? sim->jtag_number : 0;
}
