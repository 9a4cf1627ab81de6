/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that a PKCS#11 token seals: its key opens the secrets, and its anchor
 * detects a rollback to an older copy. */
#include "hsm/vault/sealed_by_token.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/token/token.h"
#include "hsm/vault/pin.h"

/* As in chain.c: the tag says what is authenticated. */
#define TAG_ANCHOR "SFIVANCH"
#define TAG_LEN 8u

/* sequence 8 (big-endian: sfi__token_anchor_get() compares bytes), hash of the
 * record 32, MAC 32 */
#define ANCHOR_LEN 72u
#define ANCHOR_MAC_AT 40u

struct anchor {
    uint64_t sequence;
    uint8_t audit_head[SFI_SHA256_LEN];
    uint8_t mac[SFI_SHA256_LEN];
};

_Static_assert(ANCHOR_LEN <= TOKEN_ANCHOR_MAX, "room for an anchor");
_Static_assert(LEDGER_SEALED_LEN ==
                   TOKEN_IV_LEN + LEDGER_SECRETS_LEN + TOKEN_TAG_LEN,
               "sealed by a token as by a PIN");
_Static_assert(sizeof(((sfi_audit_head *)0)->serial) == TOKEN_ID_LEN, "serial");

#define refuse(v, ...) sfi__fail((v)->ctx, SFI_ERR_HSM, __VA_ARGS__)

sfi_status
sfi__vault_check_seal_kind(struct vault *v, const struct ledger_head *h)
{
    if (v->token == NULL && h->seal == VAULT_SEAL_TOKEN)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is sealed by a token: add "
                         "?token=pkcs11:... to its name");
    if (v->token != NULL && h->seal == VAULT_SEAL_PIN)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is sealed with a PIN, not by a token: "
                         "remove ?token= from its name");
    return SFI_OK;
}

/* ---- the anchor ---- */

static sfi_status
vault_anchor_mac(struct vault *v, const struct ledger_head *h,
                 const struct anchor *a, const struct vault_secrets *secrets,
                 uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[TAG_LEN + SFI_SHA256_LEN + ANCHOR_MAC_AT];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, TAG_ANCHOR, TAG_LEN);
    sfi__wr_bytes(&w, h->audit.genesis, sizeof(h->audit.genesis));
    sfi__wr_u64be(&w, a->sequence);
    sfi__wr_bytes(&w, a->audit_head, sizeof(a->audit_head));
    return sfi__hmac_sha256(v->ctx, secrets->audit_key_secret,
                            SFI_AUDIT_KEY_LEN, data, sfi__wr_len(&w), out);
}

/* Let the token remember the end of the vault. */
static sfi_status
vault_write_anchor(struct vault *v, const struct ledger_head *h,
                   const struct vault_secrets *secrets)
{
    struct anchor a = {.sequence = h->audit.sequence};
    uint8_t data[ANCHOR_LEN];
    struct wr w;
    sfi_status st;

    memcpy(a.audit_head, h->audit.audit_head, sizeof(a.audit_head));
    st = vault_anchor_mac(v, h, &a, secrets, a.mac);
    if (st != SFI_OK)
        return st;
    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_u64be(&w, a.sequence);
    sfi__wr_bytes(&w, a.audit_head, sizeof(a.audit_head));
    sfi__wr_bytes(&w, a.mac, sizeof(a.mac));
    return sfi__token_anchor_set(v->token, h->audit.serial, data,
                                 sfi__wr_len(&w));
}

static sfi_status
vault_read_anchor(struct vault *v, const struct ledger_head *h,
                  struct anchor *a)
{
    uint8_t data[TOKEN_ANCHOR_MAX];
    uint8_t mac[SFI_SHA256_LEN];
    struct rd r;
    size_t len;
    sfi_status st = sfi__token_anchor_get(v->token, h->audit.serial, data,
                                          sizeof(data), &len);

