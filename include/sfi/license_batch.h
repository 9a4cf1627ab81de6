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
#include <sfi/license_store.h>

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
 * Ask an HSM for licences of several devices in one durable step.
 *
 * As sfi_hsm_generate_license() or sfi_hsm_generate_live_license() for each,
 * but a vault stores all counts and records in one transaction: all of them, or
 * none, also when the machine fails.  Other processes wait meanwhile, about 0.3
 * ms for each.  A custom HSM may have a function for it; others, and cards, are
 * asked for one licence after another.  A certificate that is refused, because
 * of its product, its signature, or because no installation is left, does not
 * end the step.  The same device twice is counted once.
 *
 * After a failure nothing is lost: `fn` was called with the status and the
 * count of every certificate that was counted, or may have been; the others
 * were not.  Each device that is asked for again gets its licence, uncounted.
 *
 * A batch does this for any number, from and into files:
 * sfi_license_batch_new().
 *
 * @param hsm       an HSM; a vault or card must be logged in
 * @param certs     certificates; not kept
 * @param sessions  for each the session of its device, for which it gets a live
 *                  licence, or 0 for a static one; NULL: all are static
 * @param count     their number, 1 to SFI_LICENSES_MAX
 * @param out       receives a licence for each certificate, caller frees; NULL
 *                  for one that has none.  May be NULL
 * @param fn        called for each in their order, when all are counted; NULL:
 *                  nothing.  `path` is ""
 * @param user      handed to fn
 *
 * @return SFI_OK: every certificate has a licence, or was refused; or
 *   SFI_ERR_ARGUMENT  hsm or certs is NULL, or an entry of certs is
 *                     not a certificate
 *   SFI_ERR_RANGE     the number of certificates
 *   what sfi_hsm_generate_license() returns, except for a refused certificate
 *
 * Blocks: as sfi_hsm_generate_license(), about 1 ms more for each at a vault.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_generate_licenses(
    sfi_hsm *hsm, const sfi_certificate *const *certs, const uint32_t *sessions,
    size_t count, sfi_license **out, sfi_license_result_fn fn, void *user);

/**
 * Licences for any number of certificates: given, in files and in folders; into
 * a store, and to a function.
 *
 * A certificate whose licence is in the store needs no HSM.  For the others the
 * HSM is asked in steps, of up to 512 at a vault and one at a card, and the
 * licences are on disk before they are reported.  A certificate that is refused
 * or damaged does not end the batch.  After an interruption, at any point, run
 * another batch: what was counted is found in the store, or given again by the
 * HSM, uncounted.
 */
typedef struct sfi_license_batch sfi_license_batch;

/**
 * Make a batch.
 *
 * @param ctx    the context
 * @param hsm    the HSM, logged in, or one that is opened when it is needed
 *               (sfi_hsm_open_late()); kept until the batch is released
 * @param store  where licences are found and put; kept until the batch is
 *               released; NULL: none
 * @param out    receives the batch, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx, hsm or out is NULL; or a handle is of another
 *                     context
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_batch_new(sfi_ctx *ctx,
                                                       sfi_hsm *hsm,
                                                       sfi_license_store *store,
                                                       sfi_license_batch **out);

/**
 * Add a file with a certificate, or every file of a folder.
 *
 * The files of a folder are listed now, by name, and read when their turn
 * comes.  Names that begin with a dot are passed over, and so is what is not a
 * file, with a warning in the log.  A symbolic link in a folder is refused as a
 * certificate, not followed.
 *
 * @param batch  a batch that has not begun
 * @param path   the file or folder
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_STATE               the batch has begun
 *   SFI_ERR_FORMAT              the folder has no file
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the folder cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the folder.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_license_batch_add_path(sfi_license_batch *batch, const char *path);

/**
 * Add a certificate.
 *
 * @param batch  a batch that has not begun
 * @param cert   the certificate; kept until it is done
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_STATE     the batch has begun
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_batch_add_certificate(
    sfi_license_batch *batch, const sfi_certificate *cert);

/**
 * Set the function that receives the result of each certificate, in the order
 * in which they were added; its `index` and `total` are the progress.
 *
 * It may call sfi_license_batch_cancel(), and no other function of the batch,
 * its HSM or its store.
 *
 * @param batch  a batch
 * @param fn     the function; NULL: none
 * @param user   handed to fn
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  batch is NULL
 *   SFI_ERR_STATE     called from fn
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_batch_set_result(
    sfi_license_batch *batch, sfi_license_result_fn fn, void *user);

/**
 * Do a piece of a batch: one step of the HSM, and the certificates that need
 * none.
 *
 * After an error the batch has ended.  Every certificate that was counted, or
 * may have been, was reported with its count.
 *
 * @param batch     a batch
 * @param finished  receives 1 when this was the last piece, else 0
 *
 * @return SFI_OK, also when certificates were refused: the results say so; or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_STATE      the batch has ended with an error; or called from a
 *                      callback
 *   SFI_ERR_CANCELLED  sfi_license_batch_cancel() was called
 *   what sfi_hsm_generate_licenses(), sfi_license_store_find() and
 *         sfi_license_store_put() return, unless only one certificate is
 * concerned
 *
 * Blocks: on the files, the disk and the HSM; below one second for a step of a
 * vault.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_license_batch_step(sfi_license_batch *batch, int *finished);

/**
 * Do the whole batch: sfi_license_batch_step() until it is finished.
 *
 * @param batch  a batch
 *
 * @return SFI_OK, also when certificates were refused; or
 *   SFI_ERR_ARGUMENT  batch is NULL
 *   any status of sfi_license_batch_step()
 *
 * Blocks: until the end; about 1 ms for each certificate at a vault.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_license_batch_run(sfi_license_batch *batch);

/**
 * Cancel a batch from any thread.
 *
 * The step that runs now ends, and what it counted is stored and reported; then
 * the batch fails with SFI_ERR_CANCELLED.
 *
 * @param batch  a batch that is not released during the call, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_license_batch_cancel(sfi_license_batch *batch);

/**
 * Release a batch.
 *
 * @param batch  a batch, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_license_batch_free(sfi_license_batch *batch);

SFI_END_DECLS

#endif
