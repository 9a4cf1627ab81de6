/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Unicorn 2.0 makes and frees a tree of locks at each store to RAM, for threads
 * that it does not have: two of five parts of all its time.  A program's
 * functions come before a library's, so these two take the place of Unicorn's:
 * no locks. */
#include "core.h"

#define OVERRIDES __attribute__((visibility("default")))

OVERRIDES void *page_collection_lock_arm(uc_engine *uc, uint64_t start,
                                         uint64_t end);
OVERRIDES void page_collection_unlock_arm(void *set);

void *
page_collection_lock_arm(uc_engine *uc, uint64_t start, uint64_t end)
{
    (void)start;
    (void)end;
    return uc; /* not NULL; nobody looks at it */
}

void
page_collection_unlock_arm(void *set)
{
    (void)set;
}
