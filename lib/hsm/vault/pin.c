/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault's PIN: count the tries, log in, change it. */
#include "hsm/vault/pin.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "crypto/rand.h"

void
sfi__vault_forget(struct vault *v)
{
    v->unlocked = false;
    sfi__wipe(&v->secrets, sizeof(v->secrets));
    sfi__wipe(v->pin_secret, sizeof(v->pin_secret));
    v->pin_len = 0;
}

/* No record is verified yet. */
void
sfi__vault_unlock(struct vault *v, const struct ledger_head *h,
                  const struct vault_secrets *secrets)
{
    sfi__vault_forget(v);
    v->head = *h;
    v->secrets = *secrets;
    v->audited = (struct vault_mark){0};
    v->synced = 0;
    v->unlocked = true;
}

sfi_status
sfi__vault_check_pin(sfi_ctx *ctx, const char *what, size_t pin_len)
{
    if (pin_len >= VAULT_PIN_MIN && pin_len <= VAULT_PIN_MAX)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_HSM_PIN, "%s of %zu bytes, expected %u to %u",
                     what, pin_len, VAULT_PIN_MIN, VAULT_PIN_MAX);
}

/* ---- tries ---- */

/* Take one try if one is left; h->pin_tries says how many are left then. */
static sfi_status
vault_take_try(struct vault *v, struct ledger_head *h, bool *taken)
{
    const struct ledger_ops *ops = v->ledger->ops;
    sfi_status st = ops->begin(v->ledger, LEDGER_WRITE);

    *taken = false;
    if (st != SFI_OK)
        return st;
    st = sfi__vault_read_head(v, h);
    if (st != SFI_OK || h->pin_tries == 0) {
        sfi__ledger_rollback(v->ledger);
        return st;
    }
    h->pin_tries--;
    st = ops->write_head(v->ledger, LEDGER_TRIES, h);
    st = sfi__ledger_finish(v->ledger, st);
    *taken = st == SFI_OK;
    return st;
}

/* The try is on the disk before the PIN is tried, so pulling the plug gives no
 * free guess.  Other logins may take the last try after we saw it and give it
 * back: then look again.  `h`: the vault once the try was taken. */
static sfi_status
vault_spend_try(struct vault *v, struct ledger_head *h)
{
    bool taken = false;

    while (!taken) {
        sfi_status st = sfi__vault_look_settled(v, h);

        if (st != SFI_OK)
            return st;
        if (h->pin_tries == 0)
            return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                             "the vault is blocked: no PIN tries are left");
        st = vault_take_try(v, h, &taken);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
vault_restore_tries(struct vault *v)
{
    const struct ledger_head full = {.pin_tries = VAULT_PIN_TRIES};
    const struct ledger_ops *ops = v->ledger->ops;
    sfi_status st = ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    st = ops->write_head(v->ledger, LEDGER_TRIES, &full);
    return sfi__ledger_finish(v->ledger, st);
}

static sfi_status
vault_fail_wrong_pin(struct vault *v, uint32_t left)
{
    return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                     left > 0 ? "wrong PIN, %u tries left"
                              : "wrong PIN, %u tries left: the vault is "
                                "blocked for ever",
                     left);
}

/* The key is derived before the try is taken, so that the try is missing for an
 * instant only; if the PIN was changed meanwhile the key is derived again.
 * `h`: the vault once the try was taken. */
static sfi_status
vault_try_pin(struct vault *v, const char *pin_secret, size_t pin_len,
              struct ledger_head *h, struct vault_secrets *secrets)
{
    uint8_t pin_key_secret[SFI_GCM_KEY_LEN];
    struct ledger_head seen;
    sfi_status st = sfi__vault_look(v, &seen);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_derive(v->ctx, &seen, pin_secret, pin_len, pin_key_secret);
    if (st != SFI_OK)
        goto out;
    st = vault_spend_try(v, h);
    if (st != SFI_OK)
        goto out;
    if (!sfi__vault_same_seal(h, &seen)) {
        st = sfi__vault_derive(v->ctx, h, pin_secret, pin_len, pin_key_secret);
        if (st != SFI_OK)
            goto out;
    }
    st = sfi__vault_unseal(v->ctx, h, pin_key_secret, secrets);
    if (st == SFI_ERR_AUTH)
        st = vault_fail_wrong_pin(v, h->pin_tries);
out:
    sfi__wipe(pin_key_secret, sizeof(pin_key_secret));
    return st;
}

