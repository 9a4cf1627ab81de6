/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Objects on a PKCS#11 token: the key that seals a vault, and the anchor that
 * detects an older copy of it. */
#include "hsm/token/module.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/rand.h"

#define KEY_LABEL "sfi vault"
#define ANCHOR_LABEL "sfi vault anchor"
#define KEY_LEN 32u
/* Only a crash leaves more than one; more than this is an attack or a bug. */
#define OBJECTS_MAX 16u
/* Another process may replace an anchor between search and read. */
#define ANCHOR_ROUNDS 100u
/* The secrets of a vault, with room to spare. */
#define SEAL_MAX 128u

#define ATTRIBUTE(type, value, len)    \
    {                                  \
        (type), (void *)(value), (len) \
    }

/* ---- objects ---- */

struct found {
    CK_OBJECT_HANDLE at[OBJECTS_MAX];
    CK_ULONG count;
};

static sfi_status
object_search_once(struct token *t, CK_ATTRIBUTE *like, CK_ULONG n,
                   struct found *f)
{
    CK_RV rv = t->fn->C_FindObjectsInit(t->session, like, n);

    f->count = 0;
    if (rv ==
        CKR_OPERATION_ACTIVE) { /* the token refused to end an earlier search */
        (void)t->fn->C_FindObjectsFinal(t->session);
        rv = t->fn->C_FindObjectsInit(t->session, like, n);
    }
    if (rv == CKR_OK) {
        rv = t->fn->C_FindObjects(t->session, f->at, OBJECTS_MAX, &f->count);
        (void)t->fn->C_FindObjectsFinal(t->session);
    }
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "search the token");
    if (f->count > OBJECTS_MAX)
        return sfi__fail(t->ctx, SFI_ERR_HSM,
                         "the token returned %lu objects, expected at most %u",
                         f->count, OBJECTS_MAX);
    return SFI_OK;
}

/* An empty result counts only if the login still holds, since private objects
 * are invisible without one. */
static sfi_status
object_search(struct token *t, CK_ATTRIBUTE *like, CK_ULONG n, struct found *f)
{
    sfi_status st = sfi__token_ready(t);

    if (st != SFI_OK)
        return st;
    st = object_search_once(t, like, n, f);
    if (st != SFI_OK || f->count > 0)
        return st;
    st = sfi__token_ready(t);
    if (st != SFI_OK)
        return st;
    return object_search_once(t, like, n, f);
}

static sfi_status
object_find_keys(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                 struct found *f)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE like[] = {
        ATTRIBUTE(CKA_CLASS, &class, sizeof(class)),
        ATTRIBUTE(CKA_KEY_TYPE, &type, sizeof(type)),
        ATTRIBUTE(CKA_ID, id, TOKEN_ID_LEN),
    };

    return object_search(t, like, sizeof(like) / sizeof(like[0]), f);
}

/* The one key of a vault. */
static sfi_status
object_find_only_key(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                     CK_OBJECT_HANDLE *out)
{
    struct found f;
    sfi_status st = object_find_keys(t, id, &f);

    if (st != SFI_OK)
        return st;
    if (f.count == 0)
        return sfi__fail(t->ctx, SFI_ERR_HSM,
                         "the token has no key for this vault: it is a "
                         "different token, or the key was deleted");
    if (f.count > 1)
        return sfi__fail(t->ctx, SFI_ERR_HSM,
                         "the token has %lu keys for this vault, expected one",
                         f.count);
    *out = f.at[0];
    return SFI_OK;
}

/* ---- the key ---- */

