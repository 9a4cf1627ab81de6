/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AES-128-GCM with a 96-bit IV and a 128-bit tag (NIST SP 800-38D). */
#ifndef SFI_CRYPTO_GCM_H
#define SFI_CRYPTO_GCM_H

#include <sfi/ctx.h>

#define SFI_GCM_KEY_LEN 16u
#define SFI_GCM_IV_LEN 12u
#define SFI_GCM_TAG_LEN 16u

enum gcm_way { GCM_SEAL, GCM_OPEN };

struct gcm; /* keeps the key schedule: one key for many messages */

sfi_status sfi__gcm_new(sfi_ctx *ctx, enum gcm_way way,
                        const uint8_t key[SFI_GCM_KEY_LEN], struct gcm **out);
/* Begin a message; an unfinished one is dropped. */
sfi_status sfi__gcm_start(struct gcm *g, const uint8_t iv[SFI_GCM_IV_LEN],
                          const uint8_t *aad, size_t aad_len);
/* `in` and `out` may be the same buffer. */
sfi_status sfi__gcm_update(struct gcm *g, const uint8_t *in, uint8_t *out,
                           size_t len);
sfi_status sfi__gcm_tag(struct gcm *g, uint8_t tag[SFI_GCM_TAG_LEN]);
/* SFI_OK or SFI_ERR_AUTH; its message is general, and the caller may replace it
 * to name the object. */
sfi_status sfi__gcm_verify(struct gcm *g, const uint8_t tag[SFI_GCM_TAG_LEN]);
void sfi__gcm_free(struct gcm *g);

/* One message.  On SFI_ERR_AUTH `out` is wiped. */
sfi_status sfi__gcm_seal(sfi_ctx *ctx, const uint8_t key[SFI_GCM_KEY_LEN],
                         const uint8_t iv[SFI_GCM_IV_LEN], const uint8_t *aad,
                         size_t aad_len, const uint8_t *in, size_t len,
                         uint8_t *out, uint8_t tag[SFI_GCM_TAG_LEN]);
sfi_status sfi__gcm_open(sfi_ctx *ctx, const uint8_t key[SFI_GCM_KEY_LEN],
                         const uint8_t iv[SFI_GCM_IV_LEN], const uint8_t *aad,
                         size_t aad_len, const uint8_t *in, size_t len,
                         uint8_t *out, const uint8_t tag[SFI_GCM_TAG_LEN]);

#endif
