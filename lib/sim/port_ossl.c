/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device core's cryptography, done by lib/crypto. */
#include "sim/port_ossl.h"

#include <stddef.h>

#include "core/err.h"
#include "crypto/ecc.h"
#include "crypto/gcm.h"
#include "crypto/rand.h"
#include "license/license.h"

int
sfi__port_ossl_open_license(struct port_ossl *p, const uint8_t *device_secret,
                            const uint8_t *lic, uint32_t len,
                            uint8_t key_secret[16], uint8_t nonce[12])
{
    if (len != SFI_LICENSE_LEN)
        return 1;
    return sfi__license_open(p->ctx, device_secret, lic, key_secret, nonce) !=
           SFI_OK;
}

int
sfi__port_ossl_random(struct port_ossl *p, uint8_t *out, uint32_t len)
{
    return sfi__random(p->ctx, out, len) != SFI_OK;
}

int
sfi__port_ossl_gcm_start(struct port_ossl *p, const uint8_t key_secret[16],
                         const uint8_t iv[12], const uint8_t *aad,
                         uint32_t aad_len)
{
    sfi__port_ossl_reset(p);
    if (sfi__gcm_new(p->ctx, GCM_OPEN, key_secret, &p->gcm) != SFI_OK)
        return 1;
    return sfi__gcm_start(p->gcm, iv, aad, aad_len) != SFI_OK;
}

int
sfi__port_ossl_gcm_update(struct port_ossl *p, uint8_t *buf, uint32_t len)
{
    return p->gcm == NULL || sfi__gcm_update(p->gcm, buf, buf, len) != SFI_OK;
}

int
sfi__port_ossl_gcm_verify(struct port_ossl *p, const uint8_t tag[16])
{
    return p->gcm == NULL || sfi__gcm_verify(p->gcm, tag) != SFI_OK;
}

int
sfi__port_ossl_digest(struct port_ossl *p, const uint8_t *data, uint32_t len,
                      uint8_t out[32])
{
    return sfi__sha256(p->ctx, data, len, out) != SFI_OK;
}

int
sfi__port_ossl_sign(struct port_ossl *p, const uint8_t *device_secret,
                    const uint8_t digest[32], uint8_t signature[64])
{
    return sfi__ecc_sign_digest(p->ctx, device_secret, digest, signature) !=
           SFI_OK;
}

void
sfi__port_ossl_reset(struct port_ossl *p)
{
    sfi__gcm_free(p->gcm);
    p->gcm = NULL;
}
