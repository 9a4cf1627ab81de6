/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The verification of an audit file: its chain, its counts, and that it
 * continues an earlier one. */
#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/chain.h"
#include "audit/audit.h"

SFI_ABI_PIN(sfi_audit_summary, given_up);

#define ull(v) ((unsigned long long)(v))

/* An audit file and what it has proved so far. */
struct proof {
    struct audit_in in;
    const uint8_t *key_secret; /* NULL: no MAC is checked */
    uint8_t lease_key_secret[SFI_AUDIT_KEY_LEN];
    const sfi_audit_head *before; /* head of an earlier file, or NULL */
    sfi_audit_head head;
    struct audit_devices devices;
    struct audit_leases leases;
    uint8_t last[SFI_SHA256_LEN]; /* hash of the last record, or genesis */
    uint64_t remaining;
    uint64_t told; /* of in.taken, as progress */
    sfi_audit_summary sum;
};

#define altered(p, ...) sfi__audit_fail(&(p)->in, SFI_ERR_AUTH, __VA_ARGS__)

/* ---- hashes and MACs ---- */

/* The owner has one key, and each leased vault one that comes from it. */
static sfi_status
proof_choose_key(struct proof *p)
{
    sfi_status st = SFI_OK;

    if (p->key_secret == NULL || p->head.lease == 0)
        return SFI_OK;
    st = sfi__chain_lease_key(p->in.ctx, p->key_secret, p->head.lease_record,
                              p->lease_key_secret);
    p->key_secret = p->lease_key_secret;
    return st;
}

static sfi_status
proof_check_head(struct proof *p)
{
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st = sfi__chain_genesis(p->in.ctx, &p->head, hash);

    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, p->head.genesis, sizeof(hash)))
        return altered(p, "the head was altered: it does not match its hash");
    if (p->before != NULL &&
        !sfi__equal(hash, p->before->genesis, sizeof(hash)))
        return altered(p, "the earlier audit log is from another HSM");
    memcpy(p->last, hash, sizeof(hash));
    return proof_choose_key(p);
}

/* A record must be in its place and unaltered. */
static sfi_status
proof_check_record(struct proof *p, const sfi_audit_record *r)
{
    uint8_t hash[SFI_SHA256_LEN];
    uint8_t mac[SFI_SHA256_LEN];
    sfi_status st;

    if (r->sequence != p->sum.records + 1)
        return altered(p,
                       "record %llu, expected %llu: records were removed, "
                       "added or moved",
                       ull(r->sequence), ull(p->sum.records + 1));
    st = sfi__chain_record(p->in.ctx, &p->head, r, p->key_secret, hash, mac);
    if (st != SFI_OK)
        return st;
    if (!sfi__equal(hash, r->hash, sizeof(hash)))
        return altered(p, "record %llu was altered: it does not match its hash",
                       ull(r->sequence));
    if (p->key_secret != NULL && !sfi__ct_equal(mac, r->mac, sizeof(mac)))
        return altered(p,
                       "record %llu does not match its MAC: it was altered, or "
                       "this is the wrong audit key",
                       ull(r->sequence));
    if (!sfi__equal(r->previous, p->last, sizeof(p->last)))
        return altered(p, "record %llu does not continue the previous record",
                       ull(r->sequence));
    memcpy(p->last, hash, sizeof(hash));
    return SFI_OK;
}

static sfi_status
proof_check_end_mac(struct proof *p)
{
    uint8_t mac[SFI_SHA256_LEN];
    sfi_status st =
        sfi__chain_head_mac(p->in.ctx, &p->head, p->key_secret, mac);

    if (st == SFI_OK && !sfi__ct_equal(mac, p->head.mac, sizeof(mac)))
        return altered(p, "the end does not match its MAC: it was altered, or "
                          "this is the wrong audit key");
    return st;
}

static sfi_status
proof_check_end(struct proof *p)
{
    const sfi_audit_head *h = &p->head;
    sfi_status st = p->key_secret != NULL ? proof_check_end_mac(p) : SFI_OK;

    if (st != SFI_OK)
        return st;
    if (h->sequence != p->sum.records || h->remaining != p->remaining ||
        !sfi__equal(h->audit_head, p->last, sizeof(p->last)))
        return altered(
            p, "the end does not match: it names %llu records, found %llu",
            ull(h->sequence), ull(p->sum.records));
    return SFI_OK;
}

/* ---- the meaning of the records ---- */