/* Check that the token honoured the attributes. */
static sfi_status
token_check_new_key(struct token *t, CK_OBJECT_HANDLE key)
{
    CK_BBOOL sensitive = CK_FALSE;
    CK_BBOOL extractable = CK_TRUE;
    CK_BBOOL stays = CK_FALSE;
    CK_ATTRIBUTE a[] = {
        ATTRIBUTE(CKA_SENSITIVE, &sensitive, sizeof(sensitive)),
        ATTRIBUTE(CKA_EXTRACTABLE, &extractable, sizeof(extractable)),
        ATTRIBUTE(CKA_TOKEN, &stays, sizeof(stays)),
    };
    CK_RV rv = t->fn->C_GetAttributeValue(t->session, key, a,
                                          sizeof(a) / sizeof(a[0]));

    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "check the new key");
    if (sensitive != CK_TRUE || extractable != CK_FALSE || stays != CK_TRUE)
        return sfi__fail(
            t->ctx, SFI_ERR_HSM,
            "the token made a key that is extractable or not permanent");
    return SFI_OK;
}

sfi_status
sfi__token_make_key(struct token *t, const uint8_t id[TOKEN_ID_LEN])
{
    CK_MECHANISM mechanism = {.mechanism = CKM_AES_KEY_GEN};
    CK_OBJECT_HANDLE key = 0;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG len = KEY_LEN;
    CK_ATTRIBUTE a[] = {
        ATTRIBUTE(CKA_TOKEN, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_PRIVATE, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_SENSITIVE, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_EXTRACTABLE, &no, sizeof(no)),
        ATTRIBUTE(CKA_ENCRYPT, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_DECRYPT, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_VALUE_LEN, &len, sizeof(len)),
        ATTRIBUTE(CKA_ID, id, TOKEN_ID_LEN),
        ATTRIBUTE(CKA_LABEL, KEY_LABEL, strlen(KEY_LABEL)),
    };
    sfi_status st = sfi__token_ready(t);
    CK_RV rv;

    if (st != SFI_OK)
        return st;
    rv = t->fn->C_GenerateKey(t->session, &mechanism, a,
                              sizeof(a) / sizeof(a[0]), &key);
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "make an AES-256 key");
    st = token_check_new_key(t, key);
    if (st != SFI_OK)
        (void)t->fn->C_DestroyObject(t->session, key);
    return st;
}

/* ---- sealing ---- */

/* libsfi chooses the IV; a token that insists on its own overwrites it.  The
 * order is PKCS#11's: from p11-kit 0.25 on the members have its names, too. */
static CK_GCM_PARAMS
token_gcm_params(uint8_t iv[TOKEN_IV_LEN], const uint8_t *aad, size_t aad_len)
{
    return (CK_GCM_PARAMS){
        iv,      TOKEN_IV_LEN,     TOKEN_IV_LEN * 8, (unsigned char *)aad,
        aad_len, TOKEN_TAG_LEN * 8};
}

static sfi_status
token_fail_length(struct token *t, const char *what, CK_ULONG got, size_t want)
{
    return sfi__fail(t->ctx, SFI_ERR_HSM,
                     "the token %s %lu bytes, expected %zu", what, got, want);
}

sfi_status
sfi__token_seal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                const uint8_t *aad, size_t aad_len, const uint8_t *plain_secret,
                size_t len, uint8_t *out)
{
    uint8_t sealed[SEAL_MAX + TOKEN_TAG_LEN];
    CK_GCM_PARAMS params = token_gcm_params(out, aad, aad_len);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &params, sizeof(params)};
    CK_ULONG got = sizeof(sealed);
    CK_OBJECT_HANDLE key;
    sfi_status st;
    CK_RV rv;

    if (len > SEAL_MAX)
        return sfi__fail(t->ctx, SFI_ERR_INTERNAL, "invalid length to seal");
    st = sfi__random(t->ctx, out, TOKEN_IV_LEN);
    if (st != SFI_OK)
        return st;
    st = object_find_only_key(t, id, &key);
    if (st != SFI_OK)
        return st;
    rv = t->fn->C_EncryptInit(t->session, &mechanism, key);
    if (rv == CKR_OK)
        rv = t->fn->C_Encrypt(t->session, (CK_BYTE *)plain_secret, len, sealed,
                              &got);
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "encrypt with AES-GCM");
    if (got != len + TOKEN_TAG_LEN)
        return token_fail_length(t, "sealed to", got, len + TOKEN_TAG_LEN);
    memcpy(out + TOKEN_IV_LEN, sealed, got);
    return SFI_OK;
}

