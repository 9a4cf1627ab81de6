/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that was restored from an older copy; doc/format.md, "Restored HSM".
 */
#include "hsm/vault/restored.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/vault/append.h"
#include "hsm/vault/sealed_by_token.h"

#define ull(v) ((unsigned long long)(v))

/* What the HSM has of a record that was seen before. */
enum known { KNOWN_HERE, KNOWN_COVERED, KNOWN_LOST };

/* ---- the statements ---- */

/* Statement `number`, from 1. */
static sfi_status
restored_find(struct vault *v, const struct ledger_head *h, uint32_t number,
              struct ledger_record *r, bool *found)
{
    static const uint8_t no_device[SFI_SHA256_LEN];
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st =
        sfi__ledger_find_session(v->ledger, no_device, number, r, found);

    if (st != SFI_OK || !*found)
        return st;
    if (r->audit.kind != SFI_AUDIT_RESTORED ||
        r->audit.sequence > h->audit.sequence)
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index names record %llu "
                         "for a statement of lost records",
                         ull(r->audit.sequence));
    if (v->unlocked)
        return sfi__vault_check_record(v, h, r);
    st = sfi__chain_record(v->ctx, &h->audit, &r->audit, NULL, hash, NULL);
    if (st == SFI_OK && !sfi__equal(hash, r->audit.hash, sizeof(hash)))
        return sfi__fail(v->ctx, SFI_ERR_HSM,
                         "the vault is damaged: record %llu does not match its "
                         "hash",
                         ull(r->audit.sequence));
    return st;
}

sfi_status
sfi__vault_last_restored(struct vault *v, const struct ledger_head *h,
                         uint64_t *sequence)
{
    struct ledger_record r;
    bool found = true;
    sfi_status st = SFI_OK;

    *sequence = 0;
    for (uint32_t i = 1; st == SFI_OK && found; i++) {
        st = restored_find(v, h, i, &r, &found);
        if (st == SFI_OK && found)
            *sequence = r.audit.sequence;
    }
    return st;
}

/* ---- is a record still there? ---- */

/* The hash of record `sequence`, or genesis; false: there is none. */
static sfi_status
restored_read_hash(struct vault *v, const struct ledger_head *h,
                   uint64_t sequence, uint8_t hash[SFI_SHA256_LEN], bool *there)
{
    struct ledger_record r;
    sfi_status st;

    *there = sequence <= h->audit.sequence;
    if (sequence == 0)
        memcpy(hash, h->audit.genesis, SFI_SHA256_LEN);
    if (sequence == 0 || !*there)
        return SFI_OK;
    st = sfi__ledger_find_sequence(v->ledger, sequence, &r, there);
    if (st == SFI_OK && !*there)
        return sfi__vault_fail_missing(v, sequence);
    if (st == SFI_OK)
        st = sfi__chain_record(v->ctx, &h->audit, &r.audit, NULL, hash, NULL);
    return st;
}

static sfi_status
restored_look(struct vault *v, const struct ledger_head *h, uint64_t sequence,
              const uint8_t *head, enum known *known, struct ledger_record *by)
{
    uint8_t hash[SFI_SHA256_LEN];
    bool there;
    sfi_status st = restored_read_hash(v, h, sequence, hash, &there);

    *known = there && st == SFI_OK && sfi__equal(hash, head, sizeof(hash))
                 ? KNOWN_HERE
                 : KNOWN_LOST;
    if (*known == KNOWN_HERE)
        return SFI_OK;
    there = true;
    for (uint32_t i = 1; st == SFI_OK && there && *known == KNOWN_LOST; i++) {
        st = restored_find(v, h, i, by, &there);
        if (st == SFI_OK && there && by->audit.detail <= sequence &&
            sequence <= by->audit.amount)
            *known = KNOWN_COVERED;
    }
    return st;
}

