/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Maps of an image: a picture in a file, or text on the terminal. */
#ifndef CLI_MAP_H
#define CLI_MAP_H

#include "cli/cli.h"

/* The maps that the options `svg` (a file) and `map` (on stdout, as wide as the
 * terminal, colours only there) ask for.  `name`: the path of what they show,
 * for the heading; NULL: none. */
sfi_status cli_maps(const struct cli *c, sfi_ctx *ctx, sfi_layout *l,
                    const char *name, size_t svg, size_t map);

#endif
