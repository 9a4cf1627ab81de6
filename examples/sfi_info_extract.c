/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The firmware in an image, into a file of its owner. */
#include <inttypes.h>
#include <string.h>

#include "sfi_info.h"

static uint32_t
extract_number(const struct info *in, size_t id, uint64_t max)
{
    const char *text = cli_value(&in->cli, id);
    uint64_t value = 0;

    if (text != NULL && !cli_number(text, max, &value))
        cli_usage(&in->cli, "%s %s is not a number up to %" PRIu64,
                  cli_next(&in->cli, id, NULL)->spelling, text, max);
    return (uint32_t)value;
}

void
info_check_extract(const struct info *in)
{
    if (!cli_has(&in->cli, OPT_EXTRACT))
        return;
    (void)cli_need(&in->cli, OPT_KEY);
    if (strcmp(cli_value(&in->cli, OPT_EXTRACT), in->path) == 0)
        cli_usage(&in->cli, "--extract %s is the image", in->path);
    (void)extract_number(in, OPT_AREA, UINT16_MAX);
    (void)extract_number(in, OPT_FILL, UINT8_MAX);
    if (cli_has(&in->cli, OPT_FILL) &&
        strcmp(sfi_firmware_format_by_name(cli_value(&in->cli, OPT_EXTRACT)),
               "bin") != 0)
        cli_usage(&in->cli, "--fill is for a plain binary: the other formats "
                            "keep their gaps");
}

static sfi_status
extract_save(struct info *in, sfi_firmware *fw)
{
    sfi_firmware_save_options o = {.struct_size = sizeof(o),
                                   .flags = SFI_FIRMWARE_PRIVATE};

    if (cli_has(&in->cli, OPT_FORCE))
        o.flags |= SFI_REPLACE;
    if (cli_has(&in->cli, OPT_FILL))
        o.fill = SFI_FIRMWARE_FILL(extract_number(in, OPT_FILL, UINT8_MAX));
    return sfi_firmware_save(fw, cli_value(&in->cli, OPT_EXTRACT), &o);
}

static uint32_t
extract_kind(const char *out)
{
    return strcmp(sfi_firmware_format_by_name(out), "bin") != 0
               ? SFI_FILE_FIRMWARE
               : SFI_FILE_OTHER;
}

/* The library has verified every tag before a byte is written. */
int
info_extract(struct info *in)
{
    const char *out = cli_value(&in->cli, OPT_EXTRACT);
    sfi_firmware *fw = NULL;
    sfi_status st;
    int status;

    if (out == NULL)
        return 0;
    st = cli_check_output(in->ctx, out, extract_kind(out),
                          cli_has(&in->cli, OPT_FORCE));
    if (st != SFI_OK)
        return cli_fail(&in->cli, in->ctx, st);
    status = info_need_content(in);
    if (status != 0)
        return status;
    st = sfi_image_firmware(in->ctx, in->file.data, in->file.len, in->key,
                            in->nonce_secret,
                            extract_number(in, OPT_AREA, UINT16_MAX), &fw);
    if (st != SFI_OK)
        status = cli_fail_at(&in->cli, in->ctx, st, in->path);
    else if ((st = extract_save(in, fw)) != SFI_OK)
        status = cli_fail(&in->cli, in->ctx, st);
    else if (!cli_has(&in->cli, OPT_JSON))
        (void)printf("\nExtracted : %zu segments to %s\n",
                     sfi_firmware_segment_count(fw), cli_visible(out));
    sfi_firmware_free(fw);
    return status;
}
