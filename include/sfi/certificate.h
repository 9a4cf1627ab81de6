/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file certificate.h
 * Device certificates, which identify a device when a licence is requested
 * (doc/format.md, "Certificate").
 */
#ifndef SFI_CERTIFICATE_H
#define SFI_CERTIFICATE_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_CERTIFICATE_LEN 136u /**< every certificate has this length */

/** A well-formed certificate, not necessarily a trusted one. */
typedef struct sfi_certificate sfi_certificate;

/**
 * Make a certificate from bytes.
 *
 * Length, characters of the product id and point of the public key are checked,
 * but not the signature, which requires the CA's key: see
 * sfi_certificate_verify().
 *
 * @param ctx   the context
 * @param data  the bytes; copied
 * @param len   their number, SFI_CERTIFICATE_LEN
 * @param out   receives the certificate, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_TRUNCATED    fewer bytes than a certificate has
 *   SFI_ERR_FORMAT       more bytes, or a product id that is not 0-9 A-F
 *   SFI_ERR_CERTIFICATE  the public key is not a point on P-256
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_certificate_parse(sfi_ctx *ctx,
                                                       const uint8_t *data,
                                                       size_t len,
                                                       sfi_certificate **out);

/**
 * Read a certificate from a file.
 *
 * @param ctx   the context
 * @param path  the file, SFI_CERTIFICATE_LEN bytes
 * @param out   receives the certificate, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT, SFI_ERR_CERTIFICATE, SFI_ERR_CRYPTO,
 *   SFI_ERR_NOMEM               as for sfi_certificate_parse()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_certificate_load(sfi_ctx *ctx,
                                                      const char *path,
                                                      sfi_certificate **out);

/**
 * Write a certificate to a file, completely or not at all.
 *
 * @param cert  a certificate
 * @param path  the file; the same content may be there already
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written, or a file of that
 *                               name is never replaced: sfi_ctx_check_output()
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_certificate_save(const sfi_certificate *cert, const char *path);

/**
 * The bytes of a certificate.
 *
 * @param cert  a certificate, or NULL
 * @param len   receives their number, 0 for NULL; may be NULL
 *
 * @return the bytes, borrowed until the certificate is freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_certificate_data(const sfi_certificate *cert,
                                            size_t *len);

/**
 * The product that a certificate names.
 *
 * @param cert  a certificate, or NULL
 *
 * @return eight characters, "45002001"; "" for NULL; borrowed until the
 *         certificate is freed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_certificate_product_id(const sfi_certificate *cert);

/**
 * The device that a certificate names, as HSMs record it.
 *
 * @param cert  a certificate, or NULL
 *
 * @return SHA-256 of the public key in 64 hexadecimal digits; "" for NULL;
 *         borrowed until the certificate is freed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_certificate_device_id(const sfi_certificate *cert);

/**
 * Verify that a CA signed a certificate.
 *
 * @param cert           a certificate
 * @param ca_public_key  the CA's public key, X || Y, big-endian
 * @param len            its length, 64 bytes
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL, or the length is not 64
 *   SFI_ERR_FORMAT       the CA's key is not a point on P-256
 *   SFI_ERR_CERTIFICATE  the certificate is not signed by this CA
 *   SFI_ERR_CRYPTO       the crypto library failed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_certificate_verify(
    const sfi_certificate *cert, const uint8_t *ca_public_key, size_t len);

/**
 * The public key of the device: P-256, the two coordinates.
 *
 * @param cert  a certificate, or NULL
 * @param len   receives the number of bytes, 64, or 0 for NULL; may be NULL
 *
 * @return the key, big-endian, borrowed until the certificate is
 *         freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_certificate_public_key(const sfi_certificate *cert,
                                                  size_t *len);

/**
 * Release a certificate.
 *
 * @param cert  a certificate, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_certificate_free(sfi_certificate *cert);

SFI_END_DECLS

#endif
