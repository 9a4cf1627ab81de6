/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leases: installations that move into a vault of a site, and come back. */
#include "hsm/vault/lease.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/base/low_water.h"
#include "hsm/vault/append.h"
#include "hsm/vault/lease_format.h"
#include "hsm/vault/provision.h"
#include "hsm/vault/restored.h"
#include "hsm/vault/sealed_by_token.h"

#define ull(v) ((unsigned long long)(v))

/* ---- what both ends use ---- */

/* The record of this request, authentic; session CHAIN_SESSION_RETURN: that
 * closed it. */
static sfi_status
lease_find(struct vault *v, const struct ledger_head *h,
           const uint8_t request[SFI_SHA256_LEN], uint32_t session,
           struct ledger_record *r, bool *found)
{
    uint32_t kind = session == 0 ? SFI_AUDIT_LEASE : SFI_AUDIT_RETURN;
    sfi_status st =
        sfi__ledger_find_session(v->ledger, request, session, r, found);

    if (st != SFI_OK || !*found)
        return st;
    if (r->audit.kind != kind || r->audit.sequence > h->audit.sequence ||
        !sfi__equal(r->audit.device, request, SFI_SHA256_LEN))
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index names record %llu "
                         "for a lease",
                         ull(r->audit.sequence));
    return sfi__vault_check_record(v, h, r);
}

/* ---- a lease is given ---- */

struct lease_wish {
    uint8_t hash[SFI_SHA256_LEN]; /* of the request */
    uint64_t count, seconds;
    /* the answer */
    struct ledger_head head;
    struct ledger_record record;
    bool is_new;
};

/* The same request again. */
static sfi_status
lease_check_again(struct vault *v, const struct lease_wish *w)
{
    const sfi_audit_record *r = &w->record.audit;
    struct ledger_record closing;
    bool found;
    sfi_status st = lease_find(v, &w->head, w->hash, CHAIN_SESSION_RETURN,
                               &closing, &found);

    if (st != SFI_OK)
        return st;
    if (found)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the lease of this request, record %llu, was given "
                         "back already: make a new request",
                         ull(r->sequence));
    if (r->amount != w->count || r->detail - r->time != w->seconds)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "this request got a lease of %llu installations for "
                         "%llu seconds, record %llu: repeat it with the same, "
                         "or make a new request",
                         ull(r->amount), ull(r->detail - r->time),
                         ull(r->sequence));
    return SFI_OK;
}

static sfi_status
lease_check_possible(struct vault *v, const struct lease_wish *w)
{
    const sfi_audit_head *audit = &w->head.audit;

    if (audit->lease != 0)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is leased itself and gives no leases");
    if (audit->remaining < w->count)
        return sfi__fail(v->ctx, SFI_ERR_HSM_COUNTER,
                         "a lease of %llu installations, but %llu of %llu are "
                         "left",
                         ull(w->count), ull(audit->remaining),
                         ull(audit->maximum));
    return SFI_OK;
}

static sfi_status
lease_append(struct vault *v, struct lease_wish *w)
{
    sfi_audit_record *r = &w->record.audit;
    sfi_status st = sfi__vault_check_anchor(v, &w->head);

    if (st == SFI_OK)
        st = lease_check_possible(v, w);
    if (st != SFI_OK)
        return st;
    w->record = (struct ledger_record){.audit = {.kind = SFI_AUDIT_LEASE,
                                                 .amount = w->count,
                                                 .detail = w->seconds}};
    memcpy(r->device, w->hash, sizeof(r->device));
    return sfi__vault_append_only(v, &w->head, &w->record);
}

static sfi_status
lease_record(struct vault *v, struct lease_wish *w)
{
    bool found;
    sfi_status st = sfi__vault_read_open(v, &w->head);

    if (st == SFI_OK)
        st = lease_find(v, &w->head, w->hash, 0, &w->record, &found);
    if (st != SFI_OK)
        return st;
    if (found)
        return lease_check_again(v, w);
    w->is_new = true;
    return lease_append(v, w);
}

/* Stored before the lease is made. */
static sfi_status
lease_write(struct vault *v, struct lease_wish *w)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    st = lease_record(v, w);
    if (st == SFI_OK && !w->is_new)
        sfi__ledger_rollback(v->ledger);
    else
        st = sfi__ledger_finish(v->ledger, st);
    if (st == SFI_OK)
        st = sfi__vault_settle(v, &w->head, w->record.audit.sequence);
    return st;
}

