/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Issue licences from a vault, and retire it: each adds an audit record. */
#include "hsm/vault/issue.h"

#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/base/low_water.h"
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

/* ---- one more record ---- */

/* `r` is complete except for its place in the chain; `h` is the head before
 * the record, and afterwards the head with it. */
static sfi_status
vault_append_record(struct vault *v, struct ledger_head *h,
                    struct ledger_record *r)
{
    const struct ledger_ops *ops = v->ledger->ops;
    const uint8_t *audit_key_secret = v->secrets.audit_key_secret;
    sfi_audit_head *audit = &h->audit;
    sfi_status st;

    audit->sequence++;
    if (r->audit.kind == SFI_AUDIT_COUNTED)
        audit->remaining--;
    r->audit.sequence = audit->sequence;
    r->audit.time = sfi__wall_clock();
    r->audit.remaining = audit->remaining;
    memcpy(r->audit.previous, audit->audit_head, sizeof(r->audit.previous));
    st = sfi__chain_record(v->ctx, audit, &r->audit, audit_key_secret,
                           r->audit.hash, r->audit.mac);
    if (st != SFI_OK)
        return st;
    memcpy(audit->audit_head, r->audit.hash, sizeof(audit->audit_head));
    st = sfi__chain_head_mac(v->ctx, audit, audit_key_secret, audit->mac);
    if (st != SFI_OK)
        return st;
    st = ops->append(v->ledger, r);
    if (st != SFI_OK)
        return st;
    return ops->write_head(v->ledger, LEDGER_COUNTS, h);
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
vault_find_license(struct vault *v, const struct ledger_head *h,
                   const sfi_certificate *cert, uint32_t session,
                   struct ledger_record *r, bool *found)
{
    sfi_status st = sfi__ledger_find_session(v->ledger, cert->device_hash,
                                             session, r, found);

    if (st != SFI_OK || !*found)
        return st;
    if (r->audit.session != session)
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index names record %llu "
                         "for a different session",
                         (unsigned long long)r->audit.sequence);
    return vault_check_found(v, h, cert, r);
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

/* The same device and session get the same licence again, from the record.  If
 * there is no such record: choose the kind of a new one. */
static sfi_status
vault_find_or_choose(struct vault *v, struct ledger_head *h,
                     const sfi_certificate *cert, uint32_t session,
                     struct ledger_record *r, bool *found)
{
    sfi_status st = sfi__vault_read_trusted(v, h);

    if (st != SFI_OK)
        return st;
    if (h->retired)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is retired and issues no licences");
    st = vault_find_license(v, h, cert, session, r, found);
    if (st != SFI_OK || *found)
        return st;
    sfi__zero(r, sizeof(*r));
    st = vault_choose_kind(v, h, cert, &r->audit.kind);
    if (st != SFI_OK)
        return st;
    if (r->audit.kind == SFI_AUDIT_COUNTED && h->audit.remaining == 0)
        return sfi__fail(v->ctx, SFI_ERR_HSM_COUNTER,
                         "no installations left: all %llu were used",
                         (unsigned long long)h->audit.maximum);
    return SFI_OK;
}

/* ---- a licence ---- */

/* Without the write lock, and without trust: only a licence that seems to be
 * there is verified.  For a new one everything is verified under the lock. */
static sfi_status
vault_look_for_license(struct vault *v, struct ledger_head *h,
                       const sfi_certificate *cert, uint32_t session,
                       struct ledger_record *r, bool *found)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_READ);

    if (st != SFI_OK)
        return st;
    st = sfi__ledger_find_session(v->ledger, cert->device_hash, session, r,
                                  found);
    if (st == SFI_OK && *found)
        st = vault_find_or_choose(v, h, cert, session, r, found);
    sfi__ledger_rollback(v->ledger);
    return st;
}

static sfi_status
vault_append_license(struct vault *v, struct ledger_head *h,
                     const sfi_certificate *cert, uint32_t session,
                     const uint8_t license[SFI_LICENSE_LEN],
                     struct ledger_record *r)
{
    sfi_status st = sfi__vault_check_anchor(v, h);

