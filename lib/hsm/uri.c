/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parse the name of an HSM. */
#include "hsm/uri.h"

#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "core/err.h"
#include "hsm/vault/vault.h"

static const char vault_scheme[] = "vault:";
static const char card_scheme[] = "pcsc:";
static const char server_scheme[] = "server:";

/* A URI may have a password: it is not repeated. */
static sfi_status
hsm_uri_fail_unknown(sfi_ctx *ctx, const char *text)
{
    if (strstr(text, "://") != NULL)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "a URI is not the name of an HSM: a vault in a "
                         "database is vault:postgresql://...");
    return sfi__fail(ctx, SFI_ERR_FORMAT,
                     "\"%s\" is not the name of an HSM, expected vault:PATH, "
                     "pcsc:READER, a slot number or "
                     "server:https://HOST:PORT/FIRMWARE",
                     text);
}

static bool
hsm_uri_is_slot(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && (text[digits] == '\0' || text[digits] == '?');
}

static sfi_status
hsm_uri_parse_card(sfi_ctx *ctx, const char *text, const char *reader,
                   struct hsm_uri *out)
{
    const char *query = strrchr(reader, '?');
    size_t len = query != NULL ? (size_t)(query - reader) : strlen(reader);

    out->kind = HSM_CARD;
    if (len == 0)
        return hsm_uri_fail_unknown(ctx, text);
    if (len >= sizeof(out->reader))
        return sfi__fail(
            ctx, SFI_ERR_FORMAT,
            "a reader's name of %zu characters, expected at most %zu", len,
            sizeof(out->reader) - 1);
    memcpy(out->reader, reader, len);
    out->reader[len] = '\0';
    if (hsm_uri_is_slot(out->reader) && strspn(out->reader, "0") == len)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "slot %s, expected a number from 1", out->reader);
    if (query == NULL || strcmp(query, "?apdu=extended") == 0)
        return SFI_OK;
    out->short_only = strcmp(query, "?apdu=short") == 0;
    if (!out->short_only)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "\"%s\" after a reader, expected ?apdu=short or "
                         "?apdu=extended",
                         query);
    return SFI_OK;
}

sfi_status
sfi__hsm_uri_parse(sfi_ctx *ctx, const char *text, struct hsm_uri *out)
{
    const char *reader =
        hsm_uri_is_slot(text) ? text : sfi__text_after(text, card_scheme);
    const char *token;

    sfi__zero(out, sizeof(*out));
    if (reader != NULL)
        return hsm_uri_parse_card(ctx, text, reader, out);
    out->kind = HSM_SERVER;
    out->path = sfi__text_after(text, server_scheme);
    if (out->path != NULL)
        return SFI_OK;
    out->kind = HSM_VAULT;
    out->path = sfi__text_after(text, vault_scheme);
    if (out->path == NULL || sfi__vault_name(out->path, &token) == 0)
        return hsm_uri_fail_unknown(ctx, text);
    return SFI_OK;
}