static sfi_status
lease_make(struct vault *v, const uint8_t *request, const struct lease_wish *w,
           uint8_t out[SFI_LEASE_LEN])
{
    const sfi_audit_head *audit = &w->head.audit;
    const sfi_audit_record *r = &w->record.audit;
    struct lease_terms t = {
        .flags = audit->flags,
        .sequence = r->sequence,
        .count = r->amount,
        .time = r->time,
        .expires = r->detail,
    };

    memcpy(t.parent, audit->serial, sizeof(t.parent));
    memcpy(t.record, r->hash, sizeof(t.record));
    (void)sfi__text_copy(t.firmware_id, sizeof(t.firmware_id),
                         audit->firmware_id);
    (void)sfi__text_copy(t.product_id, sizeof(t.product_id), audit->product_id);
    memcpy(t.ca_public, audit->ca_public, sizeof(t.ca_public));
    return sfi__lease_seal(v->ctx, &t, request, &v->secrets, out);
}

sfi_status
sfi__vault_lease(void *user, const uint8_t *request, size_t request_len,
                 uint64_t count, uint64_t seconds, uint8_t *out,
                 size_t *out_len)
{
    struct vault *v = user;
    struct lease_wish w = {.count = count, .seconds = seconds};
    sfi_status st = sfi__vault_need_login(v, "gives leases");

    if (st != SFI_OK)
        return st;
    if (request_len != SFI_LEASE_REQUEST_LEN || *out_len < SFI_LEASE_LEN)
        return sfi__fail(v->ctx, SFI_ERR_INTERNAL, "invalid length of a lease");
    st = sfi__ecc_check_public(v->ctx, request);
    if (st == SFI_ERR_CERTIFICATE)
        return sfi__fail(v->ctx, SFI_ERR_FORMAT,
                         "the request is not a point on P-256");
    if (st == SFI_OK)
        st = sfi__lease_request_hash(v->ctx, request, w.hash);
    if (st == SFI_OK)
        st = lease_write(v, &w);
    if (st == SFI_OK)
        st = lease_make(v, request, &w, out);
    if (st != SFI_OK)
        return st;
    *out_len = SFI_LEASE_LEN;
    if (w.is_new)
        sfi__hsm_warn_low(v->ctx, w.head.audit.remaining, w.head.audit.maximum,
                          w.head.audit.low_water);
    return SFI_OK;
}

/* ---- a site takes it ---- */

static void
lease_fill_head(const struct lease_terms *t, sfi_audit_head *audit)
{
    audit->flags = t->flags;
    audit->maximum = t->count;
    audit->low_water = t->count / 10;
    audit->remaining = t->count;
    audit->lease = t->sequence;
    audit->expires = t->expires;
    memcpy(audit->parent, t->parent, sizeof(audit->parent));
    memcpy(audit->lease_record, t->record, sizeof(audit->lease_record));
    memcpy(audit->firmware_id, t->firmware_id, sizeof(audit->firmware_id));
    memcpy(audit->product_id, t->product_id, sizeof(audit->product_id));
    memcpy(audit->ca_public, t->ca_public, sizeof(audit->ca_public));
}

sfi_status
sfi__vault_provision_lease(void *user, const uint8_t *secret, size_t secret_len,
                           const uint8_t *lease, size_t lease_len)
{
    struct vault *v = user;
    struct ledger_head h = {.pin_tries = 0};
    struct vault_secrets secrets;
    struct lease_terms t;
    sfi_status st = sfi__vault_check_blank(v);

    if (st != SFI_OK)
        return st;
    if (secret_len != SFI_ECC_SECRET_LEN)
        return sfi__fail(v->ctx, SFI_ERR_INTERNAL,
                         "invalid length of a request's key");
    st = sfi__lease_open(v->ctx, secret, lease, lease_len, &t, &secrets);
    if (st != SFI_OK)
        return st;
    lease_fill_head(&t, &h.audit);
    st = sfi__vault_create(v, &h, &secrets);
    sfi__wipe(&secrets, sizeof(secrets));
    return st;
}

/* ---- it comes back ---- */

sfi_status
sfi__vault_end_lease(void *user, uint8_t *out, size_t *out_len)
{
    struct vault *v = user;
    struct lease_end e;
    struct ledger_head h;
    sfi_status st = sfi__vault_need_login(v, "ends its lease");

    if (st != SFI_OK)
        return st;
    if (*out_len < SFI_LEASE_END_LEN)
        return sfi__fail(v->ctx, SFI_ERR_INTERNAL,
                         "invalid length of an end certificate");
    if (v->head.audit.lease == 0)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is not leased: there is nothing to give "
                         "back");
    st = sfi__vault_close_audit(v, true, &h);
    if (st != SFI_OK)
        return st;
    sfi__lease_end_of(&h.audit, &e);
    *out_len = SFI_LEASE_END_LEN;
    return sfi__lease_put_end(v->ctx, &e, v->secrets.audit_key_secret, out);
}

struct lease_return {
    struct lease_end end;
    struct ledger_head head;
    struct ledger_record lease, record;
    bool is_new;
};

