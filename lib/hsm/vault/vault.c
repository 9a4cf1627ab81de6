/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The HSM functions of a vault: information, audit, PIN, licences. */
#include "hsm/vault/vault.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/image_header.h"
#include "hsm/token/token.h"
#include "hsm/vault/append.h"
#include "hsm/vault/check.h"
#include "hsm/vault/issue.h"
#include "hsm/vault/lease.h"
#include "hsm/vault/pin.h"
#include "hsm/vault/provision.h"
#include "hsm/vault/restored.h"
#include "hsm/vault/sealed_by_token.h"
#include "license/certificate.h"

/* ---- what needs no PIN ---- */

static uint32_t
vault_state_of(const struct ledger_head *h)
{
    if (h->pin_tries == 0)
        return SFI_HSM_BLOCKED;
    if (h->retired)
        return SFI_HSM_RETIRED;
    return h->audit.remaining == 0 ? SFI_HSM_EXHAUSTED : SFI_HSM_OPERATIONAL;
}

static void
vault_fill_info(const struct ledger_head *h, sfi_hsm_info *out)
{
    const sfi_audit_head *audit = &h->audit;

    out->state = vault_state_of(h);
    out->remaining = audit->remaining;
    out->maximum = audit->maximum;
    out->pin_tries_left = h->pin_tries;
    out->flags = audit->flags;
    out->low_water = audit->low_water;
    out->records = audit->sequence;
    (void)sfi__text_copy(out->firmware_id, sizeof(out->firmware_id),
                         audit->firmware_id);
    (void)sfi__text_copy(out->product_id, sizeof(out->product_id),
                         audit->product_id);
    sfi__hex_encode(out->serial, audit->serial, sizeof(audit->serial));
}

static sfi_status
vault_get_info(void *user, sfi_hsm_info *out)
{
    struct vault *v = user;
    struct ledger_head h;
    sfi_status st = sfi__vault_attach(v);

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
    if (v->token != NULL && h.seal == VAULT_SEAL_TOKEN) {
        st = sfi__token_pin_tries(v->token, &h.pin_tries);
        if (st != SFI_OK)
            return st;
    }
    vault_fill_info(&h, out);
    return SFI_OK;
}

static sfi_status
vault_get_audit_head(void *user, sfi_audit_head *out)
{
    struct vault *v = user;
    struct ledger_head h;
    sfi_status st = sfi__vault_need(v);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_look(v, &h);
    if (st != SFI_OK)
        return st;
    st = sfi__vault_sync(v, h.audit.sequence, h.audit.sequence);
    if (st != SFI_OK)
        return st;
    *out = h.audit;
    return SFI_OK;
}

static sfi_status
vault_get_audit_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    struct vault *v = user;
    struct ledger_record r;
    sfi_status st = sfi__vault_need(v);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_look_record(v, sequence, &r);
    if (st != SFI_OK)
        return st;
    st = sfi__vault_sync(v, sequence, sequence);
    if (st != SFI_OK)
        return st;
    *out = r.audit;
    return SFI_OK;
}

/* ---- the PIN ---- */

/* The vault is blank: this PIN will protect it. */
static sfi_status
vault_choose_pin(struct vault *v, const char *pin, size_t pin_len)
{
    sfi_status st = sfi__vault_check_pin(v->ctx, "a PIN", pin_len);

    if (st != SFI_OK)
        return st;
    memcpy(v->pin_secret, pin, pin_len);
    v->pin_len = pin_len;
    return SFI_OK;
}

/* A vault that a token seals is refused. */
static sfi_status
vault_check_pin_seal(struct vault *v)
{
    struct ledger_head h;
    sfi_status st = sfi__vault_look(v, &h);

    return st == SFI_OK ? sfi__vault_check_seal_kind(v, &h) : st;
}

static sfi_status
vault_login_by_pin(struct vault *v, const char *pin, size_t pin_len)
{
    sfi_status st = sfi__vault_check_pin(v->ctx, "a PIN", pin_len);

    if (st != SFI_OK)
        return st;
    st = vault_check_pin_seal(v);
    if (st != SFI_OK)
        return st;
    return sfi__vault_login(v, pin, pin_len);
}

