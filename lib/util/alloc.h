/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Memory functions: the caller's, or malloc and free. */
#ifndef SFI_UTIL_ALLOC_H
#define SFI_UTIL_ALLOC_H

#include <stddef.h>

struct alloc {
    void *user;
    void *(*alloc)(void *user, size_t size);
    void (*free)(void *user, void *ptr);
};

extern const struct alloc sfi__alloc_default;

/* Zeroed memory, or NULL. */
void *sfi__alloc(const struct alloc *a, size_t size);
/* The same with any content: a large block then takes no memory from the system
 * before it is used. */
void *sfi__alloc_any(const struct alloc *a, size_t size);
void sfi__free(const struct alloc *a, void *ptr);

#endif
