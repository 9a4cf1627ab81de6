/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Open an HSM by its name: choose the backend. */
#include "hsm/open.h"

#include "core/err.h"
#include "hsm/base/hsm.h"
#include "hsm/card/channel.h"
#include "hsm/server/name.h"
#include "hsm/server/server.h"
#include "hsm/uri.h"
#include "hsm/vault/name.h"
#include "hsm/vault/vault.h"

static sfi_status
hsm_finish_open(sfi_hsm *hsm, sfi_status st, sfi_hsm **out)
{
    if (st == SFI_OK) {
        *out = hsm;
        return SFI_OK;
    }
    (void)sfi__where(hsm->obj.ctx, "%s", hsm->where);
    sfi__obj_unref(hsm);
    return st;
}

sfi_status
sfi__hsm_open_vault(sfi_ctx *ctx, const char *name, const struct kdf_cost *cost,
                    const struct ledger_place *place, sfi_hsm **out)
{
    sfi_hsm *hsm = sfi__hsm_new(ctx);
    char label[SFI_ERROR_WHERE_MAX];
    const char *token;

    *out = NULL;
    if (hsm == NULL)
        return SFI_ERR_NOMEM;
    hsm->at_once = SFI_HSM_AT_ONCE;
    sfi__vault_label(name, sfi__vault_name(name, &token), label, sizeof(label));
    sfi__text_format(hsm->where, sizeof(hsm->where), "vault:%s", label);
    return hsm_finish_open(
        hsm, sfi__vault_open(ctx, name, cost, place, &hsm->ops, &hsm->user),
        out);
}

sfi_status
sfi__hsm_open_card(sfi_ctx *ctx, const char *reader, const struct channel *ch,
                   bool short_only, sfi_hsm **out)
{
    sfi_hsm *hsm = sfi__hsm_new(ctx);

    *out = NULL;
    if (hsm == NULL) {
        ch->ops->close(ch->user);
        return SFI_ERR_NOMEM;
    }
    hsm->at_once = 1; /* each takes half a second */
    sfi__text_format(hsm->where, sizeof(hsm->where), "pcsc:%s", reader);
    return hsm_finish_open(
        hsm, sfi__card_open(ctx, ch, short_only, &hsm->ops, &hsm->user), out);
}

/* Many requests are under way at once, and each is durable by itself. */
#define SERVER_AT_ONCE 256u

static sfi_status
hsm_open_server(sfi_ctx *ctx, const char *name, sfi_hsm **out)
{
    sfi_hsm *hsm = sfi__hsm_new(ctx);

    if (hsm == NULL)
        return SFI_ERR_NOMEM;
    hsm->at_once = SERVER_AT_ONCE;
    sfi__text_format(hsm->where, sizeof(hsm->where), "server:%.*s",
                     (int)sfi__server_name_len(name), name);
    return hsm_finish_open(
        hsm, sfi__server_open(ctx, name, &hsm->ops, &hsm->user), out);
}

static sfi_status
hsm_open_reader(sfi_ctx *ctx, const struct hsm_uri *name, sfi_hsm **out)
{
    struct channel ch;
    sfi_status st = sfi__pcsc_open(ctx, name->reader, &ch);

    if (st != SFI_OK)
        return sfi__where(ctx, "pcsc:%s", name->reader);
    return sfi__hsm_open_card(ctx, name->reader, &ch, name->short_only, out);
}

static sfi_status
hsm_open_uri(sfi_ctx *ctx, const char *uri, sfi_hsm **out)
{
    /* A guess at the PIN takes 32 MiB and about 0.1 s.  Each vault stores its
     * cost, so a later libsfi may choose a different one. */
    static const struct kdf_cost cost = {.log2_n = 15, .r = 8, .p = 1};
    struct hsm_uri name;
    sfi_status st = sfi__hsm_uri_parse(ctx, uri, &name);

    if (st != SFI_OK)
        return st;
    if (name.kind == HSM_CARD)
        return hsm_open_reader(ctx, &name, out);
    if (name.kind == HSM_SERVER)
        return hsm_open_server(ctx, name.path, out);
    return sfi__hsm_open_vault(ctx, name.path, &cost, NULL, out);
}

sfi_status
sfi_hsm_open(sfi_ctx *ctx, const char *uri, sfi_hsm **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, uri != NULL);
    return hsm_open_uri(ctx, uri, out);
}

sfi_status
sfi_hsm_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn, void *user)
{
    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, fn != NULL);
    return sfi__pcsc_list(ctx, fn, user);
}
