/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What fuzz targets share: a context with little memory, and checks of its
 * errors. */
#include "fuzz.h"

#include <string.h>

/* All memory in use at any time: enough for each parser's tables and small
 * firmware. */
#define MEMORY_MAX ((size_t)16 << 20)

/* Before each block, so that the sum is known. */
union block {
    size_t size;
    max_align_t align;
};

static size_t in_use;

static void *
limited_alloc(void *user, size_t size)
{
    union block *b;

    (void)user;
    if (size > MEMORY_MAX - in_use)
        return NULL;
    b = malloc(sizeof(*b) + size);
    if (b == NULL)
        return NULL;
    b->size = size;
    in_use += size;
    return b + 1;
}

static void
limited_free(void *user, void *ptr)
{
    union block *b = ptr;

    (void)user;
    in_use -= (--b)->size;
    free(b);
}

static void
read_line(void *user, int level, const char *line)
{
    (void)user;
    FUZZ_HOLDS(level > SFI_LOG_NONE && level <= SFI_LOG_DEBUG);
    FUZZ_HOLDS(line[0] != '\0' && strpbrk(line, "\r\n") == NULL);
}

sfi_ctx *
fuzz_ctx(void)
{
    sfi_allocator allocator = {
        .struct_size = sizeof(allocator),
        .alloc = limited_alloc,
        .free = limited_free,
    };
    sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = SFI_LOG_DEBUG,
        .log = read_line,
        .allocator = &allocator,
    };
    sfi_ctx *ctx;

    FUZZ_HOLDS(sfi_ctx_new(&options, &ctx) == SFI_OK);
    return ctx;
}

void
fuzz_ctx_free(sfi_ctx *ctx)
{
    sfi_ctx_free(ctx);
    FUZZ_HOLDS(in_use == 0);
}

void
fuzz_check(const sfi_ctx *ctx, sfi_status st, const void *handle)
{
    const sfi_error *err = sfi_ctx_error(ctx);

    FUZZ_HOLDS((st == SFI_OK) == (handle != NULL));
    FUZZ_HOLDS((st == SFI_OK) == (err == NULL));
    FUZZ_HOLDS(sfi_error_status(err) == st);
    FUZZ_HOLDS(st == SFI_OK || sfi_error_message(err)[0] != '\0');
    /* No input makes this a fault of the program or of the library. */
    FUZZ_HOLDS(st == SFI_OK || (st <= -200 && st != SFI_ERR_INTERNAL));
}