static bool
proof_hash_is_zero(const uint8_t hash[SFI_SHA256_LEN])
{
    static const uint8_t zeros[SFI_SHA256_LEN];

    return sfi__equal(hash, zeros, sizeof(zeros));
}

static sfi_status
proof_count_device(struct proof *p, const sfi_audit_record *r)
{
    if (sfi__audit_devices_have(&p->devices, r->device))
        return altered(p, "record %llu counts a device a second time",
                       ull(r->sequence));
    if (p->remaining == 0)
        return altered(
            p, "record %llu counts a device when no installation was left",
            ull(r->sequence));
    p->remaining--;
    p->sum.licensed++;
    if (sfi__audit_devices_add(&p->devices, r->device) != SFI_OK)
        return sfi__audit_where(&p->in);
    return SFI_OK;
}

static sfi_status
proof_judge_end(struct proof *p, const sfi_audit_record *r)
{
    p->sum.retired = 1;
    if (r->session != 0 || !proof_hash_is_zero(r->device) ||
        !proof_hash_is_zero(r->license))
        return altered(p,
                       "record %llu closes the audit log but names a "
                       "device or licence",
                       ull(r->sequence));
    return SFI_OK;
}

static sfi_status
proof_judge_license(struct proof *p, const sfi_audit_record *r)
{
    if ((p->head.flags & SFI_HSM_LIVE_ONLY) != 0 && r->session == 0)
        return altered(p,
                       "record %llu is for a static licence, which this HSM "
                       "does not issue",
                       ull(r->sequence));
    if (r->kind == SFI_AUDIT_COUNTED)
        return proof_count_device(p, r);
    if (!sfi__audit_devices_have(&p->devices, r->device))
        return altered(
            p, "record %llu is for a device that was not counted before",
            ull(r->sequence));
    return SFI_OK;
}

/* ---- what moves installations ---- */

static sfi_status
proof_judge_lease(struct proof *p, const sfi_audit_record *r)
{
    if (p->head.lease != 0)
        return altered(p, "record %llu leases what is leased itself",
                       ull(r->sequence));
    if (r->amount == 0 || r->amount > p->remaining)
        return altered(p,
                       "record %llu leases %llu installations when %llu were "
                       "left",
                       ull(r->sequence), ull(r->amount), ull(p->remaining));
    p->remaining -= r->amount;
    p->sum.leased += r->amount;
    if (sfi__audit_leases_add(&p->leases, r) != SFI_OK)
        return sfi__audit_where(&p->in);
    return SFI_OK;
}

/* What a lease from before a lost part gives back may have come back there. */
static sfi_status
proof_judge_return(struct proof *p, const sfi_audit_record *r)
{
    struct audit_lease *lease = sfi__audit_leases_find(&p->leases, r->detail);

    if (lease == NULL ||
        !sfi__equal(lease->request, r->device, sizeof(lease->request)))
        return altered(p, "record %llu returns a lease that there is not",
                       ull(r->sequence));
    if (lease->closed || lease->sequence < p->leases.restored)
        return altered(p,
                       "record %llu returns the lease of record %llu, which "
                       "was closed before",
                       ull(r->sequence), ull(lease->sequence));
    if (r->amount > lease->amount)
        return altered(p,
                       "record %llu returns %llu installations of a lease of "
                       "%llu",
                       ull(r->sequence), ull(r->amount), ull(lease->amount));
    lease->closed = true;
    lease->returned = r->amount;
    p->remaining += r->amount;
    p->sum.returned += r->amount;
    return SFI_OK;
}

static sfi_status
proof_judge_restored(struct proof *p, const sfi_audit_record *r)
{
    if (r->remaining > p->remaining || r->detail == 0 ||
        r->detail > r->amount || r->detail > r->sequence)
        return altered(p, "record %llu states a loss of records that cannot be",
                       ull(r->sequence));
    p->sum.given_up += p->remaining - r->remaining;
    p->remaining = r->remaining;
    p->leases.restored = r->sequence;
    return SFI_OK;
}

static sfi_status
proof_judge_kind(struct proof *p, const sfi_audit_record *r)
{
    if (p->sum.retired != 0)
        return altered(p, "record %llu follows the closing record",
                       ull(r->sequence));
    switch (r->kind) {
    case SFI_AUDIT_RETIRED:
        return proof_judge_end(p, r);
    case SFI_AUDIT_LEASE:
        return proof_judge_lease(p, r);
    case SFI_AUDIT_RETURN:
        return proof_judge_return(p, r);
    case SFI_AUDIT_RESTORED:
        return proof_judge_restored(p, r);
    default:
        return proof_judge_license(p, r);
    }
}