static sfi_status
restored_fail(struct vault *v, const struct ledger_head *h, uint64_t sequence)
{
    if (sequence > h->audit.sequence)
        return sfi__fail(v->ctx, SFI_ERR_HSM_ROLLBACK,
                         "the HSM went back to record %llu, record %llu was "
                         "seen before: it was restored from an older copy",
                         ull(h->audit.sequence), ull(sequence));
    return sfi__fail(v->ctx, SFI_ERR_HSM_ROLLBACK,
                     "record %llu of the HSM is not the one that was seen "
                     "before: it was restored from an older copy",
                     ull(sequence));
}

static sfi_status
restored_check(struct vault *v, uint64_t sequence, const uint8_t *head,
               struct ledger_head *h, enum known *known,
               struct ledger_record *by)
{
    sfi_status st;

    do {
        st = v->ledger->ops->begin(v->ledger, LEDGER_LOOK);
        if (st != SFI_OK)
            return st;
        st = sfi__vault_read_head(v, h);
        if (st == SFI_OK)
            st = restored_look(v, h, sequence, head, known, by);
    } while (sfi__ledger_must_repeat(v->ledger, st));
    return st;
}

sfi_status
sfi__vault_check_known(void *user, uint64_t sequence, const uint8_t *head,
                       size_t head_len, sfi_hsm_known *out)
{
    struct vault *v = user;
    struct ledger_record by;
    struct ledger_head h;
    enum known known;
    sfi_status st = sfi__vault_need(v);

    (void)head_len; /* checked by the handle */
    if (st == SFI_OK)
        st = restored_check(v, sequence, head, &h, &known, &by);
    if (st == SFI_OK && known == KNOWN_LOST)
        return restored_fail(v, &h, sequence);
    if (st != SFI_OK || known == KNOWN_HERE)
        return st;
    out->sequence = by.audit.detail;
    out->lost = by.audit.amount;
    return SFI_OK;
}

/* ---- a statement ---- */

struct statement {
    uint64_t sequence;   /* of the lost record */
    const uint8_t *head; /* its hash */
    uint64_t seen;       /* remained after it */
    struct ledger_head h;
    uint32_t number; /* of statements so far */
    uint64_t from;   /* the first sequence that may be lost */
    uint64_t used;   /* there, and not taken off yet */
};

/* What remained before record `sequence`. */
static sfi_status
statement_read_before(struct vault *v, const struct ledger_head *h,
                      uint64_t sequence, uint64_t *remaining)
{
    struct ledger_record r;
    bool found;
    sfi_status st;

    *remaining = h->audit.maximum;
    if (sequence <= 1)
        return SFI_OK;
    st = sfi__ledger_find_sequence(v->ledger, sequence - 1, &r, &found);
    if (st == SFI_OK && !found)
        return sfi__vault_fail_missing(v, sequence - 1);
    if (st == SFI_OK)
        st = sfi__vault_check_record(v, h, &r);
    *remaining = r.audit.remaining;
    return st;
}

/* What the statements took off that are about the same lost part. */
static sfi_status
statement_sum_taken(struct vault *v, const struct statement *s, uint64_t from,
                    uint64_t *taken)
{
    sfi_status st = SFI_OK;

    *taken = 0;
    for (uint32_t i = 1; st == SFI_OK && i <= s->number; i++) {
        struct ledger_record r;
        uint64_t before;
        bool found;

        st = restored_find(v, &s->h, i, &r, &found);
        if (st != SFI_OK || !found || r.audit.detail != from)
            continue;
        st = statement_read_before(v, &s->h, r.audit.sequence, &before);
        if (st == SFI_OK && before > r.audit.remaining)
            *taken += before - r.audit.remaining;
    }
    return st;
}

