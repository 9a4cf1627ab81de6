/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences of a licence server: each certificate is a request, and many are
 * under way at once. */
#include "hsm/server/station.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

static sfi_status
license_body(struct station *s, struct ask *a, const uint8_t *cert,
             size_t cert_len, uint32_t session)
{
    struct json_writer j;

    (void)sfi__text_copy(a->path, sizeof(a->path), "/v1/license");
    sfi__station_body(s, a, &j);
    sfi__station_bytes(&j, "certificate", cert, cert_len);
    sfi__json_text(&j, "kind", session == 0 ? "static" : "live");
    if (session != 0)
        sfi__json_number(&j, "session", session);
    if (s->has_header)
        sfi__station_bytes(&j, "image", s->header, sizeof(s->header));
    return sfi__station_end_body(s, &j, true);
}

/* ---- a step ---- */

struct license_ask {
    struct ask ask;
    sfi_status st; /* SFI_OK: there is a licence */
    uint32_t count;
    struct answer_license answer;
};

struct license_step {
    struct station *s;
    size_t count;
    struct license_ask *licenses;
    struct ask *asks;
};

/* Refused by the HSM for a reason of its own: it may license the others. */
static bool
license_is_refused_alone(sfi_status st, uint32_t count)
{
    return (st == SFI_ERR_CERTIFICATE || st == SFI_ERR_HSM_COUNTER) &&
           count == SFI_COUNT_NONE;
}

static bool
license_goes_on(void *user, const struct ask *a)
{
    uint32_t count;
    sfi_status st = sfi__station_fail(user, a, &count);

    return license_is_refused_alone(st, count);
}

static void
step_free(struct license_step *g)
{
    for (size_t i = 0; g->asks != NULL && i < g->count; i++)
        sfi__ask_free(&g->asks[i]);
    sfi__ctx_dealloc(g->s->ctx, g->asks);
    sfi__ctx_dealloc(g->s->ctx, g->licenses);
}

static sfi_status
step_make(struct license_step *g, const uint8_t *const *certs, size_t cert_len,
          const uint32_t *sessions)
{
    sfi_ctx *ctx = g->s->ctx;
    sfi_status st = SFI_OK;

    g->asks = sfi__ctx_alloc(ctx, g->count * sizeof(*g->asks));
    g->licenses = sfi__ctx_alloc(ctx, g->count * sizeof(*g->licenses));
    if (g->asks == NULL || g->licenses == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < g->count; i++)
        sfi__ask_init(&g->asks[i], ctx);
    for (size_t i = 0; st == SFI_OK && i < g->count; i++)
        st = license_body(g->s, &g->asks[i], certs[i], cert_len,
                          sessions != NULL ? sessions[i] : 0);
    return st;
}

static sfi_status
license_check_end(struct station *s, const struct fence_seen *seen)
{
    sfi_status st = sfi__fence_check(
        s->ctx, sfi__fence_find(&s->fence, seen->end.serial), seen);
    struct sfi_error back;

    if (st == SFI_OK)
        return SFI_OK;
    sfi__error_keep(s->ctx, &back);
    return sfi__fail(s->ctx, st, "%.340s; it was perhaps counted there",
                     back.message);
}

/* An answer that goes back is no licence: what was counted is in a copy that
 * its operator must give up. */
static void
step_read_answer(struct license_step *g, size_t i)
{
    struct station *s = g->s;
    const struct ask *a = &g->asks[i];
    struct license_ask *l = &g->licenses[i];
    const struct answer_license *answer = &l->answer;

    l->count = SFI_COUNT_UNKNOWN;
    l->st = sfi__answer_license(s->ctx, a->http.answer.data, a->http.answer.len,
                                &l->answer);
    if (l->st == SFI_OK)
        l->st = license_check_end(s, &answer->seen);
    if (l->st == SFI_OK)
        l->count = answer->again ? SFI_COUNT_AGAIN : SFI_COUNT_NEW;
}

/* One write for all: the answer that is farthest; or, after a record "restored"
 * any of those that tell of it. */
