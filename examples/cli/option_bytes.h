/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes in words. */
#ifndef CLI_OPTION_BYTES_H
#define CLI_OPTION_BYTES_H

#include "cli/cli.h"

/* A line for each field, silent with --json, and lines for what it will do.
 * Fields that do what they do in `fresh` are only counted; NULL: show all. */
void cli_fields_print(const sfi_option_bytes *ob,
                      const sfi_option_bytes *fresh);
/* The words NAME=VALUE of an option from number `first` on: another word is a
 * usage error; set the fields. */
void cli_fields_check(const struct cli *c, const struct cli_use *use,
                      unsigned first);
sfi_status cli_fields_set(const struct cli *c, const struct cli_use *use,
                          unsigned first, sfi_option_bytes *ob);

#endif