/* If the copies parted before record `from`: what was used in the lost one. */
static sfi_status
statement_suppose(struct vault *v, struct statement *s, uint64_t from)
{
    uint64_t before, taken;
    sfi_status st = statement_read_before(v, &s->h, from, &before);

    if (st == SFI_OK)
        st = statement_sum_taken(v, s, from, &taken);
    if (st != SFI_OK)
        return st;
    if (before > s->seen && before - s->seen > taken &&
        before - s->seen - taken > s->used)
        s->used = before - s->seen - taken;
    if (s->from == 0 || from < s->from)
        s->from = from;
    return SFI_OK;
}

/* The HSM went on beyond the lost record: an earlier statement may tell where
 * the copies parted; without one, it may be anywhere. */
static sfi_status
statement_search(struct vault *v, struct statement *s)
{
    sfi_status st = SFI_OK;

    for (uint32_t i = 1; st == SFI_OK && i <= s->number; i++) {
        struct ledger_record r;
        bool found;

        st = restored_find(v, &s->h, i, &r, &found);
        if (st == SFI_OK && found && r.audit.detail <= s->sequence)
            st = statement_suppose(v, s, r.audit.detail);
    }
    return st == SFI_OK && s->from == 0 ? statement_suppose(v, s, 1) : st;
}

static sfi_status
statement_count(struct vault *v, struct statement *s)
{
    struct ledger_record r;
    bool found = true;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && found) {
        st = restored_find(v, &s->h, s->number + 1, &r, &found);
        if (st == SFI_OK && found)
            s->number++;
    }
    return st;
}

static sfi_status
statement_append(struct vault *v, struct statement *s)
{
    uint64_t left = s->h.audit.remaining;
    struct ledger_record r = {.audit = {.kind = SFI_AUDIT_RESTORED}};
    sfi_status st = statement_count(v, s);

    if (st == SFI_OK && s->sequence > s->h.audit.sequence)
        st = statement_suppose(v, s, s->h.audit.sequence + 1);
    else if (st == SFI_OK)
        st = statement_search(v, s);
    if (st != SFI_OK)
        return st;
    r.audit.session = s->number + 1;
    r.audit.amount = s->sequence;
    r.audit.detail = s->from;
    r.audit.remaining = left > s->used ? left - s->used : 0;
    memcpy(r.audit.license, s->head, sizeof(r.audit.license));
    return sfi__vault_append_only(v, &s->h, &r);
}

static sfi_status
statement_record(struct vault *v, struct statement *s, enum known *known)
{
    struct ledger_record by;
    sfi_status st = sfi__vault_read_trusted(v, &s->h);

    if (st == SFI_OK && s->h.retired)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is retired: nothing can follow");
    if (st == SFI_OK && s->seen > s->h.audit.maximum)
        return sfi__fail(v->ctx, SFI_ERR_RANGE,
                         "%llu installations remained, expected at most %llu",
                         ull(s->seen), ull(s->h.audit.maximum));
    if (st == SFI_OK)
        st = restored_look(v, &s->h, s->sequence, s->head, known, &by);
    if (st != SFI_OK || *known == KNOWN_COVERED)
        return st;
    if (*known == KNOWN_HERE)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the HSM has record %llu: nothing was lost",
                         ull(s->sequence));
    return statement_append(v, s);
}

sfi_status
sfi__vault_declare_restored(void *user, uint64_t sequence, const uint8_t *head,
                            size_t head_len, uint64_t remaining)
{
    struct vault *v = user;
    struct statement s = {
        .sequence = sequence, .head = head, .seen = remaining};
    enum known known = KNOWN_LOST;
    sfi_status st = sfi__vault_need_login(v, "takes statements");

    (void)head_len;
    if (st == SFI_OK)
        st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);
    if (st != SFI_OK)
        return st;
    st = statement_record(v, &s, &known);
    if (st == SFI_OK && known == KNOWN_COVERED)
        sfi__ledger_rollback(v->ledger);
    else
        st = sfi__ledger_finish(v->ledger, st);
    return st == SFI_OK ? sfi__vault_settle(v, &s.h, s.h.audit.sequence) : st;
}