static sfi_status
step_advance(struct license_step *g)
{
    const struct fence_seen *last = NULL;

    for (size_t i = 0; i < g->count; i++) {
        const struct license_ask *l = &g->licenses[i];
        const struct fence_seen *seen = &l->answer.seen;

        if (!sfi__station_answered(&g->asks[i]) || l->st != SFI_OK)
            continue;
        if (last == NULL || seen->end.restored > last->end.restored ||
            (seen->end.restored == last->end.restored &&
             seen->end.sequence > last->end.sequence))
            last = seen;
    }
    return last != NULL ? sfi__station_take_end(g->s, last) : SFI_OK;
}

static void
step_keep_first(struct license_step *g, sfi_status st, struct sfi_error *first)
{
    if (st != SFI_OK && first->status == SFI_OK)
        sfi__error_keep(g->s->ctx, first);
}

/* Tell what came of each; `st`, the first failure of all, is in `first`. */
static void
step_tell(struct license_step *g, sfi_hsm_answer_fn answer, void *to,
          struct sfi_error *first)
{
    sfi_ctx *ctx = g->s->ctx;

    for (size_t i = 0; i < g->count; i++) {
        struct license_ask *l = &g->licenses[i];
        const struct ask *a = &g->asks[i];

        if (sfi__station_answered(a)) {
            if (l->st != SFI_OK)
                step_read_answer(g, i); /* its error once more */
        } else if (a->state == ASK_DONE) {
            l->st = sfi__station_fail(g->s, a, &l->count);
        } else if (a->unknown) {
            l->count = SFI_COUNT_UNKNOWN;
            sfi__error_restore(ctx, first);
            l->st = first->status;
        } else {
            continue; /* never asked */
        }
        if (!license_is_refused_alone(l->st, l->count))
            step_keep_first(g, l->st, first);
        if (l->st == SFI_OK || l->count != SFI_COUNT_NONE ||
            license_is_refused_alone(l->st, l->count))
            answer(to, i, l->st, l->count,
                   l->st == SFI_OK ? l->answer.data : NULL,
                   l->st == SFI_OK ? sizeof(l->answer.data) : 0);
    }
}

static sfi_status
step_run(struct license_step *g, sfi_hsm_answer_fn answer, void *to)
{
    sfi_ctx *ctx = g->s->ctx;
    struct sfi_error first = {.status = SFI_OK};
    sfi_status st =
        sfi__ask_all(&g->s->asker, g->asks, g->count, license_goes_on, g->s);

    step_keep_first(g, st, &first);
    for (size_t i = 0; i < g->count; i++) {
        if (sfi__station_answered(&g->asks[i]))
            step_read_answer(g, i);
    }
    step_keep_first(g, step_advance(g), &first);
    step_tell(g, answer, to, &first);
    sfi__error_restore(ctx, &first);
    return first.status;
}

sfi_status
sfi__station_licenses(void *user, const uint8_t *const *certs, size_t cert_len,
                      const uint32_t *sessions, size_t count,
                      sfi_hsm_answer_fn answer, void *to)
{
    struct license_step g = {.s = user, .count = count};
    sfi_status st = sfi__station_learn(g.s);

    if (st == SFI_OK)
        st = sfi__station_begin(g.s);
    if (st == SFI_OK)
        st = step_make(&g, certs, cert_len, sessions);
    if (st == SFI_OK)
        st = step_run(&g, answer, to);
    step_free(&g);
    return st;
}

/* ---- one ---- */

struct one_license {
    sfi_ctx *ctx;
    uint8_t *out;
    size_t *out_len;
    struct sfi_error error; /* SFI_OK: none */
};

static void
one_take(void *to, size_t index, sfi_status st, uint32_t count,
         const uint8_t *license, size_t license_len)
{
    struct one_license *one = to;

    (void)index;
    (void)count;
    if (st != SFI_OK)
        sfi__error_keep(one->ctx, &one->error);
    else if (license_len <= *one->out_len)
        memcpy(one->out, license, license_len);
    *one->out_len = license_len;
}

sfi_status
sfi__station_license(void *user, const uint8_t *cert, size_t cert_len,
                     uint32_t session, uint8_t *out, size_t *out_len)
{
    struct station *s = user;
    struct one_license one = {
        .ctx = s->ctx,
        .out = out,
        .out_len = out_len,
    };
    sfi_status st =
        sfi__station_licenses(s, &cert, cert_len, &session, 1, one_take, &one);

    if (st != SFI_OK || one.error.status == SFI_OK)
        return st;
    sfi__error_restore(s->ctx, &one.error);
    return one.error.status;
}
