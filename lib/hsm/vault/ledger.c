/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Shorter ways to call a ledger's table of functions, and what all ledgers
 * store alike. */
#include "hsm/vault/ledger.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/vault/name.h"

const struct ledger_place *
sfi__ledger_place(const char *path)
{
    return sfi__vault_is_database(path) ? &sfi__ledger_pg : &sfi__ledger_sqlite;
}

void
sfi__ledger_rollback(struct ledger *l)
{
    (void)l->ops->end(l, false);
}

bool
sfi__ledger_must_repeat(struct ledger *l, sfi_status st)
{
    sfi__ledger_rollback(l);
    if (st == SFI_OK || !l->disturbed)
        return false;
    sfi__clear_error(l->ctx);
    return true;
}

sfi_status
sfi__ledger_finish(struct ledger *l, sfi_status st)
{
    if (st == SFI_OK)
        return l->ops->end(l, true);
    sfi__ledger_rollback(l);
    return st;
}

sfi_status
sfi__ledger_find_sequence(struct ledger *l, uint64_t sequence,
                          struct ledger_record *out, bool *found)
{
    const struct ledger_key key = {.by = LEDGER_BY_SEQUENCE,
                                   .sequence = sequence};

    return l->ops->find(l, &key, out, found);
}

sfi_status
sfi__ledger_find_session(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
                         uint32_t session, struct ledger_record *out,
                         bool *found)
{
    const struct ledger_key key = {
        .by = LEDGER_BY_SESSION, .device = device, .session = session};

    return l->ops->find(l, &key, out, found);
}

sfi_status
sfi__ledger_find_counted(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
                         struct ledger_record *out, bool *found)
{
    const struct ledger_key key = {.by = LEDGER_BY_COUNT, .device = device};

    return l->ops->find(l, &key, out, found);
}

size_t
sfi__ledger_put_serial(const sfi_audit_head *h, uint8_t out[LEDGER_SERIAL_MAX])
{
    struct wr w;

    sfi__wr_init(&w, out, LEDGER_SERIAL_MAX);
    sfi__wr_bytes(&w, h->serial, sizeof(h->serial));
    if (h->lease != 0) {
        sfi__wr_u64le(&w, h->lease);
        sfi__wr_u64le(&w, h->expires);
        sfi__wr_bytes(&w, h->parent, sizeof(h->parent));
        sfi__wr_bytes(&w, h->lease_record, sizeof(h->lease_record));
    }
    return sfi__wr_len(&w);
}

void
sfi__ledger_get_serial(sfi_audit_head *h, const uint8_t *data, size_t len)
{
    struct rd r;

    sfi__rd_init(&r, data, len);
    sfi__rd_bytes(&r, h->serial, sizeof(h->serial));
    if (len == LEDGER_SERIAL_LEN)
        return;
    h->lease = sfi__rd_u64le(&r);
    h->expires = sfi__rd_u64le(&r);
    sfi__rd_bytes(&r, h->parent, sizeof(h->parent));
    sfi__rd_bytes(&r, h->lease_record, sizeof(h->lease_record));
}

void
sfi__ledger_put_move(struct ledger_record *r)
{
    struct wr w;

    sfi__zero(r->license, sizeof(r->license));
    sfi__wr_init(&w, r->license, sizeof(r->license));
    sfi__wr_bytes(&w, r->audit.license, sizeof(r->audit.license));
    sfi__wr_u64le(&w, r->audit.amount);
    sfi__wr_u64le(&w, r->audit.detail);
}

sfi_status
sfi__ledger_complete(struct ledger *l, struct ledger_record *r)
{
    struct rd in;

    if (sfi__chain_has_license(r->audit.kind))
        return sfi__sha256(l->ctx, r->license, sizeof(r->license),
                           r->audit.license);
    if (!sfi__chain_moves(r->audit.kind))
        return SFI_OK; /* the closing record has nothing of this */
    sfi__rd_init(&in, r->license, sizeof(r->license));
    sfi__rd_bytes(&in, r->audit.license, sizeof(r->audit.license));
    r->audit.amount = sfi__rd_u64le(&in);
    r->audit.detail = sfi__rd_u64le(&in);
    return SFI_OK;
}

sfi_status
sfi__ledger_prefetch(struct ledger *l, const struct ledger_key *keys,
                     size_t count)
{
    return l->ops->prefetch != NULL ? l->ops->prefetch(l, keys, count) : SFI_OK;
}
