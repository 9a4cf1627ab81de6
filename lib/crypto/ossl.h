/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reports libcrypto's failures.  Only lib/crypto includes this. */
#ifndef SFI_CRYPTO_OSSL_H
#define SFI_CRYPTO_OSSL_H

#include <sfi/ctx.h>

/* Record SFI_ERR_CRYPTO with libcrypto's reason, and empty its error queue. */
sfi_status sfi__ossl_fail(sfi_ctx *ctx, const char *what);
/* Empty the error queue after an expected failure. */
void sfi__ossl_forget(void);

#endif