static sfi_status
vault_login(void *user, const char *pin, size_t pin_len)
{
    struct vault *v = user;
    sfi_status st;

    sfi__vault_forget(v);
    st = sfi__vault_attach(v);
    if (st != SFI_OK)
        return st;
    if (v->token != NULL && v->ledger != NULL)
        return sfi__vault_token_login(v, pin, pin_len);
    if (v->token != NULL)
        return sfi__token_login(v->token, pin, pin_len);
    return v->ledger != NULL ? vault_login_by_pin(v, pin, pin_len)
                             : vault_choose_pin(v, pin, pin_len);
}

static sfi_status
vault_change_own_pin(struct vault *v, const char *pin, size_t pin_len,
                     const char *new_pin, size_t new_pin_len)
{
    sfi_status st = sfi__vault_check_pin(v->ctx, "a PIN", pin_len);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_check_pin(v->ctx, "a new PIN", new_pin_len);
    if (st != SFI_OK)
        return st;
    st = vault_check_pin_seal(v);
    if (st != SFI_OK)
        return st;
    return sfi__vault_change_pin(v, pin, pin_len, new_pin, new_pin_len);
}

static sfi_status
vault_change_pin(void *user, const char *pin, size_t pin_len,
                 const char *new_pin, size_t new_pin_len)
{
    struct vault *v = user;
    sfi_status st = sfi__vault_need(v);

    if (st != SFI_OK)
        return st;
    if (v->token != NULL)
        return sfi__vault_token_change_pin(v, pin, pin_len, new_pin,
                                           new_pin_len);
    return vault_change_own_pin(v, pin, pin_len, new_pin, new_pin_len);
}

/* ---- licences ---- */

/* The answer to a request for one licence. */
struct vault_one {
    struct vault *v;
    sfi_status st;
    struct sfi_error error;
    uint8_t *out;
};

static void
vault_take_one(void *to, size_t index, sfi_status st, uint32_t count,
               const uint8_t *license, size_t license_len)
{
    struct vault_one *one = to;

    (void)index;
    (void)count;
    one->st = st;
    if (st == SFI_OK)
        memcpy(one->out, license, license_len);
    else
        sfi__error_keep(one->v->ctx, &one->error);
}

static sfi_status
vault_make_wishes(struct vault *v, const uint8_t *const *certs, size_t cert_len,
                  const uint32_t *sessions, struct vault_batch *b)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < b->count; i++) {
        b->wishes[i].session = sessions[i];
        st = sfi__cert_new(v->ctx, certs[i], cert_len, &b->wishes[i].cert);
    }
    return st;
}

static sfi_status
vault_issue_for(struct vault *v, const uint8_t *const *certs, size_t cert_len,
                const uint32_t *sessions, struct vault_batch *b)
{
    sfi_status st = sfi__vault_need_login(v, "issues licences");

    if (st != SFI_OK)
        return st;
    b->wishes = sfi__ctx_alloc(v->ctx, b->count * sizeof(*b->wishes));
    if (b->wishes == NULL)
        return SFI_ERR_NOMEM;
    st = vault_make_wishes(v, certs, cert_len, sessions, b);
    if (st == SFI_OK)
        st = sfi__vault_licenses(v, b);
    for (size_t i = 0; i < b->count; i++)
        sfi__obj_unref(b->wishes[i].cert);
    sfi__ctx_dealloc(v->ctx, b->wishes);
    return st;
}

static sfi_status
vault_license(void *user, const uint8_t *cert, size_t cert_len,
              uint32_t session, uint8_t *out, size_t *out_len)
{
    struct vault *v = user;
    struct vault_one one = {.v = v, .out = out};
    struct vault_batch b = {.count = 1, .answer = vault_take_one, .to = &one};
    sfi_status st;

    if (*out_len < SFI_LICENSE_LEN)
        return sfi__fail(v->ctx, SFI_ERR_INTERNAL, "licence buffer too small");
    st = vault_issue_for(v, &cert, cert_len, &session, &b);
    if (st != SFI_OK)
        return st;
    *out_len = SFI_LICENSE_LEN;
    if (one.st != SFI_OK)
        sfi__error_restore(v->ctx, &one.error);
    return one.st;
}