    if (st != SFI_OK)
        return st;
    if (len == 0)
        return refuse(v,
                      "the token has no anchor for this vault: it was deleted, "
                      "and without it a rollback cannot be detected");
    if (len != ANCHOR_LEN)
        return refuse(v, "the token's anchor has %zu bytes, expected %u", len,
                      ANCHOR_LEN);
    sfi__rd_init(&r, data, len);
    a->sequence = sfi__rd_u64be(&r);
    sfi__rd_bytes(&r, a->audit_head, sizeof(a->audit_head));
    sfi__rd_bytes(&r, a->mac, sizeof(a->mac));
    st = vault_anchor_mac(v, h, a, &v->secrets, mac);
    if (st == SFI_OK && !sfi__ct_equal(mac, a->mac, sizeof(mac)))
        st = refuse(v, "the token's anchor was altered: it does not match its "
                       "MAC");
    return st;
}

/* The hash of record `sequence`; the genesis for 0. */
static sfi_status
vault_read_record_hash(struct vault *v, const struct ledger_head *h,
                       uint64_t sequence, uint8_t out[SFI_SHA256_LEN])
{
    struct ledger_record r;
    bool found;
    sfi_status st;

    memcpy(out, h->audit.genesis, SFI_SHA256_LEN);
    if (sequence == 0)
        return SFI_OK;
    st = sfi__ledger_find_sequence(v->ledger, sequence, &r, &found);
    if (st != SFI_OK)
        return st;
    if (!found)
        return refuse(v, "the vault is damaged: record %llu is missing",
                      (unsigned long long)sequence);
    memcpy(out, r.audit.hash, SFI_SHA256_LEN);
    return sfi__vault_check_record(v, h, &r);
}

/* A vault may be ahead of its anchor after a crash, but never behind. */
static sfi_status
vault_compare_anchor(struct vault *v, const struct ledger_head *h,
                     struct anchor *a)
{
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st = vault_read_anchor(v, h, a);

    if (st != SFI_OK)
        return st;
    if (a->sequence > h->audit.sequence)
        return refuse(v,
                      "the vault is an older copy: record %llu is missing, the "
                      "last is %llu",
                      (unsigned long long)a->sequence,
                      (unsigned long long)h->audit.sequence);
    st = vault_read_record_hash(v, h, a->sequence, hash);
    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, a->audit_head, sizeof(hash)))
        return refuse(v,
                      "the vault is a different copy: record %llu does not "
                      "match the token's anchor",
                      (unsigned long long)a->sequence);
    return SFI_OK;
}

sfi_status
sfi__vault_check_anchor(struct vault *v, const struct ledger_head *h)
{
    struct anchor a;

    return v->token != NULL ? vault_compare_anchor(v, h, &a) : SFI_OK;
}

static sfi_status
vault_advance_anchor(struct vault *v)
{
    struct ledger_head h;
    struct anchor a;
    sfi_status st = sfi__vault_read_trusted(v, &h);

    if (st != SFI_OK)
        return st;
    st = vault_compare_anchor(v, &h, &a);
    if (st != SFI_OK || a.sequence == h.audit.sequence)
        return st;
    /* the token stores at once, but records of others may not be synced yet */
    st = sfi__vault_sync(v, h.audit.sequence, h.audit.sequence);
    if (st != SFI_OK)
        return st;
    return vault_write_anchor(v, &h, &v->secrets);
}

/* The write lock orders the processes that move the anchor: the later one has
 * seen more records. */
sfi_status
sfi__vault_anchor(struct vault *v)
{
    sfi_status st;

    if (v->token == NULL)
        return SFI_OK;
    st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);
    if (st != SFI_OK)
        return st;
    st = vault_advance_anchor(v);
    sfi__ledger_rollback(v->ledger);
    return st;
}

/* ---- the seal ---- */

static sfi_status
vault_seal_and_anchor(struct vault *v, struct ledger_head *h,
                      const struct vault_secrets *secrets)
{
    uint8_t aad[VAULT_SEAL_AAD_LEN];
    sfi_status st;

    h->seal = VAULT_SEAL_TOKEN; /* salt and cost are for a PIN only */
    sfi__vault_seal_aad(h, aad);
    st = sfi__token_seal(v->token, h->audit.serial, aad, sizeof(aad),
                         (const uint8_t *)secrets, sizeof(*secrets), h->sealed);
    if (st != SFI_OK)
        return st;
    st = sfi__vault_sealed_check(v->ctx, h, h->sealed_check);
    if (st != SFI_OK)
        return st;
    return vault_write_anchor(v, h, secrets);
}

