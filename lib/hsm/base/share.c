/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One HSM for several contexts, one request at a time. */
#include <sfi/hsm_share.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/relay.h"

SFI_ABI_PIN(sfi_hsm_lock, close);

struct share {
    struct relay relay; /* the first member */
    sfi_hsm_lock lock;
    void *user;
};

static struct share *
share_of(struct relay *r)
{
    return (struct share *)(void *)r;
}

static sfi_status
share_lock(struct share *s)
{
    return sfi__from_callback(s->relay.ctx, s->lock.lock(s->user),
                              "the lock of the HSM");
}

static sfi_status
share_enter(struct relay *r, bool secret)
{
    (void)secret; /* who shares an HSM logs in */
    return share_lock(share_of(r));
}

static void
share_leave(struct relay *r)
{
    struct share *s = share_of(r);

    s->lock.unlock(s->user);
}

/* The reference is let go even if the lock fails: it cannot be kept. */
static void
share_close(struct relay *r)
{
    struct share *s = share_of(r);
    sfi_status st = s->lock.lock(s->user);

    sfi__obj_unref(r->inner);
    if (st == SFI_OK)
        s->lock.unlock(s->user);
    if (s->lock.close != NULL)
        s->lock.close(s->user);
    sfi__ctx_dealloc(r->ctx, s);
}

static const struct relay_kind share_kind = {
    .enter = share_enter,
    .leave = share_leave,
    .close = share_close,
};

static sfi_status
share_read_lock(sfi_ctx *ctx, const sfi_hsm_lock *lock, sfi_hsm_lock *ours)
{
    sfi_status st = SFI_ABI_IN(ctx, sfi_hsm_lock, ours, lock);

    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ours->flags == 0);
    SFI_ARG(ctx, ours->lock != NULL);
    SFI_ARG(ctx, ours->unlock != NULL);
    return SFI_OK;
}

static sfi_status
share_hsm(sfi_ctx *ctx, sfi_hsm *hsm, const sfi_hsm_lock *lock, void *user,
          sfi_hsm **out)
{
    struct share *s = sfi__ctx_alloc(ctx, sizeof(*s));
    sfi_status st;

    if (s == NULL)
        return SFI_ERR_NOMEM;
    s->relay = (struct relay){.kind = &share_kind, .ctx = ctx, .inner = hsm};
    s->lock = *lock;
    s->user = user;
    st = share_lock(s); /* another thread may use the HSM's context */
    if (st == SFI_OK) {
        *out = sfi__relay_handle(&s->relay, hsm->where);
        if (*out != NULL)
            (void)sfi__obj_ref(hsm);
        else
            st = SFI_ERR_NOMEM;
        s->lock.unlock(s->user);
    }
    if (st != SFI_OK)
        sfi__ctx_dealloc(ctx, s);
    return st;
}

sfi_status
sfi_hsm_share(sfi_ctx *ctx, sfi_hsm *hsm, const sfi_hsm_lock *lock, void *user,
              sfi_hsm **out)
{
    sfi_hsm_lock ours;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_HANDLE(ctx, hsm, HSM);
    SFI_ARG(ctx, lock != NULL);
    st = share_read_lock(ctx, lock, &ours);
    return st == SFI_OK ? share_hsm(ctx, hsm, &ours, user, out) : st;
}
