/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The leniencies of the readers of firmware. */
#include "cli/lenient.h"

uint32_t
cli_lenient_flags(const struct cli *c, size_t first)
{
    static const uint32_t flags[CLI_LENIENT_COUNT] = {
        SFI_FIRMWARE_NO_END_RECORD,   SFI_FIRMWARE_SEGMENT_WRAPS,
        SFI_FIRMWARE_SEGMENT_RUNS_ON, SFI_FIRMWARE_VIRTUAL_ADDRESS,
        SFI_FIRMWARE_PAST_END,
    };
    uint32_t all = 0;

    for (size_t i = 0; i < CLI_LENIENT_COUNT; i++)
        all |= cli_has(c, first + i) ? flags[i] : 0;
    return all;
}
