/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Issue licences from a vault: each new one adds an audit record. */
#include "hsm/vault/issue.h"

#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/base/low_water.h"
#include "hsm/vault/append.h"
#include "hsm/vault/sealed_by_token.h"
#include "license/certificate.h"
#include "license/license.h"

/* Whether this device may get a licence. */
static sfi_status
vault_check_device(struct vault *v, const sfi_certificate *cert)
{
    const sfi_audit_head *audit = &v->head.audit;

    if (!sfi__equal(cert->product_id, audit->product_id, PRODUCT_ID_LEN))
        return sfi__fail(v->ctx, SFI_ERR_CERTIFICATE,
                         "the certificate is for product %s, the vault for %s",
                         cert->product_id, audit->product_id);
    return sfi__cert_verify(v->ctx, cert, audit->ca_public);
}

/* ---- which record serves a request ---- */

/* The record that the index gave for a device is for that device, and
 * authentic. */
static sfi_status
vault_check_found(struct vault *v, const struct ledger_head *h,
                  const sfi_certificate *cert, const struct ledger_record *r)
{
    if (!sfi__equal(r->audit.device, cert->device_hash,
                    sizeof(r->audit.device)))
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index names record %llu "
                         "for a different device",
                         (unsigned long long)r->audit.sequence);
    if (r->audit.sequence > h->audit.sequence)
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault was altered: found record %llu, expected "
                         "%llu to be the last",
                         (unsigned long long)r->audit.sequence,
                         (unsigned long long)h->audit.sequence);
    return sfi__vault_check_record(v, h, r);
}

static sfi_status
vault_check_license(struct vault *v, const struct ledger_head *h,
                    const struct vault_wish *w, const struct ledger_record *r)
{
    if (r->audit.session != w->session)
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index names record %llu "
                         "for a different session",
                         (unsigned long long)r->audit.sequence);
    return vault_check_found(v, h, w->cert, r);
}

/* Another licence for a device that was counted costs no installation. */
static sfi_status
vault_choose_kind(struct vault *v, const struct ledger_head *h,
                  const sfi_certificate *cert, uint32_t *kind)
{
    struct ledger_record r;
    bool found;
    sfi_status st =
        sfi__ledger_find_counted(v->ledger, cert->device_hash, &r, &found);

    if (st != SFI_OK)
        return st;
    *kind = found ? SFI_AUDIT_AGAIN : SFI_AUDIT_COUNTED;
    return found ? vault_check_found(v, h, cert, &r) : SFI_OK;
}

/* ---- licences, in one transaction ---- */

/* One request cannot be served; the others can. */
static void
vault_refuse(struct vault_batch *b, size_t i, sfi_status st)
{
    b->wishes[i].state = WISH_REFUSED;
    b->answer(b->to, i, st, SFI_COUNT_NONE, NULL, 0);
}

