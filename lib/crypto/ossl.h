/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* libcrypto's failures as ours.  Only lib/crypto includes this. */
#ifndef SFI_CRYPTO_OSSL_H
#define SFI_CRYPTO_OSSL_H

#include <sfi/ctx.h>

/* SFI_ERR_CRYPTO with libcrypto's reason; its error queue is emptied. */
sfi_status sfi__ossl_fail(sfi_ctx *ctx, const char *what);
/* Empty the queue after a refusal that was expected. */
void sfi__ossl_forget(void);

#endif
