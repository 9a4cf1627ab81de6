/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-sim wrap: show virtual chips to a command as devices of its machine.  By
 * umockdev its libraries find them in /sys, and their requests to /dev arrive
 * here. */
#ifndef WRAP_WRAP_H
#define WRAP_WRAP_H

#include <sfi/sim.h>

#include "cli/cli.h"

/* The devices of a chip. */
enum { WRAP_USB = 1 << 0, WRAP_PROBE = 1 << 1, WRAP_SPI = 1 << 2 };

/* More than the ports of a bench's hub. */
#define WRAP_CHIPS_MAX 16u

/* Run the command, whose words end with NULL, with these devices for each chip.
 * Returns the command's exit status, or the exit status after a message. */
int sim_wrap(const struct cli *c, sfi_sim *const *chips, size_t count,
             unsigned wired, const char *const *command);

#endif
