/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Plain binaries: the whole file, at an address that the caller gives. */
#include "firmware/load.h"

static sfi_status
bin_load_whole(struct load *l, const uint8_t *data, size_t len)
{
    (void)data;
    return len > 0 ? sfi__loader_run(l, l->address, 0, len) : SFI_OK;
}

/* Any content can be a plain binary, so none is recognised as one. */
static bool
bin_matches(const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return false;
}

static const char *const extensions[] = {NULL};

const struct format sfi__format_bin = {
    .name = "bin",
    .extensions = extensions,
    .matches = bin_matches,
    .whole = bin_load_whole,
};
