/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leases from a licence server, and their return. */
#include "hsm/server/station.h"

#include <sfi/lease.h>

#include "core/ctx.h"
#include "core/err.h"

/* What the station has seen is shown before: an old copy of the HSM must move
 * no installations.  The same request gives the same lease, so an answer that
 * was lost is asked for again. */
sfi_status
sfi__station_lease(void *user, const uint8_t *request, size_t request_len,
                   uint64_t count, uint64_t seconds, uint8_t *out,
                   size_t *out_len)
{
    struct station *s = user;
    struct answer_info info;
    struct fence_seen seen;
    struct json_writer j;
    struct ask a;
    sfi_status st = sfi__station_info(s, &info);

    if (st != SFI_OK)
        return st;
    sfi__ask_init(&a, s->ctx);
    (void)sfi__text_copy(a.path, sizeof(a.path), "/v1/lease");
    sfi__station_body(s, &a, &j);
    sfi__station_bytes(&j, "request", request, request_len);
    sfi__json_number(&j, "count", count);
    sfi__json_number(&j, "seconds", seconds);
    st = sfi__station_end_body(s, &j, false);
    if (st == SFI_OK)
        st = sfi__station_ask(s, &a);
    if (st == SFI_OK)
        st = sfi__answer_lease(s->ctx, a.http.answer.data, a.http.answer.len,
                               out, SFI_LEASE_LEN, &seen);
    if (st == SFI_OK)
        st = sfi__station_take_end(s, &seen);
    if (st == SFI_OK)
        *out_len = SFI_LEASE_LEN;
    sfi__ask_free(&a);
    return st;
}

sfi_status
sfi__station_return_lease(void *user, const uint8_t *end, size_t end_len,
                          uint64_t *returned)
{
    struct station *s = user;
    struct answer_info info;
    struct fence_seen seen;
    struct json_writer j;
    struct ask a;
    sfi_status st = sfi__station_info(s, &info);

    if (st != SFI_OK)
        return st;
    sfi__ask_init(&a, s->ctx);
    (void)sfi__text_copy(a.path, sizeof(a.path), "/v1/return");
    sfi__station_body(s, &a, &j);
    sfi__station_bytes(&j, "end", end, end_len);
    st = sfi__station_end_body(s, &j, false);
    if (st == SFI_OK)
        st = sfi__station_ask(s, &a);
    if (st == SFI_OK)
        st = sfi__answer_return(s->ctx, a.http.answer.data, a.http.answer.len,
                                returned, &seen);
    if (st == SFI_OK)
        st = sfi__station_take_end(s, &seen);
    sfi__ask_free(&a);
    return st;
}