static sfi_status
vault_check_devices(struct vault *v, struct vault_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        sfi_status st = vault_check_device(v, b->wishes[i].cert);

        if (st == SFI_ERR_CERTIFICATE)
            vault_refuse(b, i, st);
        else if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static void
vault_grant(struct vault_wish *w, const struct ledger_record *r, uint32_t count)
{
    w->state = WISH_GRANTED;
    w->counted = count;
    w->sequence = r->audit.sequence;
    memcpy(w->license, r->license, sizeof(w->license));
}

/* The same device and session get the same licence again, from the record.
 * `trusted`: the head was verified in this transaction. */
static sfi_status
vault_find_wish(struct vault *v, struct ledger_head *h, struct vault_wish *w,
                bool *trusted)
{
    struct ledger_record r;
    bool found;
    sfi_status st = sfi__ledger_find_session(v->ledger, w->cert->device_hash,
                                             w->session, &r, &found);

    if (st != SFI_OK || !found)
        return st;
    if (!*trusted)
        st = sfi__vault_read_open(v, h);
    *trusted = true;
    if (st == SFI_OK)
        st = vault_check_license(v, h, w, &r);
    if (st == SFI_OK)
        vault_grant(w, &r, SFI_COUNT_AGAIN);
    return st;
}

static bool
vault_has_open_wish(const struct vault_batch *b)
{
    size_t i = 0;

    while (i < b->count && b->wishes[i].state != WISH_OPEN)
        i++;
    return i < b->count;
}

/* Tell the ledger which records will be wanted; `counted`: also those that
 * counted the devices. */
static sfi_status
vault_prefetch(struct vault *v, const struct vault_batch *b, bool counted)
{
    struct ledger_key *keys =
        sfi__ctx_alloc(v->ctx, 2 * b->count * sizeof(*keys));
    size_t count = 0;
    sfi_status st;

    if (keys == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < b->count; i++) {
        const struct vault_wish *w = &b->wishes[i];

        if (w->state != WISH_OPEN)
            continue;
        keys[count++] = (struct ledger_key){.by = LEDGER_BY_SESSION,
                                            .device = w->cert->device_hash,
                                            .session = w->session};
        if (counted)
            keys[count++] = (struct ledger_key){.by = LEDGER_BY_COUNT,
                                                .device = w->cert->device_hash};
    }
    st = sfi__ledger_prefetch(v->ledger, keys, count);
    sfi__ctx_dealloc(v->ctx, keys);
    return st;
}

/* Without the write lock, and without trust: only a licence that seems to be
 * there is verified.  For a new one everything is verified under the lock. */
static sfi_status
vault_look_for_licenses(struct vault *v, struct vault_batch *b)
{
    bool trusted = false;
    sfi_status st;

    if (!vault_has_open_wish(b))
        return SFI_OK;
    st = v->ledger->ops->begin(v->ledger, LEDGER_READ);
    if (st != SFI_OK)
        return st;
    st = vault_prefetch(v, b, false);
    for (size_t i = 0; st == SFI_OK && i < b->count; i++) {
        if (b->wishes[i].state == WISH_OPEN)
            st = vault_find_wish(v, &b->head, &b->wishes[i], &trusted);
    }
    sfi__ledger_rollback(v->ledger);
    return st;
}

/* Make what may be needed, before the write lock is taken. */
static sfi_status
vault_make_licenses(struct vault *v, struct vault_batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct vault_wish *w = &b->wishes[i];
        sfi_status st = SFI_OK;

        if (w->state != WISH_OPEN)
            continue;
        st = sfi__license_make(v->ctx, w->cert->public_key,
                               w->session == 0 ? LICENSE_STATIC : LICENSE_LIVE,
                               w->session, v->secrets.key_secret,
                               v->secrets.nonce, w->license);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
vault_append_license(struct vault *v, struct ledger_head *h,
                     struct vault_wish *w, uint32_t kind,
                     struct ledger_record *r)
{
    sfi_status st;

    *r = (struct ledger_record){.audit = {.kind = kind, .session = w->session}};
    memcpy(r->audit.device, w->cert->device_hash, sizeof(r->audit.device));
    memcpy(r->license, w->license, sizeof(r->license));
    st = sfi__sha256(v->ctx, w->license, SFI_LICENSE_LEN, r->audit.license);
    if (st == SFI_OK)
        st = sfi__vault_append(v, h, r);
    if (st == SFI_OK)
        vault_grant(
            w, r, kind == SFI_AUDIT_COUNTED ? SFI_COUNT_NEW : SFI_COUNT_AGAIN);
    return st;
}

/* One record, unless this or another process has recorded this device and
 * session meanwhile. */
static sfi_status
vault_record_license(struct vault *v, struct vault_batch *b, size_t i)
{
    struct vault_wish *w = &b->wishes[i];
    struct ledger_head *h = &b->head;
    bool trusted = true;
    uint32_t kind;
    sfi_status st = vault_find_wish(v, h, w, &trusted);

    if (st != SFI_OK || w->state != WISH_OPEN)
        return st;
    st = vault_choose_kind(v, h, w->cert, &kind);
    if (st != SFI_OK)
        return st;
    if (kind == SFI_AUDIT_COUNTED && h->audit.remaining == 0) {
        vault_refuse(b, i,
                     sfi__fail(v->ctx, SFI_ERR_HSM_COUNTER,
                               "no installations left: all %llu were used",
                               (unsigned long long)h->audit.maximum));
        return SFI_OK;
    }
    b->counted |= kind == SFI_AUDIT_COUNTED;
    b->appended = true;
    return vault_append_license(v, h, w, kind, &b->last);
}

static sfi_status
vault_record_licenses(struct vault *v, struct vault_batch *b)
{
    sfi_status st = sfi__vault_read_open(v, &b->head);

    if (st == SFI_OK)
        st = sfi__vault_check_anchor(v, &b->head);
    if (st == SFI_OK)
        st = vault_prefetch(v, b, true);
    for (size_t i = 0; st == SFI_OK && i < b->count; i++) {
        if (b->wishes[i].state == WISH_OPEN)
            st = vault_record_license(v, b, i);
    }
    return st == SFI_OK && b->appended ? sfi__vault_write_end(v, &b->head) : st;
}

/* After a commit that failed: it was rolled back, unless it can be read. */
static bool
vault_may_be_written(struct vault *v, const struct vault_batch *b)
{
    struct sfi_error first;
    struct ledger_record r;
    bool found = true;

    sfi__error_keep(v->ctx, &first);
    if (v->ledger->ops->begin(v->ledger, LEDGER_READ) == SFI_OK) {
        if (sfi__ledger_find_sequence(v->ledger, b->last.audit.sequence, &r,
                                      &found) != SFI_OK)
            found = true;
        sfi__ledger_rollback(v->ledger);
    }
    sfi__error_restore(v->ctx, &first);
    return found;
}

/* All records in one transaction: all are on the disk, or none. */
static sfi_status
vault_write_licenses(struct vault *v, struct vault_batch *b)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);
    bool commits;

    if (st != SFI_OK)
        return st;
    st = vault_record_licenses(v, b);
    if (st == SFI_OK && !b->appended) {
        sfi__ledger_rollback(v->ledger);
        return SFI_OK;
    }
    commits = st == SFI_OK;
    st = sfi__ledger_finish(v->ledger, st);
    if (st != SFI_OK && commits && vault_may_be_written(v, b))
        b->written = VAULT_PERHAPS;
    if (st != SFI_OK)
        return st;
    b->written = VAULT_SURELY;
    v->audited = sfi__vault_mark(&b->last.audit);
    v->synced = b->head.audit.sequence;
    return SFI_OK;
}

