/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads a vault and checks what needs no PIN: hashes and counts. */
#include "hsm/vault/check.h"

#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/chain.h"
#include "audit/audit.h"

/* Each of many simultaneous logins takes one try and gives it back a moment
 * later, so a count of zero is believed only when it stays. */
#define SETTLE_MS 50u
#define SETTLE_ROUNDS 20u

#define damaged(v, ...) sfi__fail((v)->ctx, SFI_ERR_HSM, __VA_ARGS__)

/* ---- the ledger, if there is one ---- */

sfi_status
sfi__vault_attach(struct vault *v)
{
    if (v->ledger != NULL)
        return SFI_OK;
    return v->place->open(v->ctx, v->path, &v->ledger);
}

sfi_status
sfi__vault_need(struct vault *v)
{
    sfi_status st = sfi__vault_attach(v);

    if (st == SFI_OK && v->ledger == NULL)
        st = sfi__fail(v->ctx, SFI_ERR_HSM_STATE,
                       "the vault is blank: provision it first");
    return st;
}

sfi_status
sfi__vault_need_login(struct vault *v, const char *what)
{
    sfi_status st = sfi__vault_need(v);

    if (st != SFI_OK)
        return st;
    if (!v->unlocked)
        return sfi__fail(v->ctx, SFI_ERR_HSM_PIN,
                         "the vault %s only after a login", what);
    return SFI_OK;
}

/* ---- what can be checked without the PIN ---- */

sfi_status
sfi__vault_fail_missing(struct vault *v, uint64_t sequence)
{
    return damaged(v, "the vault is damaged: record %llu is missing",
                   (unsigned long long)sequence);
}

static sfi_status
vault_check_genesis(struct vault *v, const struct ledger_head *h)
{
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st = sfi__chain_genesis(v->ctx, &h->audit, hash);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, h->audit.genesis, sizeof(hash)))
        return damaged(v, "the vault is damaged: the provisioned data do not "
                          "match their hash");
    /* whoever writes the file can hash, and programs print these ids */
    if (!sfi__audit_is_firmware(h->audit.firmware_id) ||
        !sfi__audit_is_product(h->audit.product_id))
        return damaged(v, "the vault is damaged: firmware or product id is not "
                          "printable ASCII");
    return SFI_OK;
}

static sfi_status
vault_check_seal(struct vault *v, const struct ledger_head *h)
{
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st = sfi__vault_sealed_check(v->ctx, h, hash);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, h->sealed_check, sizeof(hash)))
        return damaged(
            v, "the vault is damaged: the seal does not match its hash");
    if (h->seal != VAULT_SEAL_PIN && h->seal != VAULT_SEAL_TOKEN)
        return damaged(v, "the vault has a seal of type %u, expected %u or %u",
                       h->seal, VAULT_SEAL_PIN, VAULT_SEAL_TOKEN);
    if (h->seal == VAULT_SEAL_PIN && !sfi__vault_cost_ok(&h->cost))
        return damaged(v,
                       "the vault is damaged: invalid cost of a PIN guess: "
                       "log2_n %u, r %u, p %u",
                       h->cost.log2_n, h->cost.r, h->cost.p);
    return SFI_OK;
}

static sfi_status
vault_check_counts(struct vault *v, const struct ledger_head *h)
{
    if (h->audit.remaining > h->audit.maximum ||
        (h->audit.sequence == 0 && h->audit.remaining != h->audit.maximum))
        return damaged(v,
                       "the vault is damaged: %llu of %llu installations "
                       "remain after %llu records",
                       (unsigned long long)h->audit.remaining,
                       (unsigned long long)h->audit.maximum,
                       (unsigned long long)h->audit.sequence);
    if (h->pin_tries > VAULT_PIN_TRIES)
        return damaged(v, "the vault is damaged: %u PIN tries left, at most %u",
                       h->pin_tries, VAULT_PIN_TRIES);
    return SFI_OK;
}

/* The last record.  If there is none: what a record before the first one would
 * leave. */
static sfi_status
vault_read_last_record(struct vault *v, const struct ledger_head *h,
                       struct ledger_record *last)
{
    bool found;
    sfi_status st;

    if (h->audit.sequence == 0) {
        sfi__zero(last, sizeof(*last));
        last->audit.remaining = h->audit.maximum;
        memcpy(last->audit.hash, h->audit.genesis, sizeof(last->audit.hash));
        return SFI_OK;
    }
    st = sfi__ledger_find_sequence(v->ledger, h->audit.sequence, last, &found);
    if (st != SFI_OK)
        return st;
    if (!found)
        return sfi__vault_fail_missing(v, h->audit.sequence);
    return sfi__chain_record(v->ctx, &h->audit, &last->audit, NULL,
                             last->audit.hash, NULL);
}

