/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the rules of a part find in an image. */
#include "sfi_info.h"

/* With the key, the option bytes and the content are looked at too. */
sfi_status
info_check_chip(struct info *in)
{
    const uint8_t *nonce = in->key != NULL ? in->nonce_secret : NULL;
    sfi_layout *layout = NULL;

    in->refused = sfi_image_layout(in->ctx, in->chip, in->file.data,
                                   in->file.len, in->key, nonce, &layout);
    if (in->refused == SFI_OK)
        in->refused = sfi_layout_check(layout, cli_findings_add, &in->findings);
    sfi_layout_free(layout);
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
