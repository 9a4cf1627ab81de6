/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Random bytes from libcrypto's private generator. */
#ifndef SFI_CRYPTO_RAND_H
#define SFI_CRYPTO_RAND_H

#include <sfi/ctx.h>

sfi_status sfi__random(sfi_ctx *ctx, uint8_t *out, size_t len);

#endif
