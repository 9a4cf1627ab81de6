/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AES-128-GCM, for a whole message or in pieces. */
#include "crypto/gcm.h"

#include <limits.h>

#include <openssl/evp.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/kept.h"
#include "crypto/ossl.h"

/* EVP's lengths are int: split longer input. */
#define UPDATE_MAX ((size_t)1 << 30)

struct gcm {
    sfi_ctx *ctx;
    EVP_CIPHER_CTX *evp;
    enum gcm_way way;
};

sfi_status
sfi__gcm_new(sfi_ctx *ctx, enum gcm_way way, const uint8_t key[SFI_GCM_KEY_LEN],
             struct gcm **out)
{
    const EVP_CIPHER *aes = sfi__kept_gcm(ctx);
    struct gcm *g;

    *out = NULL;
    g = sfi__ctx_alloc(ctx, sizeof(*g));
    if (g == NULL)
        return SFI_ERR_NOMEM;
    g->ctx = ctx;
    g->way = way;
    g->evp = EVP_CIPHER_CTX_new();
    if (g->evp == NULL || aes == NULL ||
        EVP_CipherInit_ex(g->evp, aes, NULL, key, NULL, way == GCM_SEAL) != 1) {
        sfi__gcm_free(g);
        return sfi__ossl_fail(ctx, "AES-GCM set-up");
    }
    *out = g;
    return SFI_OK;
}

void
sfi__gcm_free(struct gcm *g)
{
    if (g == NULL)
        return;
    EVP_CIPHER_CTX_free(g->evp);
    sfi__ctx_dealloc(g->ctx, g);
}

/* With `out` NULL the input is additional data. */
static sfi_status
gcm_feed_pieces(struct gcm *g, const uint8_t *in, uint8_t *out, size_t len)
{
    while (len > 0) {
        size_t n = len < UPDATE_MAX ? len : UPDATE_MAX;
        int done;

        if (EVP_CipherUpdate(g->evp, out, &done, in, (int)n) != 1)
            return sfi__ossl_fail(g->ctx, "AES-GCM");
        in += n;
        out = out != NULL ? out + n : NULL;
        len -= n;
    }
    return SFI_OK;
}

sfi_status
sfi__gcm_start(struct gcm *g, const uint8_t iv[SFI_GCM_IV_LEN],
               const uint8_t *aad, size_t aad_len)
{
    if (EVP_CipherInit_ex(g->evp, NULL, NULL, NULL, iv, -1) != 1)
        return sfi__ossl_fail(g->ctx, "AES-GCM start");
    return gcm_feed_pieces(g, aad, NULL, aad_len);
}

sfi_status
sfi__gcm_update(struct gcm *g, const uint8_t *in, uint8_t *out, size_t len)
{
    return gcm_feed_pieces(g, in, out, len);
}

sfi_status
sfi__gcm_tag(struct gcm *g, uint8_t tag[SFI_GCM_TAG_LEN])
{
    uint8_t none[SFI_GCM_TAG_LEN];
    int len;

    if (EVP_CipherFinal_ex(g->evp, none, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(g->evp, EVP_CTRL_AEAD_GET_TAG, SFI_GCM_TAG_LEN,
                            tag) != 1)
        return sfi__ossl_fail(g->ctx, "AES-GCM tag");
    return SFI_OK;
}

sfi_status
sfi__gcm_verify(struct gcm *g, const uint8_t tag[SFI_GCM_TAG_LEN])
{
    uint8_t none[SFI_GCM_TAG_LEN];
    uint8_t expected[SFI_GCM_TAG_LEN];
    int len;

    /* EVP's pointer to the tag is not const. */
    for (size_t i = 0; i < sizeof(expected); i++)
        expected[i] = tag[i];
    if (EVP_CIPHER_CTX_ctrl(g->evp, EVP_CTRL_AEAD_SET_TAG, SFI_GCM_TAG_LEN,
                            expected) != 1)
        return sfi__ossl_fail(g->ctx, "AES-GCM tag");
    if (EVP_CipherFinal_ex(g->evp, none, &len) != 1) {
        sfi__ossl_forget();
        return sfi__fail(g->ctx, SFI_ERR_AUTH, "the tag does not match");
    }
    return SFI_OK;
}

sfi_status
sfi__gcm_seal(sfi_ctx *ctx, const uint8_t key[SFI_GCM_KEY_LEN],
              const uint8_t iv[SFI_GCM_IV_LEN], const uint8_t *aad,
              size_t aad_len, const uint8_t *in, size_t len, uint8_t *out,
              uint8_t tag[SFI_GCM_TAG_LEN])
{
    struct gcm *g;
    sfi_status st = sfi__gcm_new(ctx, GCM_SEAL, key, &g);

    if (st != SFI_OK)
        return st;
    st = sfi__gcm_start(g, iv, aad, aad_len);
    if (st != SFI_OK)
        goto out;
    st = sfi__gcm_update(g, in, out, len);
    if (st != SFI_OK)
        goto out;
    st = sfi__gcm_tag(g, tag);
out:
    sfi__gcm_free(g);
    return st;
}

sfi_status
sfi__gcm_open(sfi_ctx *ctx, const uint8_t key[SFI_GCM_KEY_LEN],
              const uint8_t iv[SFI_GCM_IV_LEN], const uint8_t *aad,
              size_t aad_len, const uint8_t *in, size_t len, uint8_t *out,
              const uint8_t tag[SFI_GCM_TAG_LEN])
{
    struct gcm *g;
    sfi_status st = sfi__gcm_new(ctx, GCM_OPEN, key, &g);

    if (st != SFI_OK)
        goto out;
    st = sfi__gcm_start(g, iv, aad, aad_len);
    if (st != SFI_OK)
        goto out;
    st = sfi__gcm_update(g, in, out, len);
    if (st != SFI_OK)
        goto out;
    st = sfi__gcm_verify(g, tag);
out:
    if (st != SFI_OK)
        sfi__wipe(out, len);
    sfi__gcm_free(g);
    return st;
}
