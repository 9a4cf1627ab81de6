/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Memory of jansson and libevent, through which PINs, tokens and keys of
 * sessions come: wiped before it is freed. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "station/local.h"

static void
memory_free(void *p)
{
    if (p != NULL)
        cli_wipe(p, malloc_usable_size(p));
    free(p);
}

static void *
memory_grow(void *p, size_t size)
{
    size_t old = p != NULL ? malloc_usable_size(p) : 0;
    void *bigger = malloc(size);

    if (bigger == NULL)
        return NULL;
    if (p != NULL)
        memcpy(bigger, p, old < size ? old : size);
    memory_free(p);
    return bigger;
}

void
memory_start(void)
{
    json_set_alloc_funcs(malloc, memory_free);
    json_object_seed(0);
    event_set_mem_functions(malloc, memory_grow, memory_free);
}
