/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file license.h
 * Licences, which let one device decrypt an image (doc/format.md, "Licence").
 */
#ifndef SFI_LICENSE_H
#define SFI_LICENSE_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_LICENSE_LEN 136u /**< every licence has this length */

/** A firmware key, encrypted for one device. */
typedef struct sfi_license sfi_license;

/** Types of licences. */
enum sfi_license_kind {
    SFI_LICENSE_STATIC = 1, /**< valid for its device any number of times */
    SFI_LICENSE_LIVE = 2    /**< valid for one session of its device, once */
};

/**
 * Make a licence from bytes.
 *
 * The parts that are not encrypted are checked: length, type, session, version,
 * reserved bytes, and the point of the ephemeral key.  Only the device can
 * verify that the licence is its own and unaltered.
 *
 * @param ctx   the context
 * @param data  the bytes; copied
 * @param len   their number, SFI_LICENSE_LEN
 * @param out   receives the licence, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_TRUNCATED  fewer bytes than a licence has
 *   SFI_ERR_FORMAT     more bytes, an unknown type or version, a session that
 *                      does not match the type, reserved bytes that are not
 *                      zero, or an ephemeral key that is not a point on P-256
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_parse(sfi_ctx *ctx,
                                                   const uint8_t *data,
                                                   size_t len,
                                                   sfi_license **out);

/**
 * Read a licence from a file.
 *
 * @param ctx   the context
 * @param path  the file, SFI_LICENSE_LEN bytes
 * @param out   receives the licence, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT, SFI_ERR_NOMEM
 *                               as for sfi_license_parse()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_load(sfi_ctx *ctx,
                                                  const char *path,
                                                  sfi_license **out);

/**
 * Write a licence to a file, completely or not at all.
 *
 * A licence is not secret: only the device's private key can decrypt it.
 *
 * @param lic   a licence
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
SFI_API SFI_NODISCARD sfi_status sfi_license_save(const sfi_license *lic,
                                                  const char *path);

/**
 * The bytes of a licence.
 *
 * @param lic  a licence, or NULL
 * @param len  receives their number, 0 for NULL; may be NULL
 *
 * @return the bytes, borrowed until the licence is freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_license_data(const sfi_license *lic, size_t *len);

/**
 * Whether a licence is static or live.
 *
 * @param lic  a licence, or NULL
 *
 * @return SFI_LICENSE_*; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint32_t sfi_license_type(const sfi_license *lic);

/**
 * The session of its device for which a live licence is valid.
 *
 * @param lic  a licence, or NULL
 *
 * @return the value of sfi_target_get_session() in that session; 0 for a static
 *         licence and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint32_t sfi_license_session(const sfi_license *lic);

/**
 * Release a licence.
 *
 * @param lic  a licence, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_license_free(sfi_license *lic);

SFI_END_DECLS

#endif
