/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file key.h
 * Firmware keys and nonces.
 */
#ifndef SFI_KEY_H
#define SFI_KEY_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_KEY_LEN 16u   /**< an AES-128 key */
#define SFI_NONCE_LEN 12u /**< a GCM nonce */

/** An AES-128 key: never exported, wiped when freed. */
typedef struct sfi_key sfi_key;

/**
 * Make a key from bytes.
 *
 * @param ctx   the context
 * @param data  the key; copied, the caller wipes its own copy
 * @param len   its length, SFI_KEY_LEN bytes
 * @param out   receives the key, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_RANGE     the length is not SFI_KEY_LEN
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_key_new(sfi_ctx *ctx, const uint8_t *data,
                                             size_t len, sfi_key **out);

/**
 * Read a key from a file of SFI_KEY_LEN bytes.
 *
 * @param ctx   the context
 * @param path  the file
 * @param out   receives the key, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_RANGE               the file's length is not SFI_KEY_LEN
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_key_load(sfi_ctx *ctx, const char *path,
                                              sfi_key **out);

/**
 * Make a random key and write it to a new file that only its owner can read.
 *
 * @param ctx   the context
 * @param path  the new file; an existing file is never overwritten
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file exists or cannot be written
 *   SFI_ERR_CRYPTO              no randomness
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_key_create(sfi_ctx *ctx, const char *path);

/**
 * Make a random key, which is never in a file.
 *
 * No other image can be made with it and no HSM provisioned with it after it
 * was freed.
 *
 * @param ctx  the context
 * @param out  receives the key, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_CRYPTO    no randomness
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_key_generate(sfi_ctx *ctx, sfi_key **out);

/**
 * Wipe a key and release it.
 *
 * @param key  a key, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_key_free(sfi_key *key);

/**
 * Read a nonce from a file of SFI_NONCE_LEN bytes.
 *
 * @param ctx    the context
 * @param path   the file
 * @param nonce  receives SFI_NONCE_LEN bytes; zero on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_RANGE               the file's length is not SFI_NONCE_LEN
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_nonce_load(sfi_ctx *ctx, const char *path,
                                                uint8_t nonce[SFI_NONCE_LEN]);

/**
 * Make a random nonce and write it to a new file that only its owner can read.
 *
 * @param ctx   the context
 * @param path  the new file; an existing file is never overwritten
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file exists or cannot be written
 *   SFI_ERR_CRYPTO              no randomness
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_nonce_create(sfi_ctx *ctx,
                                                  const char *path);

/**
 * Make a random nonce.
 *
 * @param ctx    the context
 * @param nonce  receives SFI_NONCE_LEN bytes; zero on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_CRYPTO    no randomness
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_nonce_generate(sfi_ctx *ctx, uint8_t nonce[SFI_NONCE_LEN]);

SFI_END_DECLS

#endif
