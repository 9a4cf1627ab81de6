/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Whether an image has the key and nonce of an HSM. */
#ifndef SFI_HSM_BASE_IMAGE_HEADER_H
#define SFI_HSM_BASE_IMAGE_HEADER_H

#include <sfi/hsm.h>

#include "wire/image.h"

/* The header is of a version that HSMs know. */
sfi_status sfi__hsm_check_format(sfi_ctx *ctx,
                                 const uint8_t raw[SFI_FORMAT_HEADER_LEN]);
/* The header's tag verifies; SFI_ERR_AUTH: it does not. */
sfi_status sfi__hsm_verify_header(sfi_ctx *ctx, const uint8_t *key_secret,
                                  const uint8_t *nonce,
                                  const uint8_t raw[SFI_FORMAT_HEADER_LEN]);
/* The one place where an HSM refuses an image. */
sfi_status sfi__hsm_refuse_image(sfi_ctx *ctx, int32_t peer_code);

#endif
