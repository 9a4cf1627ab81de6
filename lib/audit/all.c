/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The audit logs of an HSM and of its leases, together. */
#include <string.h>

#include "util/date.h"
#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/audit.h"

SFI_ABI_PIN(sfi_audit_total, serial);

#define ull(v) ((unsigned long long)(v))

struct all {
    sfi_ctx *ctx;
    const char *const *paths;
    size_t count;
    const uint8_t *key_secret;
    size_t own; /* which log is the HSM's */
    sfi_audit_head head;
    struct audit_leases leases;
    sfi_audit_total total;
};

static sfi_status SFI_PRINTF(3, 4)
    all_fail(struct all *a, const char *path, const char *fmt, ...)
{
    char message[SFI_ERROR_MESSAGE_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(message, sizeof(message), fmt, args);
    va_end(args);
    (void)sfi__fail(a->ctx, SFI_ERR_AUTH, "%s", message);
    return sfi__where(a->ctx, "%s", path);
}

/* ---- the HSM's own log ---- */

/* Only the form: which log is whose. */
static sfi_status
all_is_leased(struct all *a, size_t i, bool *leased)
{
    const struct audit_source from = {.path = a->paths[i]};
    struct audit_in *in = sfi__ctx_alloc(a->ctx, sizeof(*in));
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_status st;

    if (in == NULL)
        return SFI_ERR_NOMEM;
    st = sfi__audit_open(in, a->ctx, &from);
    if (st == SFI_OK)
        st = sfi__audit_read_head(in, &head);
    sfi__audit_close(in);
    sfi__ctx_dealloc(a->ctx, in);
    *leased = head.lease != 0;
    return st;
}

static sfi_status
all_find_own(struct all *a)
{
    sfi_status st = SFI_OK;

    a->own = a->count;
    for (size_t i = 0; st == SFI_OK && i < a->count; i++) {
        bool leased;

        st = all_is_leased(a, i, &leased);
        if (st != SFI_OK || leased)
            continue;
        if (a->own < a->count)
            return sfi__fail(a->ctx, SFI_ERR_RANGE,
                             "both %s and %s are of an HSM that is not leased, "
                             "expected one",
                             a->paths[a->own], a->paths[i]);
        a->own = i;
    }
    if (st == SFI_OK && a->own == a->count)
        return sfi__fail(a->ctx, SFI_ERR_RANGE,
                         "no audit log is of the HSM that gave the leases");
    return st;
}

static sfi_status
all_prove_own(struct all *a)
{
    sfi_audit_summary sum;
    sfi_status st = sfi__audit_prove_leases(
        a->ctx, a->paths[a->own], a->key_secret, &a->head, &sum, &a->leases);

    a->total = (sfi_audit_total){
        .struct_size = sizeof(a->total),
        .logs = 1,
        .maximum = sum.maximum,
        .licensed = sum.licensed,
        .remaining = sum.remaining,
        .given_up = sum.given_up,
        .leases = a->leases.used,
    };
    memcpy(a->total.firmware_id, sum.firmware_id, sizeof(sum.firmware_id));
    memcpy(a->total.serial, sum.serial, sizeof(sum.serial));
    return st;
}

/* ---- the logs of leases ---- */

static sfi_status
all_check_terms(struct all *a, const char *path, const sfi_audit_head *h,
                const struct audit_lease *lease)
{
    if (lease == NULL || !sfi__equal(h->parent, a->head.serial, 16) ||
        !sfi__equal(h->lease_record, lease->record, sizeof(lease->record)))
        return all_fail(a, path,
                        "the log is of the lease of record %llu, which the "
                        "HSM's log does not have",
                        ull(h->lease));
    if (h->maximum != lease->amount || h->expires != lease->expires ||
        h->flags != a->head.flags ||
        strcmp(h->firmware_id, a->head.firmware_id) != 0 ||
        strcmp(h->product_id, a->head.product_id) != 0 ||
        !sfi__equal(h->ca_public, a->head.ca_public, sizeof(h->ca_public)))
        return all_fail(a, path,
                        "the vault has other terms than the lease of record "
                        "%llu: %llu installations, expected %llu",
                        ull(h->lease), ull(h->maximum), ull(lease->amount));
    if (lease->has_log)
        return all_fail(a, path, "the lease of record %llu has two vaults",
                        ull(h->lease));
    return SFI_OK;
}

static sfi_status
all_check_return(struct all *a, const char *path, const sfi_audit_summary *sum,
                 const struct audit_lease *lease)
{
    if (sum->retired == 0)
        return all_fail(a, path,
                        "the lease of record %llu came back, but its log has "
                        "no end: save it again",
                        ull(lease->sequence));
    if (sum->remaining != lease->returned)
        return all_fail(a, path,
                        "%llu installations are left at the end, but the lease "
                        "of record %llu gave back %llu",
                        ull(sum->remaining), ull(lease->sequence),
                        ull(lease->returned));
    return SFI_OK;
}

static sfi_status
all_prove_lease(struct all *a, const char *path)
{
    struct audit_leases none;
    struct audit_lease *lease;
    sfi_audit_summary sum;
    sfi_audit_head head;
    sfi_status st = sfi__audit_prove_leases(a->ctx, path, a->key_secret, &head,
                                            &sum, &none);

    sfi__audit_leases_free(&none);
    if (st != SFI_OK)
        return st;
    lease = sfi__audit_leases_find(&a->leases, head.lease);
    st = all_check_terms(a, path, &head, lease);
    if (st == SFI_OK && lease->closed)
        st = all_check_return(a, path, &sum, lease);
    if (st != SFI_OK)
        return st;
    lease->has_log = true;
    a->total.logs++;
    a->total.licensed += sum.licensed;
    a->total.given_up += sum.given_up;
    if (!lease->closed)
        a->total.outstanding += sum.remaining;
    return SFI_OK;
}

/* ---- the sum ---- */

static void
all_add_missing(struct all *a)
{
    char date[DATE_MAX];

    for (size_t i = 0; i < a->leases.used; i++) {
        const struct audit_lease *lease = &a->leases.list[i];
        uint64_t spent = lease->amount - lease->returned;

        if (lease->has_log)
            continue;
        a->total.missing++;
        a->total.spent += spent;
        sfi__log(a->ctx, SFI_LOG_WARNING,
                 "lease of record %llu: %llu spent, no log (%s, until %s)",
                 ull(lease->sequence), ull(spent),
                 lease->closed ? "it came back" : "it is not back",
                 sfi__date_format(date, lease->expires));
    }
}

static sfi_status
all_check_sum(struct all *a)
{
    const sfi_audit_total *t = &a->total;
    uint64_t sum =
        t->licensed + t->remaining + t->outstanding + t->spent + t->given_up;

    if (sum == t->maximum)
        return SFI_OK;
    return all_fail(a, a->paths[a->own],
                    "the logs account for %llu installations of %llu", ull(sum),
                    ull(t->maximum));
}

static sfi_status
all_prove(struct all *a)
{
    sfi_status st = all_find_own(a);

    if (st == SFI_OK)
        st = all_prove_own(a);
    for (size_t i = 0; st == SFI_OK && i < a->count; i++) {
        if (i != a->own)
            st = all_prove_lease(a, a->paths[i]);
    }
    if (st != SFI_OK)
        return st;
    all_add_missing(a);
    return all_check_sum(a);
}

sfi_status
sfi_audit_verify_all(sfi_ctx *ctx, const char *const *paths, size_t count,
                     const uint8_t *key, size_t key_len, sfi_audit_total *out)
{
    struct all a = {
        .ctx = ctx, .paths = paths, .count = count, .key_secret = key};
    sfi_status st;
    bool could;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, paths != NULL);
    SFI_ARG(ctx, key != NULL);
    SFI_ARG(ctx, out != NULL);
    for (size_t i = 0; i < count; i++)
        SFI_ARG(ctx, paths[i] != NULL);
    if (key_len != SFI_AUDIT_KEY_LEN || count == 0)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "%zu audit logs and an audit key of %zu bytes, "
                         "expected 1 or more and %u",
                         count, key_len, SFI_AUDIT_KEY_LEN);
    sfi__audit_leases_init(&a.leases, ctx);
    could = sfi__ctx_set_can_cancel(ctx, true);
    st = all_prove(&a);
    (void)sfi__ctx_set_can_cancel(ctx, could);
    sfi__audit_leases_free(&a.leases);
    return st == SFI_OK ? SFI_ABI_OUT(ctx, sfi_audit_total, out, &a.total) : st;
}
