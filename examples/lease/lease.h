/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The commands of sfi-hsm, and what verifies several audit logs. */
#ifndef LEASE_LEASE_H
#define LEASE_LEASE_H

#include <sfi/sfi.h>

#include "cli/cli.h"

/* Is argv[1] a command?  Then run it; *status is the program's. */
bool hsm_run_command(int argc, char **argv, int *status);

/* Verify all logs of --verify-audit, at least two, with this key. */
sfi_status hsm_verify_logs(const struct cli *c, sfi_ctx *ctx,
                           const uint8_t key_secret[SFI_AUDIT_KEY_LEN],
                           struct json *out);

#endif