static sfi_status
vault_licenses(void *user, const uint8_t *const *certs, size_t cert_len,
               const uint32_t *sessions, size_t count, sfi_hsm_answer_fn answer,
               void *to)
{
    struct vault_batch b = {.count = count, .answer = answer, .to = to};

    return vault_issue_for(user, certs, cert_len, sessions, &b);
}

static sfi_status
vault_check_image(void *user, const uint8_t *header, size_t len)
{
    struct vault *v = user;
    sfi_status st = sfi__vault_need_login(v, "checks images");

    (void)len; /* checked by the handle */
    if (st != SFI_OK)
        return st;
    return sfi__hsm_verify_header(v->ctx, v->secrets.key_secret,
                                  v->secrets.nonce, header);
}

static sfi_status
vault_retire(void *user)
{
    struct vault *v = user;
    struct ledger_head h;
    sfi_status st = sfi__vault_need_login(v, "can be retired");

    return st == SFI_OK ? sfi__vault_close_audit(v, false, &h) : st;
}

static sfi_status
vault_hold(void *user, uint32_t timeout_ms)
{
    struct vault *v = user;
    sfi_status st = sfi__vault_need(v);

    if (st != SFI_OK)
        return st;
    if (v->ledger->ops->hold == NULL)
        return sfi__fail(v->ctx, SFI_ERR_UNSUPPORTED,
                         "this vault does not support one server at a time");
    return v->ledger->ops->hold(v->ledger, timeout_ms);
}

static sfi_status
vault_verify_audit(void *user)
{
    struct vault *v = user;
    sfi_status st = sfi__vault_need_login(v, "verifies its audit");

    return st == SFI_OK ? sfi__vault_verify(v) : st;
}

/* ---- the handle ---- */

static void
vault_close(void *user)
{
    struct vault *v = user;

    sfi__vault_forget(v);
    sfi__token_close(v->token);
    if (v->ledger != NULL)
        v->ledger->ops->close(v->ledger);
    sfi__ctx_dealloc(v->ctx, v->path);
    sfi__ctx_dealloc(v->ctx, v);
}

static const sfi_hsm_ops vault_ops = {
    .struct_size = sizeof(vault_ops),
    .info = vault_get_info,
    .login = vault_login,
    .provision = sfi__vault_provision,
    .license = vault_license,
    .close = vault_close,
    .change_pin = vault_change_pin,
    .retire = vault_retire,
    .audit_head = vault_get_audit_head,
    .audit_record = vault_get_audit_record,
    .verify_audit = vault_verify_audit,
    .check_image = vault_check_image,
    .licenses = vault_licenses,
    .lease = sfi__vault_lease,
    .provision_lease = sfi__vault_provision_lease,
    .end_lease = sfi__vault_end_lease,
    .return_lease = sfi__vault_return_lease,
    .check_known = sfi__vault_check_known,
    .declare_restored = sfi__vault_declare_restored,
    .hold = vault_hold,
};

sfi_status
sfi__vault_open(sfi_ctx *ctx, const char *name, const struct kdf_cost *cost,
                const struct ledger_place *place, sfi_hsm_ops *ops, void **user)
{
    const char *uri;
    size_t size = sfi__vault_name(name, &uri) + 1;
    struct vault *v = sfi__ctx_alloc(ctx, sizeof(*v));
    sfi_status st = SFI_ERR_NOMEM;

    *user = NULL;
    if (v == NULL)
        return SFI_ERR_NOMEM;
    v->ctx = ctx;
    v->cost = *cost;
    v->place = place != NULL ? place : sfi__ledger_place(name);
    v->path = sfi__ctx_alloc(ctx, size);
    if (v->path == NULL)
        goto out;
    (void)sfi__text_copy(v->path, size, name); /* cut before the option */
    st = sfi__vault_attach(v);
    if (st == SFI_OK && uri != NULL)
        st = sfi__token_open(ctx, uri, &v->token);
    if (st != SFI_OK)
        goto out;
    *ops = vault_ops;
    *user = v;
    return SFI_OK;
out:
    vault_close(v);
    return st;
}