/* What was read or written is on the disk, and the token knows of it. */
static sfi_status
vault_settle_licenses(struct vault *v, const struct vault_batch *b)
{
    uint64_t newest = 0;
    sfi_status st;

    for (size_t i = 0; i < b->count; i++) {
        if (b->wishes[i].sequence > newest)
            newest = b->wishes[i].sequence;
    }
    if (newest == 0)
        return SFI_OK;
    st = sfi__vault_sync(v, newest, b->head.audit.sequence);
    return st == SFI_OK ? sfi__vault_anchor(v) : st;
}

static sfi_status
vault_issue(struct vault *v, struct vault_batch *b)
{
    sfi_status st = vault_check_devices(v, b);

    if (st == SFI_OK)
        st = vault_look_for_licenses(v, b);
    if (st == SFI_OK)
        st = vault_make_licenses(v, b);
    if (st == SFI_OK && vault_has_open_wish(b))
        st = vault_write_licenses(v, b);
    return st == SFI_OK ? vault_settle_licenses(v, b) : st;
}

/* After a failure nothing leaves the vault, but what was counted is told. */
static void
vault_answer(struct vault_batch *b, sfi_status st)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct vault_wish *w = &b->wishes[i];
        bool doubt = w->counted == SFI_COUNT_NEW && b->written == VAULT_PERHAPS;

        if (w->state != WISH_GRANTED)
            continue;
        if (st == SFI_OK)
            b->answer(b->to, i, SFI_OK, w->counted, w->license,
                      sizeof(w->license));
        else if (b->written != VAULT_NOTHING)
            b->answer(b->to, i, st, doubt ? SFI_COUNT_UNKNOWN : w->counted,
                      NULL, 0);
    }
}

sfi_status
sfi__vault_licenses(struct vault *v, struct vault_batch *b)
{
    sfi_status st;

    for (size_t i = 0; i < b->count; i++) {
        if (b->wishes[i].session == 0 &&
            (v->head.audit.flags & SFI_HSM_LIVE_ONLY) != 0)
            return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                             "the vault issues live licences only");
    }
    st = vault_issue(v, b);
    vault_answer(b, st);
    if (st == SFI_OK && b->counted)
        sfi__hsm_warn_low(v->ctx, b->head.audit.remaining,
                          b->head.audit.maximum, b->head.audit.low_water);
    return st;
}
