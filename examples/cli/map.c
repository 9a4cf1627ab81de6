/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Maps of an image for a person: where to, how wide, which characters. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "cli/map.h"
#include "cli/system.h"

#define COLUMNS_MIN 40u /* as sfi_map_text() allows */
#define COLUMNS_MAX 400u

/* ---- the picture ---- */

struct picture {
    char *data;
    size_t len;
};

static sfi_status
picture_take(void *user, const uint8_t *data, size_t len)
{
    struct picture *p = user;
    char *larger = malloc(p->len + len);

    if (larger == NULL)
        return SFI_ERR_NOMEM;
    if (p->len > 0)
        memcpy(larger, p->data, p->len);
    memcpy(larger + p->len, data, len);
    free(p->data);
    p->data = larger;
    p->len += len;
    return SFI_OK;
}

static const char *
map_title(const char *name)
{
    const char *slash = name != NULL ? strrchr(name, '/') : NULL;

    return slash != NULL ? slash + 1 : name;
}

static sfi_status
map_save(sfi_ctx *ctx, sfi_layout *l, const char *name, const char *path)
{
    sfi_map_options o = {.struct_size = sizeof(o), .title = map_title(name)};
    struct picture p = {0};
    sfi_status st = sfi_map_svg(l, &o, picture_take, &p);

    if (st == SFI_OK)
        st = sfi_ctx_save_output(ctx, path, SFI_FILE_MAP, 0, p.data, p.len);
    free(p.data);
    return st;
}

/* ---- the text ---- */

static uint32_t
map_columns(void)
{
    struct system_window window;
    const char *text = getenv("COLUMNS");
    uint64_t columns = 0;

    if (system_get_window(stdout, &window))
        columns = window.columns;
    else if (text != NULL)
        (void)cli_number(text, UINT16_MAX, &columns);
    if (columns == 0)
        return 0;
    if (columns < COLUMNS_MIN)
        return COLUMNS_MIN;
    return columns > COLUMNS_MAX ? COLUMNS_MAX : (uint32_t)columns;
}

static sfi_status
map_print(sfi_layout *l, const char *name)
{
    const char *no_color = getenv("NO_COLOR");
    bool colored =
        system_is_terminal(stdout) && (no_color == NULL || no_color[0] == '\0');
    sfi_map_options o = {
        .struct_size = sizeof(o),
        .title = map_title(name),
        .columns = map_columns(),
        .flags = (system_has_utf8() ? 0 : SFI_MAP_ASCII) |
                 (colored ? SFI_MAP_COLOR : 0),
    };

    return sfi_map_text(l, &o, cli_write, stdout);
}

sfi_status
cli_maps(const struct cli *c, sfi_ctx *ctx, sfi_layout *l, const char *name,
         size_t svg, size_t map)
{
    sfi_status st = SFI_OK;

    if (cli_has(c, svg))
        st = map_save(ctx, l, name, cli_value(c, svg));
    if (st == SFI_OK && cli_has(c, map))
        st = map_print(l, name);
    return st;
}
