/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Errors: the place that finds the cause records it, once, in the context. */
#ifndef SFI_CORE_ERR_H
#define SFI_CORE_ERR_H

#include <sfi/ctx.h>

#include "util/text.h"

#define SFI_ERROR_MESSAGE_MAX 384
#define SFI_ERROR_WHERE_MAX 256

/* Fixed buffers: recording an error needs no memory. */
struct sfi_error {
    sfi_status status;
    int32_t os_code;
    int32_t peer_code;
    char where[SFI_ERROR_WHERE_MAX];
    char message[SFI_ERROR_MESSAGE_MAX];
};

/* Record an error and return `st`.  `fmt`: what was found, what was expected.
 */
sfi_status sfi__fail(sfi_ctx *ctx, sfi_status st, const char *fmt, ...)
    SFI_PRINTF(3, 4);
/* The same with an errno; its text is appended to the message. */
sfi_status sfi__fail_os(sfi_ctx *ctx, sfi_status st, int os_code,
                        const char *fmt, ...) SFI_PRINTF(4, 5);
/* The same with the peer's code. */
sfi_status sfi__fail_peer(sfi_ctx *ctx, sfi_status st, int32_t peer_code,
                          const char *fmt, ...) SFI_PRINTF(4, 5);
sfi_status sfi__nomem(sfi_ctx *ctx);

/* Add the place to the recorded error, in front of a place that is already set
 * ("fw.hex" before "12" gives "fw.hex:12").  Returns the recorded status. */
sfi_status sfi__where(sfi_ctx *ctx, const char *fmt, ...) SFI_PRINTF(2, 3);

void sfi__clear_error(sfi_ctx *ctx);

/* Keep an error while later steps (a clean-up, a search for the cause) may fail
 * too, then restore it: the first error is the one to report. */
void sfi__error_keep(const sfi_ctx *ctx, struct sfi_error *kept);
void sfi__error_restore(sfi_ctx *ctx, const struct sfi_error *kept);

/* The status for an errno of a file; links have their own rules (NO_DEVICE). */
sfi_status sfi__os_status(int os_code);

/* Check the status that a callback returned, and make sure that an error is
 * recorded. */
sfi_status sfi__from_callback(sfi_ctx *ctx, sfi_status st, const char *what);

void sfi__log(sfi_ctx *ctx, int level, const char *fmt, ...) SFI_PRINTF(3, 4);

#endif
