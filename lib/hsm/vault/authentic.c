/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What only the audit key can prove of a vault: the MACs of head and records,
 * and that each record follows the one before. */
#include "hsm/vault/check.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "audit/chain.h"

#define damaged(v, ...) sfi__fail((v)->ctx, SFI_ERR_HSM, __VA_ARGS__)

static sfi_status
vault_check_head_mac(struct vault *v, const struct ledger_head *h)
{
    uint8_t mac[SFI_SHA256_LEN];
    sfi_status st = sfi__chain_head_mac(v->ctx, &h->audit,
                                        v->secrets.audit_key_secret, mac);

    if (st != SFI_OK)
        return st;
    if (!sfi__ct_equal(mac, h->audit.mac, sizeof(mac)))
        return damaged(v, "the vault was altered: its counter does not match "
                          "its MAC");
    return SFI_OK;
}

sfi_status
sfi__vault_check_record(struct vault *v, const struct ledger_head *h,
                        const struct ledger_record *r)
{
    uint8_t hash[SFI_SHA256_LEN];
    uint8_t mac[SFI_SHA256_LEN];
    sfi_status st = sfi__chain_record(v->ctx, &h->audit, &r->audit,
                                      v->secrets.audit_key_secret, hash, mac);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, r->audit.hash, sizeof(hash)) ||
        !sfi__ct_equal(mac, r->audit.mac, sizeof(mac)))
        return damaged(v,
                       "the vault was altered: record %llu does not match "
                       "its MAC",
                       (unsigned long long)r->audit.sequence);
    return SFI_OK;
}

/* A retired record has no device that was counted. */
static sfi_status
vault_find_by_index(struct vault *v, const struct ledger_record *r, bool *leads)
{
    uint64_t sequence = r->audit.sequence;
    struct ledger_record found;
    bool there;
    sfi_status st = sfi__ledger_find_session(v->ledger, r->audit.device,
                                             r->audit.session, &found, &there);

    *leads = there && found.audit.sequence == sequence;
    if (st != SFI_OK || !*leads || r->audit.kind == SFI_AUDIT_RETIRED)
        return st;
    st = sfi__ledger_find_counted(v->ledger, r->audit.device, &found, &there);
    *leads = there && (r->audit.kind == SFI_AUDIT_COUNTED
                           ? found.audit.sequence == sequence
                           : found.audit.sequence < sequence);
    return st;
}

/* The index must lead from a record's device and session to the record, and
 * from its device to the record that counted it: a device that the index loses
 * would be counted twice. */
static sfi_status
vault_check_index(struct vault *v, const struct ledger_record *r)
{
    bool leads;
    sfi_status st = vault_find_by_index(v, r, &leads);

    if (st != SFI_OK || leads)
        return st;
    return damaged(v,
                   "the vault is damaged: its index does not lead to "
                   "record %llu",
                   (unsigned long long)r->audit.sequence);
}

/* Whether this record may come next. */
static bool
vault_record_follows(const struct vault *v, const struct ledger_head *h,
                     const sfi_audit_record *r)
{
    uint64_t used = r->kind == SFI_AUDIT_COUNTED ? 1 : 0;

    if (!sfi__equal(r->previous, v->audited_head, sizeof(r->previous)) ||
        v->audited_remaining < used ||
        r->remaining != v->audited_remaining - used)
        return false;
    if (r->kind == SFI_AUDIT_RETIRED)
        return r->sequence == h->audit.sequence;
    return r->kind == SFI_AUDIT_COUNTED || r->kind == SFI_AUDIT_AGAIN;
}

static sfi_status
vault_audit_next(struct vault *v, const struct ledger_head *h)
{
    struct ledger_record r;
    uint64_t next = v->audited + 1;
    bool found;
    sfi_status st = sfi__ledger_find_sequence(v->ledger, next, &r, &found);

    if (st != SFI_OK)
        return st;
    if (!found)
        return sfi__vault_fail_missing(v, next);
    st = sfi__vault_check_record(v, h, &r);
    if (st != SFI_OK)
        return st;
    st = vault_check_index(v, &r);
    if (st != SFI_OK)
        return st;
    if (!vault_record_follows(v, h, &r.audit))
        return damaged(v,
                       "the vault was altered: record %llu does not "
                       "follow record %llu",
                       (unsigned long long)next,
                       (unsigned long long)v->audited);
    v->audited = next;
    v->audited_remaining = r.audit.remaining;
    memcpy(v->audited_head, r.audit.hash, sizeof(r.audit.hash));
    return SFI_OK;
}

/* Verify the records that were added since the last audit. */
static sfi_status
vault_audit_records(struct vault *v, const struct ledger_head *h)
{
    if (h->audit.sequence < v->audited)
        return damaged(v, "the vault was rolled back from record %llu to %llu",
                       (unsigned long long)v->audited,
                       (unsigned long long)h->audit.sequence);
    while (v->audited < h->audit.sequence) {
        sfi_status st = vault_audit_next(v, h);

        if (st != SFI_OK)
            return st;
    }
    if (!sfi__equal(v->audited_head, h->audit.audit_head,
                    sizeof(h->audit.audit_head)) ||
        v->audited_remaining != h->audit.remaining)
        return damaged(
            v,
            "the vault was altered: the audit does not end as its head states");
    return SFI_OK;
}

sfi_status
sfi__vault_read_trusted(struct vault *v, struct ledger_head *h)
{
    sfi_status st = sfi__vault_read_head(v, h);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(h->audit.genesis, v->head.audit.genesis,
                    sizeof(h->audit.genesis)))
        return damaged(v, "the vault was replaced by a different one after "
                          "the login");
    st = vault_check_head_mac(v, h);
    if (st != SFI_OK)
        return st;
    return vault_audit_records(v, h);
}
