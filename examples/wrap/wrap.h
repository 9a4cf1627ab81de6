/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* `sfi-sim wrap`: a command sees the chip as a device of its machine, by
 * umockdev: its libraries find it in /sys, and what they ask /dev for comes
 * here. */
#ifndef WRAP_WRAP_H
#define WRAP_WRAP_H

#include <sfi/sim.h>

#include "cli/cli.h"

/* What the chip is wired to. */
enum { WRAP_USB = 1 << 0, WRAP_PROBE = 1 << 1, WRAP_SPI = 1 << 2 };

/* More than the ports of a bench's hub. */
#define WRAP_CHIPS_MAX 16u

/* Runs it with its arguments, which end with NULL; its exit status, or the
 * exit status after a message.  Each of the chips is wired so. */
int sim_wrap(const struct cli *c, sfi_sim *const *chips, size_t count,
             unsigned wired, const char *const *command);

#endif