/* The audit ends where the head says. */
static sfi_status
vault_check_audit_end(struct vault *v, struct ledger_head *h)
{
    struct ledger_record last;
    bool found;
    sfi_status st = sfi__ledger_find_sequence(v->ledger, h->audit.sequence + 1,
                                              &last, &found);

    if (st != SFI_OK)
        return st;
    if (found)
        return damaged(v,
                       "the vault is damaged: found record %llu, expected %llu "
                       "to be the last",
                       (unsigned long long)last.audit.sequence,
                       (unsigned long long)h->audit.sequence);
    st = vault_read_last_record(v, h, &last);
    if (st != SFI_OK)
        return st;
    if (!sfi__equal(last.audit.hash, h->audit.audit_head,
                    sizeof(last.audit.hash)))
        return damaged(v,
                       "the vault is damaged: record %llu does not match "
                       "the end of the audit",
                       (unsigned long long)h->audit.sequence);
    if (last.audit.remaining != h->audit.remaining)
        return damaged(v,
                       "the vault is damaged: %llu of %llu installations "
                       "remain, expected %llu after record %llu",
                       (unsigned long long)h->audit.remaining,
                       (unsigned long long)h->audit.maximum,
                       (unsigned long long)last.audit.remaining,
                       (unsigned long long)h->audit.sequence);
    h->retired = last.audit.kind == SFI_AUDIT_RETIRED;
    h->last_time = last.audit.time;
    return SFI_OK;
}

sfi_status
sfi__vault_read_head(struct vault *v, struct ledger_head *h)
{
    sfi_status st = v->ledger->ops->read_head(v->ledger, h);

    if (st != SFI_OK)
        return st;
    st = vault_check_genesis(v, h);
    if (st != SFI_OK)
        return st;
    st = vault_check_seal(v, h);
    if (st != SFI_OK)
        return st;
    st = vault_check_counts(v, h);
    if (st != SFI_OK)
        return st;
    return vault_check_audit_end(v, h);
}

sfi_status
sfi__vault_look(struct vault *v, struct ledger_head *h)
{
    sfi_status st;

    do {
        st = v->ledger->ops->begin(v->ledger, LEDGER_LOOK);
        if (st != SFI_OK)
            return st;
        st = sfi__vault_read_head(v, h);
    } while (sfi__ledger_must_repeat(v->ledger, st));
    return st;
}

sfi_status
sfi__vault_look_settled(struct vault *v, struct ledger_head *h)
{
    const struct clock *clock = v->ctx->clock;
    sfi_status st = sfi__vault_look(v, h);

    for (size_t i = 0; i < SETTLE_ROUNDS && st == SFI_OK && h->pin_tries == 0;
         i++) {
        clock->sleep_ms(clock->user, SETTLE_MS);
        st = sfi__vault_look(v, h);
    }
    return st;
}

static sfi_status
vault_read_record(struct vault *v, uint64_t sequence, struct ledger_record *r)
{
    uint8_t hash[SFI_SHA256_LEN];
    struct ledger_head h;
    bool found = false;
    sfi_status st = v->ledger->ops->read_head(v->ledger, &h);

    if (st != SFI_OK)
        return st;
    st = sfi__ledger_find_sequence(v->ledger, sequence, r, &found);
    if (st != SFI_OK)
        return st;
    if (!found && sequence <= h.audit.sequence)
        return sfi__vault_fail_missing(v, sequence);
    if (!found)
        return sfi__fail(
            v->ctx, SFI_ERR_RANGE, "there is no record %llu, the last is %llu",
            (unsigned long long)sequence, (unsigned long long)h.audit.sequence);
    st = sfi__chain_record(v->ctx, &h.audit, &r->audit, NULL, hash, NULL);
    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, r->audit.hash, sizeof(hash)))
        return damaged(v,
                       "the vault is damaged: record %llu does not match its "
                       "hash",
                       (unsigned long long)sequence);
    return v->unlocked ? sfi__vault_check_record(v, &h, r) : SFI_OK;
}

sfi_status
sfi__vault_look_record(struct vault *v, uint64_t sequence,
                       struct ledger_record *r)
{
    sfi_status st;

    do {
        st = v->ledger->ops->begin(v->ledger, LEDGER_LOOK);
        if (st != SFI_OK)
            return st;
        st = vault_read_record(v, sequence, r);
    } while (sfi__ledger_must_repeat(v->ledger, st));
    return st;
}

sfi_status
sfi__vault_sync(struct vault *v, uint64_t sequence, uint64_t last)
{
    if (sequence > v->synced) {
        sfi_status st = v->ledger->ops->sync(v->ledger);

        if (st != SFI_OK)
            return st;
    }
    if (last > v->synced)
        v->synced = last;
    return SFI_OK;
}
