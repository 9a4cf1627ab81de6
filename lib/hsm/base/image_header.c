/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Verifies an image's header with an HSM's key and nonce, so that no
 * installation is spent on an image that the licence does not open. */
#include "hsm/base/image_header.h"

#include "util/mem.h"
#include "core/err.h"
#include "crypto/gcm.h"

sfi_status
sfi__hsm_check_format(sfi_ctx *ctx, const uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    struct image_header h;

    sfi__image_read_header(&h, raw);
    if (!sfi__image_magic_ok(&h))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "not an image, expected the magic " SFI_FORMAT_MAGIC);
    if (h.version != SFI_FORMAT_VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "an image of protocol version %u, expected %u",
                         h.version, SFI_FORMAT_VERSION);
    return SFI_OK;
}

sfi_status
sfi__hsm_verify_header(sfi_ctx *ctx, const uint8_t *key_secret,
                       const uint8_t *nonce,
                       const uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    uint8_t iv[SFI_FORMAT_NONCE_LEN];
    struct image_header h;
    sfi_status st;

    sfi__image_read_header(&h, raw);
    sfi__image_iv(iv, nonce, 0);
    st = sfi__gcm_open(ctx, key_secret, iv, raw, SFI_FORMAT_HEADER_AAD_LEN,
                       NULL, 0, NULL, h.tag);
    sfi__wipe(iv, sizeof(iv));
    return st == SFI_ERR_AUTH ? sfi__hsm_refuse_image(ctx, 0) : st;
}

sfi_status
sfi__hsm_refuse_image(sfi_ctx *ctx, int32_t peer_code)
{
    return sfi__fail_peer(
        ctx, SFI_ERR_AUTH, peer_code,
        "the image was built with another key or nonce than this HSM has: use "
        "the HSM of this image, or build the image again");
}
