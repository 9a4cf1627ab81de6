/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file personalization.h
 * Personalisation files: which product's devices an HSM will license.
 */
#ifndef SFI_PERSONALIZATION_H
#define SFI_PERSONALIZATION_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** The product whose devices an HSM will license, and the CA it trusts. */
typedef struct sfi_personalization sfi_personalization;

/**
 * Read a personalisation file.
 *
 * @param ctx   the context
 * @param path  the chip maker's file for a product
 * @param out   receives the personalisation, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_LIMIT               the file is longer than any file of libsfi
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT, SFI_ERR_CERTIFICATE, SFI_ERR_AUTH,
 *   SFI_ERR_CRYPTO, SFI_ERR_NOMEM  as for sfi_personalization_parse()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_personalization_load(
    sfi_ctx *ctx, const char *path, sfi_personalization **out);

/**
 * Make a personalisation from bytes.
 *
 * It is signed with the key of the CA that it names.  The signature detects
 * damage, but anybody can make a CA and sign with it: take the file only from
 * the chip maker (doc/format.md, "Personalisation").
 *
 * @param ctx   the context
 * @param data  the bytes; copied
 * @param len   their number
 * @param out   receives the personalisation, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_TRUNCATED    fewer bytes than a personalisation file has
 *   SFI_ERR_FORMAT       more bytes, or an unknown magic, version, licence
 *                        type or product id
 *   SFI_ERR_CERTIFICATE  the CA's key is not a point on P-256
 *   SFI_ERR_AUTH         the CA's signature does not match
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_personalization_parse(
    sfi_ctx *ctx, const uint8_t *data, size_t len, sfi_personalization **out);

/**
 * The product that a personalisation is for.
 *
 * @param p  a personalisation, or NULL
 *
 * @return eight characters, "45002001"; "" for NULL; borrowed until it is
 *         freed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *
sfi_personalization_product_id(const sfi_personalization *p);

/**
 * The bytes of a personalisation file, as sfi_personalization_parse() takes
 * them.
 *
 * @param p    a personalisation, or NULL
 * @param len  receives their number, 0 for NULL; NULL: not wanted
 *
 * @return the bytes, borrowed until it is freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_personalization_data(const sfi_personalization *p,
                                                size_t *len);

/**
 * Write a personalisation file.
 *
 * @param p     the personalisation
 * @param path  the file; sfi_ctx_check_output() says which files are never
 *              replaced
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written, or a file of that
 *                               name is never replaced
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_personalization_save(const sfi_personalization *p, const char *path);

/**
 * The public key of the CA that a personalisation names: an HSM that has it
 * trusts the certificates of this CA, and sfi_certificate_verify() takes it.
 *
 * @param p    a personalisation, or NULL
 * @param len  receives the number of bytes, 64, or 0 for NULL; may be NULL
 *
 * @return the key, big-endian, borrowed until the personalisation is
 *         freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const uint8_t *
sfi_personalization_ca_public_key(const sfi_personalization *p, size_t *len);

/**
 * Release a personalisation.
 *
 * @param p  a personalisation, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_personalization_free(sfi_personalization *p);

SFI_END_DECLS

#endif
