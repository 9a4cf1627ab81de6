/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The leniencies of the readers of firmware, each an option of its own. */
#ifndef CLI_LENIENT_H
#define CLI_LENIENT_H

#include "cli/cli.h"

#define CLI_LENIENT_COUNT 5

/* SFI_FIRMWARE_* of those of options/lenient.txt that are given; `first` is the
 * first one's id. */
uint32_t cli_lenient_flags(const struct cli *c, size_t first);

#endif
