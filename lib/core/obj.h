/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The first member of every handle: its kind, its reference count, and whether
 * one of its callbacks is running. */
#ifndef SFI_CORE_OBJ_H
#define SFI_CORE_OBJ_H

#include <stdatomic.h>
#include <stdbool.h>

#include <sfi/status.h>

struct sfi_ctx;

enum obj_kind {
    OBJ_DEAD = 0,
    OBJ_CTX = 0x53460001,
    OBJ_KEY,
    OBJ_FIRMWARE,
    OBJ_OPTION_BYTES,
    OBJ_IMAGE_BUILDER,
    OBJ_IMAGE_READER,
    OBJ_CERTIFICATE,
    OBJ_LICENSE,
    OBJ_HSM,
    OBJ_TRANSPORT,
    OBJ_TARGET,
    OBJ_INSTALLER,
    OBJ_SIM,
    OBJ_PERSONALIZATION,
    OBJ_LICENSE_STORE,
    OBJ_CARD,
    OBJ_LAYOUT,
    OBJ_JOURNAL,
    OBJ_DESCRIPTION,
    OBJ_LICENSE_BATCH,
    OBJ_AUDIT_READER,
    OBJ_BOARDS,
    OBJ_LEASE_REQUEST,
    OBJ_RECEIPT,
    OBJ_RECONCILIATION,
    OBJ_KINDS_END,
};

struct obj {
    /* These two are first in every version: a handle of another libsfi in the
     * process is told by them, and nothing else of it is looked at. */
    enum obj_kind kind;
    const void *home; /* of the libsfi that made it */
    atomic_uint refs; /* by any thread: see api.h */
    bool busy;        /* a callback of this handle is running */
    struct sfi_ctx *ctx;
    /* Release what the handle holds (not the handle itself). */
    void (*destroy)(void *self);
};

/* Make a handle of `size` bytes whose first member is a struct obj; it holds a
 * reference to the context.  NULL with SFI_ERR_NOMEM recorded.
 *
 * Any thread may drop the last reference to a handle that only holds data, so
 * its destroy() releases, and neither fails nor logs. */
void *sfi__obj_new(struct sfi_ctx *ctx, enum obj_kind kind, size_t size,
                   void (*destroy)(void *self));
/* Only for a context, which sfi__obj_new() cannot make. */
void sfi__obj_init(struct obj *o, enum obj_kind kind);
void *sfi__obj_ref(void *self);
/* Drop a reference; the last one calls destroy() and frees.  NULL is fine. */
void sfi__obj_unref(void *self);
/* Drop a reference if the handle is of this kind: for sfi_x_free(). */
void sfi__obj_free(void *self, enum obj_kind kind);

/* Guard at the start of a public function: clears the last error; fails for a
 * wrong handle or one whose callback is running. */
sfi_status sfi__enter(const void *self, enum obj_kind kind);
/* Reject an argument by name. */
sfi_status sfi__bad_arg(const void *self, const char *what);

/* Is this a handle of this kind, made by this libsfi? */
bool sfi__is(const void *self, enum obj_kind kind);
bool sfi__is_any(const void *self);
/* Check a further handle among the arguments.  One that only holds data may be
 * of any context, and is then read by its struct: its public functions write
 * into its context, which another thread may use.  What reaches a device or an
 * HSM is `here`, of the context of `self`. */
sfi_status sfi__check_handle(const void *self, const void *given,
                             enum obj_kind kind, const char *expression,
                             bool here);

#define SFI_ENTER(self, KIND)                                 \
    do {                                                      \
        sfi_status enter_st = sfi__enter((self), OBJ_##KIND); \
        if (enter_st != SFI_OK)                               \
            return enter_st;                                  \
    } while (0)

/* Require `cond`; the message quotes it. */
#define SFI_ARG(self, cond)                     \
    do {                                        \
        if (!(cond))                            \
            return sfi__bad_arg((self), #cond); \
    } while (0)

#define SFI_HANDLE_(self, given, KIND, here)                                \
    do {                                                                    \
        sfi_status handle_st =                                              \
            sfi__check_handle((self), (given), OBJ_##KIND, #given, (here)); \
        if (handle_st != SFI_OK)                                            \
            return handle_st;                                               \
    } while (0)

/* Require a handle of any context, or of this one. */
#define SFI_HANDLE(self, given, KIND) SFI_HANDLE_(self, given, KIND, false)
#define SFI_HANDLE_HERE(self, given, KIND) SFI_HANDLE_(self, given, KIND, true)

/* Guard of a function that makes a handle: *out is NULL on any failure, also
 * when `self` is not valid. */
#define SFI_ENTER_NEW(self, KIND, out) \
    do {                               \
        if ((out) != NULL)             \
            *(out) = NULL;             \
        SFI_ENTER(self, KIND);         \
        SFI_ARG(self, out != NULL);    \
    } while (0)

#endif
