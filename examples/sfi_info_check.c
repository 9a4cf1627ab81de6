/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the rules of a part find in an image. */
#include "cli/map.h"
#include "sfi_info.h"

/* With the key, the option bytes and the content are looked at too. */
sfi_status
info_check_chip(struct info *in)
{
    const uint8_t *nonce = in->key != NULL ? in->nonce_secret : NULL;

    in->refused = sfi_image_layout(in->ctx, in->chip, in->file.data,
                                   in->file.len, in->key, nonce, &in->layout);
    if (in->refused == SFI_OK)
        in->refused =
            sfi_layout_check(in->layout, cli_findings_add, &in->findings);
    return in->refused;
}

int
info_print_findings(const struct info *in)
{
    cli_findings_print(&in->cli, in->path, &in->findings, SFI_FINDING_NOTE);
    if (in->refused == SFI_OK)
        return 0;
    return cli_fail_text(&in->cli, in->refused, "%s: %s cannot install it",
                         in->path, sfi_chip_name(in->chip));
}

int
info_show_maps(const struct info *in)
{
    sfi_status st;

    if (!cli_has(&in->cli, OPT_SVG) && !cli_has(&in->cli, OPT_MAP))
        return 0;
    if (in->layout == NULL)
        return cli_fail_text(&in->cli, SFI_ERR_FORMAT,
                             "%s: only an image has a map", in->path);
    st = cli_maps(&in->cli, in->ctx, in->layout, in->path, OPT_SVG, OPT_MAP);
    return st == SFI_OK ? 0 : cli_fail(&in->cli, in->ctx, st);
}
