/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reference counts and guards of handles. */
#include "core/obj.h"

#include <string.h>

#include "core/ctx.h"
#include "core/err.h"

/* Its address is another one in each copy of libsfi. */
static const char obj_home;

static struct obj *
obj_of_handle(const void *self)
{
    return (struct obj *)self;
}

bool
sfi__is(const void *self, enum obj_kind kind)
{
    const struct obj *o = self;

    return o != NULL && o->kind == kind && o->home == &obj_home;
}

bool
sfi__is_any(const void *self)
{
    const struct obj *o = self;

    return o != NULL && o->kind >= OBJ_CTX && o->kind < OBJ_KINDS_END &&
           o->home == &obj_home;
}

void
sfi__obj_init(struct obj *o, enum obj_kind kind)
{
    o->kind = kind;
    o->home = &obj_home;
    atomic_init(&o->refs, 1);
}

void *
sfi__obj_new(struct sfi_ctx *ctx, enum obj_kind kind, size_t size,
             void (*destroy)(void *self))
{
    struct obj *o = sfi__ctx_alloc(ctx, size);

    if (o == NULL)
        return NULL;
    sfi__obj_init(o, kind);
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
    void (*closed)(void *user) = NULL;
    void *closed_user = NULL;
    struct sfi_ctx *ctx;
    struct alloc alloc;

    if (o == NULL || !obj_drop_reference(o))
        return;
    ctx = o->ctx;
    alloc = ctx->alloc;
    if (o->destroy != NULL)
        o->destroy(self);
    if (self == ctx) {
        closed = ctx->closed;
        closed_user = ctx->closed_user;
    }
    o->kind = OBJ_DEAD;
    sfi__free(&alloc, self);
    if (self != ctx)
        sfi__obj_unref(ctx);
    else if (closed != NULL)
        closed(closed_user);
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

static const char *
obj_kind_name(enum obj_kind kind)
{
#define NAME(KIND, name) [OBJ_##KIND - OBJ_CTX] = (name)
    static const char *const names[] = {
        NAME(CTX, "a context"),
        NAME(KEY, "a key"),
        NAME(FIRMWARE, "a firmware"),
        NAME(OPTION_BYTES, "option bytes"),
        NAME(IMAGE_BUILDER, "a builder"),
        NAME(IMAGE_READER, "a reader"),
        NAME(CERTIFICATE, "a certificate"),
        NAME(LICENSE, "a licence"),
        NAME(HSM, "an HSM"),
        NAME(TRANSPORT, "a transport"),
        NAME(TARGET, "a target"),
        NAME(INSTALLER, "an installer"),
        NAME(SIM, "a virtual chip"),
        NAME(PERSONALIZATION, "a personalisation"),
        NAME(LICENSE_STORE, "a licence store"),
        NAME(CARD, "a virtual card"),
        NAME(LAYOUT, "a layout"),
        NAME(JOURNAL, "a production record"),
    };
#undef NAME

    return names[kind - OBJ_CTX];
}

/* Of "options->key": "key". */
static const char *
obj_last_name(const char *expression)
{
    const char *arrow = strrchr(expression, '>');
    const char *dot = strrchr(expression, '.');

    if (arrow != NULL)
        return arrow + 1;
    return dot != NULL ? dot + 1 : expression;
}

sfi_status
sfi__check_handle(const void *self, const void *given, enum obj_kind kind,
                  const char *expression, bool here)
{
    const char *name = obj_last_name(expression);
    sfi_ctx *ctx = obj_of_handle(self)->ctx;
    const struct obj *o = given;

    if (o == NULL || o->kind != kind)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT, "%s is %s, expected %s", name,
                         o == NULL ? "NULL" : "something else",
                         obj_kind_name(kind));
    if (o->home != &obj_home)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is of another libsfi in this process, expected "
                         "%s of the one that is called",
                         name, obj_kind_name(kind));
    if (here && o->ctx != ctx)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is of another context, expected %s of this one",
                         name, obj_kind_name(kind));
    return SFI_OK;
}
