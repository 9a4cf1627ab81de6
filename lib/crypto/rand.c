/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Random bytes from libcrypto's private generator. */
#include "crypto/rand.h"

#include <limits.h>

#include <openssl/rand.h>

#include "core/err.h"
#include "crypto/ossl.h"

sfi_status
sfi__random(sfi_ctx *ctx, uint8_t *out, size_t len)
{
    if (len > INT_MAX)
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "%zu random bytes, expected at most %d", len, INT_MAX);
    if (RAND_priv_bytes(out, (int)len) != 1)
        return sfi__ossl_fail(ctx, "random generator");
    return SFI_OK;
}
