/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests, their repetitions, and the choice of a server. */
#include "hsm/server/ask.h"

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/rand.h"

#define FIRST_WAIT_MS 100u
#define MAX_WAIT_MS 4000u
/* A server answers a request within 10 s or gives it up. */
#define TRY_MS 10000u
/* The last try may have less time than a server needs. */
#define HARDLY_A_TRY_MS 1000u
/* A server that does not want this station need not be asked for long. */
#define ACCESS_TRIES 4u
#define SLICE_MS (CTX_SLICE_MS / 2)

#define HTTP_OK 200u
#define HTTP_TOO_SLOW 408u
#define HTTP_TOO_MANY 429u
#define HTTP_UNAVAILABLE 503u

void
sfi__ask_init(struct ask *a, sfi_ctx *ctx)
{
    sfi__zero(a, sizeof(*a));
    sfi__buf_init(&a->body, &ctx->alloc, false);
    sfi__buf_init(&a->http.answer, &ctx->alloc, false);
    sfi__buf_init(&a->answer_before, &ctx->alloc, false);
}

void
sfi__ask_free(struct ask *a)
{
    sfi__buf_free(&a->body);
    sfi__buf_free(&a->http.answer);
    sfi__buf_free(&a->answer_before);
}

static uint64_t
asker_now(const struct asker *k)
{
    return k->ctx->clock->now_ms(k->ctx->clock->user);
}

/* Half of it is by chance: hundreds of stations lose a server at once. */
static uint32_t
asker_wait(struct asker *k, unsigned round)
{
    uint32_t wait = FIRST_WAIT_MS;
    uint8_t chance = 0;

    while (round-- > 1 && wait < MAX_WAIT_MS)
        wait *= 2;
    (void)sfi__random(k->ctx, &chance, 1);
    return wait / 2 + wait * chance / 512;
}

static bool
ask_is_repeated(const struct ask *a)
{
    const struct http_end *end = &a->http.end;

    if (end->st == SFI_ERR_ACCESS && a->tries >= ACCESS_TRIES)
        return false;
    if (end->st != SFI_OK)
        return end->repeat;
    return end->code == HTTP_TOO_SLOW || end->code == HTTP_TOO_MANY ||
           end->code == HTTP_UNAVAILABLE;
}

/* A server that is away: the next one.  A server's limit holds at all of them,
 * and of many requests that fail at once the first has moved on. */
static void
asker_move_on(struct asker *k, const struct ask *a)
{
    if (a->http.end.code == HTTP_TOO_MANY || a->http.url != k->urls[k->url])
        return;
    k->url = (k->url + 1) % k->url_count;
    if (k->url_count > 1)
        sfi__log(k->ctx, SFI_LOG_WARNING, "%s is away, now asking %s",
                 a->http.url, k->urls[k->url]);
}

/* When to ask again: each server once without a wait. */
static uint64_t
asker_due(struct asker *k, const struct ask *a)
{
    const struct http_end *end = &a->http.end;
    uint64_t asked = (uint64_t)end->retry_after_s * 1000;
    bool elsewhere = end->code != HTTP_TOO_MANY && a->tries % k->url_count != 0;
    uint64_t wait;

    if (elsewhere)
        return asker_now(k);
    wait = asker_wait(k, (unsigned)(a->tries / k->url_count));
    return asker_now(k) + (asked > wait ? asked : wait);
}

static void
ask_swap_answers(struct ask *a)
{
    struct buf answer = a->http.answer;

    a->http.answer = a->answer_before;
    a->answer_before = answer;
}

/* Nobody answers a try that had hardly any time: why the one before it failed
 * says more. */
static void
ask_tell_before(struct ask *a)
{
    if (a->http.end.st != SFI_ERR_TIMEOUT || a->tries < 2 ||
        a->http.timeout_ms >= HARDLY_A_TRY_MS)
        return;
    a->http.end = a->before;
    ask_swap_answers(a);
}

static void
ask_end(struct asker *k, struct ask *a)
{
    const struct http_end *end = &a->http.end;

    a->tries++;
    a->state = ASK_DONE;
    if (end->st != SFI_OK && end->sent)
        a->unknown = true;
    if (end->st == SFI_OK && end->code == HTTP_OK)
        a->unknown = false;
    ask_tell_before(a);
    if (!ask_is_repeated(a))
        return;
    asker_move_on(k, a);
    a->due_ms = asker_due(k, a);
    if (a->due_ms >= a->end_ms)
        return; /* no time for it */
    a->state = ASK_WAITS;
    sfi__log(k->ctx, SFI_LOG_DEBUG, "%s: try %u: %s", a->http.url, a->tries,
             end->st != SFI_OK ? end->message : "busy");
}

