/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Maps of an image: a picture in a file, or text on the terminal. */
#ifndef CLI_MAP_H
#define CLI_MAP_H

#include "cli/cli.h"

/* `name`: the path of what the map shows, for its heading; NULL: none. */
sfi_status cli_map_save(sfi_ctx *ctx, sfi_layout *l, const char *name,
                        const char *path);
/* To stdout, as wide as the terminal; colours only there. */
sfi_status cli_map_print(sfi_layout *l, const char *name);

#endif
