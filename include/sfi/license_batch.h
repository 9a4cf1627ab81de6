/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file license_batch.h
 * Licences for many devices at once.
 */
#ifndef SFI_LICENSE_BATCH_H
#define SFI_LICENSE_BATCH_H

#include <sfi/certificate.h>
#include <sfi/ctx.h>
#include <sfi/hsm.h>
#include <sfi/license.h>

SFI_BEGIN_DECLS

/** What became of one certificate of several. */
typedef struct sfi_license_result {
    uint32_t struct_size;  /**< sizeof(sfi_license_result) of the library */
    sfi_status status;     /**< SFI_OK, or why it has no licence */
    uint32_t count;        /**< SFI_COUNT_* */
    uint32_t stored;       /**< 1: from the store; the HSM was not asked */
    uint64_t index;        /**< of the certificate, from 0 */
    uint64_t total;        /**< certificates in all */
    const char *path;      /**< its file; "" when it has none */
    const char *device_id; /**< "" when it could not be read */
    const sfi_certificate *certificate; /**< NULL when it could not be read */
    const sfi_license *license;         /**< NULL unless status is SFI_OK */
} sfi_license_result;

/**
 * Receives the result of one certificate.
 *
 * Until it returns, sfi_ctx_error() says why a certificate was refused, and is
 * NULL for a licence.  It must not use the handle that calls it.
 *
 * @param user    as given with the function
 * @param result  valid during the call, with everything in it
 */
typedef void (*sfi_license_result_fn)(void *user,
                                      const sfi_license_result *result);

/** Certificates that one sfi_hsm_generate_licenses() takes. */
#define SFI_LICENSES_MAX 1024u

/**
 * Ask an HSM for static licences of several devices in one durable step.
 *
 * As sfi_hsm_generate_license() for each, but a vault stores all counts and
 * records in one transaction: all of them, or none, also when the machine
 * fails.  Other processes wait meanwhile, about 0.3 ms for each.  A custom HSM
 * may have a function for it; others, and cards, are asked for one licence
 * after another.  A certificate that is refused, because of its product, its
 * signature, or because no installation is left, does not end the step.  The
 * same device twice is counted once.
 *
 * After a failure nothing is lost: `fn` was called with the status and the
 * count of every certificate that was counted, or may have been; the others
 * were not.  Each device that is asked for again gets its licence, uncounted.
 *
 * @param hsm    an HSM; a vault or card must be logged in
 * @param certs  certificates; not kept
 * @param count  their number, 1 to SFI_LICENSES_MAX
 * @param out    receives a licence for each certificate, caller frees; NULL for
 *               one that has none.  May be NULL
 * @param fn     called for each in their order, when all are counted; NULL:
 *               nothing.  `path` is ""
 * @param user   handed to fn
 *
 * @return SFI_OK: every certificate has a licence, or was refused; or
 *   SFI_ERR_ARGUMENT  hsm or certs is NULL, or a certificate is none
 *   SFI_ERR_RANGE     the number of certificates
 *   what sfi_hsm_generate_license() returns, except for a refused certificate
 *
 * Blocks: as sfi_hsm_generate_license(), about 1 ms more for each at a vault.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_generate_licenses(
    sfi_hsm *hsm, const sfi_certificate *const *certs, size_t count,
    sfi_license **out, sfi_license_result_fn fn, void *user);

SFI_END_DECLS

#endif
