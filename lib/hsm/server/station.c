/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the requests of a station have in common: bodies, failures, the fence,
 * the HSM's serial number. */
#define _POSIX_C_SOURCE 200809L
#include "hsm/server/station.h"

#include <string.h>
#include <unistd.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

#define HTTP_OK 200u

sfi_status
sfi__station_open(sfi_ctx *ctx, struct server_name *name,
                  const struct http *http, struct station **out)
{
    struct station *s = sfi__ctx_alloc(ctx, sizeof(*s));

    if (s == NULL) {
        http->ops->close(http->user, false);
        sfi__server_name_free(ctx, name);
        return SFI_ERR_NOMEM;
    }
    s->ctx = ctx;
    s->name = *name;
    s->pid = (long)getpid();
    s->asker = (struct asker){
        .ctx = ctx,
        .http = *http,
        .urls = s->name.urls,
        .url_count = s->name.url_count,
        .timeout_s = s->name.timeout_s,
    };
    *out = s;
    return SFI_OK;
}

void
sfi__station_close(struct station *s)
{
    s->asker.http.ops->close(s->asker.http.user, s->pid != (long)getpid());
    sfi__server_name_free(s->ctx, &s->name);
    sfi__ctx_dealloc(s->ctx, s->page);
    sfi__ctx_dealloc(s->ctx, s);
}

/* ---- what the station knows ---- */

sfi_status
sfi__station_begin(struct station *s)
{
    if (s->pid != (long)getpid())
        return sfi__fail(s->ctx, SFI_ERR_STATE,
                         "the server was opened before a fork: open the HSM in "
                         "the process that uses it");
    return sfi__fence_read(s->ctx, s->name.fence, &s->fence);
}

const struct fence_entry *
sfi__station_known(const struct station *s)
{
    return sfi__fence_find(&s->fence, s->serial);
}

sfi_status
sfi__station_take_end(struct station *s, const struct fence_seen *seen)
{
    const struct fence_entry *known =
        sfi__fence_find(&s->fence, seen->end.serial);
    sfi_status st = sfi__fence_check(s->ctx, known, seen);

    if (st == SFI_OK)
        st = sfi__fence_advance(s->ctx, s->name.fence, seen);
    if (st == SFI_OK && seen->end.restored != 0 && s->page != NULL)
        s->page->count = 0; /* its records may be lost ones */
    if (st == SFI_OK)
        memcpy(s->serial, seen->end.serial, sizeof(s->serial));
    return st;
}

/* ---- bodies ---- */

void
sfi__station_body(struct station *s, struct ask *a, struct json_writer *j)
{
    a->posts = true;
    a->limit = ANSWER_MAX;
    *j = (struct json_writer){.out = &a->body};
    sfi__json_open(j, NULL, '{');
    sfi__json_text(j, "firmware", s->name.firmware);
}

void
sfi__station_bytes(struct json_writer *j, const char *name, const uint8_t *data,
                   size_t len)
{
    char digits[2 * STATION_BYTES_MAX + 1] = "";

    if (len <= sizeof(digits) / 2)
        sfi__hex_encode(digits, data, len);
    else
        j->failed = true;
    sfi__json_text(j, name, digits);
}

sfi_status
sfi__station_end_body(struct station *s, struct json_writer *j, bool known)
{
    const struct fence_entry *e = known ? sfi__station_known(s) : NULL;

    if (e != NULL && e->sequence > 0) {
        sfi__json_open(j, "known", '{');
        sfi__json_number(j, "sequence", e->sequence);
        sfi__station_bytes(j, "head", e->head, sizeof(e->head));
        sfi__json_close(j, '}');
    }
    sfi__json_close(j, '}');
    return j->failed ? sfi__nomem(s->ctx) : SFI_OK;
}

/* ---- failures ---- */

bool
sfi__station_answered(const struct ask *a)
{
    return a->state == ASK_DONE && a->http.end.st == SFI_OK &&
           a->http.end.code == HTTP_OK;
}

/* The error in the context, and what became of the tries. */
static sfi_status
station_add_tries(struct station *s, const struct ask *a, bool unknown)
{
    struct sfi_error e;
    uint32_t after = a->http.end.st == SFI_OK ? a->http.end.retry_after_s : 0;
    char tries[64] = "";

    sfi__error_keep(s->ctx, &e);
    if (after != 0)
        sfi__text_format(tries, sizeof(tries),
                         "; asked %u times, the server wants a wait of %u s",
                         a->tries, after);
    else if (a->tries > 1)
        sfi__text_format(tries, sizeof(tries), "; asked %u times", a->tries);
    return sfi__fail_peer(s->ctx, e.status, e.peer_code, "%.250s%s%s",
                          e.message, tries,
                          unknown ? "; perhaps it was counted: asking again is "
                                    "safe"
                                  : "");
}

