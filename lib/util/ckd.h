/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Arithmetic that reports overflow. */
#ifndef SFI_UTIL_CKD_H
#define SFI_UTIL_CKD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each stores the result and returns true, or returns false and stores 0. */
bool sfi__ckd_add(size_t *out, size_t a, size_t b);
bool sfi__ckd_mul(size_t *out, size_t a, size_t b);
bool sfi__ckd_narrow_u32(uint32_t *out, uint64_t v);

#endif