    if (st != SFI_OK)
        return st;
    memcpy(r->audit.device, cert->device_hash, sizeof(r->audit.device));
    r->audit.session = session;
    memcpy(r->license, license, sizeof(r->license));
    st = sfi__sha256(v->ctx, license, SFI_LICENSE_LEN, r->audit.license);
    if (st != SFI_OK)
        return st;
    return vault_append_record(v, h, r);
}

/* Record a new licence, unless another process has recorded one for this
 * device and session: then it is `found`. */
static sfi_status
vault_record_license(struct vault *v, struct ledger_head *h,
                     const sfi_certificate *cert, uint32_t session,
                     const uint8_t license[SFI_LICENSE_LEN],
                     struct ledger_record *r, bool *found)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    st = vault_find_or_choose(v, h, cert, session, r, found);
    if (st != SFI_OK || *found) {
        sfi__ledger_rollback(v->ledger);
        return st;
    }
    st = vault_append_license(v, h, cert, session, license, r);
    st = sfi__ledger_finish(v->ledger, st);
    if (st == SFI_OK)
        v->audited = sfi__vault_mark(&r->audit);
    return st;
}

/* Make a licence and record it; `added`: no other process was quicker. */
static sfi_status
vault_make_license(struct vault *v, struct ledger_head *h,
                   const sfi_certificate *cert, uint32_t session,
                   struct ledger_record *r, bool *added)
{
    uint8_t license[SFI_LICENSE_LEN];
    bool found = false;
    sfi_status st = sfi__license_make(
        v->ctx, cert->public_key, session == 0 ? LICENSE_STATIC : LICENSE_LIVE,
        session, v->secrets.key_secret, v->secrets.nonce, license);

    if (st != SFI_OK)
        return st;
    st = vault_record_license(v, h, cert, session, license, r, &found);
    if (st != SFI_OK)
        return st;
    *added = !found;
    if (*added)
        v->synced = h->audit.sequence;
    return SFI_OK;
}

sfi_status
sfi__vault_license(struct vault *v, const sfi_certificate *cert,
                   uint32_t session, uint8_t out[SFI_LICENSE_LEN])
{
    struct ledger_record r;
    struct ledger_head h;
    bool found = false;
    bool added = false;
    sfi_status st;

    if (session == 0 && (v->head.audit.flags & SFI_HSM_LIVE_ONLY) != 0)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault issues live licences only");
    st = vault_check_device(v, cert);
    if (st != SFI_OK)
        return st;
    st = vault_look_for_license(v, &h, cert, session, &r, &found);
    if (st != SFI_OK)
        return st;
    if (!found) {
        st = vault_make_license(v, &h, cert, session, &r, &added);
        if (st != SFI_OK)
            return st;
    }
    st = sfi__vault_sync(v, r.audit.sequence, h.audit.sequence);
    if (st != SFI_OK)
        return st;
    st = sfi__vault_anchor(v);
    if (st != SFI_OK)
        return st;
    memcpy(out, r.license, sizeof(r.license)); /* counted for good by now */
    if (added && r.audit.kind == SFI_AUDIT_COUNTED)
        sfi__hsm_warn_low(v->ctx, h.audit.remaining, h.audit.maximum,
                          h.audit.low_water);
    return SFI_OK;
}

/* ---- the end ---- */

static sfi_status
vault_append_closing(struct vault *v)
{
    struct ledger_record r = {.audit = {.kind = SFI_AUDIT_RETIRED}};
    struct ledger_head h;
    sfi_status st = sfi__vault_read_trusted(v, &h);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_check_anchor(v, &h);
    if (st != SFI_OK)
        return st;
    if (h.retired)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is already retired");
    return vault_append_record(v, &h, &r);
}

sfi_status
sfi__vault_retire(struct vault *v)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    st = sfi__ledger_finish(v->ledger, vault_append_closing(v));
    return st == SFI_OK ? sfi__vault_anchor(v) : st;
}
