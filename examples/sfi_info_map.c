/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Maps of a finished image. */
#include "cli/map.h"
#include "sfi_info.h"

void
info_check_map_options(const struct info *in)
{
    if (cli_has(&in->cli, OPT_MAP) && cli_has(&in->cli, OPT_JSON))
        cli_usage(&in->cli, "--map cannot be combined with --json");
}

int
info_show_maps(const struct info *in, bool checked)
{
    const char *svg = cli_value(&in->cli, OPT_SVG);
    sfi_layout *l = NULL;
    sfi_status st;

    if (svg == NULL && !cli_has(&in->cli, OPT_MAP))
        return 0;
    if (!checked)
        return cli_fail_text(&in->cli, SFI_ERR_FORMAT,
                             "%s: only an image has a map", in->path);
    st = sfi_image_layout(in->ctx, in->chip, in->file.data, in->file.len,
                          in->key, in->key != NULL ? in->nonce_secret : NULL,
                          &l);
    if (st == SFI_OK && svg != NULL)
        st = cli_map_save(in->ctx, l, in->path, svg);
    if (st == SFI_OK && cli_has(&in->cli, OPT_MAP))
        st = cli_map_print(l, in->path);
    sfi_layout_free(l);
    return st == SFI_OK ? 0 : cli_fail(&in->cli, in->ctx, st);
}