static sfi_status
proof_judge_record(struct proof *p, const sfi_audit_record *r)
{
    sfi_status st = proof_judge_kind(p, r);

    if (st != SFI_OK)
        return st;
    if (r->remaining != p->remaining)
        return altered(p,
                       "record %llu leaves %llu installations, expected %llu",
                       ull(r->sequence), ull(r->remaining), ull(p->remaining));
    if (p->sum.records == 0)
        p->sum.first_time = r->time;
    else if (r->time < p->sum.last_time)
        p->sum.set_back++;
    p->sum.last_time = r->time;
    p->sum.records = r->sequence;
    return SFI_OK;
}

/* ---- the earlier audit log ---- */

static sfi_status
proof_judge_earlier(struct proof *p)
{
    const sfi_audit_head *before = p->before;

    if (before == NULL || p->sum.records != before->sequence ||
        sfi__equal(before->audit_head, p->last, sizeof(p->last)))
        return SFI_OK;
    return altered(p, "record %llu differs from the earlier audit log",
                   ull(before->sequence));
}

static sfi_status
proof_judge_length(struct proof *p)
{
    if (p->before == NULL || p->sum.records >= p->before->sequence)
        return SFI_OK;
    return altered(
        p,
        "the audit log ends with record %llu, the earlier one with %llu: the "
        "HSM was rolled back, or this is the older of the two files",
        ull(p->sum.records), ull(p->before->sequence));
}

/* ---- whole files ---- */

/* 0 for a pipe, which does not tell its length. */
static uint64_t
proof_total(const struct proof *p)
{
    const struct audit_in *in = &p->in;

    if (in->from.path == NULL)
        return in->taken + in->from.len;
    return in->file.size > 0 && in->file.size < in->taken ? in->taken
                                                          : in->file.size;
}

static sfi_status
proof_tell(struct proof *p)
{
    uint64_t done = p->in.taken;

    if (p->told == done)
        return SFI_OK;
    p->told = done;
    return sfi__ctx_progress(p->in.ctx, SFI_PHASE_AUDIT, done, proof_total(p));
}

static sfi_status
proof_read_records(struct proof *p)
{
    /* The earlier file may have no record. */
    sfi_status st = proof_judge_earlier(p);

    while (st == SFI_OK) {
        sfi_audit_record r = {.struct_size = sizeof(r)};
        bool end;

        st = sfi__audit_read_next(&p->in, &r, &p->head, &end);
        if (st != SFI_OK)
            return st;
        if (end)
            return proof_check_end(p);
        st = proof_check_record(p, &r);
        if (st != SFI_OK)
            return st;
        st = proof_judge_record(p, &r);
        if (st != SFI_OK)
            return st;
        st = proof_judge_earlier(p);
        if (st == SFI_OK)
            st = proof_tell(p);
    }
    return st;
}

static sfi_status
proof_read_audit(struct proof *p)
{
    sfi_status st =
        sfi__ctx_progress(p->in.ctx, SFI_PHASE_AUDIT, 0, proof_total(p));

    if (st == SFI_OK)
        st = sfi__audit_read_head(&p->in, &p->head);
    if (st != SFI_OK)
        return st;
    st = proof_check_head(p);
    if (st != SFI_OK)
        return st;
    p->remaining = p->head.maximum;
    st = proof_read_records(p);
    return st == SFI_OK ? proof_judge_length(p) : st;
}

static void
proof_fill_summary(struct proof *p)
{
    sfi_audit_summary *s = &p->sum;

    s->remaining = p->remaining;
    s->maximum = p->head.maximum;
    memcpy(s->firmware_id, p->head.firmware_id, sizeof(s->firmware_id));
    memcpy(s->product_id, p->head.product_id, sizeof(s->product_id));
    sfi__hex_encode(s->serial, p->head.serial, sizeof(p->head.serial));
}

static sfi_status
audit_prove_source(sfi_ctx *ctx, const struct audit_source *from,
                   const uint8_t *key_secret, const sfi_audit_head *before,
                   sfi_audit_head *head, sfi_audit_summary *sum,
                   struct audit_leases *leases)
{
    struct proof *p = sfi__ctx_alloc(ctx, sizeof(*p));
    sfi_status st;

