/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The HSM functions of a licence server: information, images, audit. */
#include "hsm/server/server.h"

#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "hsm/server/station.h"

/* ---- information ---- */

static sfi_status
server_get_info(void *user, sfi_hsm_info *out)
{
    struct answer_info info;
    sfi_status st = sfi__station_info(user, &info);

    if (st == SFI_OK)
        *out = info.info;
    return st;
}

static sfi_status
server_login(void *user, const char *pin, size_t pin_len)
{
    struct station *s = user;

    (void)pin;
    (void)pin_len;
    return sfi__fail(s->ctx, SFI_ERR_UNSUPPORTED,
                     "a licence server takes no PIN: it knows a station by its "
                     "certificate (cert=)");
}

/* ---- images ---- */

static sfi_status
server_ask_check(struct station *s, const uint8_t *header, size_t len,
                 struct fence_seen *seen)
{
    struct json_writer j;
    struct ask a;
    sfi_status st;

    sfi__ask_init(&a, s->ctx);
    (void)sfi__text_copy(a.path, sizeof(a.path), "/v1/check");
    sfi__station_body(s, &a, &j);
    sfi__station_bytes(&j, "image", header, len);
    st = sfi__station_end_body(s, &j, false);
    if (st == SFI_OK)
        st = sfi__station_ask(s, &a);
    if (st == SFI_OK)
        st = sfi__answer_end(s->ctx, a.http.answer.data, a.http.answer.len,
                             seen);
    sfi__ask_free(&a);
    return st;
}

/* From now on the server checks this image before it counts. */
static sfi_status
server_check_image(void *user, const uint8_t *header, size_t len)
{
    struct station *s = user;
    struct fence_seen seen;
    sfi_status st = sfi__station_begin(s);

    if (st == SFI_OK)
        st = server_ask_check(s, header, len, &seen);
    if (st != SFI_OK)
        return st;
    memcpy(s->header, header, sizeof(s->header));
    s->has_header = true;
    return SFI_OK;
}

/* ---- audit ---- */

static sfi_status
server_get_audit_head(void *user, sfi_audit_head *out)
{
    struct answer_info info;
    sfi_status st = sfi__station_info(user, &info);

    if (st == SFI_OK)
        *out = info.head;
    return st;
}

static sfi_status
server_ask_page(struct station *s, uint64_t from)
{
    struct ask a;
    size_t used;
    sfi_status st;

    sfi__ask_init(&a, s->ctx);
    sfi__station_path(s, &a, "/v1/audit");
    used = strlen(a.path);
    sfi__text_format(a.path + used, sizeof(a.path) - used, "&from=%llu",
                     (unsigned long long)from);
    a.limit = ANSWER_PAGE_MAX;
    st = sfi__station_ask(s, &a);
    if (st == SFI_OK)
        st = sfi__answer_page(s->ctx, a.http.answer.data, a.http.answer.len,
                              s->page);
    if (st != SFI_OK)
        s->page->count = 0;
    sfi__ask_free(&a);
    return st;
}

/* The record in the last page; NULL: it is not there. */
static const sfi_audit_record *
server_find_record(const struct station *s, uint64_t sequence)
{
    const struct answer_page *p = s->page;

    for (size_t i = 0; p != NULL && i < p->count; i++) {
        if (p->records[i].sequence == sequence)
            return &p->records[i];
    }
    return NULL;
}

/* Pages begin at the same records for everyone: who reads backwards needs no
 * more of them. */
static sfi_status
server_get_audit_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    struct station *s = user;
    const sfi_audit_record *r = server_find_record(s, sequence);
    sfi_status st = r == NULL ? sfi__station_begin(s) : SFI_OK;

    if (st == SFI_OK && s->page == NULL) {
        s->page = sfi__ctx_alloc(s->ctx, sizeof(*s->page));
        st = s->page != NULL ? SFI_OK : SFI_ERR_NOMEM;
    }
    if (st == SFI_OK && r == NULL)
        st = server_ask_page(
            s, (sequence - 1) / ANSWER_RECORDS_MAX * ANSWER_RECORDS_MAX + 1);
    if (st != SFI_OK)
        return st;
    if (r == NULL)
        r = server_find_record(s, sequence);
    if (r == NULL)
        return sfi__fail(s->ctx, SFI_ERR_RANGE,
                         "there is no record %llu, the last is %llu",
                         (unsigned long long)sequence,
                         (unsigned long long)s->page->head.sequence);
    *out = *r;
    return SFI_OK;
}

static sfi_status
server_verify_audit(void *user)
{
    struct station *s = user;

    return sfi__fail(s->ctx, SFI_ERR_UNSUPPORTED,
                     "a licence server verifies no records for its stations: "
                     "save the audit log and verify it with the audit key, or "
                     "ask the HSM itself");
}

/* ---- open and close ---- */

static void
server_close(void *user)
{
    sfi__station_close(user);
}

static void
server_fill_ops(sfi_hsm_ops *ops)
{
    ops->struct_size = sizeof(*ops);
    ops->info = server_get_info;
    ops->login = server_login;
    ops->license = sfi__station_license;
    ops->close = server_close;
    ops->audit_head = server_get_audit_head;
    ops->audit_record = server_get_audit_record;
    ops->verify_audit = server_verify_audit;
    ops->check_image = server_check_image;
    ops->licenses = sfi__station_licenses;
    ops->lease = sfi__station_lease;
    ops->return_lease = sfi__station_return_lease;
}

/* A fence that nobody can write is told before anything is counted. */
sfi_status
sfi__server_open(sfi_ctx *ctx, const char *name, sfi_hsm_ops *ops, void **user)
{
    struct server_name parsed;
    struct station *s = NULL;
    struct http http;
    sfi_status st = sfi__server_name_parse(ctx, name, &parsed);

    *user = NULL;
    if (st != SFI_OK)
        return st;
    st = sfi__http_open(ctx, &parsed, &http);
    if (st != SFI_OK) {
        sfi__server_name_free(ctx, &parsed);
        return st;
    }
    st = sfi__station_open(ctx, &parsed, &http, &s);
    if (st != SFI_OK)
        return st;
    st = sfi__station_begin(s);
    if (st == SFI_OK)
        st = sfi__fence_check_place(ctx, s->name.fence);
    if (st != SFI_OK) {
        sfi__station_close(s);
        return st;
    }
    server_fill_ops(ops);
    *user = s;
    return SFI_OK;
}
