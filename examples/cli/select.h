/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Which bytes of firmware files a program takes: its options --only-flash,
 * --only A-B and --exclude A-B. */
#ifndef CLI_SELECT_H
#define CLI_SELECT_H

#include "cli/cli.h"

#define CLI_RANGES_MAX 64u

/* Values of one option, and whether a firmware has bytes there. */
struct cli_ranges {
    sfi_firmware_range range[CLI_RANGES_MAX];
    bool met[CLI_RANGES_MAX];
    size_t count;
};

struct cli_select {
    const struct cli *cli;
    const sfi_chip *flash_of; /* --only-flash, else NULL */
    struct cli_ranges only, exclude;
    /* a line for each piece that is left out goes here; NULL: stdout */
    struct cli_progress *progress;
};

/* The ranges of all uses of an option; a word that is none is a usage error. */
void cli_ranges_read(const struct cli *c, size_t id, struct cli_ranges *out);
/* Replace a firmware by what the options leave of it, and say what they do not.
 */
sfi_status cli_select(struct cli_select *s, sfi_firmware **fw);
/* After the last firmware: warn of a range where none had a byte. */
void cli_select_warn(const struct cli_select *s);

#endif