    sfi__zero(head, sizeof(*head));
    sfi__zero(sum, sizeof(*sum));
    if (p == NULL)
        return SFI_ERR_NOMEM;
    p->key_secret = key_secret;
    p->before = before;
    p->sum.struct_size = sizeof(p->sum);
    sfi__audit_devices_init(&p->devices, ctx);
    sfi__audit_leases_init(&p->leases, ctx);
    st = sfi__audit_open(&p->in, ctx, from);
    if (st == SFI_OK)
        st = proof_read_audit(p);
    sfi__audit_close(&p->in);
    proof_fill_summary(p);
    *head = p->head;
    *sum = p->sum;
    sfi__audit_devices_free(&p->devices);
    if (leases != NULL)
        *leases = p->leases;
    else
        sfi__audit_leases_free(&p->leases);
    sfi__wipe(p->lease_key_secret, sizeof(p->lease_key_secret));
    sfi__ctx_dealloc(ctx, p);
    return st;
}

static sfi_status
audit_prove_sources(sfi_ctx *ctx, const struct audit_source *from,
                    const uint8_t *key_secret,
                    const struct audit_source *before, sfi_audit_head *head,
                    sfi_audit_summary *sum)
{
    bool could = sfi__ctx_set_can_cancel(ctx, true);
    sfi_audit_head earlier;
    sfi_status st = SFI_OK;

    if (before != NULL)
        st = audit_prove_source(ctx, before, key_secret, NULL, &earlier, sum,
                                NULL);
    if (st == SFI_OK)
        st = audit_prove_source(ctx, from, key_secret,
                                before != NULL ? &earlier : NULL, head, sum,
                                NULL);
    (void)sfi__ctx_set_can_cancel(ctx, could);
    return st;
}

sfi_status
sfi__audit_prove(sfi_ctx *ctx, const char *path, const uint8_t *key_secret,
                 const char *before, sfi_audit_head *head,
                 sfi_audit_summary *sum)
{
    const struct audit_source from = {.path = path};
    const struct audit_source earlier = {.path = before};

    return audit_prove_sources(ctx, &from, key_secret,
                               before != NULL ? &earlier : NULL, head, sum);
}

sfi_status
sfi__audit_prove_leases(sfi_ctx *ctx, const char *path,
                        const uint8_t *key_secret, sfi_audit_head *head,
                        sfi_audit_summary *sum, struct audit_leases *leases)
{
    const struct audit_source from = {.path = path};

    sfi__audit_leases_init(leases, ctx);
    return audit_prove_source(ctx, &from, key_secret, NULL, head, sum, leases);
}

static sfi_status
audit_verify_sources(sfi_ctx *ctx, const struct audit_source *from,
                     const uint8_t *key, size_t key_len,
                     const struct audit_source *before, sfi_audit_summary *out)
{
    sfi_audit_head head;
    sfi_audit_summary sum;
    sfi_status st;

    if (key_len != SFI_AUDIT_KEY_LEN)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "audit key of %zu bytes, expected %u", key_len,
                         SFI_AUDIT_KEY_LEN);
    st = audit_prove_sources(ctx, from, key, before, &head, &sum);
    return st == SFI_OK ? SFI_ABI_OUT(ctx, sfi_audit_summary, out, &sum) : st;
}

sfi_status
sfi_audit_verify(sfi_ctx *ctx, const char *path, const uint8_t *key,
                 size_t key_len, const char *before, sfi_audit_summary *out)
{
    const struct audit_source from = {.path = path};
    const struct audit_source earlier = {.path = before};

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    SFI_ARG(ctx, key != NULL);
    SFI_ARG(ctx, out != NULL);
    return audit_verify_sources(ctx, &from, key, key_len,
                                before != NULL ? &earlier : NULL, out);
}

sfi_status
sfi_audit_verify_data(sfi_ctx *ctx, const uint8_t *data, size_t len,
                      const uint8_t *key, size_t key_len, const uint8_t *before,
                      size_t before_len, sfi_audit_summary *out)
{
    const struct audit_source from = {.data = data, .len = len};
    const struct audit_source earlier = {.data = before, .len = before_len};

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, data != NULL);
    SFI_ARG(ctx, key != NULL);
    SFI_ARG(ctx, out != NULL);
    return audit_verify_sources(ctx, &from, key, key_len,
                                before != NULL ? &earlier : NULL, out);
}
