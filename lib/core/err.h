/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Saying why, once, at the place that knows. */
#ifndef SFI_CORE_ERR_H
#define SFI_CORE_ERR_H

#include <sfi/ctx.h>

#include "util/text.h"

#define SFI_ERROR_MESSAGE_MAX 384
#define SFI_ERROR_WHERE_MAX 256

/* Fixed buffers: failing needs no memory. */
struct sfi_error {
    sfi_status status;
    int32_t os_code;
    int32_t peer_code;
    char where[SFI_ERROR_WHERE_MAX];
    char message[SFI_ERROR_MESSAGE_MAX];
};

/* Record and return `st`.  `fmt`: what was found, what was expected. */
sfi_status sfi__fail(sfi_ctx *ctx, sfi_status st, const char *fmt, ...)
    SFI_PRINTF(3, 4);
/* The same with an errno; its text is appended to the message. */
sfi_status sfi__fail_os(sfi_ctx *ctx, sfi_status st, int os_code,
                        const char *fmt, ...) SFI_PRINTF(4, 5);
/* The same with the other side's code. */
sfi_status sfi__fail_peer(sfi_ctx *ctx, sfi_status st, int32_t peer_code,
                          const char *fmt, ...) SFI_PRINTF(4, 5);
sfi_status sfi__nomem(sfi_ctx *ctx);

/* Say where, after a failure: set when empty, else put before what is there
 * ("fw.hex" before "12" gives "fw.hex:12").  Returns the recorded status. */
sfi_status sfi__where(sfi_ctx *ctx, const char *fmt, ...) SFI_PRINTF(2, 3);

void sfi__clear_error(sfi_ctx *ctx);

/* Around steps that follow a failure and may fail too (a clean-up, a search for
 * the cause): the first error is the one to report. */
void sfi__error_keep(const sfi_ctx *ctx, struct sfi_error *kept);
void sfi__error_restore(sfi_ctx *ctx, const struct sfi_error *kept);

/* The status of an errno of a file; links choose theirs (NO_DEVICE). */
sfi_status sfi__os_status(int os_code);

/* Check what a callback returned, and make sure that an error is recorded. */
sfi_status sfi__from_callback(sfi_ctx *ctx, sfi_status st, const char *what);

void sfi__log(sfi_ctx *ctx, int level, const char *fmt, ...) SFI_PRINTF(3, 4);

#endif
