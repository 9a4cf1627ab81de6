/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The leniencies of the readers of firmware, each an option of its own. */
#ifndef CLI_LENIENT_H
#define CLI_LENIENT_H

#include "cli/cli.h"

#define CLI_LENIENT_COUNT 5

/* Rows of a table of options, from `first` on. */
#define CLI_LENIENT_ROWS(first)                                              \
    [(first)] = {.name = "no-end-record",                                    \
                 .help = "Intel HEX, S-records: a missing end record is a\n" \
                         "warning; the file may have been cut short"},       \
    [(first) + 1] = {.name = "segment-wraps",                                \
                     .help = "Intel HEX: data past the end of a type 02\n"   \
                             "segment goes to its start, as Intel says"},    \
    [(first) + 2] = {.name = "segment-runs-on",                              \
                     .help = "... goes on behind it, as most tools do"},     \
    [(first) + 3] = {.name = "virtual-address",                              \
                     .help = "ELF: take p_vaddr, not p_paddr"},              \
    [(first) + 4] = {.name = "past-end",                                     \
                     .help = "Intel HEX, S-records: read on after an end\n"  \
                             "record, for files that were put together"}

/* SFI_FIRMWARE_* of the options that are given. */
uint32_t cli_lenient_flags(const struct cli *c, size_t first);

#endif
