/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system without pseudo terminals and Unix sockets, so without virtual chips
 * for other processes. */
#include <string.h>

#include <sfi/sim_serve.h>

#include "core/ctx.h"
#include "core/err.h"
#include "sim/command.h"
#include "sim/sim.h"

static sfi_status
serve_unsupported(sfi_ctx *ctx)
{
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this system has no pseudo terminals, so a virtual chip "
                     "is of this process only");
}

sfi_status
sfi_sim_serve_begin(sfi_sim *sim, const sfi_sim_links *links)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, links != NULL);
    return serve_unsupported(sim->obj.ctx);
}

sfi_status
sfi_sim_serve(sfi_sim *sim, const sfi_sim_links *links, int (*stop)(void *user),
              void *user)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, links != NULL);
    SFI_ARG(sim, stop != NULL);
    (void)user;
    return serve_unsupported(sim->obj.ctx);
}

static sfi_status
serve_not_begun(sfi_sim *sim)
{
    return sfi__fail(sim->obj.ctx, SFI_ERR_STATE,
                     "the chip is not served, and cannot be on this system");
}

sfi_status
sfi_sim_poll(sfi_sim *sim, uint32_t timeout_ms)
{
    SFI_ENTER(sim, SIM);
    (void)timeout_ms;
    return serve_not_begun(sim);
}

sfi_status
sfi_sim_get_wait(sfi_sim *sim, size_t index, int *fd, uint32_t *events,
                 uint32_t *within_ms)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, fd != NULL);
    SFI_ARG(sim, events != NULL);
    SFI_ARG(sim, within_ms != NULL);
    (void)index;
    return serve_not_begun(sim);
}

void
sfi_sim_serve_end(sfi_sim *sim)
{
    (void)sim;
}

sfi_status
sfi_sim_control(sfi_ctx *ctx, const char *state_dir, const char *command,
                char *answer, size_t *len)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, command != NULL);
    SFI_ARG(ctx, len != NULL);
    SFI_ARG(ctx, answer != NULL || *len == 0);
    SFI_ARG(ctx, strchr(command, '\n') == NULL);
    SFI_ARG(ctx, strlen(command) < COMMAND_LINE_MAX);
    return serve_unsupported(ctx);
}

uint32_t
sfi_sim_jtag_port(const sfi_sim *sim)
{
    (void)sim;
    return 0;
}
