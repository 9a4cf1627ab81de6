/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* "scheme:path?key=value&key=value", the name of a link. */
#ifndef SFI_TRANSPORT_BASE_URI_H
#define SFI_TRANSPORT_BASE_URI_H

#include <stdbool.h>

#include <sfi/ctx.h>

#define URI_SCHEME_MAX 16
#define URI_PATH_MAX 256
#define URI_WORD_MAX 32
#define URI_PARAMS_MAX 8

struct uri {
    char scheme[URI_SCHEME_MAX];
    char path[URI_PATH_MAX];
    struct {
        char key[URI_WORD_MAX];
        char value[URI_WORD_MAX];
    } param[URI_PARAMS_MAX];
    size_t param_count;
};

/* Strict: every part is there, no key comes twice, nothing is cut off. */
sfi_status sfi__uri_parse(sfi_ctx *ctx, const char *text, struct uri *out);
/* Value of a key; NULL: not given. */
const char *sfi__uri_get(const struct uri *uri, const char *key);
/* Refuse keys that are not in `keys`, which ends with NULL. */
sfi_status sfi__uri_allow(sfi_ctx *ctx, const struct uri *uri,
                          const char *const *keys);

#endif
