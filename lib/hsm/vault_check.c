#include "hsm/vault_check.h"

#include <string.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

/* Of many that log in at the same moment each has taken one try and gives it
 * back a moment later.  So "none left" is believed only when it stays. */
#define SETTLE_MS 50u
#define SETTLE_ROUNDS 20u

#define damaged(v, ...) sfi__fail((v)->ctx, SFI_ERR_HSM, __VA_ARGS__)

/* ---- what can be seen without the PIN ---- */

static sfi_status
check_genesis(struct vault *v, const struct ledger_head *h)
{
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st = sfi__vault_genesis(v->ctx, h, hash);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, h->genesis, sizeof(hash)))
        return damaged(v, "the vault is damaged: what was provisioned does not "
                          "match its hash");
    if (!sfi__vault_cost_ok(&h->cost))
        return damaged(v, "the vault is damaged: no such cost of a PIN guess");
    return SFI_OK;
}

static sfi_status
check_counts(struct vault *v, const struct ledger_head *h)
{
    if (h->remaining > h->maximum || h->sequence != h->maximum - h->remaining)
        return damaged(v,
                       "the vault is damaged: %llu of %llu installations "
                       "remain after %llu",
                       (unsigned long long)h->remaining,
                       (unsigned long long)h->maximum,
                       (unsigned long long)h->sequence);
    if (h->pin_tries > VAULT_PIN_TRIES)
        return damaged(v, "the vault is damaged: %u PIN tries left, at most %u",
                       h->pin_tries, VAULT_PIN_TRIES);
    return SFI_OK;
}

/* The log ends where the head says. */
static sfi_status
check_log_end(struct vault *v, const struct ledger_head *h)
{
    uint8_t hash[SFI_SHA256_LEN];
    struct ledger_record last;
    bool found;
    sfi_status st = sfi__ledger_at(v->ledger, h->sequence + 1, &last, &found);

    if (st == SFI_OK && found)
        st = damaged(v, "the vault is damaged: a record %llu, expected %llu",
                     (unsigned long long)last.sequence,
                     (unsigned long long)h->sequence);
    if (st != SFI_OK)
        return st;
    if (h->sequence == 0) {
        memcpy(hash, h->genesis, sizeof(hash));
    } else {
        st = sfi__ledger_at(v->ledger, h->sequence, &last, &found);
        if (st == SFI_OK && !found)
            st = damaged(v, "the vault is damaged: record %llu is missing",
                         (unsigned long long)h->sequence);
        if (st == SFI_OK)
            st = sfi__vault_record(v->ctx, h, &last, NULL, hash, NULL);
        if (st != SFI_OK)
            return st;
    }
    if (!sfi__equal(hash, h->log_head, sizeof(hash)))
        return damaged(v,
                       "the vault is damaged: record %llu does not match "
                       "the end of the log",
                       (unsigned long long)h->sequence);
    return SFI_OK;
}

/* Inside a transaction. */
sfi_status
sfi__vault_read_head(struct vault *v, struct ledger_head *h)
{
    sfi_status st = sfi__ledger_read(v->ledger, h);

    if (st == SFI_OK)
        st = check_genesis(v, h);
    if (st == SFI_OK)
        st = check_counts(v, h);
    if (st == SFI_OK)
        st = check_log_end(v, h);
    return st;
}

sfi_status
sfi__vault_look(struct vault *v, struct ledger_head *h)
{
    sfi_status st = sfi__ledger_begin(v->ledger, LEDGER_READ);

    if (st == SFI_OK) {
        st = sfi__vault_read_head(v, h);
        sfi__ledger_rollback(v->ledger);
    }
    return st;
}

/* sfi__vault_look(), until no login of another process is half-way. */
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

/* ---- what only the log key can tell ---- */

static sfi_status
check_head_mac(struct vault *v, const struct ledger_head *h)
{
    uint8_t mac[SFI_SHA256_LEN];
    sfi_status st = sfi__vault_head_mac(v->ctx, h, &v->secrets, mac);

    if (st != SFI_OK)
        return st;
    if (!sfi__ct_equal(mac, h->mac, sizeof(mac)))
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
    sfi_status st = sfi__vault_record(v->ctx, h, r, &v->secrets, hash, mac);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, r->hash, sizeof(hash)) ||
        !sfi__ct_equal(mac, r->mac, sizeof(mac)) ||
        r->remaining != h->maximum - r->sequence)
        return damaged(v,
                       "the vault was altered: record %llu does not match "
                       "its MAC",
                       (unsigned long long)r->sequence);
    return SFI_OK;
}

/* A device must be found by the record that counted it: one that is lost would
 * be counted twice. */
static sfi_status
check_index(struct vault *v, const struct ledger_record *r)
{
    struct ledger_record found;
    bool there;
    sfi_status st = sfi__ledger_find(v->ledger, r->device, &found, &there);

    if (st == SFI_OK && (!there || found.sequence != r->sequence))
        st = damaged(v,
                     "the vault is damaged: its index does not lead to "
                     "record %llu",
                     (unsigned long long)r->sequence);
    return st;
}

/* Verify the records that were added since the last audit. */
static sfi_status
audit(struct vault *v, const struct ledger_head *h)
{
    if (h->sequence < v->audited)
        return damaged(v, "the vault was set back from record %llu to %llu",
                       (unsigned long long)v->audited,
                       (unsigned long long)h->sequence);
    while (v->audited < h->sequence) {
        struct ledger_record r;
        uint64_t next = v->audited + 1;
        bool found;
        sfi_status st = sfi__ledger_at(v->ledger, next, &r, &found);

        if (st == SFI_OK && !found)
            st = damaged(v, "the vault is damaged: record %llu is missing",
                         (unsigned long long)next);
        if (st == SFI_OK)
            st = sfi__vault_check_record(v, h, &r);
        if (st == SFI_OK)
            st = check_index(v, &r);
        if (st != SFI_OK)
            return st;
        if (!sfi__equal(r.previous, v->audited_head, sizeof(r.previous)))
            return damaged(v,
                           "the vault was altered: record %llu does not "
                           "follow record %llu",
                           (unsigned long long)next,
                           (unsigned long long)v->audited);
        v->audited = next;
        memcpy(v->audited_head, r.hash, sizeof(r.hash));
    }
    if (!sfi__equal(v->audited_head, h->log_head, sizeof(h->log_head)))
        return damaged(v, "the vault was altered: the log has another end");
    return SFI_OK;
}

/* Inside a transaction: the head, believed. */
sfi_status
sfi__vault_read_trusted(struct vault *v, struct ledger_head *h)
{
    sfi_status st = sfi__vault_read_head(v, h);

    if (st == SFI_OK &&
        !sfi__equal(h->genesis, v->head.genesis, sizeof(h->genesis)))
        st = damaged(v, "the vault was replaced by another since the login");
    if (st == SFI_OK)
        st = check_head_mac(v, h);
    if (st == SFI_OK)
        st = audit(v, h);
    return st;
}
