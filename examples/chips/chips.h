/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chips of sfi-sim's commands: models, and boards, whose programs sfi-board
 * runs. */
#ifndef CHIPS_CHIPS_H
#define CHIPS_CHIPS_H

#include <sfi/sim_serve.h>

#include "cli/cli.h"

/* Make a new chip's folder a board: "SECURE-BOOT,BOOTLOADER", files of
 * firmware. */
sfi_status chips_fit(const struct cli *c, sfi_ctx *ctx, const char *state,
                     const char *programs);
/* Are they there, and firmware?  Before a chip is made of them. */
sfi_status chips_check(const struct cli *c, sfi_ctx *ctx, const char *programs);
/* Open a chip, a board with `program`; NULL: sfi-board beside this program, or
 * in PATH. */
sfi_status chips_open(sfi_ctx *ctx, const char *state, const char *program,
                      sfi_sim **out);

#endif
