/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Firmware files of the command line: FILE [ADDRESS [raw]]. */
#include "cli/cli.h"

static _Noreturn void
refuse_address(const struct cli *c, const struct cli_use *use)
{
    cli_usage(c,
              "%s: this file has its own addresses; leave out %s, which is "
              "for plain binaries",
              use->value[0], use->value[1]);
}

static sfi_status
load_raw(sfi_ctx *ctx, const char *path, uint64_t address, sfi_firmware **out)
{
    sfi_firmware_options raw = {
        .struct_size = sizeof(raw), .format = "raw", .base_address = address};

    return sfi_firmware_load_with(ctx, path, &raw, out);
}

/* With ADDRESS the file is a plain binary.  A file that has its own addresses
 * is refused as a mistake of the command line, others by the library. */
sfi_status
cli_firmware_load(const struct cli *c, sfi_ctx *ctx, const struct cli_use *use,
                  const sfi_firmware_options *how, sfi_firmware **out)
{
    const char *path = use->value[0];
    uint64_t address = use->number[1];
    uint32_t kind;
    sfi_status st;

    *out = NULL;
    if (use->count == 1)
        return sfi_firmware_load_with(ctx, path, how, out);
    if (use->count > 2)
        return load_raw(ctx, path, address, out);
    st = sfi_ctx_file_kind(ctx, path, &kind);
    if (st != SFI_OK)
        return st;
    if (kind == SFI_FILE_FIRMWARE)
        refuse_address(c, use);
    return sfi_firmware_load_binary(ctx, path, address, out);
}
