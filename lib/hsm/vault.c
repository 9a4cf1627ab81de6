#include "hsm/vault.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/rand.h"
#include "hsm/vault_check.h"
#include "hsm/vault_seal.h"
#include "license/cert.h"
#include "license/license.h"
#include "license/perso.h"

static void
forget(struct vault *v)
{
    v->unlocked = false;
    sfi__wipe(&v->secrets, sizeof(v->secrets));
    sfi__wipe(v->pin_secret, sizeof(v->pin_secret));
    v->pin_len = 0;
}

/* Another process may have provisioned since we looked. */
static sfi_status
attach(struct vault *v)
{
    if (v->ledger != NULL)
        return SFI_OK;
    return sfi__ledger_open(v->ctx, v->path, &v->ledger);
}

/* ---- what anybody may know ---- */

static uint32_t
state_of(const struct ledger_head *h)
{
    if (h->pin_tries == 0)
        return SFI_HSM_BLOCKED;
    return h->remaining == 0 ? SFI_HSM_EXHAUSTED : SFI_HSM_OPERATIONAL;
}

static sfi_status
vault_info(void *user, sfi_hsm_info *out)
{
    struct vault *v = user;
    struct ledger_head h;
    sfi_status st = attach(v);

    if (st != SFI_OK)
        return st;
    if (v->ledger == NULL) {
        out->state = SFI_HSM_BLANK;
        out->pin_tries_left = VAULT_PIN_TRIES;
        return SFI_OK;
    }
    st = sfi__vault_look_settled(v, &h);
    if (st != SFI_OK)
        return st;
    out->state = state_of(&h);
    out->remaining = h.remaining;
    out->maximum = h.maximum;
    out->pin_tries_left = h.pin_tries;
    (void)text_copy(out->firmware_id, sizeof(out->firmware_id), h.firmware_id);
    (void)text_copy(out->product_id, sizeof(out->product_id), h.product_id);
    return SFI_OK;
}

/* ---- the PIN ---- */

/* Begin a life with these secrets: all records are still to be verified. */
static void
unlock(struct vault *v, const struct ledger_head *h,
       const struct vault_secrets *secrets)
{
    v->head = *h;
    v->secrets = *secrets;
    v->audited = 0;
    memcpy(v->audited_head, h->genesis, sizeof(h->genesis));
}

static sfi_status
set_tries(struct vault *v, uint32_t tries)
{
    sfi_status st = sfi__ledger_set_tries(v->ledger, tries);

    if (st == SFI_OK)
        return sfi__ledger_commit(v->ledger);
    sfi__ledger_rollback(v->ledger);
    return st;
}

/* On the disk before the PIN is tried: pulling the plug gives no free guess. */
static sfi_status
spend_try(struct vault *v, uint32_t *left)
{
    struct ledger_head h;
    sfi_status st = sfi__vault_look_settled(v, &h);

    if (st == SFI_OK)
        st = sfi__ledger_begin(v->ledger, LEDGER_WRITE);
    if (st != SFI_OK)
        return st;
    st = sfi__vault_read_head(v, &h);
    if (st == SFI_OK && h.pin_tries == 0)
        st = sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                       "the vault is blocked: no PIN tries are left");
    if (st != SFI_OK) {
        sfi__ledger_rollback(v->ledger);
        return st;
    }
    *left = h.pin_tries - 1;
    return set_tries(v, *left);
}

static sfi_status
restore_tries(struct vault *v)
{
    sfi_status st = sfi__ledger_begin(v->ledger, LEDGER_WRITE);

    return st == SFI_OK ? set_tries(v, VAULT_PIN_TRIES) : st;
}

static sfi_status
try_pin(struct vault *v, const struct ledger_head *h,
        const uint8_t pin_key_secret[PIN_KEY_LEN],
        struct vault_secrets *secrets)
{
    uint32_t left = 0;
    sfi_status st = spend_try(v, &left);

    if (st == SFI_OK)
        st = sfi__vault_unseal(v->ctx, h, pin_key_secret, secrets);
    if (st == SFI_ERR_AUTH)
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         left > 0 ? "wrong PIN, %u tries left"
                                  : "wrong PIN, %u tries left: the vault is "
                                    "blocked for ever",
                         left);
    return st == SFI_OK ? restore_tries(v) : st;
}

static sfi_status
verify_all(struct vault *v)
{
    struct ledger_head h;
    sfi_status st = sfi__ledger_begin(v->ledger, LEDGER_READ);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_read_trusted(v, &h);
    sfi__ledger_rollback(v->ledger);
    return st;
}

