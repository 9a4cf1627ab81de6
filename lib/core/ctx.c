/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Makes and frees contexts, and allocates through them. */
#include "core/ctx.h"

#include <stddef.h>

#include "core/abi.h"
#include "core/err.h"

SFI_ABI_PIN(sfi_allocator, free);
SFI_ABI_PIN(sfi_ctx_options, closed_user);

void *
sfi__ctx_alloc(struct sfi_ctx *ctx, size_t size)
{
    void *p = sfi__alloc(&ctx->alloc, size);

    if (p == NULL)
        (void)sfi__nomem(ctx);
    return p;
}

void
sfi__ctx_dealloc(struct sfi_ctx *ctx, void *ptr)
{
    sfi__free(&ctx->alloc, ptr);
}

/* The header of a block, which is aligned for any type. */
struct ctx_kept {
    struct ctx_kept *next;
    max_align_t block[];
};

void *
sfi__ctx_keep(struct sfi_ctx *ctx, size_t size)
{
    struct ctx_kept *k = sfi__ctx_alloc(ctx, sizeof(*k) + size);

    if (k == NULL)
        return NULL;
    k->next = ctx->kept;
    ctx->kept = k;
    return k->block;
}

bool
sfi__ctx_set_can_cancel(struct sfi_ctx *ctx, bool can_cancel)
{
    bool before = ctx->can_cancel;

    ctx->can_cancel = can_cancel;
    return before;
}

sfi_status
sfi__ctx_cancelled(struct sfi_ctx *ctx)
{
    if (ctx->can_cancel && atomic_load(&ctx->cancelled))
        return sfi__fail(ctx, SFI_ERR_CANCELLED, "cancelled");
    return SFI_OK;
}

sfi_status
sfi__ctx_progress(struct sfi_ctx *ctx, uint32_t phase, uint64_t done,
                  uint64_t total)
{
    const sfi_progress p = {
        .struct_size = sizeof(p),
        .phase = phase,
        .done = done,
        .total = total,
    };
    bool busy = ctx->obj.busy;

    if (ctx->progress.fn != NULL) {
        ctx->obj.busy = true;
        ctx->progress.fn(ctx->progress.user, &p);
        ctx->obj.busy = busy;
    }
    return sfi__ctx_cancelled(ctx);
}

static sfi_status
ctx_read_allocator(const sfi_allocator *theirs, struct alloc *out)
{
    sfi_allocator a = {0};
    sfi_status st;

    if (theirs == NULL) {
        *out = sfi__alloc_default;
        return SFI_OK;
    }
    st = SFI_ABI_IN(NULL, sfi_allocator, &a, theirs);
    if (st != SFI_OK)
        return st;
    if (a.alloc == NULL || a.free == NULL || a.reserved != 0)
        return SFI_ERR_ARGUMENT;
    out->user = a.user;
    out->alloc = a.alloc;
    out->free = a.free;
    return SFI_OK;
}

static void
ctx_destroy(void *self)
{
    struct sfi_ctx *ctx = self;

    if (ctx->crypto != NULL)
        ctx->free_crypto(ctx->crypto);
    while (ctx->kept != NULL) {
        struct ctx_kept *k = ctx->kept;

        ctx->kept = k->next;
        sfi__ctx_dealloc(ctx, k);
    }
}

static void
ctx_set_log(struct sfi_ctx *ctx, uint32_t level, sfi_log_fn log, void *user)
{
    ctx->log_level = log == NULL ? SFI_LOG_NONE : level;
    ctx->log = log;
    ctx->log_user = user;
}

sfi_status
sfi_ctx_new(const sfi_ctx_options *opts, sfi_ctx **out)
{
    sfi_ctx_options o = {0};
    struct alloc alloc;
    sfi_ctx *ctx;
    sfi_status st;

    if (out == NULL)
        return SFI_ERR_ARGUMENT;
    *out = NULL;
    if (opts != NULL) {
        st = SFI_ABI_IN(NULL, sfi_ctx_options, &o, opts);
        if (st != SFI_OK)
            return st;
    }
    st = ctx_read_allocator(o.allocator, &alloc);
    if (st != SFI_OK)
        return st;
    ctx = sfi__alloc(&alloc, sizeof(*ctx));
    if (ctx == NULL)
        return SFI_ERR_NOMEM;
    sfi__obj_init(&ctx->obj, OBJ_CTX);
    ctx->obj.ctx = ctx;
    ctx->obj.destroy = ctx_destroy;
    ctx->alloc = alloc;
    ctx->clock = &sfi__clock_system;
    ctx_set_log(ctx, o.log_level, o.log, o.log_user);
    ctx->closed = o.closed;
    ctx->closed_user = o.closed_user;
    atomic_init(&ctx->cancelled, false);
    *out = ctx;
    return SFI_OK;
}

void
sfi_ctx_set_log(sfi_ctx *ctx, uint32_t level, sfi_log_fn log, void *user)
{
    if (sfi__is(ctx, OBJ_CTX))
        ctx_set_log(ctx, level, log, user);
}

void
sfi_ctx_set_progress(sfi_ctx *ctx, sfi_progress_fn fn, void *user)
{
    if (sfi__is(ctx, OBJ_CTX))
        ctx->progress = (struct ctx_progress){fn, user};
}

sfi_ctx *
sfi_ctx_of(const void *handle)
{
    return sfi__is_any(handle) ? ((const struct obj *)handle)->ctx : NULL;
}

void
sfi_ctx_cancel(sfi_ctx *ctx, int on)
{
    if (sfi__is(ctx, OBJ_CTX))
        atomic_store(&ctx->cancelled, on != 0);
}

void
sfi_ctx_free(sfi_ctx *ctx)
{
    sfi__obj_free(ctx, OBJ_CTX);
}

const sfi_error *
sfi_ctx_error(const sfi_ctx *ctx)
{
    if (!sfi__is(ctx, OBJ_CTX) || ctx->error.status == SFI_OK)
        return NULL;
    return &ctx->error;
}
