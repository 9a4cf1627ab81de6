/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What only the audit key can prove of a vault: the MACs of head and records,
 * and that each record follows the one before. */
#include "hsm/vault/check.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
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

/* Only a record of a licence has a device that was counted. */
static sfi_status
vault_find_by_index(struct vault *v, const struct ledger_record *r, bool *leads)
{
    uint64_t sequence = r->audit.sequence;
    struct ledger_record found;
    bool there;
    sfi_status st = sfi__ledger_find_session(v->ledger, r->audit.device,
                                             r->audit.session, &found, &there);

    *leads = there && found.audit.sequence == sequence;
    if (st != SFI_OK || !*leads || !sfi__chain_has_license(r->audit.kind))
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

static struct vault_mark
vault_start_mark(const struct ledger_head *h)
{
    struct vault_mark start = {.remaining = h->audit.maximum};

    memcpy(start.hash, h->audit.genesis, sizeof(start.hash));
    return start;
}

struct vault_mark
sfi__vault_mark(const sfi_audit_record *r)
{
    struct vault_mark at = {.sequence = r->sequence, .remaining = r->remaining};

    memcpy(at.hash, r->hash, sizeof(at.hash));
    return at;
}

/* What is left after a record that moves installations. */
static uint64_t
vault_left_after_move(uint64_t left, const sfi_audit_record *r)
{
    bool fits = r->amount >= 1 && r->amount <= left;

    if (r->kind == SFI_AUDIT_LEASE)
        return r->session == 0 && fits ? left - r->amount : UINT64_MAX;
    if (r->kind == SFI_AUDIT_RETURN)
        return r->session == CHAIN_SESSION_RETURN &&
                       r->amount <= SFI_HSM_COUNT_MAX
                   ? left + r->amount
                   : UINT64_MAX;
    return r->session > 0 && r->remaining <= left ? r->remaining : UINT64_MAX;
}

/* What is left after this record; UINT64_MAX: it cannot come here. */
static uint64_t
vault_left_after(uint64_t left, const sfi_audit_record *r)
{
    if (sfi__chain_moves(r->kind))
        return vault_left_after_move(left, r);
    if (r->kind == SFI_AUDIT_COUNTED)
        return left >= 1 ? left - 1 : UINT64_MAX;
    return r->kind == SFI_AUDIT_AGAIN || r->kind == SFI_AUDIT_RETIRED
               ? left
               : UINT64_MAX;
}

/* Whether this record may come next. */
static bool
vault_record_follows(const struct vault_mark *last, const struct ledger_head *h,
                     const sfi_audit_record *r)
{
    if (!sfi__equal(r->previous, last->hash, sizeof(r->previous)) ||
        r->remaining > h->audit.maximum ||
        r->remaining != vault_left_after(last->remaining, r))
        return false;
    return r->kind != SFI_AUDIT_RETIRED || r->sequence == h->audit.sequence;
}

/* A record that is authentic, and that its index finds. */
static sfi_status
vault_read_authentic(struct vault *v, const struct ledger_head *h,
                     uint64_t sequence, struct ledger_record *r)
{
    bool found;
    sfi_status st = sfi__ledger_find_sequence(v->ledger, sequence, r, &found);

    if (st != SFI_OK)
        return st;
    if (!found)
        return sfi__vault_fail_missing(v, sequence);
    st = sfi__vault_check_record(v, h, r);
    if (st != SFI_OK)
        return st;
    return vault_check_index(v, r);
}

static sfi_status
vault_audit_next(struct vault *v, const struct ledger_head *h,
                 struct vault_mark *last)
{
    struct ledger_record r;
    sfi_status st = vault_read_authentic(v, h, last->sequence + 1, &r);

    if (st != SFI_OK)
        return st;
    if (!vault_record_follows(last, h, &r.audit))
        return damaged(v,
                       "the vault was altered: record %llu does not "
                       "follow record %llu",
                       (unsigned long long)r.audit.sequence,
                       (unsigned long long)last->sequence);
    *last = sfi__vault_mark(&r.audit);
    return SFI_OK;
}

/* Records that are asked for at once. */
#define AUDIT_PIECE 64u

/* `count` records, and then where the index leads from them. */
static sfi_status
vault_prefetch_records(struct vault *v, uint64_t first, size_t count)
{
    struct ledger_record records[AUDIT_PIECE];
    struct ledger_key keys[2 * AUDIT_PIECE] = {0};
    size_t known = 0;
    sfi_status st;

    for (size_t i = 0; i < count; i++)
        keys[i] = (struct ledger_key){.by = LEDGER_BY_SEQUENCE,
                                      .sequence = first + i};
    st = sfi__ledger_prefetch(v->ledger, keys, count);
    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        bool found;

        st = sfi__ledger_find_sequence(v->ledger, first + i, &records[known],
                                       &found);
        known += found ? 1 : 0;
    }
    for (size_t i = 0; i < known; i++) {
        const sfi_audit_record *r = &records[i].audit;

        keys[2 * i] = (struct ledger_key){.by = LEDGER_BY_SESSION,
                                          .device = r->device,
                                          .session = r->session};
        keys[2 * i + 1] =
            (struct ledger_key){.by = LEDGER_BY_COUNT, .device = r->device};
    }
    return st == SFI_OK ? sfi__ledger_prefetch(v->ledger, keys, 2 * known) : st;
}