static sfi_status
login(struct vault *v, const char *pin, size_t pin_len)
{
    uint8_t pin_key_secret[PIN_KEY_LEN];
    struct vault_secrets secrets;
    struct ledger_head h;
    sfi_status st = sfi__vault_look(v, &h);

    if (st == SFI_OK)
        st = sfi__vault_derive(v->ctx, &h, pin, pin_len, pin_key_secret);
    if (st == SFI_OK)
        st = try_pin(v, &h, pin_key_secret, &secrets);
    if (st == SFI_OK) {
        unlock(v, &h, &secrets);
        st = verify_all(v);
    }
    if (st == SFI_OK)
        v->unlocked = true;
    else
        forget(v);
    sfi__wipe(&secrets, sizeof(secrets));
    sfi__wipe(pin_key_secret, sizeof(pin_key_secret));
    return st;
}

static sfi_status
vault_login(void *user, const char *pin, size_t pin_len)
{
    struct vault *v = user;
    sfi_status st;

    forget(v);
    if (pin_len < VAULT_PIN_MIN || pin_len > VAULT_PIN_MAX)
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         "a PIN of %zu bytes, expected %u to %u", pin_len,
                         VAULT_PIN_MIN, VAULT_PIN_MAX);
    st = attach(v);
    if (st != SFI_OK)
        return st;
    if (v->ledger != NULL)
        return login(v, pin, pin_len);
    memcpy(v->pin_secret, pin, pin_len);
    v->pin_len = pin_len;
    return SFI_OK;
}

/* ---- provisioning ---- */

/* The head's secrets and what hangs on them, in the order of dependence. */
static sfi_status
seal_head(struct vault *v, struct ledger_head *h,
          const struct vault_secrets *secrets)
{
    uint8_t pin_key_secret[PIN_KEY_LEN];
    sfi_status st = sfi__random(v->ctx, h->salt, sizeof(h->salt));

    if (st == SFI_OK)
        st = sfi__vault_derive(v->ctx, h, v->pin_secret, v->pin_len,
                               pin_key_secret);
    if (st == SFI_OK)
        st = sfi__vault_seal(v->ctx, h, pin_key_secret, secrets);
    if (st == SFI_OK)
        st = sfi__vault_genesis(v->ctx, h, h->genesis);
    memcpy(h->log_head, h->genesis, sizeof(h->log_head));
    if (st == SFI_OK)
        st = sfi__vault_head_mac(v->ctx, h, secrets, h->mac);
    sfi__wipe(pin_key_secret, sizeof(pin_key_secret));
    return st;
}

static sfi_status
create(struct vault *v, struct ledger_head *h, const uint8_t *key_secret,
       const uint8_t *nonce)
{
    struct vault_secrets secrets;
    sfi_status st;

    memcpy(secrets.key_secret, key_secret, SFI_KEY_LEN);
    memcpy(secrets.nonce, nonce, SFI_NONCE_LEN);
    st = sfi__random(v->ctx, secrets.log_key_secret, LOG_KEY_LEN);
    if (st == SFI_OK)
        st = seal_head(v, h, &secrets);
    if (st == SFI_OK)
        st = sfi__ledger_create(v->ctx, v->path, h);
    if (st == SFI_OK) {
        forget(v);
        unlock(v, h, &secrets);
        v->unlocked = true;
    }
    sfi__wipe(&secrets, sizeof(secrets));
    return st;
}

static sfi_status
vault_provision(void *user, const uint8_t *key, size_t key_len,
                const uint8_t *nonce, size_t nonce_len, const char *firmware_id,
                uint64_t max_count, const uint8_t *perso, size_t perso_len)
{
    struct vault *v = user;
    struct ledger_head h = {
        .maximum = max_count,
        .remaining = max_count,
        .cost = v->cost,
        .pin_tries = VAULT_PIN_TRIES,
    };
    sfi_personalization *p;
    sfi_status st = attach(v);

    if (st != SFI_OK)
        return st;
    if (v->ledger != NULL)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "already provisioned, and locked for ever");
    if (v->pin_len == 0)
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         "no PIN yet: log in with the one that shall protect "
                         "the vault");
    if (key_len != SFI_KEY_LEN || nonce_len != SFI_NONCE_LEN)
        return sfi__fail(v->ctx, SFI_ERR_INTERNAL, "key and nonce lengths");
    st = sfi__perso_new(v->ctx, perso, perso_len, &p);
    if (st != SFI_OK)
        return st;
    (void)text_copy(h.firmware_id, sizeof(h.firmware_id), firmware_id);
    (void)text_copy(h.product_id, sizeof(h.product_id), p->product_id);
    memcpy(h.ca_public, p->ca_public, sizeof(h.ca_public));
    sfi__obj_unref(p);
    return create(v, &h, key, nonce);
}

/* ---- licences ---- */

/* Is this device one of those that may be licensed? */
static sfi_status
check_device(struct vault *v, const sfi_certificate *cert)
{
    if (!sfi__equal(cert->product_id, v->head.product_id, PRODUCT_ID_LEN))
        return sfi__fail(v->ctx, SFI_ERR_CERTIFICATE,
                         "a certificate of product %s, the vault is for %s",
                         cert->product_id, v->head.product_id);
    return sfi__cert_verify(v->ctx, cert, v->head.ca_public);
}

