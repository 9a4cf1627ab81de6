/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The struct behind a context: allocator, log, last error. */
#ifndef SFI_CORE_CTX_H
#define SFI_CORE_CTX_H

#include <stdatomic.h>
#include <stdbool.h>

#include <sfi/ctx.h>

#include "util/alloc.h"
#include "util/clock.h"
#include "core/err.h"
#include "core/obj.h"

struct sfi_ctx {
    struct obj obj;
    struct alloc alloc;
    const struct clock *clock;
    uint32_t log_level;
    sfi_log_fn log;
    void *log_user;
    void (*closed)(void *user);
    void *closed_user;
    struct sfi_error error;
    struct ctx_progress {
        sfi_progress_fn fn; /* NULL: none */
        void *user;
    } progress;
    atomic_bool cancelled; /* by any thread */
    bool can_cancel;       /* what runs now heeds it */
    /* lib/crypto's, for as long as the context lives; NULL: not used yet */
    void *crypto;
    void (*free_crypto)(void *crypto);
    struct ctx_kept *kept; /* memory that goes with the context */
};

/* Zeroed memory, or NULL with SFI_ERR_NOMEM recorded. */
void *sfi__ctx_alloc(struct sfi_ctx *ctx, size_t size);
void sfi__ctx_dealloc(struct sfi_ctx *ctx, void *ptr);
/* As sfi__ctx_alloc(), released with the context. */
void *sfi__ctx_keep(struct sfi_ctx *ctx, size_t size);

/* How late a cancel may be noticed: no wait that heeds it is longer. */
#define CTX_SLICE_MS 100u
/* From here on sfi_ctx_cancel() is heeded, or not; returns what was before. */
bool sfi__ctx_set_can_cancel(struct sfi_ctx *ctx, bool can_cancel);
/* SFI_ERR_CANCELLED when it was called and is heeded. */
sfi_status sfi__ctx_cancelled(struct sfi_ctx *ctx);
/* Tell how far long work is; the result is that of sfi__ctx_cancelled(). */
sfi_status sfi__ctx_progress(struct sfi_ctx *ctx, uint32_t phase, uint64_t done,
                             uint64_t total);

#endif