/* Verify the records after `last`, up to `end`. */
static sfi_status
vault_audit_until(struct vault *v, const struct ledger_head *h,
                  struct vault_mark *last, uint64_t end)
{
    uint64_t fetched = last->sequence;

    while (last->sequence < end) {
        uint64_t left = end - last->sequence;
        sfi_status st = SFI_OK;

        if (v->ledger->ops->prefetch != NULL && last->sequence == fetched &&
            left > 1) {
            size_t count = left < AUDIT_PIECE ? (size_t)left : AUDIT_PIECE;

            st = vault_prefetch_records(v, last->sequence + 1, count);
            fetched += count;
        }
        if (st == SFI_OK)
            st = vault_audit_next(v, h, last);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
vault_check_end(struct vault *v, const struct ledger_head *h,
                const struct vault_mark *last)
{
    if (!sfi__equal(last->hash, h->audit.audit_head,
                    sizeof(h->audit.audit_head)) ||
        last->remaining != h->audit.remaining)
        return damaged(
            v,
            "the vault was altered: the audit does not end as its head states");
    return SFI_OK;
}

/* Go on at the tail.  Whoever wrote the head, with the audit key, had verified
 * the record before; and so on back to the first.  After an earlier look, the
 * next record shows that this is still the chain that was verified then, and
 * not another copy's. */
static sfi_status
vault_skip_to_tail(struct vault *v, const struct ledger_head *h, uint64_t tail,
                   struct vault_mark *last)
{
    struct ledger_record r;
    sfi_status st = last->sequence > 0 ? vault_audit_next(v, h, last) : SFI_OK;

    if (st == SFI_OK)
        st = vault_read_authentic(v, h, h->audit.sequence - tail, &r);
    if (st == SFI_OK)
        *last = sfi__vault_mark(&r.audit);
    return st;
}

/* Verify the records that were added since the last audit. */
static sfi_status
vault_audit_records(struct vault *v, const struct ledger_head *h)
{
    bool later = v->audited.sequence > 0;
    struct vault_mark last = later ? v->audited : vault_start_mark(h);
    uint64_t tail = later ? VAULT_TAIL_LATER : VAULT_TAIL;
    sfi_status st = SFI_OK;

    if (h->audit.sequence < last.sequence)
        return damaged(v, "the vault was rolled back from record %llu to %llu",
                       (unsigned long long)last.sequence,
                       (unsigned long long)h->audit.sequence);
    if (h->audit.sequence - last.sequence > tail + 1)
        st = vault_skip_to_tail(v, h, tail, &last);
    if (st == SFI_OK)
        st = vault_audit_until(v, h, &last, h->audit.sequence);
    if (st == SFI_OK)
        st = vault_check_end(v, h, &last);
    if (st == SFI_OK)
        v->audited = last;
    return st;
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

/* ---- the whole chain ---- */

/* Records that one transaction verifies: a longer one would keep SQLite from
 * emptying the write-ahead log while others write. */
#define VERIFY_AT_ONCE 1024u

static sfi_status
vault_verify_some(struct vault *v, const struct ledger_head *h,
                  struct vault_mark *last)
{
    uint64_t left = h->audit.sequence - last->sequence;
    uint64_t count = left < VERIFY_AT_ONCE ? left : VERIFY_AT_ONCE;
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_READ);

    if (st != SFI_OK)
        return st;
    st = vault_audit_until(v, h, last, last->sequence + count);
    sfi__ledger_rollback(v->ledger);
    return st;
}

static sfi_status
vault_tell(struct vault *v, const struct ledger_head *h,
           const struct vault_mark *last)
{
    return sfi__ctx_progress(v->ctx, SFI_PHASE_RECORDS, last->sequence,
                             h->audit.sequence);
}

sfi_status
sfi__vault_verify(struct vault *v)
{
    struct vault_mark last;
    struct ledger_head h;
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_READ);

    if (st != SFI_OK)
        return st;
    st = sfi__vault_read_trusted(v, &h);
    sfi__ledger_rollback(v->ledger);
    if (st != SFI_OK)
        return st;
    last = vault_start_mark(&h);
    st = vault_tell(v, &h, &last);
    while (st == SFI_OK && last.sequence < h.audit.sequence) {
        st = vault_verify_some(v, &h, &last);
        if (st == SFI_OK)
            st = vault_tell(v, &h, &last);
    }
    if (st != SFI_OK)
        return st;
    return vault_check_end(v, &h, &last);
}
