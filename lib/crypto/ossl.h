/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* libsfi's own part of libcrypto, and its failures.  Only lib/crypto includes
 * this. */
#ifndef SFI_CRYPTO_OSSL_H
#define SFI_CRYPTO_OSSL_H

#include <openssl/types.h>

#include <sfi/ctx.h>

/* libcrypto's default provider, whatever providers and properties the process
 * has chosen for itself and whatever OPENSSL_CONF says.  Made once and kept:
 * each thread has a random generator in it.  Any thread; NULL: libcrypto
 * failed, not recorded. */
OSSL_LIB_CTX *sfi__ossl_lib(void);
/* Record SFI_ERR_CRYPTO with libcrypto's reason, and empty its error queue. */
sfi_status sfi__ossl_fail(sfi_ctx *ctx, const char *what);
/* Empty the error queue after an expected failure. */
void sfi__ossl_forget(void);

#endif