/* Tokens report a tag that does not match in different ways. */
static bool
token_says_altered(CK_RV rv)
{
    return rv == CKR_ENCRYPTED_DATA_INVALID || rv == CKR_SIGNATURE_INVALID ||
           rv == CKR_ENCRYPTED_DATA_LEN_RANGE || rv == CKR_GENERAL_ERROR ||
           rv == 0x42 /* v3: AEAD_DECRYPT_FAILED */;
}

sfi_status
sfi__token_unseal(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                  const uint8_t *aad, size_t aad_len, const uint8_t *sealed,
                  size_t len, uint8_t *plain_secret)
{
    uint8_t iv[TOKEN_IV_LEN];
    uint8_t open_secret[SEAL_MAX + TOKEN_TAG_LEN];
    CK_GCM_PARAMS params = token_gcm_params(iv, aad, aad_len);
    CK_MECHANISM mechanism = {CKM_AES_GCM, &params, sizeof(params)};
    CK_ULONG got = sizeof(open_secret);
    CK_OBJECT_HANDLE key;
    sfi_status st;
    CK_RV rv;

    if (len > SEAL_MAX)
        return sfi__fail(t->ctx, SFI_ERR_INTERNAL, "invalid length to unseal");
    memcpy(iv, sealed, sizeof(iv));
    st = object_find_only_key(t, id, &key);
    if (st != SFI_OK)
        return st;
    rv = t->fn->C_DecryptInit(t->session, &mechanism, key);
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "decrypt with AES-GCM");
    rv = t->fn->C_Decrypt(t->session, (CK_BYTE *)sealed + TOKEN_IV_LEN,
                          len + TOKEN_TAG_LEN, open_secret, &got);
    if (token_says_altered(rv))
        st = sfi__fail_peer(t->ctx, SFI_ERR_AUTH, (int32_t)rv,
                            "the token refused the sealed data: they were "
                            "altered, or sealed with a different key");
    else if (rv != CKR_OK)
        st = sfi__token_fail(t, rv, "decrypt with AES-GCM");
    else if (got != len)
        st = token_fail_length(t, "opened to", got, len);
    else
        memcpy(plain_secret, open_secret, len);
    sfi__wipe(open_secret, sizeof(open_secret));
    return st;
}

/* ---- the anchor ---- */

struct anchor_name {
    char application[48];
};

static void
anchor_format_name(struct anchor_name *n, const uint8_t id[TOKEN_ID_LEN])
{
    char hex[2 * TOKEN_ID_LEN + 1];

    sfi__hex_encode(hex, id, TOKEN_ID_LEN);
    sfi__text_format(n->application, sizeof(n->application), "sfi vault %s",
                     hex);
}

static sfi_status
anchor_find_objects(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                    struct found *f)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    struct anchor_name name;
    CK_ATTRIBUTE like[] = {
        ATTRIBUTE(CKA_CLASS, &class, sizeof(class)),
        ATTRIBUTE(CKA_LABEL, ANCHOR_LABEL, strlen(ANCHOR_LABEL)),
        ATTRIBUTE(CKA_APPLICATION, name.application, 0),
    };

    anchor_format_name(&name, id);
    like[2].ulValueLen = strlen(name.application);
    return object_search(t, like, sizeof(like) / sizeof(like[0]), f);
}

/* Compared byte by byte. */
static bool
anchor_is_greater(const uint8_t *a, size_t a_len, const uint8_t *b,
                  size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++) {
        if (a[i] != b[i])
            return a[i] > b[i];
    }
    return a_len > b_len;
}

static CK_RV
anchor_read_value(struct token *t, CK_OBJECT_HANDLE object, uint8_t *data,
                  CK_ULONG *len)
{
    CK_ATTRIBUTE a = {CKA_VALUE, data, TOKEN_ANCHOR_MAX};
    CK_RV rv = t->fn->C_GetAttributeValue(t->session, object, &a, 1);

    *len = a.ulValueLen;
    if (rv == CKR_OK && *len > TOKEN_ANCHOR_MAX)
        return CKR_BUFFER_TOO_SMALL;
    return rv;
}

