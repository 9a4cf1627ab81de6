/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file lease.h
 * A part of an HSM's count for a site without a network, and the statement that
 * an HSM was restored from an older copy (doc/format.md, "Lease").
 *
 * A lease moves installations from an HSM into a vault of their own, for some
 * days.  The site makes a request, the HSM answers it with a lease, and the
 * lease makes the site's vault.  At the end the site gives back what it has not
 * used.  A record in the HSM's audit for each step keeps the sum constant.
 */
#ifndef SFI_LEASE_H
#define SFI_LEASE_H

#include <sfi/hsm.h>

SFI_BEGIN_DECLS

#define SFI_LEASE_REQUEST_LEN 64u        /**< bytes of a request */
#define SFI_LEASE_LEN 436u               /**< bytes of a lease */
#define SFI_LEASE_END_LEN 200u           /**< bytes of an end certificate */
#define SFI_LEASE_SECONDS_MAX 315360000u /**< the longest lease: 10 years */

/** A site's request: a key pair that opens one lease. */
typedef struct sfi_lease_request sfi_lease_request;

/**
 * Make a request and write it to a new file that only its owner can read.
 *
 * The file is on disk when this returns.  Keep it until the site's vault
 * exists: with the same request an HSM gives the same lease again, so a crash
 * or a lost answer costs nothing.  Delete it then: whoever has it and the lease
 * has the firmware key.
 *
 * @param ctx   the context
 * @param path  the new file; an existing file is never overwritten
 * @param out   receives the request, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file exists or cannot be written
 *   SFI_ERR_CRYPTO              the crypto library failed
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_lease_request_create(
    sfi_ctx *ctx, const char *path, sfi_lease_request **out);

/**
 * Read a request that sfi_lease_request_create() wrote.
 *
 * @param ctx   the context
 * @param path  the file, a P-256 private key as PEM
 * @param out   receives the request, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT              not a P-256 private key
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_CRYPTO              the crypto library failed
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_lease_request_load(sfi_ctx *ctx, const char *path, sfi_lease_request **out);

/**
 * Get the bytes that an HSM needs: the public key, which is not secret.
 *
 * @param req  a request
 * @param len  receives SFI_LEASE_REQUEST_LEN; may be NULL
 *
 * @return the bytes, valid until the request is freed; NULL for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_lease_request_data(const sfi_lease_request *req,
                                              size_t *len);

/**
 * Release a request and wipe its key.
 *
 * @param req  a request, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_lease_request_free(sfi_lease_request *req);

/**
 * Ask an HSM for a lease: move installations into a vault of a site.
 *
 * The record is stored before the lease is returned.  The same request gets the
 * very same lease again without being counted.  The lease has the firmware key,
 * the nonce and an audit key of the site, encrypted for the request: only its
 * private key opens it.
 *
 * @param hsm          an HSM; a vault must be logged in
 * @param request      sfi_lease_request_data(); not kept
 * @param request_len  its length, SFI_LEASE_REQUEST_LEN
 * @param count        installations, 1 to SFI_HSM_COUNT_MAX
 * @param seconds      how long, 1 to SFI_LEASE_SECONDS_MAX
 * @param out          receives the lease
 * @param out_len      the room in `out`, at least SFI_LEASE_LEN; receives the
 *                     length; 0 on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_RANGE        the request's length, the count or the time is not
 *                        possible
 *   SFI_ERR_BUFFER       there is too little room; `*out_len` is the length
 *   SFI_ERR_UNSUPPORTED  this HSM gives no leases
 *   SFI_ERR_FORMAT       the request is not a point on P-256
 *   SFI_ERR_HSM_COUNTER  fewer installations are left
 *   SFI_ERR_HSM_STATE    blank, retired, or leased itself; this request got a
 *                        lease with other terms, or was given back already
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_generate_license()
 *
 * Blocks: on the file or the network.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_lease(sfi_hsm *hsm,
                                               const uint8_t *request,
                                               size_t request_len,
                                               uint64_t count, uint64_t seconds,
                                               uint8_t *out, size_t *out_len);

/**
 * Make a site's vault from a lease.
 *
 * As sfi_hsm_provision(), with what the lease has: its maximum is the lease's
 * count, it has a serial number of its own, and it refuses licences after the
 * end of the lease.  A clock that goes back does not help: the latest time of
 * one of its records counts.  One lease is for one vault:
 * sfi_audit_verify_all() finds a second one.
 *
 * @param site       a blank HSM; a vault must be logged in, which chooses its
 *                   PIN
 * @param req        the request that the lease answers
 * @param lease      the lease; not kept
 * @param lease_len  its length
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL or not such a handle
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM takes no lease
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED  not a lease, or of another version
 *   SFI_ERR_AUTH         for another request, or altered
 *   SFI_ERR_HSM_PIN      no PIN was chosen
 *   SFI_ERR_HSM_STATE    already provisioned, or files of an earlier vault
 *                        exist
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_provision()
 *
 * Blocks: about 0.1 s for a vault, and on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_hsm_provision_lease(sfi_hsm *site, const sfi_lease_request *req,
                        const uint8_t *lease, size_t lease_len);

/**
 * End a lease at its site: retire the vault, and get the end certificate.
 *
 * The certificate states what is left, under the site's audit key, and is not
 * secret. It is for sfi_hsm_return_lease() at the HSM that leased.  May be
 * repeated: the certificate is the same.
 *
 * @param site     the site's vault, logged in
 * @param out      receives the certificate
 * @param out_len  the room in `out`, at least SFI_LEASE_END_LEN; receives the
 *                 length; 0 on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_BUFFER       there is too little room; `*out_len` is the length
 *   SFI_ERR_UNSUPPORTED  this HSM takes no lease
 *   SFI_ERR_HSM_STATE    blank, or not leased
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_retire()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_end_lease(sfi_hsm *site, uint8_t *out,
                                                   size_t *out_len);

/**
 * Take back what a lease has left.
 *
 * The end certificate is verified, and a record adds what it has left to the
 * HSM's installations.  The same certificate again gives the same answer and
 * adds nothing.
 *
 * A lease from before a statement that records were lost
 * (sfi_hsm_declare_restored()) stays spent: it may have come back in the part
 * that was lost.
 *
 * @param hsm       the HSM that leased; a vault must be logged in
 * @param end       the certificate of sfi_hsm_end_lease(); not kept
 * @param end_len   its length
 * @param returned  receives how many came back; 0 on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM gives no leases
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED  not an end certificate
 *   SFI_ERR_AUTH         altered, or made with another audit key
 *   SFI_ERR_HSM_STATE    blank or retired; a lease of another HSM, or none of
 *                        this one; closed by another certificate, or from
 *                        before a lost part
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_generate_license()
 *
 * Blocks: on the file or the network.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_return_lease(sfi_hsm *hsm,
                                                      const uint8_t *end,
                                                      size_t end_len,
                                                      uint64_t *returned);

/**
 * Ask whether an HSM still has a record that was seen before.
 *
 * A station keeps the highest sequence that it has seen of an HSM, and the hash
 * there.  An HSM that does not have it was restored from an older copy, or
 * failed over to one, and would count what was counted already.  It is accepted
 * only if its owner has stated the loss: sfi_hsm_declare_restored().
 *
 * @param hsm       a provisioned HSM; a vault needs no PIN
 * @param sequence  the record's, or 0 for an audit without any
 * @param head      its hash, or genesis
 * @param out       receives why it is accepted; the caller sets struct_size;
 *                  NULL: not wanted
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT      a pointer is NULL
 *   SFI_ERR_STATE         called from a callback of this handle, or after
 *                         fork()
 *   SFI_ERR_ABI           struct_size is unknown
 *   SFI_ERR_UNSUPPORTED   this HSM has no audit
 *   SFI_ERR_HSM_ROLLBACK  the HSM does not have this record
 *   SFI_ERR_HSM_STATE     blank
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_get_info()
 *
 * Blocks: on the file or the network.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_check_known(sfi_hsm *hsm,
                                                     uint64_t sequence,
                                                     const uint8_t head[32],
                                                     sfi_hsm_known *out);

/**
 * State as its owner that an HSM was restored from an older copy.
 *
 * Give the highest record that a station has seen, and what remained there.  A
 * record of the loss covers the sequences that were lost, and what was used
 * there is taken off, so that nothing is counted twice: what remains is the
 * smaller of the HSM's count and the one that the stations have seen.  State it
 * before the HSM gives any licence: one that went on beyond the lost part
 * cannot tell where the two parted, and takes off everything that the station
 * saw as used.
 *
 * May be repeated: a statement that was made already changes nothing.
 *
 * @param hsm        an HSM; a vault must be logged in
 * @param sequence   of the record that was lost, at least 1
 * @param head       its hash
 * @param remaining  installations left after it
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM cannot be restored
 *   SFI_ERR_RANGE        the sequence is 0 or impossible, or more than the
 *                        maximum would remain
 *   SFI_ERR_HSM_STATE    blank or retired; or the record is not lost
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_generate_license()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_hsm_declare_restored(sfi_hsm *hsm, uint64_t sequence,
                         const uint8_t head[32], uint64_t remaining);

SFI_END_DECLS

#endif
