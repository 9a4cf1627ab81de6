/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An HSM that is opened at the first request, and asked for its PIN at the
 * first that needs it. */
#include <sfi/hsm_share.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/relay.h"

SFI_ABI_PIN(sfi_hsm_opener, close);

struct late {
    struct relay relay; /* the first member */
    sfi_hsm *front;     /* the handle in front, which owns this */
    sfi_hsm_opener opener;
    void *user;
    bool logged_in;
    struct sfi_error refused; /* SFI_OK: not refused */
};

static struct late *
late_of(struct relay *r)
{
    return (struct late *)(void *)r;
}

static sfi_status
late_open(struct late *l)
{
    sfi_ctx *ctx = l->relay.ctx;
    sfi_hsm *hsm = NULL;
    sfi_status st = sfi__from_callback(ctx, l->opener.open(l->user, ctx, &hsm),
                                       "the opener of the HSM");

    if (st == SFI_OK && (!sfi__is(hsm, OBJ_HSM) || hsm->obj.ctx != ctx))
        return sfi__fail(ctx, SFI_ERR_CALLBACK,
                         "the opener of the HSM returned no HSM of its "
                         "context");
    if (st != SFI_OK)
        return st;
    l->relay.inner = hsm;
    (void)sfi__text_copy(l->front->where, sizeof(l->front->where), hsm->where);
    return SFI_OK;
}

/* Asked once: each try of a wrong PIN counts, and whoever cancelled the
 * question does not want it for the next chip. */
static sfi_status
late_log_in(struct late *l)
{
    sfi_ctx *ctx = l->relay.ctx;
    sfi_status st;

    if (l->logged_in || l->opener.login == NULL)
        return SFI_OK;
    if (l->refused.status != SFI_OK) {
        sfi__error_restore(ctx, &l->refused);
        return l->refused.status;
    }
    st = sfi__from_callback(ctx, l->opener.login(l->user, l->relay.inner),
                            "the login of the HSM");
    l->logged_in = st == SFI_OK;
    if (st != SFI_OK)
        sfi__error_keep(ctx, &l->refused);
    return st;
}

static sfi_status
late_enter(struct relay *r, bool secret)
{
    struct late *l = late_of(r);
    sfi_status st = r->inner == NULL ? late_open(l) : SFI_OK;

    return st == SFI_OK && secret ? late_log_in(l) : st;
}

static void
late_logged_in(struct relay *r)
{
    late_of(r)->logged_in = true;
}

static void
late_close(struct relay *r)
{
    struct late *l = late_of(r);

    sfi__obj_unref(r->inner);
    if (l->opener.close != NULL)
        l->opener.close(l->user);
    sfi__ctx_dealloc(r->ctx, l);
}

static const struct relay_kind late_kind = {
    .enter = late_enter,
    .logged_in = late_logged_in,
    .close = late_close,
};

static sfi_status
late_new(sfi_ctx *ctx, const sfi_hsm_opener *opener, void *user, sfi_hsm **out)
{
    struct late *l = sfi__ctx_alloc(ctx, sizeof(*l));

    if (l == NULL)
        return SFI_ERR_NOMEM;
    l->relay = (struct relay){.kind = &late_kind, .ctx = ctx};
    l->opener = *opener;
    l->user = user;
    l->front = sfi__relay_handle(&l->relay, "");
    *out = l->front;
    if (l->front != NULL)
        return SFI_OK;
    sfi__ctx_dealloc(ctx, l);
    return SFI_ERR_NOMEM;
}

sfi_status
sfi_hsm_open_late(sfi_ctx *ctx, const sfi_hsm_opener *opener, void *user,
                  sfi_hsm **out)
{
    sfi_hsm_opener ours;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, opener != NULL);
    st = SFI_ABI_IN(ctx, sfi_hsm_opener, &ours, opener);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ours.flags == 0);
    SFI_ARG(ctx, ours.open != NULL);
    return late_new(ctx, &ours, user, out);
}
