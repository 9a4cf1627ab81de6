/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Make a vault, and lock it for ever. */
#include "hsm/vault/provision.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/rand.h"
#include "audit/chain.h"
#include "hsm/token/token.h"
#include "hsm/vault/pin.h"
#include "hsm/vault/sealed_by_token.h"
#include "license/personalization.h"

/* Fill in what depends on the rest: serial, genesis, MAC, seal. */
static sfi_status
vault_complete_head(struct vault *v, struct ledger_head *h,
                    const struct vault_secrets *secrets)
{
    sfi_audit_head *audit = &h->audit;
    sfi_status st = sfi__random(v->ctx, audit->serial, sizeof(audit->serial));

    if (st != SFI_OK)
        return st;
    h->pin_tries = VAULT_PIN_TRIES;
    st = sfi__chain_genesis(v->ctx, audit, audit->genesis);
    if (st != SFI_OK)
        return st;
    memcpy(audit->audit_head, audit->genesis, sizeof(audit->audit_head));
    st = sfi__chain_head_mac(v->ctx, audit, secrets->audit_key_secret,
                             audit->mac);
    if (st != SFI_OK)
        return st;
    return v->token != NULL ? sfi__vault_token_seal(v, h, secrets)
                            : sfi__vault_seal_under(v, h, v->pin_secret,
                                                    v->pin_len, secrets);
}

sfi_status
sfi__vault_create(struct vault *v, struct ledger_head *h,
                  const struct vault_secrets *secrets)
{
    sfi_status st = vault_complete_head(v, h, secrets);

    if (st != SFI_OK)
        return st;
    st = v->place->create(v->ctx, v->path, h);
    if (st == SFI_OK)
        sfi__vault_unlock(v, h, secrets);
    else if (v->token != NULL)
        sfi__vault_token_undo(v, h);
    return st;
}

static sfi_status
vault_create_ledger(struct vault *v, struct ledger_head *h,
                    const uint8_t *key_secret, const uint8_t *nonce,
                    const uint8_t *audit_key_secret)
{
    struct vault_secrets secrets;
    sfi_status st = SFI_OK;

    memcpy(secrets.key_secret, key_secret, SFI_KEY_LEN);
    memcpy(secrets.nonce, nonce, SFI_NONCE_LEN);
    if (audit_key_secret != NULL)
        memcpy(secrets.audit_key_secret, audit_key_secret, SFI_AUDIT_KEY_LEN);
    else
        st = sfi__random(v->ctx, secrets.audit_key_secret, SFI_AUDIT_KEY_LEN);
    if (st == SFI_OK)
        st = sfi__vault_create(v, h, &secrets);
    sfi__wipe(&secrets, sizeof(secrets));
    return st;
}

sfi_status
sfi__vault_check_blank(struct vault *v)
{
    sfi_status st = sfi__vault_attach(v);

    if (st != SFI_OK)
        return st;
    if (v->ledger != NULL)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "already provisioned, and locked for ever");
    if (v->token != NULL && !sfi__token_is_logged_in(v->token))
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         "no PIN set: log in with the PIN of the token");
    if (v->token == NULL && v->pin_len == 0)
        return sfi__fail(
            v->ctx, SFI_ERR_HSM_PIN,
            "no PIN set: log in with the PIN that will protect the vault");
    return SFI_OK;
}

static sfi_status
vault_check_provision(struct vault *v, size_t key_len, size_t nonce_len)
{
    sfi_status st = sfi__vault_check_blank(v);

    if (st != SFI_OK)
        return st;
    if (key_len != SFI_KEY_LEN || nonce_len != SFI_NONCE_LEN)
        return sfi__fail(v->ctx, SFI_ERR_INTERNAL,
                         "invalid length of key or nonce");
    return SFI_OK;
}

sfi_status
sfi__vault_provision(void *user, const uint8_t *key, size_t key_len,
                     const uint8_t *nonce, size_t nonce_len,
                     const char *firmware_id, uint64_t max_count,
                     const uint8_t *perso, size_t perso_len,
                     const sfi_provision_options *options)
{
    struct vault *v = user;
    struct ledger_head h = {
        .audit =
            {
                .flags = options->flags,
                .maximum = max_count,
                .low_water = options->low_water,
                .remaining = max_count,
            },
    };
    sfi_personalization *p;
    sfi_status st = vault_check_provision(v, key_len, nonce_len);

    if (st != SFI_OK)
        return st;
    st = sfi__perso_new(v->ctx, perso, perso_len, &p);
    if (st != SFI_OK)
        return st;
    (void)sfi__text_copy(h.audit.firmware_id, sizeof(h.audit.firmware_id),
                         firmware_id);
    (void)sfi__text_copy(h.audit.product_id, sizeof(h.audit.product_id),
                         p->product_id);
    memcpy(h.audit.ca_public, p->ca_public, sizeof(h.audit.ca_public));
    sfi__obj_unref(p);
    return vault_create_ledger(v, &h, key, nonce, options->audit_key);
}
