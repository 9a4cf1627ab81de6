/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes in words. */
#ifndef CLI_OPTION_BYTES_H
#define CLI_OPTION_BYTES_H

#include "cli/cli.h"

/* A line for each field, silent with --json, and lines for what it will do.
 * Fields that do what they do in a new part are only counted. */
void cli_fields_print(sfi_ctx *ctx, const sfi_option_bytes *ob);
/* Set the fields that an option's words NAME=VALUE name, from number `first`
 * on.
 */
sfi_status cli_fields_set(const struct cli_use *use, unsigned first,
                          sfi_option_bytes *ob);

#endif