/* One installation less, and the record that says for whom. */
static sfi_status
issue(struct vault *v, struct ledger_head *h, const sfi_certificate *cert,
      struct ledger_record *r)
{
    sfi_status st;

    if (h->remaining == 0)
        return sfi__fail(v->ctx, SFI_ERR_HSM_COUNTER,
                         "no installations left: all %llu were used",
                         (unsigned long long)h->maximum);
    h->remaining--;
    h->sequence++;
    r->sequence = h->sequence;
    r->time = sfi__wall_clock();
    r->remaining = h->remaining;
    memcpy(r->device, cert->device_hash, sizeof(r->device));
    memcpy(r->previous, h->log_head, sizeof(r->previous));
    st = sfi__license_make(v->ctx, cert->public_key, LICENSE_STATIC, 0,
                           v->secrets.key_secret, v->secrets.nonce, r->license);
    if (st == SFI_OK)
        st = sfi__vault_record(v->ctx, h, r, &v->secrets, r->hash, r->mac);
    memcpy(h->log_head, r->hash, sizeof(h->log_head));
    if (st == SFI_OK)
        st = sfi__vault_head_mac(v->ctx, h, &v->secrets, h->mac);
    if (st == SFI_OK)
        st = sfi__ledger_append(v->ledger, r);
    if (st == SFI_OK)
        st = sfi__ledger_update(v->ledger, h);
    return st;
}

/* A device that was counted gets the licence that it was counted for. */
static sfi_status
find_or_issue(struct vault *v, const sfi_certificate *cert,
              struct ledger_record *r)
{
    struct ledger_head h;
    bool found;
    sfi_status st = sfi__vault_read_trusted(v, &h);

    if (st == SFI_OK)
        st = sfi__ledger_find(v->ledger, cert->device_hash, r, &found);
    if (st != SFI_OK)
        return st;
    if (!found)
        return issue(v, &h, cert, r);
    if (!sfi__equal(r->device, cert->device_hash, sizeof(r->device)))
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index names record %llu "
                         "for another device",
                         (unsigned long long)r->sequence);
    return sfi__vault_check_record(v, &h, r);
}

static sfi_status
license(struct vault *v, const sfi_certificate *cert, uint8_t *out)
{
    struct ledger_record r;
    sfi_status st = check_device(v, cert);

    if (st == SFI_OK)
        st = sfi__ledger_begin(v->ledger, LEDGER_WRITE);
    if (st != SFI_OK)
        return st;
    st = find_or_issue(v, cert, &r);
    if (st != SFI_OK) {
        sfi__ledger_rollback(v->ledger);
        return st;
    }
    st = sfi__ledger_commit(v->ledger);
    if (st == SFI_OK) /* only now: it is counted for good */
        memcpy(out, r.license, sizeof(r.license));
    return st;
}

static sfi_status
vault_license(void *user, const uint8_t *data, size_t len, uint8_t *out,
              size_t *out_len)
{
    struct vault *v = user;
    sfi_certificate *cert;
    sfi_status st = attach(v);

    if (st != SFI_OK)
        return st;
    if (v->ledger == NULL)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is blank: provision it first");
    if (!v->unlocked)
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         "the vault gives licences only after a login");
    st = sfi__cert_new(v->ctx, data, len, &cert);
    if (st != SFI_OK)
        return st;
    if (*out_len < SFI_LICENSE_LEN)
        st = sfi__fail(v->ctx, SFI_ERR_INTERNAL, "licence buffer");
    else
        st = license(v, cert, out);
    if (st == SFI_OK)
        *out_len = SFI_LICENSE_LEN;
    sfi__obj_unref(cert);
    return st;
}

/* ---- the handle ---- */

static void
vault_close(void *user)
{
    struct vault *v = user;

    forget(v);
    sfi__ledger_close(v->ledger);
    sfi__ctx_dealloc(v->ctx, v->path);
    sfi__ctx_dealloc(v->ctx, v);
}

static const sfi_hsm_ops vault_ops = {
    .struct_size = sizeof(vault_ops),
    .info = vault_info,
    .login = vault_login,
    .provision = vault_provision,
    .license = vault_license,
    .close = vault_close,
};

sfi_status
sfi__vault_open(sfi_ctx *ctx, const char *path, const struct kdf_cost *cost,
                sfi_hsm_ops *ops, void **user)
{
    size_t size = strlen(path) + 1;
    struct vault *v = sfi__ctx_alloc(ctx, sizeof(*v));
    sfi_status st = SFI_ERR_NOMEM;

    *user = NULL;
    if (v == NULL)
        return SFI_ERR_NOMEM;
    v->ctx = ctx;
    v->cost = *cost;
    v->path = sfi__ctx_alloc(ctx, size);
    if (v->path != NULL) {
        (void)text_copy(v->path, size, path);
        st = attach(v);
    }
    if (st != SFI_OK) {
        vault_close(v);
        return st;
    }
    *ops = vault_ops;
    *user = v;
    return SFI_OK;
}
