/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file hsm_share.h
 * One HSM for many contexts, and an HSM that is opened when it is needed.
 */
#ifndef SFI_HSM_SHARE_H
#define SFI_HSM_SHARE_H

#include <sfi/ctx.h>
#include <sfi/hsm.h>

SFI_BEGIN_DECLS

/** How an HSM is opened late: sfi_hsm_open_late(). */
typedef struct sfi_hsm_opener {
    uint32_t struct_size; /**< sizeof(sfi_hsm_opener) */
    uint32_t flags;       /**< 0 */
    /** Open the HSM in `ctx`; `*out` is then libsfi's.  Called again at the
     * next request when it failed. */
    sfi_status (*open)(void *user, sfi_ctx *ctx, sfi_hsm **out);
    /** Log in at the HSM that was opened, with sfi_hsm_login().  A failure is
     * final: each later request that needs the PIN fails with the same error,
     * so that nobody is asked twice, and no second try is used up.  NULL: open
     * returns it logged in, or it has no PIN. */
    sfi_status (*login)(void *user, sfi_hsm *hsm);
    /** The handle was freed; called once.  NULL: not needed. */
    void (*close)(void *user);
} sfi_hsm_opener;

/**
 * Open an HSM later, at the first request to it.
 *
 * For an HSM that may not be needed: an installer that finds a licence in its
 * store never opens it.  What sfi_hsm_ops has a function for, except
 * provisioning, is handed on to the HSM that `open` returned; a licence, an
 * image's check, a lease, its end and return, a statement that records were
 * lost, retiring and the audit's verification log in before.
 *
 * @param ctx     the context
 * @param opener  its functions; copied.  They return a status, after
 *                sfi_ctx_report() or a failure of libsfi, and must not use the
 *                handle that they serve
 * @param user    handed to each of them
 * @param out     receives the HSM, caller frees; NULL on any failure, and then
 *                `close` is not called
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or flags are set
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_open_late(sfi_ctx *ctx,
                                                   const sfi_hsm_opener *opener,
                                                   void *user, sfi_hsm **out);

/** A lock of the caller's, around an HSM that several contexts share. */
typedef struct sfi_hsm_lock {
    uint32_t struct_size; /**< sizeof(sfi_hsm_lock) */
    uint32_t flags;       /**< 0 */
    /** Wait for the lock.  An error: it is not held, and the request fails
     * with it. */
    sfi_status (*lock)(void *user);
    /** Give it back, in the thread that holds it. */
    void (*unlock)(void *user);
    /** The handle was freed; called once, without the lock.  NULL: not needed.
     */
    void (*close)(void *user);
} sfi_hsm_lock;

/**
 * Make a second handle of an open HSM, in another context.
 *
 * For N stations with a thread and a context each, and one HSM: each station
 * has a handle of its own, whose requests run one at a time behind the lock.
 * Errors come to the context of the handle that was used.  What sfi_hsm_ops has
 * a function for, except provisioning, is handed on; a login at one handle is
 * one for all.
 *
 * From the first call until the last of these handles is freed, the context of
 * `hsm` and all of its handles, `hsm` among them, may be used and freed only by
 * the thread that holds the lock.  Messages of its log come from the thread
 * that asks.
 *
 * @param ctx   the other context
 * @param hsm   the HSM; kept open until the new handle is freed
 * @param lock  its functions; copied.  Each handle may have a `user` of its
 *              own, but it must be one lock
 * @param user  handed to each of them
 * @param out   receives the handle, caller frees; NULL on any failure, and then
 *              `close` is not called
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, flags are set, or a function is
 *                     missing
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *   SFI_ERR_CALLBACK  the lock returned an invalid status
 *   any status        that the lock returned
 *
 * Blocks: on the lock.  Thread: the one of `ctx`, also for the new handle.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_share(sfi_ctx *ctx, sfi_hsm *hsm,
                                               const sfi_hsm_lock *lock,
                                               void *user, sfi_hsm **out);

SFI_END_DECLS

#endif
