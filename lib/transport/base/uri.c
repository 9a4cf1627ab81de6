/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parses the name of a link. */
#include "transport/base/uri.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"

/* A larger distance is another word, not a typing error. */
#define TYPO_MAX 2

/* Copy [from, to) as text; false when it is empty or too long. */
static bool
uri_copy_part(char *out, size_t cap, const char *from, const char *to)
{
    size_t len = (size_t)(to - from);

    if (len == 0 || len >= cap)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

sfi_status
sfi__uri_malformed(sfi_ctx *ctx, const char *text, const char *what)
{
    (void)sfi__fail(ctx, SFI_ERR_ARGUMENT,
                    "%s, expected scheme:path?key=value&key=value", what);
    return sfi__where(ctx, "%s", text);
}

static const char *
uri_parse_param(struct uri *u, const char *at, const char **wrong)
{
    const char *end = at + strcspn(at, "&");
    const char *equals = memchr(at, '=', (size_t)(end - at));
    char key[URI_WORD_MAX];

    if (u->param_count == URI_PARAMS_MAX)
        *wrong = "too many keys";
    else if (equals == NULL || !uri_copy_part(key, sizeof(key), at, equals))
        *wrong = "a key is missing, or too long";
    else if (sfi__uri_get(u, key) != NULL)
        *wrong = "a key is given twice";
    else if (!uri_copy_part(u->param[u->param_count].value, URI_WORD_MAX,
                            equals + 1, end))
        *wrong = "a value is missing, or too long";
    if (*wrong != NULL)
        return NULL;
    memcpy(u->param[u->param_count++].key, key, sizeof(key));
    return *end == '&' ? end + 1 : NULL;
}

sfi_status
sfi__uri_parse(sfi_ctx *ctx, const char *text, struct uri *out)
{
    const char *colon = strchr(text, ':');
    const char *wrong = NULL;
    const char *end;
    const char *at;

    sfi__zero(out, sizeof(*out));
    if (colon == NULL ||
        !uri_copy_part(out->scheme, sizeof(out->scheme), text, colon))
        return sfi__uri_malformed(ctx, text,
                                  "the scheme is missing, or too long");
    end = colon + strcspn(colon, "?");
    if (end != colon + 1 &&
        !uri_copy_part(out->path, sizeof(out->path), colon + 1, end))
        return sfi__uri_malformed(ctx, text, "the path is too long");
    at = *end == '?' ? end + 1 : NULL;
    while (at != NULL)
        at = uri_parse_param(out, at, &wrong);
    if (wrong != NULL)
        return sfi__uri_malformed(ctx, text, wrong);
    return SFI_OK;
}

const char *
sfi__uri_get(const struct uri *uri, const char *key)
{
    for (size_t i = 0; i < uri->param_count; i++) {
        if (strcmp(uri->param[i].key, key) == 0)
            return uri->param[i].value;
    }
    return NULL;
}

static sfi_status
uri_refuse_key(sfi_ctx *ctx, const char *key, const char *const *keys)
{
    const char *meant = NULL;

    for (; *keys != NULL; keys++) {
        if (sfi__text_distance(*keys, key) <= TYPO_MAX)
            meant = *keys;
    }
    if (meant != NULL)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "unknown key \"%s\", did you mean \"%s\"", key, meant);
    return sfi__fail(ctx, SFI_ERR_ARGUMENT, "unknown key \"%s\"", key);
}

sfi_status
sfi__uri_allow(sfi_ctx *ctx, const struct uri *uri, const char *const *keys)
{
    for (size_t i = 0; i < uri->param_count; i++) {
        const char *const *k = keys;

        while (*k != NULL && strcmp(*k, uri->param[i].key) != 0)
            k++;
        if (*k == NULL)
            return uri_refuse_key(ctx, uri->param[i].key, keys);
    }
    return SFI_OK;
}
