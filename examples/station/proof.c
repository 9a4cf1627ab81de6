/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Proof".  The operator chooses the files and begins;
 * every page sees what comes of it. */
#include <stdlib.h>
#include <string.h>

#include "station/proof.h"

struct proof {
    struct proof_files files;
    struct proof_work *work; /* NULL: none yet */
    unsigned number;         /* of the last one */
    uint64_t used_ms;        /* when the operator did something last */
};

static bool
proof_runs(const struct proof *p)
{
    return p->work != NULL && !p->work->ended;
}

/* Nothing changes under a verification. */
static bool
proof_is_free(struct proof *p, struct reply *r)
{
    p->used_ms = cli_now_ms();
    if (!proof_runs(p))
        return true;
    reply_refuse(r, SFI_ERR_STATE, "",
                 "a verification runs: wait for its end, or cancel it");
    return false;
}

static void
proof_told(const struct proof *p, struct reply *r, bool good)
{
    proof_tell_files(&p->files);
    if (good && r->code == 0)
        reply_json(r, json_object());
}

static void
on_choose(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    if (proof_is_free(p, r))
        proof_told(p, r, proof_choose(d, &p->files, ask_text(a, "name"), r));
}

static void
on_drop(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;
    json_int_t size = ask_number(a, "size", 0);

    if (proof_is_free(p, r))
        proof_told(p, r,
                   proof_drop(&p->files, ask_text(a, "name"),
                              size > 0 ? (uint64_t)size : 0, r));
}

static void
on_upload(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    if (!a->operates)
        reply_refuse(r, SFI_ERR_ACCESS, "",
                     "this page only looks: another one operates");
    else if (proof_is_free(p, r))
        proof_told(p, r, proof_append(d, &p->files, a, r));
}

static void
on_use(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    if (proof_is_free(p, r))
        proof_told(p, r,
                   proof_use(&p->files, (unsigned)ask_number(a, "id", 0),
                             ask_text(a, "use"), r));
}

static void
on_remove(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    if (proof_is_free(p, r))
        proof_told(
            p, r, proof_remove(&p->files, (unsigned)ask_number(a, "id", 0), r));
}

static void
proof_end(struct proof *p)
{
    if (p->work != NULL)
        proof_work_end(p->work);
    free(p->work);
    p->work = NULL;
}

static void
on_clear(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    (void)a;
    if (!proof_is_free(p, r))
        return;
    proof_end(p);
    proof_clear(&p->files);
    tell("proof/state", NULL);
    proof_told(p, r, true);
}

static void
on_verify(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    (void)a;
    if (!proof_is_free(p, r))
        return;
    proof_end(p);
    p->work = calloc(1, sizeof(*p->work));
    if (p->work == NULL) {
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory for a verification");
        return;
    }
    p->work->number = ++p->number;
    if (proof_work_start(d, &p->files, p->work, r)) {
        reply_json(r, json_pack("{s:i}", "number", (int)p->number));
        return;
    }
    proof_end(p);
    tell("proof/state", NULL);
}

static void
on_cancel(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    (void)a;
    if (proof_runs(p))
        proof_work_cancel(p->work);
    reply_json(r, json_object());
}

static bool
proof_has_result(struct proof *p, struct reply *r)
{
    if (p->work != NULL && p->work->ended && p->work->st == SFI_OK)
        return true;
    reply_refuse(r, SFI_ERR_STATE, "", "there is no result");
    return false;
}

static void
on_result(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    (void)a;
    if (proof_has_result(p, r))
        reply_json(r, proof_result_json(p->work));
}

static void
on_csv(struct desk *d, const struct ask *a, struct reply *r)
{
    struct proof *p = d->data;

    (void)a;
    if (proof_has_result(p, r))
        proof_reply_csv(p->work, r);
}

static sfi_status
proof_start(struct desk *d)
{
    d->data = calloc(1, sizeof(struct proof));
    return d->data != NULL ? SFI_OK : SFI_ERR_NOMEM;
}

/* A key that was dropped is held as long as a PIN. */
static void
proof_tick(struct desk *d)
{
    struct proof *p = d->data;
    size_t count = p->files.count;

    if (proof_runs(p) ||
        cli_now_ms() - p->used_ms < (uint64_t)d->settings->idle_s * 1000)
        return;
    proof_forget_keys(&p->files);
    if (p->files.count != count)
        proof_tell_files(&p->files);
}

static void
proof_stop(struct desk *d)
{
    struct proof *p = d->data;

    if (p == NULL)
        return;
    if (proof_runs(p))
        proof_work_cancel(p->work);
    proof_end(p);
    proof_clear(&p->files);
    free(p);
}

static const struct route routes[] = {
    {"proof/choose", ROUTE_CHANGE, on_choose},
    {"proof/drop", ROUTE_CHANGE, on_drop},
    {"proof/upload", ROUTE_UPLOAD, on_upload},
    {"proof/use", ROUTE_CHANGE, on_use},
    {"proof/remove", ROUTE_CHANGE, on_remove},
    {"proof/clear", ROUTE_CHANGE, on_clear},
    {"proof/verify", ROUTE_CHANGE, on_verify},
    {"proof/cancel", ROUTE_CHANGE, on_cancel},
    {"proof/result", ROUTE_LOOK, on_result},
    {"proof/differences.csv", ROUTE_LOOK, on_csv},
    {NULL, ROUTE_LOOK, NULL},
};

const struct desk_class proof_desk = {.name = "proof",
                                      .routes = routes,
                                      .start = proof_start,
                                      .tick = proof_tick,
                                      .stop = proof_stop};
