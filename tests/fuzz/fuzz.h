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

/* What must hold; a fuzzer knows an abort when it sees one. */
#define FUZZ_HOLDS(what) \
    do {                 \
        if (!(what))     \
            abort();     \
    } while (0)

/* A context with a log, and with less memory than an input can ask for. */
sfi_ctx *fuzz_ctx(void);
/* Free it: nothing made from it may be left. */
void fuzz_ctx_free(sfi_ctx *ctx);

/* A call ended as it may: a handle and no error, or a recorded error, with a
 * message, and no handle. */
void fuzz_check(const sfi_ctx *ctx, sfi_status st, const void *handle);

#endif
