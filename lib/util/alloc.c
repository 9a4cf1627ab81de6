/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Allocates memory with the caller's functions, or with malloc and free. */
#include "util/alloc.h"

#include <stdlib.h>

#include "util/mem.h"

static void *
alloc_from_malloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void
alloc_to_free(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

const struct alloc sfi__alloc_default = {
    .alloc = alloc_from_malloc,
    .free = alloc_to_free,
};

void *
sfi__alloc_any(const struct alloc *a, size_t size)
{
    return a->alloc(a->user, size > 0 ? size : 1);
}

void *
sfi__alloc(const struct alloc *a, size_t size)
{
    void *p = sfi__alloc_any(a, size);

    if (p != NULL)
        sfi__zero(p, size);
    return p;
}

void
sfi__free(const struct alloc *a, void *ptr)
{
    if (ptr != NULL)
        a->free(a->user, ptr);
}
