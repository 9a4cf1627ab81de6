/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Arithmetic that reports overflow. */
#include "util/ckd.h"

bool
sfi__ckd_add(size_t *out, size_t a, size_t b)
{
    bool fits = b <= SIZE_MAX - a;

    *out = fits ? a + b : 0;
    return fits;
}

bool
sfi__ckd_mul(size_t *out, size_t a, size_t b)
{
    bool fits = a == 0 || b <= SIZE_MAX / a;

    *out = fits ? a * b : 0;
    return fits;
}

bool
sfi__ckd_narrow_u32(uint32_t *out, uint64_t v)
{
    bool fits = v <= UINT32_MAX;

    *out = fits ? (uint32_t)v : 0;
    return fits;
}
