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

static _Noreturn void
refuse_address(const struct cli *c, const struct cli_use *use)
{
    cli_usage(c,
              "%s: this file has its own addresses; leave out %s, which is "
              "for plain binaries",
              use->value[0], use->value[1]);
}

/* The content decides what is not a plain binary, whatever the name says. */
static sfi_status
check_plain_binary(const struct cli *c, sfi_ctx *ctx, const struct cli_use *use)
{
    const char *path = use->value[0];
    char text[512];
    uint32_t kind;
    sfi_status st = sfi_ctx_file_kind(ctx, path, &kind);

    if (st != SFI_OK)
        return st;
    switch (kind) {
    case SFI_FILE_FIRMWARE:
        refuse_address(c, use);
    case SFI_FILE_DATABASE:
    case SFI_FILE_CREDENTIAL:
    case SFI_FILE_PERSONALIZATION:
    case SFI_FILE_AUDIT:
    case SFI_FILE_LICENSE:
    case SFI_FILE_CERTIFICATE:
    case SFI_FILE_IMAGE:
    case SFI_FILE_MODULE:
    case SFI_FILE_TRACE:
        (void)snprintf(
            text, sizeof(text), "%.300s: %s, expected a plain binary%s", path,
            sfi_file_kind_name(kind),
            kind == SFI_FILE_IMAGE ? "; sfi-program -sfi installs an image"
                                   : "");
        sfi_ctx_report(ctx, SFI_ERR_FORMAT, 0, text);
        return SFI_ERR_FORMAT;
    default: /* a key is told by its length alone, and a small patch has it */
        return SFI_OK;
    }
}

static bool
name_ends_in_bin(const char *path)
{
    size_t len = strlen(path);

    return len >= 4 && strcmp(path + len - 4, ".bin") == 0;
}

/* With ADDRESS the file is a plain binary.  A file of another kind is refused,
 * and unless its name says .bin, also a damaged one with its own addresses. */
sfi_status
cli_firmware_load(const struct cli *c, sfi_ctx *ctx, const struct cli_use *use,
                  sfi_firmware **out)
{
    const char *path = use->value[0];
    uint64_t address;
    sfi_status st;

    *out = NULL;
    if (use->count == 1)
        return sfi_firmware_load(ctx, path, out);
    address = cli_address(c, use, 1);
    st = check_plain_binary(c, ctx, use);
    if (st != SFI_OK)
        return st;
    if (!name_ends_in_bin(path)) {
        st = sfi_firmware_load(ctx, path, out);
        if (st == SFI_OK)
            refuse_address(c, use);
        if (st != SFI_ERR_FORMAT)
            return st;
    }
    return sfi_firmware_load_binary(ctx, path, address, out);
}
