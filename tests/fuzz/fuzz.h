/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A fuzz target is LLVMFuzzerTestOneInput(), which takes one hostile input.  It
 * is built with standalone.c, which replays its corpus in every test run, and
 * with libFuzzer under -Dfuzz=true. */
#ifndef SFI_TESTS_FUZZ_H
#define SFI_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <sfi/ctx.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Abort unless it holds: a fuzzer reports an abort. */
#define FUZZ_HOLDS(what) \
    do {                 \
        if (!(what))     \
            abort();     \
    } while (0)

/* A context with a log, and with less memory than an input can ask for. */
sfi_ctx *fuzz_ctx(void);
/* Free the context; nothing made from it may be left. */
void fuzz_ctx_free(sfi_ctx *ctx);

/* Assert that a call returned a handle and no error, or no handle and a
 * recorded error with a message. */
void fuzz_check(const sfi_ctx *ctx, sfi_status st, const void *handle);

#endif
