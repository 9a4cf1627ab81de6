/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Firmware files of the command line: FILE [ADDRESS]. */
#include <string.h>

#include "cli/cli.h"

uint64_t
cli_address(const struct cli *c, const struct cli_use *use, size_t index)
{
    uint64_t address;

    if (!cli_number(use->value[index], UINT32_MAX, &address))
        cli_usage(c,
                  "%s: \"%s\" is not an address, expected one like 0x08000000",
                  use->spelling, use->value[index]);
    return address;
}

static bool
name_ends_in_bin(const char *path)
{
    size_t len = strlen(path);

    return len >= 4 && strcmp(path + len - 4, ".bin") == 0;
}

/* With ADDRESS the file is a plain binary.  Unless its name says .bin, a file
 * that parses as a format with its own addresses is refused. */
sfi_status
cli_firmware_load(const struct cli *c, sfi_ctx *ctx, const struct cli_use *use,
                  sfi_firmware **out)
{
    const char *path = use->value[0];
    sfi_status st = SFI_ERR_FORMAT;
    uint64_t address;

    if (use->count == 1)
        return sfi_firmware_load(ctx, path, out);
    address = cli_address(c, use, 1);
    if (!name_ends_in_bin(path))
        st = sfi_firmware_load(ctx, path, out);
    if (st == SFI_OK) {
        sfi_firmware_free(*out);
        *out = NULL;
        cli_usage(c,
                  "%s: this file has its own addresses; leave out %s, which is "
                  "for plain binaries",
                  path, use->value[1]);
    }
    if (st != SFI_ERR_FORMAT)
        return st;
    return sfi_firmware_load_binary(ctx, path, address, out);
}
