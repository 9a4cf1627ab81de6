/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Turns libcrypto's error queue into the context's error. */
#include "crypto/ossl.h"

#include <openssl/err.h>

#include "core/err.h"

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