sfi_status
sfi__vault_token_seal(struct vault *v, struct ledger_head *h,
                      const struct vault_secrets *secrets)
{
    sfi_status st = sfi__token_make_key(v->token, h->audit.serial);

    if (st != SFI_OK)
        return st;
    st = vault_seal_and_anchor(v, h, secrets);
    if (st != SFI_OK)
        sfi__token_forget(v->token, h->audit.serial);
    return st;
}

/* If the failure came after the vault was published, the vault needs its key:
 * then the token keeps it. */
void
sfi__vault_token_undo(struct vault *v, const struct ledger_head *h)
{
    struct sfi_error first;
    struct ledger_head there;
    sfi_status st;

    sfi__error_keep(v->ctx, &first);
    st = sfi__vault_attach(v);
    if (st == SFI_OK && v->ledger != NULL)
        st = sfi__vault_look(v, &there);
    if (st == SFI_OK &&
        (v->ledger == NULL || !sfi__equal(there.audit.serial, h->audit.serial,
                                          sizeof(there.audit.serial))))
        sfi__token_forget(v->token, h->audit.serial);
    sfi__error_restore(v->ctx, &first);
}

/* After a login at the token. */
static sfi_status
vault_open_by_token(struct vault *v, const struct ledger_head *h,
                    struct vault_secrets *secrets)
{
    uint8_t aad[VAULT_SEAL_AAD_LEN];
    sfi_status st;

    sfi__vault_seal_aad(h, aad);
    st = sfi__token_unseal(v->token, h->audit.serial, aad, sizeof(aad),
                           h->sealed, sizeof(*secrets), (uint8_t *)secrets);
    if (st == SFI_ERR_AUTH)
        st = refuse(v, "the vault was altered: the token cannot open its seal");
    return st;
}

/* The token gets the PIN only when this is its vault, and under the write lock:
 * some modules fail when a login comes between the calls of another process. */
static sfi_status
vault_login_at_token(struct vault *v, const char *pin_secret, size_t pin_len,
                     struct ledger_head *h, struct vault_secrets *secrets)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_read_head(v, h);
    if (st != SFI_OK)
        goto out;
    st = sfi__vault_check_seal_kind(v, h);
    if (st != SFI_OK)
        goto out;
    st = sfi__token_login(v->token, pin_secret, pin_len);
    if (st == SFI_OK)
        st = vault_open_by_token(v, h, secrets);
out:
    sfi__ledger_rollback(v->ledger);
    return st;
}

sfi_status
sfi__vault_token_login(struct vault *v, const char *pin_secret, size_t pin_len)
{
    struct vault_secrets secrets;
    struct ledger_head h;
    sfi_status st = vault_login_at_token(v, pin_secret, pin_len, &h, &secrets);

    if (st == SFI_OK)
        st = sfi__vault_enter(v, &h, &secrets);
    sfi__wipe(&secrets, sizeof(secrets));
    if (st == SFI_OK)
        st = sfi__vault_anchor(v);
    if (st != SFI_OK) {
        sfi__vault_forget(v);
        sfi__token_logout(v->token);
    }
    return st;
}

sfi_status
sfi__vault_token_change_pin(struct vault *v, const char *pin_secret,
                            size_t pin_len, const char *new_pin_secret,
                            size_t new_pin_len)
{
    sfi_status st = sfi__vault_token_login(v, pin_secret, pin_len);

    if (st != SFI_OK)
        return st;
    st = sfi__token_change_pin(v->token, pin_secret, pin_len, new_pin_secret,
                               new_pin_len);
    if (st != SFI_OK) {
        sfi__vault_forget(v);
        sfi__token_logout(v->token);
    }
    return st;
}
