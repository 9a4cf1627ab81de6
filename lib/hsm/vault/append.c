/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One more record in a vault's audit, and the closing one. */
#include "hsm/vault/append.h"

#include <string.h>

#include "util/clock.h"
#include "util/date.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/vault/sealed_by_token.h"

/* By the clock; the records of a lease never go back, so that its end comes. */
static uint64_t
vault_now(const struct vault *v, const struct ledger_head *h)
{
    uint64_t now = sfi__clock_wall(v->ctx->clock);

    return h->audit.lease != 0 && now < h->last_time ? h->last_time : now;
}

static sfi_status
vault_check_lease_time(struct vault *v, const struct ledger_head *h)
{
    char date[DATE_MAX];

    if (h->audit.lease == 0 || vault_now(v, h) < h->audit.expires)
        return SFI_OK;
    return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                     "the lease of this vault ended at %s: give it back",
                     sfi__date_format(date, h->audit.expires));
}

sfi_status
sfi__vault_read_open(struct vault *v, struct ledger_head *h)
{
    sfi_status st = sfi__vault_read_trusted(v, h);

    if (st == SFI_OK && h->retired)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is retired and issues no licences");
    return st == SFI_OK ? vault_check_lease_time(v, h) : st;
}

static void
vault_move(sfi_audit_head *audit, const sfi_audit_record *r)
{
    if (r->kind == SFI_AUDIT_COUNTED)
        audit->remaining--;
    else if (r->kind == SFI_AUDIT_LEASE)
        audit->remaining -= r->amount;
    else if (r->kind == SFI_AUDIT_RETURN)
        audit->remaining += r->amount;
    else if (r->kind == SFI_AUDIT_RESTORED)
        audit->remaining = r->remaining;
}

sfi_status
sfi__vault_append(struct vault *v, struct ledger_head *h,
                  struct ledger_record *r)
{
    sfi_audit_head *audit = &h->audit;
    sfi_status st;

    audit->sequence++;
    vault_move(audit, &r->audit);
    r->audit.sequence = audit->sequence;
    r->audit.time = vault_now(v, h);
    r->audit.remaining = audit->remaining;
    if (r->audit.kind == SFI_AUDIT_LEASE)
        r->audit.detail += r->audit.time;
    memcpy(r->audit.previous, audit->audit_head, sizeof(r->audit.previous));
    st =
        sfi__chain_record(v->ctx, audit, &r->audit, v->secrets.audit_key_secret,
                          r->audit.hash, r->audit.mac);
    if (st != SFI_OK)
        return st;
    memcpy(audit->audit_head, r->audit.hash, sizeof(audit->audit_head));
    h->last_time = r->audit.time;
    if (sfi__chain_moves(r->audit.kind))
        sfi__ledger_put_move(r);
    return v->ledger->ops->append(v->ledger, r);
}

sfi_status
sfi__vault_write_end(struct vault *v, struct ledger_head *h)
{
    sfi_status st = sfi__chain_head_mac(
        v->ctx, &h->audit, v->secrets.audit_key_secret, h->audit.mac);

    if (st != SFI_OK)
        return st;
    return v->ledger->ops->write_head(v->ledger, LEDGER_COUNTS, h);
}

sfi_status
sfi__vault_append_only(struct vault *v, struct ledger_head *h,
                       struct ledger_record *r)
{
    sfi_status st = sfi__vault_append(v, h, r);

    return st == SFI_OK ? sfi__vault_write_end(v, h) : st;
}

sfi_status
sfi__vault_settle(struct vault *v, const struct ledger_head *h,
                  uint64_t sequence)
{
    sfi_status st = sfi__vault_sync(v, sequence, h->audit.sequence);

    return st == SFI_OK ? sfi__vault_anchor(v) : st;
}

/* ---- the end ---- */

static sfi_status
vault_append_closing(struct vault *v, bool again, struct ledger_head *h)
{
    struct ledger_record r = {.audit = {.kind = SFI_AUDIT_RETIRED}};
    sfi_status st = sfi__vault_read_trusted(v, h);

    if (st == SFI_OK)
        st = sfi__vault_check_anchor(v, h);
    if (st != SFI_OK)
        return st;
    if (h->retired && again)
        return SFI_OK;
    if (h->retired)
        return sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                         "the vault is already retired");
    h->retired = true;
    return sfi__vault_append_only(v, h, &r);
}

sfi_status
sfi__vault_close_audit(struct vault *v, bool again, struct ledger_head *h)
{
    sfi_status st = v->ledger->ops->begin(v->ledger, LEDGER_WRITE);

    if (st != SFI_OK)
        return st;
    st = sfi__ledger_finish(v->ledger, vault_append_closing(v, again, h));
    return st == SFI_OK ? sfi__vault_settle(v, h, h->audit.sequence) : st;
}