static sfi_status
return_check_parent(struct vault *v, const struct lease_return *b)
{
    const sfi_audit_head *audit = &b->head.audit;
    char theirs[2 * sizeof(b->end.parent) + 1];
    char ours[2 * sizeof(audit->serial) + 1];

    if (sfi__equal(b->end.parent, audit->serial, sizeof(audit->serial)))
        return SFI_OK;
    sfi__hex_encode(theirs, b->end.parent, sizeof(b->end.parent));
    sfi__hex_encode(ours, audit->serial, sizeof(audit->serial));
    return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                     "the lease is of HSM %s, this one is %s", theirs, ours);
}

/* The record of the lease: the hash tells it from one that a restored copy has
 * in its place. */
static sfi_status
return_find_lease(struct vault *v, struct lease_return *b)
{
    const sfi_audit_record *r = &b->lease.audit;
    bool found;
    sfi_status st =
        sfi__ledger_find_sequence(v->ledger, b->end.lease, &b->lease, &found);

    if (st != SFI_OK)
        return st;
    if (!found || r->kind != SFI_AUDIT_LEASE ||
        !sfi__equal(r->hash, b->end.record, sizeof(r->hash)))
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "this HSM has no lease in record %llu as the end "
                         "certificate names: it stays spent",
                         ull(b->end.lease));
    st = sfi__vault_check_record(v, &b->head, &b->lease);
    if (st == SFI_OK && b->end.remaining > r->amount)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "%llu installations are left of a lease of %llu",
                         ull(b->end.remaining), ull(r->amount));
    return st;
}

/* The lease was closed before: by this certificate? */
static sfi_status
return_check_again(struct vault *v, const struct lease_return *b)
{
    const sfi_audit_record *r = &b->record.audit;

    if (r->amount == b->end.remaining && r->detail == b->lease.audit.sequence)
        return SFI_OK;
    return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                     "the lease of record %llu came back in record %llu with "
                     "%llu installations, this certificate has %llu: it has "
                     "had two vaults",
                     ull(b->lease.audit.sequence), ull(r->sequence),
                     ull(r->amount), ull(b->end.remaining));
}

static sfi_status
return_check_restored(struct vault *v, const struct lease_return *b)
{
    uint64_t restored;
    sfi_status st = sfi__vault_last_restored(v, &b->head, &restored);

    if (st == SFI_OK && restored > b->lease.audit.sequence)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "records were lost after this lease (record %llu), "
                         "and it may have come back there: it stays spent",
                         ull(restored));
    return st;
}

static sfi_status
return_append(struct vault *v, struct lease_return *b)
{
    sfi_audit_record *r = &b->record.audit;
    sfi_status st = return_check_restored(v, b);

    if (st == SFI_OK)
        st = sfi__vault_check_anchor(v, &b->head);
    if (st != SFI_OK)
        return st;
    b->record =
        (struct ledger_record){.audit = {.kind = SFI_AUDIT_RETURN,
                                         .session = CHAIN_SESSION_RETURN,
                                         .amount = b->end.remaining,
                                         .detail = b->lease.audit.sequence}};
    memcpy(r->device, b->lease.audit.device, sizeof(r->device));
    b->is_new = true;
    return sfi__vault_append_only(v, &b->head, &b->record);
}

static sfi_status
return_record(struct vault *v, const uint8_t *data, struct lease_return *b)
{
    bool found;
    sfi_status st = sfi__vault_read_open(v, &b->head);

    if (st == SFI_OK)
        st = return_check_parent(v, b);
    if (st == SFI_OK)
        st = sfi__lease_check_end(v->ctx, data, v->secrets.audit_key_secret);
    if (st == SFI_OK)
        st = return_find_lease(v, b);
    if (st == SFI_OK)
        st = lease_find(v, &b->head, b->lease.audit.device,
                        CHAIN_SESSION_RETURN, &b->record, &found);
    if (st != SFI_OK)
        return st;
    return found ? return_check_again(v, b) : return_append(v, b);
}

sfi_status
sfi__vault_return_lease(void *user, const uint8_t *end, size_t end_len,
                        uint64_t *returned)
{
    struct vault *v = user;
    struct lease_return b = {.is_new = false};
    sfi_status st = sfi__vault_need_login(v, "takes leases back");

    if (st == SFI_OK)
        st = sfi__lease_read_end(v->ctx, end, end_len, &b.end);
    if (st == SFI_OK)
        st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);
    if (st != SFI_OK)
        return st;
    st = return_record(v, end, &b);
    if (st == SFI_OK && !b.is_new)
        sfi__ledger_rollback(v->ledger);
    else
        st = sfi__ledger_finish(v->ledger, st);
    if (st == SFI_OK)
        st = sfi__vault_settle(v, &b.head, b.record.audit.sequence);
    if (st == SFI_OK)
        *returned = b.end.remaining;
    return st;
}
