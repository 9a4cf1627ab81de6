/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The name of a vault: split off its token's URI, and show it. */
#include "hsm/vault/name.h"

#include <string.h>

#include "util/text.h"
#include "hsm/vault/vault.h"

static const char token_option[] = "?token=";

bool
sfi__vault_is_database(const char *path)
{
    return sfi__text_after(path, "postgresql://") != NULL ||
           sfi__text_after(path, "postgres://") != NULL;
}

/* In the URI of a database the token may follow other parameters. */
size_t
sfi__vault_name(const char *name, const char **uri)
{
    const char *at = strstr(name, token_option);
    const char *other =
        sfi__vault_is_database(name) ? strstr(name, "&token=") : NULL;

    if (at == NULL || (other != NULL && other < at))
        at = other;
    *uri = at != NULL ? at + strlen(token_option) : NULL;
    return at != NULL ? (size_t)(at - name) : strlen(name);
}

/* Append; what does not fit is cut off. */
static void
label_add(char *out, size_t cap, const char *text, size_t len)
{
    size_t used = strlen(out);

    if (used + 1 < cap)
        sfi__text_format(out + used, cap - used, "%.*s", (int)len, text);
}

static bool
label_may_show(const char *parameter)
{
    static const char *const harmless[] = {
        "host=", "hostaddr=", "port=",    "dbname=",
        "user=", "vault=",    "service=", "sslmode="};
    size_t i = 0;

    while (i < sizeof(harmless) / sizeof(*harmless) &&
           sfi__text_after(parameter, harmless[i]) == NULL)
        i++;
    return i < sizeof(harmless) / sizeof(*harmless);
}

/* `at`: after the "?". */
static void
label_add_parameters(char *out, size_t cap, const char *at, const char *end)
{
    const char *before = "?";

    while (at < end) {
        size_t len = strcspn(at, "&");

        if (len > (size_t)(end - at))
            len = (size_t)(end - at);
        if (label_may_show(at)) {
            label_add(out, cap, before, 1);
            label_add(out, cap, at, len);
            before = "&";
        }
        at += len + 1;
    }
}

/* Wherever an "@" stands, something before it may be a password. */
void
sfi__vault_label(const char *path, size_t len, char *out, size_t cap)
{
    const char *end = path + len;
    const char *query, *shown;

    out[0] = '\0';
    if (!sfi__vault_is_database(path)) {
        label_add(out, cap, path, len);
        return;
    }
    shown = strstr(path, "://") + strlen("://");
    label_add(out, cap, path, (size_t)(shown - path));
    for (const char *at = shown; at < end; at++) {
        if (*at == '@')
            shown = at + 1;
    }
    query = memchr(shown, '?', (size_t)(end - shown));
    if (query == NULL)
        query = end;
    if (memchr(shown, '&', (size_t)(query - shown)) == NULL)
        label_add(out, cap, shown, (size_t)(query - shown));
    if (query < end)
        label_add_parameters(out, cap, query + 1, end);
}