static sfi_status
ask_start(struct asker *k, struct ask *a)
{
    uint64_t now = asker_now(k);
    uint64_t left;

    if (a->state == ASK_NEW)
        a->end_ms = now + (uint64_t)k->timeout_s * 1000;
    a->before = a->http.end;
    ask_swap_answers(a);
    left = a->end_ms > now ? a->end_ms - now : 1;
    a->http.url = k->urls[k->url];
    a->http.path = a->path;
    a->http.body = a->posts ? &a->body : NULL;
    a->http.limit = a->limit;
    a->http.timeout_ms = (uint32_t)(left < TRY_MS ? left : TRY_MS);
    a->state = ASK_RUNS;
    return k->http.ops->start(k->http.user, &a->http);
}

/* ---- all of them ---- */

struct asking {
    struct asker *k;
    struct ask *asks;
    size_t count, begun; /* those before `begun` are not new */
    size_t done;
    bool (*goes_on)(void *user, const struct ask *a);
    void *user;
    bool ends; /* none is begun any more */
};

/* Start what is due; `next` receives when more is. */
static sfi_status
asking_start(struct asking *g, uint64_t *next)
{
    uint64_t now = asker_now(g->k);
    size_t running = 0;
    sfi_status st = SFI_OK;

    *next = UINT64_MAX;
    for (size_t i = 0; i < g->begun; i++)
        running += g->asks[i].state == ASK_RUNS;
    for (size_t i = 0; st == SFI_OK && i < g->begun; i++) {
        struct ask *a = &g->asks[i];

        if (a->state != ASK_WAITS)
            continue;
        if (a->due_ms <= now && running < HTTP_AT_ONCE) {
            st = ask_start(g->k, a);
            running++;
        } else if (a->due_ms > now && a->due_ms < *next) {
            *next = a->due_ms;
        }
    }
    while (st == SFI_OK && !g->ends && g->begun < g->count &&
           running < HTTP_AT_ONCE) {
        st = ask_start(g->k, &g->asks[g->begun++]);
        running++;
    }
    return st;
}

static void
asking_take_ends(struct asking *g)
{
    for (size_t i = 0; i < g->begun; i++) {
        struct ask *a = &g->asks[i];

        if (a->state != ASK_RUNS || !a->http.done)
            continue;
        ask_end(g->k, a);
        if (a->state != ASK_DONE)
            continue;
        g->done++;
        if (a->http.end.st != SFI_OK || a->http.end.code != HTTP_OK)
            g->ends |= g->goes_on == NULL || !g->goes_on(g->user, a);
    }
}

/* What runs is stopped; it may have reached the server. */
static void
asking_stop(struct asking *g)
{
    for (size_t i = 0; i < g->begun; i++) {
        struct ask *a = &g->asks[i];

        if (a->state == ASK_RUNS) {
            if (!a->http.done)
                g->k->http.ops->stop(g->k->http.user, &a->http);
            a->unknown = true;
        }
        if (a->state != ASK_DONE)
            a->http.end = (struct http_end){.st = SFI_ERR_CANCELLED};
    }
}

static sfi_status
asking_run(struct asking *g)
{
    struct asker *k = g->k;
    uint64_t next;

    for (;;) {
        sfi_status st = sfi__ctx_cancelled(k->ctx);
        uint64_t now, wait = SLICE_MS;

        if (st == SFI_OK)
            st = asking_start(g, &next);
        if (st != SFI_OK)
            return st;
        if (g->done == g->begun && (g->ends || g->begun == g->count))
            return SFI_OK;
        now = asker_now(k);
        if (next < now + wait)
            wait = next > now ? next - now : 0;
        st = k->http.ops->go_on(k->http.user, (uint32_t)wait);
        if (st != SFI_OK)
            return st;
        asking_take_ends(g);
    }
}

sfi_status
sfi__ask_all(struct asker *k, struct ask *asks, size_t count,
             bool (*goes_on)(void *user, const struct ask *a), void *user)
{
    struct asking g = {
        .k = k,
        .asks = asks,
        .count = count,
        .goes_on = goes_on,
        .user = user,
    };
    bool could = sfi__ctx_set_can_cancel(k->ctx, true);
    sfi_status st = asking_run(&g);

    (void)sfi__ctx_set_can_cancel(k->ctx, could);
    if (st != SFI_OK)
        asking_stop(&g);
    return st;
}
