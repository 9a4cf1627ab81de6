/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The leases that an audit log names, by the sequence of their records. */
#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/audit.h"

#define LEASES_FIRST 16u

void
sfi__audit_leases_init(struct audit_leases *l, sfi_ctx *ctx)
{
    sfi__zero(l, sizeof(*l));
    l->ctx = ctx;
}

void
sfi__audit_leases_free(struct audit_leases *l)
{
    if (l->list != NULL)
        sfi__ctx_dealloc(l->ctx, l->list);
    sfi__audit_leases_init(l, l->ctx);
}

static sfi_status
leases_grow(struct audit_leases *l)
{
    size_t size = l->size > 0 ? 2 * l->size : LEASES_FIRST;
    struct audit_lease *list = sfi__ctx_alloc(l->ctx, size * sizeof(*list));

    if (list == NULL)
        return SFI_ERR_NOMEM;
    if (l->used > 0)
        memcpy(list, l->list, l->used * sizeof(*list));
    if (l->list != NULL)
        sfi__ctx_dealloc(l->ctx, l->list);
    l->list = list;
    l->size = size;
    return SFI_OK;
}

sfi_status
sfi__audit_leases_add(struct audit_leases *l, const sfi_audit_record *r)
{
    struct audit_lease *to;

    if (l->used == AUDIT_LEASES_MAX)
        return sfi__fail(l->ctx, SFI_ERR_LIMIT,
                         "more than %zu leases, the limit", AUDIT_LEASES_MAX);
    if (l->used == l->size) {
        sfi_status st = leases_grow(l);

        if (st != SFI_OK)
            return st;
    }
    to = &l->list[l->used++];
    *to = (struct audit_lease){
        .sequence = r->sequence, .amount = r->amount, .expires = r->detail};
    memcpy(to->request, r->device, sizeof(to->request));
    memcpy(to->record, r->hash, sizeof(to->record));
    return SFI_OK;
}

/* They come in the order of the records. */
struct audit_lease *
sfi__audit_leases_find(const struct audit_leases *l, uint64_t sequence)
{
    size_t low = 0, high = l->used;

    while (low < high) {
        size_t at = low + (high - low) / 2;

        if (l->list[at].sequence == sequence)
            return &l->list[at];
        if (l->list[at].sequence < sequence)
            low = at + 1;
        else
            high = at;
    }
    return NULL;
}
