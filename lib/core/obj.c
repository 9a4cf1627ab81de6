/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reference counts and guards of handles. */
#include "core/obj.h"

#include "core/ctx.h"
#include "core/err.h"

static struct obj *
obj_of_handle(const void *self)
{
    return (struct obj *)self;
}

bool
sfi__is(const void *self, enum obj_kind kind)
{
    return self != NULL && obj_of_handle(self)->kind == kind;
}

void *
sfi__obj_new(struct sfi_ctx *ctx, enum obj_kind kind, size_t size,
             void (*destroy)(void *self))
{
    struct obj *o = sfi__ctx_alloc(ctx, size);

    if (o == NULL)
        return NULL;
    o->kind = kind;
    atomic_init(&o->refs, 1);
    o->ctx = sfi__obj_ref(ctx);
    o->destroy = destroy;
    return o;
}

void *
sfi__obj_ref(void *self)
{
    /* whoever adds a reference has one: nothing to order */
    atomic_fetch_add_explicit(&obj_of_handle(self)->refs, 1,
                              memory_order_relaxed);
    return self;
}

/* Was it the last one?  Then what other threads did with the handle before they
 * dropped theirs is seen by the caller. */
static bool
obj_drop_reference(struct obj *o)
{
    return atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1;
}

void
sfi__obj_unref(void *self)
{
    struct obj *o = self;
    struct sfi_ctx *ctx;
    struct alloc alloc;

    if (o == NULL || !obj_drop_reference(o))
        return;
    ctx = o->ctx;
    alloc = ctx->alloc;
    if (o->destroy != NULL)
        o->destroy(self);
    o->kind = OBJ_DEAD;
    sfi__free(&alloc, self);
    if (self != ctx)
        sfi__obj_unref(ctx);
}

void
sfi__obj_free(void *self, enum obj_kind kind)
{
    if (sfi__is(self, kind))
        sfi__obj_unref(self);
}

sfi_status
sfi__enter(const void *self, enum obj_kind kind)
{
    const struct obj *o = self;

    if (!sfi__is(self, kind))
        return SFI_ERR_ARGUMENT;
    if (o->busy)
        return sfi__fail(o->ctx, SFI_ERR_STATE,
                         "the handle is in use: a callback of it is running");
    sfi__clear_error(o->ctx);
    return SFI_OK;
}

sfi_status
sfi__bad_arg(const void *self, const char *what)
{
    return sfi__fail(obj_of_handle(self)->ctx, SFI_ERR_ARGUMENT,
                     "argument not valid, expected %s", what);
}