/* ---- login ---- */

sfi_status
sfi__vault_enter(struct vault *v, const struct ledger_head *h,
                 const struct vault_secrets *secrets)
{
    struct ledger_head now;
    sfi_status st;

    sfi__vault_unlock(v, h, secrets);
    st = v->ledger->ops->begin(v->ledger, LEDGER_READ);
    if (st == SFI_OK) {
        st = sfi__vault_read_trusted(v, &now);
        sfi__ledger_rollback(v->ledger);
    }
    if (st != SFI_OK)
        sfi__vault_forget(v);
    return st;
}

/* Log in; `h` and `secrets` are what the PIN opened. */
static sfi_status
vault_open_by_pin(struct vault *v, const char *pin_secret, size_t pin_len,
                  struct ledger_head *h, struct vault_secrets *secrets)
{
    sfi_status st = vault_try_pin(v, pin_secret, pin_len, h, secrets);

    if (st != SFI_OK)
        return st;
    st = vault_restore_tries(v);
    if (st != SFI_OK)
        return st;
    return sfi__vault_enter(v, h, secrets);
}

sfi_status
sfi__vault_login(struct vault *v, const char *pin_secret, size_t pin_len)
{
    struct vault_secrets secrets;
    struct ledger_head h;
    sfi_status st = vault_open_by_pin(v, pin_secret, pin_len, &h, &secrets);

    sfi__wipe(&secrets, sizeof(secrets));
    return st;
}

/* ---- a new PIN ---- */

sfi_status
sfi__vault_seal_under(struct vault *v, struct ledger_head *h,
                      const char *pin_secret, size_t pin_len,
                      const struct vault_secrets *secrets)
{
    uint8_t pin_key_secret[SFI_GCM_KEY_LEN];
    sfi_status st = sfi__random(v->ctx, h->salt, sizeof(h->salt));

    if (st != SFI_OK)
        return st;
    h->seal = VAULT_SEAL_PIN;
    h->cost = v->cost;
    st = sfi__vault_derive(v->ctx, h, pin_secret, pin_len, pin_key_secret);
    if (st == SFI_OK)
        st = sfi__vault_seal(v->ctx, h, pin_key_secret, secrets);
    sfi__wipe(pin_key_secret, sizeof(pin_key_secret));
    return st;
}

static sfi_status
vault_replace_seal(struct vault *v, const struct ledger_head *opened,
                   const struct ledger_head *h)
{
    struct ledger_head now;
    sfi_status st = sfi__vault_read_head(v, &now);

    if (st != SFI_OK)
        return st;
    if (!sfi__vault_same_seal(&now, opened))
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         "another process changed the PIN meanwhile: log in "
                         "again");
    return v->ledger->ops->write_head(v->ledger, LEDGER_SEAL, h);
}

/* Store the new seal if the vault still has the seal that was opened. */
static sfi_status
vault_exchange_seal(struct vault *v, const struct ledger_head *opened,
                    const struct ledger_head *h)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    return sfi__ledger_finish(v->ledger, vault_replace_seal(v, opened, h));
}

sfi_status
sfi__vault_change_pin(struct vault *v, const char *pin_secret, size_t pin_len,
                      const char *new_pin_secret, size_t new_pin_len)
{
    struct vault_secrets secrets;
    struct ledger_head opened, h;
    sfi_status st =
        vault_open_by_pin(v, pin_secret, pin_len, &opened, &secrets);

    if (st != SFI_OK)
        goto out;
    h = opened;
    st = sfi__vault_seal_under(v, &h, new_pin_secret, new_pin_len, &secrets);
    if (st == SFI_OK)
        st = vault_exchange_seal(v, &opened, &h);
out:
    if (st != SFI_OK)
        sfi__vault_forget(v);
    sfi__wipe(&secrets, sizeof(secrets));
    return st;
}
