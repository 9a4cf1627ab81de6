/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Clears, wipes and compares memory; no other file does.  Freestanding. */
#ifndef SFI_UTIL_MEM_H
#define SFI_UTIL_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* Clear or fill memory without secrets. */
void sfi__zero(void *p, size_t len);
void sfi__fill(void *p, int byte, size_t len);
/* Clear a secret: the compiler cannot optimise it away. */
void sfi__wipe(void *p, size_t len);
/* Compare secrets: the time does not depend on the bytes. */
bool sfi__ct_equal(const void *a, const void *b, size_t len);
/* Compare public bytes (magics, identifiers). */
bool sfi__equal(const void *a, const void *b, size_t len);

#endif
