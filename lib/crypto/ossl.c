/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One library context of libcrypto, and errors from libcrypto's queue. */
#include "crypto/ossl.h"

#include <stdatomic.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "core/err.h"

/* With the default provider, which a new one loads when it is first asked for
 * an algorithm.  Never freed: a thread that ends frees its random generator in
 * it, also after the last context is gone.  So libsfi stays in the process, too
 * (-z nodelete).
 */
static _Atomic(OSSL_LIB_CTX *) ossl_lib;

OSSL_LIB_CTX *
sfi__ossl_lib(void)
{
    OSSL_LIB_CTX *lib = atomic_load(&ossl_lib);
    OSSL_LIB_CTX *made;

    if (lib != NULL)
        return lib;
    made = OSSL_LIB_CTX_new();
    if (made == NULL || atomic_compare_exchange_strong(&ossl_lib, &lib, made))
        return made;
    OSSL_LIB_CTX_free(made); /* another thread was quicker */
    return lib;
}

sfi_status
sfi__ossl_fail(sfi_ctx *ctx, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    (void)sfi__fail(ctx, SFI_ERR_CRYPTO, "%s failed in libcrypto: %s", what,
                    reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return SFI_ERR_CRYPTO;
}

void
sfi__ossl_forget(void)
{
    ERR_clear_error();
}
