/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a transaction knows: records that it asked for, and that it appended. */
#include "hsm/vault/ledger_pg.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"

#define LIST_FIRST 16u

static sfi_status
list_grow(sfi_ctx *ctx, struct pg_list *l, size_t size, void **out)
{
    *out = NULL;
    if (l->count == l->cap) {
        size_t cap = l->cap == 0 ? LIST_FIRST : 2 * l->cap;
        void *items = sfi__ctx_alloc(ctx, cap * size);

        if (items == NULL)
            return SFI_ERR_NOMEM;
        if (l->count > 0)
            memcpy(items, l->items, l->count * size);
        sfi__ctx_dealloc(ctx, l->items);
        l->items = items;
        l->cap = cap;
    }
    *out = (uint8_t *)l->items + l->count++ * size;
    return SFI_OK;
}

void
sfi__pg_known_clear(struct pg *p)
{
    p->known.count = 0;
    p->appended.count = 0;
    p->hint = 0;
    p->changed = 0;
}

void
sfi__pg_known_free(struct pg *p)
{
    sfi__ctx_dealloc(p->base.ctx, p->known.items);
    sfi__ctx_dealloc(p->base.ctx, p->appended.items);
}

sfi_status
sfi__pg_known_add(struct pg *p, const struct ledger_key *key,
                  const struct ledger_record *r)
{
    void *at;
    struct pg_known *k;
    sfi_status st = list_grow(p->base.ctx, &p->known, sizeof(*k), &at);

    if (st != SFI_OK)
        return st;
    k = at;
    sfi__zero(k, sizeof(*k));
    k->by = key->by;
    k->session = key->session;
    k->sequence = key->sequence;
    if (key->by != LEDGER_BY_SEQUENCE)
        memcpy(k->device, key->device, sizeof(k->device));
    k->found = r != NULL;
    if (r != NULL)
        k->record = *r;
    return SFI_OK;
}

static bool
known_is(const struct pg_known *k, const struct ledger_key *key)
{
    if (k->by != key->by)
        return false;
    if (k->by == LEDGER_BY_SEQUENCE)
        return k->sequence == key->sequence;
    return (k->by == LEDGER_BY_COUNT || k->session == key->session) &&
           sfi__equal(k->device, key->device, sizeof(k->device));
}

/* The vault asks in the order in which it said that it would. */
const struct pg_known *
sfi__pg_known_find(struct pg *p, const struct ledger_key *key)
{
    const struct pg_known *all = p->known.items;

    for (size_t i = 0; i < p->known.count; i++) {
        size_t at = (p->hint + i) % p->known.count;

        if (known_is(&all[at], key)) {
            p->hint = at + 1;
            return &all[at];
        }
    }
    return NULL;
}

bool
sfi__pg_is_record_of(const struct ledger_record *r,
                     const struct ledger_key *key)
{
    if (key->by == LEDGER_BY_SEQUENCE)
        return r->audit.sequence == key->sequence;
    if (key->by == LEDGER_BY_SESSION ? r->audit.session != key->session
                                     : r->audit.kind != SFI_AUDIT_COUNTED)
        return false;
    return sfi__equal(r->audit.device, key->device, sizeof(r->audit.device));
}

const struct ledger_record *
sfi__pg_appended_find(const struct pg *p, const struct ledger_key *key)
{
    const struct ledger_record *all = p->appended.items;

    for (size_t i = 0; i < p->appended.count; i++) {
        if (sfi__pg_is_record_of(&all[i], key))
            return &all[i];
    }
    return NULL;
}

sfi_status
sfi__pg_appended_add(struct pg *p, const struct ledger_record *r)
{
    void *at;
    sfi_status st = list_grow(p->base.ctx, &p->appended, sizeof(*r), &at);

    if (st == SFI_OK)
        memcpy(at, r, sizeof(*r));
    return st;
}
