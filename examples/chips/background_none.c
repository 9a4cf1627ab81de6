/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system without fork(). */
#include "chips/background.h"

void
background_begin(const struct cli *c)
{
    cli_usage(c, "--background: start the program in the background instead: "
                 "this system cannot divide one that runs");
}

sfi_status
background_open(sfi_ctx *ctx, const char *state, const char *program,
                sfi_sim **out)
{
    return chips_open(ctx, state, program, out);
}

void
background_leave(void)
{
}