sfi_status
sfi__station_fail(struct station *s, const struct ask *a, uint32_t *count)
{
    const struct http_end *end = &a->http.end;
    uint32_t told = SFI_COUNT_UNKNOWN;

    if (end->st != SFI_OK) {
        (void)sfi__fail(s->ctx, end->st, "%s", end->message);
        told = SFI_COUNT_NONE;
    } else {
        (void)sfi__answer_refusal(s->ctx, end->code, a->http.answer.data,
                                  a->http.answer.len, &told);
    }
    if (a->unknown && told == SFI_COUNT_NONE)
        told = SFI_COUNT_UNKNOWN;
    *count = told;
    return station_add_tries(s, a, a->posts && told == SFI_COUNT_UNKNOWN);
}

sfi_status
sfi__station_ask(struct station *s, struct ask *a)
{
    sfi_status st = sfi__ask_all(&s->asker, a, 1, NULL, NULL);
    uint32_t count;

    if (st == SFI_ERR_CANCELLED && a->unknown && a->posts)
        return sfi__fail(s->ctx, st,
                         "cancelled while the server was asked; perhaps it was "
                         "counted: asking again is safe");
    if (st != SFI_OK)
        return st;
    return sfi__station_answered(a) ? SFI_OK : sfi__station_fail(s, a, &count);
}

/* ---- the HSM ---- */

/* Percent-encode for a query. */
static void
station_encode(char *out, size_t cap, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    size_t used = 0;

    for (; *text != '\0' && cap - used > 3; text++) {
        if (strchr(plain, *text) != NULL)
            out[used++] = *text;
        else
            used += 3;
        if (strchr(plain, *text) == NULL)
            sfi__text_format(out + used - 3, 4, "%%%02X", (unsigned char)*text);
    }
    out[used] = '\0';
}

void
sfi__station_path(struct station *s, struct ask *a, const char *path)
{
    char firmware[3 * SFI_FIRMWARE_ID_MAX + 4];

    station_encode(firmware, sizeof(firmware), s->name.firmware);
    sfi__text_format(a->path, sizeof(a->path), "%s?firmware=%s", path,
                     firmware);
    a->limit = ANSWER_MAX;
}

/* What the station knows goes along, so that the server can tell of a record
 * "restored". */
static void
station_add_known(struct station *s, struct ask *a)
{
    const struct fence_entry *e = sfi__station_known(s);
    size_t used = strlen(a->path);
    char head[2 * SFI_AUDIT_HASH_LEN + 1];

    if (e == NULL || e->sequence == 0)
        return;
    sfi__hex_encode(head, e->head, sizeof(e->head));
    sfi__text_format(a->path + used, sizeof(a->path) - used,
                     "&sequence=%llu&head=%s", (unsigned long long)e->sequence,
                     head);
}

static sfi_status
station_ask_info(struct station *s, struct answer_info *out, bool known)
{
    struct ask a;
    sfi_status st;

    sfi__ask_init(&a, s->ctx);
    sfi__station_path(s, &a, "/v1/info");
    if (known)
        station_add_known(s, &a);
    st = sfi__station_ask(s, &a);
    if (st == SFI_OK)
        st = sfi__answer_info(s->ctx, a.http.answer.data, a.http.answer.len,
                              out);
    sfi__ask_free(&a);
    return st;
}

/* Not the end that the station has seen: before the fence moves, the server
 * must tell whether its HSM has that, or a record "restored" for it. */
static bool
station_must_prove(const struct station *s, const struct fence_seen *seen)
{
    const struct fence_entry *known = sfi__station_known(s);

    return known != NULL && known->sequence > 0 &&
           (seen->end.sequence != known->sequence ||
            !sfi__equal(seen->end.head, known->head, sizeof(known->head)));
}

sfi_status
sfi__station_info(struct station *s, struct answer_info *out)
{
    struct sfi_error back;
    sfi_status st = sfi__station_begin(s);
    sfi_status proof;

    if (st == SFI_OK)
        st = station_ask_info(s, out, false);
    if (st != SFI_OK)
        return st;
    memcpy(s->serial, out->seen.end.serial, sizeof(s->serial));
    st = sfi__fence_check(s->ctx, sfi__station_known(s), &out->seen);
    if (st != SFI_OK)
        sfi__error_keep(s->ctx, &back);
    if (station_must_prove(s, &out->seen)) {
        proof = station_ask_info(s, out, true);
        if (proof != SFI_OK && st == SFI_OK)
            return proof;
        if (proof != SFI_OK) {
            sfi__error_restore(s->ctx, &back);
            return st;
        }
        sfi__clear_error(s->ctx);
    }
    return sfi__station_take_end(s, &out->seen);
}

sfi_status
sfi__station_learn(struct station *s)
{
    struct answer_info info;

    return s->serial[0] != '\0' ? SFI_OK : sfi__station_info(s, &info);
}
