/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Random bytes from libcrypto's private generator, whatever RAND_METHOD the
 * process has set. */
#include "crypto/rand.h"

#include <limits.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "core/err.h"
#include "crypto/ossl.h"

sfi_status
sfi__random(sfi_ctx *ctx, uint8_t *out, size_t len)
{
    OSSL_LIB_CTX *lib = sfi__ossl_lib();
    EVP_RAND_CTX *private = lib != NULL ? RAND_get0_private(lib) : NULL;

    if (len > INT_MAX)
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "%zu random bytes, expected at most %d", len, INT_MAX);
    if (private == NULL ||
        EVP_RAND_generate(private, out, len, 0, 0, NULL, 0) != 1)
        return sfi__ossl_fail(ctx, "random generator");
    return SFI_OK;
}
