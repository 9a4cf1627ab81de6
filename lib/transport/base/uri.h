/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The name of a link, "scheme:path?key=value&key=value", and its parts. */
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

/* Strict: each key once, with a value, and nothing cut off.  Only the path may
 * be empty. */
sfi_status sfi__uri_parse(sfi_ctx *ctx, const char *text, struct uri *out);
/* SFI_ERR_ARGUMENT: `text` is not of that form, for the reason `what`. */
sfi_status sfi__uri_malformed(sfi_ctx *ctx, const char *text, const char *what);
/* Value of a key; NULL: not given. */
const char *sfi__uri_get(const struct uri *uri, const char *key);
/* Refuse keys that are not in `keys`, which ends with NULL. */
sfi_status sfi__uri_allow(sfi_ctx *ctx, const struct uri *uri,
                          const char *const *keys);

#endif
