/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device core's cryptography, from lib/crypto.  Each call of the port
 * returns 0, or 1 when it failed or refused. */
#ifndef SFI_SIM_PORT_OSSL_H
#define SFI_SIM_PORT_OSSL_H

#include <stdint.h>

#include <sfi/ctx.h>

struct gcm;

struct port_ossl {
    sfi_ctx *ctx;
    struct gcm *gcm; /* NULL: no message is in progress */
};

int sfi__port_ossl_open_license(struct port_ossl *p,
                                const uint8_t *device_secret,
                                const uint8_t *lic, uint32_t len,
                                uint8_t key_secret[16], uint8_t nonce[12]);
int sfi__port_ossl_random(struct port_ossl *p, uint8_t *out, uint32_t len);
int sfi__port_ossl_gcm_start(struct port_ossl *p, const uint8_t key_secret[16],
                             const uint8_t iv[12], const uint8_t *aad,
                             uint32_t aad_len);
int sfi__port_ossl_gcm_update(struct port_ossl *p, uint8_t *buf, uint32_t len);
int sfi__port_ossl_gcm_verify(struct port_ossl *p, const uint8_t tag[16]);
int sfi__port_ossl_digest(struct port_ossl *p, const uint8_t *data,
                          uint32_t len, uint8_t out[32]);
int sfi__port_ossl_sign(struct port_ossl *p, const uint8_t *device_secret,
                        const uint8_t digest[32], uint8_t signature[64]);
/* Forget the key. */
void sfi__port_ossl_reset(struct port_ossl *p);

#endif