/* The greatest value; CKR_OBJECT_HANDLE_INVALID: an object was removed
 * meanwhile. */
static CK_RV
anchor_read_greatest(struct token *t, const struct found *f, uint8_t *data,
                     size_t *len)
{
    uint8_t value[TOKEN_ANCHOR_MAX];
    CK_ULONG got;

    *len = 0;
    for (CK_ULONG i = 0; i < f->count; i++) {
        CK_RV rv = anchor_read_value(t, f->at[i], value, &got);

        if (rv != CKR_OK)
            return rv;
        if (*len == 0 || anchor_is_greater(value, got, data, *len)) {
            memcpy(data, value, got);
            *len = got;
        }
    }
    return CKR_OK;
}

sfi_status
sfi__token_anchor_get(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                      uint8_t *data, size_t cap, size_t *len)
{
    uint8_t value[TOKEN_ANCHOR_MAX];
    CK_RV rv = CKR_OBJECT_HANDLE_INVALID;
    size_t got = 0;

    *len = 0;
    for (size_t i = 0; i < ANCHOR_ROUNDS && rv == CKR_OBJECT_HANDLE_INVALID;
         i++) {
        struct found f;
        sfi_status st = anchor_find_objects(t, id, &f);

        if (st != SFI_OK)
            return st;
        rv = anchor_read_greatest(t, &f, value, &got);
    }
    if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
        return sfi__token_fail(t, rv, "read the anchor");
    if (rv == CKR_BUFFER_TOO_SMALL || got > cap)
        return sfi__fail(t->ctx, SFI_ERR_HSM,
                         "the token's anchor is longer than %zu bytes", cap);
    memcpy(data, value, got);
    *len = got;
    return SFI_OK;
}

static sfi_status
object_destroy_all(struct token *t, const struct found *f)
{
    for (CK_ULONG i = 0; i < f->count; i++) {
        CK_RV rv = t->fn->C_DestroyObject(t->session, f->at[i]);

        if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID)
            return sfi__token_fail(t, rv, "remove the old anchor");
    }
    return SFI_OK;
}

sfi_status
sfi__token_anchor_set(struct token *t, const uint8_t id[TOKEN_ID_LEN],
                      const uint8_t *data, size_t len)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_OBJECT_HANDLE object = 0;
    CK_BBOOL yes = CK_TRUE;
    struct anchor_name name;
    struct found old;
    CK_ATTRIBUTE a[] = {
        ATTRIBUTE(CKA_CLASS, &class, sizeof(class)),
        ATTRIBUTE(CKA_TOKEN, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_PRIVATE, &yes, sizeof(yes)),
        ATTRIBUTE(CKA_LABEL, ANCHOR_LABEL, strlen(ANCHOR_LABEL)),
        ATTRIBUTE(CKA_APPLICATION, name.application, 0),
        ATTRIBUTE(CKA_VALUE, data, len),
    };
    sfi_status st = anchor_find_objects(t, id, &old);
    CK_RV rv;

    if (st != SFI_OK)
        return st;
    anchor_format_name(&name, id);
    a[4].ulValueLen = strlen(name.application);
    rv =
        t->fn->C_CreateObject(t->session, a, sizeof(a) / sizeof(a[0]), &object);
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "write the anchor");
    return object_destroy_all(t, &old);
}

void
sfi__token_forget(struct token *t, const uint8_t id[TOKEN_ID_LEN])
{
    struct sfi_error first;
    struct found f;

    sfi__error_keep(t->ctx, &first);
    if (object_find_keys(t, id, &f) == SFI_OK)
        (void)object_destroy_all(t, &f);
    if (anchor_find_objects(t, id, &f) == SFI_OK)
        (void)object_destroy_all(t, &f);
    sfi__error_restore(t->ctx, &first);
}
