/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The handle's functions for leases and for restored HSMs. */
#include "hsm/base/lease.h"

#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/hash.h"
#include "hsm/base/hsm.h"

SFI_ABI_PIN(sfi_hsm_known, lost);

/* Begin to call one of the table's functions, which is there. */
static sfi_status
lease_begin(sfi_hsm *hsm, bool is_there, const char *what)
{
    if (!is_there)
        return sfi__hsm_name_error(hsm,
                                   sfi__fail(hsm->obj.ctx, SFI_ERR_UNSUPPORTED,
                                             "this HSM does not support %s",
                                             what),
                                   what);
    hsm->obj.busy = true;
    return SFI_OK;
}

static sfi_status
lease_finish(sfi_hsm *hsm, sfi_status st, const char *what)
{
    hsm->obj.busy = false;
    return sfi__hsm_name_error(hsm, st, what);
}

/* ---- output ---- */

/* Is there room for what always has `len` bytes? */
static sfi_status
lease_check_room(sfi_hsm *hsm, size_t len, size_t *out_len)
{
    size_t room = *out_len;

    *out_len = room < len ? len : 0;
    if (room >= len)
        return SFI_OK;
    return sfi__fail(hsm->obj.ctx, SFI_ERR_BUFFER,
                     "a buffer of %zu bytes, expected at least %zu", room, len);
}

static sfi_status
lease_take(sfi_hsm *hsm, sfi_status st, size_t len, size_t found,
           const char *what, size_t *out_len)
{
    st = lease_finish(hsm, st, what);
    if (st == SFI_OK && found != len)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "%s: %zu bytes, expected %zu", what, found, len);
    if (st == SFI_OK)
        *out_len = found;
    return st;
}

/* ---- leases ---- */

static sfi_status
lease_check_wish(sfi_ctx *ctx, size_t request_len, uint64_t count,
                 uint64_t seconds)
{
    if (request_len != SFI_LEASE_REQUEST_LEN)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a request of %zu bytes, expected %u", request_len,
                         SFI_LEASE_REQUEST_LEN);
    if (count == 0 || count > SFI_HSM_COUNT_MAX)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a lease of %llu installations, expected 1 to %u",
                         (unsigned long long)count, SFI_HSM_COUNT_MAX);
    if (seconds == 0 || seconds > SFI_LEASE_SECONDS_MAX)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a lease for %llu seconds, expected 1 to %u",
                         (unsigned long long)seconds, SFI_LEASE_SECONDS_MAX);
    return SFI_OK;
}

sfi_status
sfi_hsm_lease(sfi_hsm *hsm, const uint8_t *request, size_t request_len,
              uint64_t count, uint64_t seconds, uint8_t *out, size_t *out_len)
{
    static const char what[] = "HSM lease";
    size_t len = SFI_LEASE_LEN;
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, request != NULL);
    SFI_ARG(hsm, out != NULL);
    SFI_ARG(hsm, out_len != NULL);
    st = lease_check_room(hsm, len, out_len);
    if (st == SFI_OK)
        st = lease_check_wish(hsm->obj.ctx, request_len, count, seconds);
    if (st == SFI_OK)
        st = lease_begin(hsm, hsm->ops.lease != NULL, "leases");
    if (st != SFI_OK)
        return st;
    st = hsm->ops.lease(hsm->user, request, request_len, count, seconds, out,
                        &len);
    return lease_take(hsm, st, SFI_LEASE_LEN, len, what, out_len);
}

sfi_status
sfi_hsm_provision_lease(sfi_hsm *site, const sfi_lease_request *req,
                        const uint8_t *lease, size_t lease_len)
{
    sfi_status st;

    SFI_ENTER(site, HSM);
    SFI_HANDLE(site, req, LEASE_REQUEST);
    SFI_ARG(site, lease != NULL);
    st = lease_begin(site, site->ops.provision_lease != NULL,
                     "provisioning by a lease");
    if (st != SFI_OK)
        return st;
    st = site->ops.provision_lease(site->user, req->key_secret,
                                   sizeof(req->key_secret), lease, lease_len);
    return lease_finish(site, st, "HSM provisioning by a lease");
}

sfi_status
sfi_hsm_end_lease(sfi_hsm *site, uint8_t *out, size_t *out_len)
{
    static const char what[] = "HSM end of a lease";
    size_t len = SFI_LEASE_END_LEN;
    sfi_status st;

    SFI_ENTER(site, HSM);
    SFI_ARG(site, out != NULL);
    SFI_ARG(site, out_len != NULL);
    st = lease_check_room(site, len, out_len);
    if (st == SFI_OK)
        st = lease_begin(site, site->ops.end_lease != NULL,
                         "the end of a lease");
    if (st != SFI_OK)
        return st;
    st = site->ops.end_lease(site->user, out, &len);
    return lease_take(site, st, SFI_LEASE_END_LEN, len, what, out_len);
}

sfi_status
sfi_hsm_return_lease(sfi_hsm *hsm, const uint8_t *end, size_t end_len,
                     uint64_t *returned)
{
    uint64_t count = 0;
    sfi_status st;

    if (returned != NULL)
        *returned = 0;
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, end != NULL);
    SFI_ARG(hsm, returned != NULL);
    st = lease_begin(hsm, hsm->ops.return_lease != NULL, "leases");
    if (st != SFI_OK)
        return st;
    st = hsm->ops.return_lease(hsm->user, end, end_len, &count);
    st = lease_finish(hsm, st, "HSM return of a lease");
    if (st == SFI_OK)
        *returned = count;
    return st;
}

/* ---- restored HSMs ---- */

sfi_status
sfi_hsm_check_known(sfi_hsm *hsm, uint64_t sequence, const uint8_t head[32],
                    sfi_hsm_known *out)
{
    sfi_hsm_known known = {.struct_size = sizeof(known)};
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, head != NULL);
    st = lease_begin(hsm, hsm->ops.check_known != NULL,
                     "a comparison with an earlier state");
    if (st != SFI_OK)
        return st;
    st =
        hsm->ops.check_known(hsm->user, sequence, head, SFI_SHA256_LEN, &known);
    st = lease_finish(hsm, st, "HSM comparison with an earlier state");
    if (st != SFI_OK || out == NULL)
        return st;
    return SFI_ABI_OUT(hsm, sfi_hsm_known, out, &known);
}

sfi_status
sfi_hsm_declare_restored(sfi_hsm *hsm, uint64_t sequence,
                         const uint8_t head[32], uint64_t remaining)
{
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, head != NULL);
    if (sequence == 0 || sequence >= INT64_MAX)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_RANGE,
                         "record %llu was lost, expected 1 or more",
                         (unsigned long long)sequence);
    st = lease_begin(hsm, hsm->ops.declare_restored != NULL,
                     "a statement that it was restored");
    if (st != SFI_OK)
        return st;
    st = hsm->ops.declare_restored(hsm->user, sequence, head, SFI_SHA256_LEN,
                                   remaining);
    return lease_finish(hsm, st, "HSM statement that it was restored");
}
