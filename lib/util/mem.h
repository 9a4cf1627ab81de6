/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The only places that clear, wipe and compare memory.  Freestanding. */
#ifndef SFI_UTIL_MEM_H
#define SFI_UTIL_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Clear what is not secret. */
void sfi__zero(void *p, size_t len);
void sfi__fill(void *p, int byte, size_t len);
/* Clear a secret: the compiler may not leave it out. */
void sfi__wipe(void *p, size_t len);
/* Same bytes?  The time does not tell where they differ. */
bool sfi__ct_equal(const void *a, const void *b, size_t len);
/* Same bytes?  For what is public (magics, identifiers). */
bool sfi__equal(const void *a, const void *b, size_t len);

#endif
