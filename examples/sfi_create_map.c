/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Maps of the image that would be made, also of one that a chip refuses. */
#include "cli/map.h"
#include "sfi_create.h"

int
create_maps(const struct job *j)
{
    const char *svg = cli_value(&j->cli, OPT_SVG);
    const char *name = cli_value(&j->cli, OPT_OUTFILE);
    sfi_layout *l = NULL;
    sfi_status st = SFI_OK;

    if (svg == NULL && !cli_has(&j->cli, OPT_MAP))
        return 0;
    st = sfi_image_builder_layout(j->builder, &l);
    if (st == SFI_OK && svg != NULL)
        st = cli_map_save(j->ctx, l, name, svg);
    if (st == SFI_OK && cli_has(&j->cli, OPT_MAP))
        st = cli_map_print(l, name);
    sfi_layout_free(l);
    return create_status(j, st);
}
