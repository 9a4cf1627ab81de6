/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "transport/base/uri.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"

/* "did you mean" is for slips of the finger, not for other words. */
#define SLIP_MAX 2

/* Copy [from, to) as text; false when it is empty or too long. */
static bool
take(char *out, size_t cap, const char *from, const char *to)
{
    size_t len = (size_t)(to - from);

    if (len == 0 || len >= cap)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static sfi_status
malformed(sfi_ctx *ctx, const char *text, const char *what)
{
    (void)sfi__fail(ctx, SFI_ERR_ARGUMENT,
                    "%s, expected scheme:path?key=value&key=value", what);
    return sfi__where(ctx, "%s", text);
}

static const char *
parse_param(struct uri *u, const char *at, const char **wrong)
{
    const char *end = at + strcspn(at, "&");
    const char *equals = memchr(at, '=', (size_t)(end - at));
    char key[URI_WORD_MAX];

    if (u->param_count == URI_PARAMS_MAX)
        *wrong = "too many keys";
    else if (equals == NULL || !take(key, sizeof(key), at, equals))
        *wrong = "a key is missing, or too long";
    else if (sfi__uri_get(u, key) != NULL)
        *wrong = "a key is there twice";
    else if (!take(u->param[u->param_count].value, URI_WORD_MAX, equals + 1,
                   end))
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
    if (colon == NULL || !take(out->scheme, sizeof(out->scheme), text, colon))
        return malformed(ctx, text, "the scheme is missing, or too long");
    end = colon + strcspn(colon, "?");
    if (!take(out->path, sizeof(out->path), colon + 1, end) &&
        !(end == colon + 1 && (sfi__text_same(out->scheme, "usb") ||
                               sfi__text_same(out->scheme, "cmsis-dap"))))
        return malformed(ctx, text, "the path is missing, or too long");
    at = *end == '?' ? end + 1 : NULL;
    while (at != NULL)
        at = parse_param(out, at, &wrong);
    if (wrong != NULL)
        return malformed(ctx, text, wrong);
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
unknown_key(sfi_ctx *ctx, const struct uri *uri, const char *key,
            const char *const *keys)
{
    const char *meant = NULL;

    for (; *keys != NULL; keys++) {
        if (sfi__text_distance(*keys, key) <= SLIP_MAX)
            meant = *keys;
    }
    if (meant != NULL)
        (void)sfi__fail(ctx, SFI_ERR_ARGUMENT,
                        "unknown key \"%s\", did you mean \"%s\"", key, meant);
    else
        (void)sfi__fail(ctx, SFI_ERR_ARGUMENT, "unknown key \"%s\"", key);
    return sfi__where(ctx, "%s:%s", uri->scheme, uri->path);
}

sfi_status
sfi__uri_allow(sfi_ctx *ctx, const struct uri *uri, const char *const *keys)
{
    for (size_t i = 0; i < uri->param_count; i++) {
        const char *const *k = keys;

        while (*k != NULL && strcmp(*k, uri->param[i].key) != 0)
            k++;
        if (*k == NULL)
            return unknown_key(ctx, uri, uri->param[i].key, keys);
    }
    return SFI_OK;
}
