/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Appends records straight to a ledger, thousands in one transaction. */
#include <disk/ledger_fill.h>

#include <string.h>

#include "audit/chain.h"

#define AT_ONCE 20000u

/* Device, times and licence are of no device; hashes and MACs are right. */
static sfi_status
add_record(struct ledger *l, struct ledger_head *h, const uint8_t *audit_key)
{
    struct ledger_record r = {.audit = {.kind = SFI_AUDIT_COUNTED}};
    sfi_audit_head *head = &h->audit;
    sfi_status st;

    r.audit.sequence = ++head->sequence;
    r.audit.remaining = --head->remaining;
    memcpy(r.audit.previous, head->audit_head, sizeof(r.audit.previous));
    st = sfi__sha256(l->ctx, &r.audit.sequence, sizeof(r.audit.sequence),
                     r.audit.device);
    if (st == SFI_OK)
        st = sfi__sha256(l->ctx, r.license, sizeof(r.license), r.audit.license);
    if (st == SFI_OK)
        st = sfi__chain_record(l->ctx, head, &r.audit, audit_key, r.audit.hash,
                               r.audit.mac);
    memcpy(head->audit_head, r.audit.hash, sizeof(head->audit_head));
    return st == SFI_OK ? l->ops->append(l, &r) : st;
}

static sfi_status
add_some(struct ledger *l, const uint8_t *audit_key, uint64_t count)
{
    struct ledger_head h;
    sfi_status st = l->ops->read_head(l, &h);

    for (uint64_t i = 0; st == SFI_OK && i < count; i++)
        st = add_record(l, &h, audit_key);
    if (st == SFI_OK)
        st = sfi__chain_head_mac(l->ctx, &h.audit, audit_key, h.audit.mac);
    return st == SFI_OK ? l->ops->write_head(l, LEDGER_COUNTS, &h) : st;
}

sfi_status
ledger_fill(sfi_ctx *ctx, const struct ledger_place *place, const char *path,
            const uint8_t audit_key[SFI_AUDIT_KEY_LEN], uint64_t count)
{
    struct ledger *l;
    sfi_status st = place->open(ctx, path, &l);

    if (st != SFI_OK || l == NULL)
        return st != SFI_OK ? st : SFI_ERR_NO_DEVICE;
    for (uint64_t left = count; st == SFI_OK && left > 0;) {
        uint64_t some = left < AT_ONCE ? left : AT_ONCE;

        left -= some;
        st = l->ops->begin(l, LEDGER_WRITE);
        if (st == SFI_OK)
            st = sfi__ledger_finish(l, add_some(l, audit_key, some));
    }
    l->ops->close(l);
    return st;
}
