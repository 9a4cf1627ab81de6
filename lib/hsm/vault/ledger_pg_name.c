/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The URI of a vault in PostgreSQL: libpq's, with our parameter `vault`. */
#include "hsm/vault/ledger_pg.h"

#include <string.h>

#include "core/err.h"

static const char default_name[] = "sfi";
static const char parameter[] = "vault=";
static const char letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* libpq takes what follows the first "@" for the host, and names it in its
 * messages; it may be the rest of a password.  Returns where the host begins,
 * or NULL. */
static const char *
pg_find_host(const char *authority)
{
    const char *host = authority + strcspn(authority, "@/");

    host = *host == '@' ? host + 1 : authority;
    return host[strcspn(host, "@?")] == '@' ? NULL : host;
}

static sfi_status
pg_take_name(sfi_ctx *ctx, const char *text, size_t len,
             char name[PG_NAME_MAX + 1])
{
    if (name[0] != '\0')
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the URI has the parameter vault twice");
    if (len == 0 || len > PG_NAME_MAX || strspn(text, letters) < len)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the URI's parameter vault has %zu characters, "
                         "expected 1 to %u letters, digits and ._-",
                         len, PG_NAME_MAX);
    memcpy(name, text, len);
    name[len] = '\0';
    return SFI_OK;
}

/* Copy the parameters, but for ours.  `left` has room. */
static sfi_status
pg_split_parameters(sfi_ctx *ctx, const char *at, char *left,
                    char name[PG_NAME_MAX + 1])
{
    char before = '?';

    while (*at != '\0') {
        size_t len = strcspn(at, "&");
        const char *ours = sfi__text_after(at, parameter);

        if (ours != NULL) {
            sfi_status st =
                pg_take_name(ctx, ours, len - strlen(parameter), name);

            if (st != SFI_OK)
                return st;
        } else if (len > 0) {
            *left++ = before;
            memcpy(left, at, len);
            left += len;
            before = '&';
        }
        at += len + (at[len] == '&' ? 1 : 0);
    }
    *left = '\0';
    return SFI_OK;
}

sfi_status
sfi__pg_parse_name(sfi_ctx *ctx, const char *uri, char *left, size_t cap,
                   char name[PG_NAME_MAX + 1])
{
    const char *host = pg_find_host(strstr(uri, "://") + strlen("://"));
    size_t len;
    sfi_status st;

    if (host == NULL)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the URI has an @ too many before its host: in a "
                         "user's name or password write %%40 for @, %%2F for / "
                         "and %%3F for ?");
    len = (size_t)(host - uri) + strcspn(host, "?");
    if (cap < strlen(uri) + 1)
        return sfi__fail(ctx, SFI_ERR_INTERNAL, "no room for the URI");
    memcpy(left, uri, len);
    left[len] = '\0';
    name[0] = '\0';
    st = uri[len] == '?'
             ? pg_split_parameters(ctx, uri + len + 1, left + len, name)
             : SFI_OK;
    if (st == SFI_OK && name[0] == '\0')
        memcpy(name, default_name, sizeof(default_name));
    return st;
}
