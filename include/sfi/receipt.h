/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file receipt.h
 * Receipts: what a chip holds after a success, signed by its device key
 * (doc/format.md, "Receipt").
 *
 * They are libsfi's own: a chip has them if its secure bootloader is made of
 * libsfi's core and its port can sign.
 */
#ifndef SFI_RECEIPT_H
#define SFI_RECEIPT_H

#include <sfi/audit.h>
#include <sfi/certificate.h>
#include <sfi/option_bytes.h>

SFI_BEGIN_DECLS

#define SFI_RECEIPT_LEN 332u /**< every receipt has this length */

/** A well-formed receipt, not necessarily a genuine one: it has the chip's
 * statement, its signature and the certificate of its key. */
typedef struct sfi_receipt sfi_receipt;

/** What a receipt states. */
typedef struct sfi_receipt_info {
    uint32_t struct_size;     /**< sizeof(sfi_receipt_info) */
    uint32_t chip_id;         /**< DEV_ID of the part: 0x450, 0x462 */
    uint32_t installs;        /**< how many had begun, this one included */
    char product_id[12];      /**< eight characters: "45002001" */
    char device_id[68];       /**< as sfi_certificate_device_id() has it */
    uint8_t header_tag[16];   /**< of the image */
    uint8_t areas[32];        /**< digest of its areas */
    uint8_t option_bytes[32]; /**< digest of the words that were programmed */
} sfi_receipt_info;

/**
 * Make a receipt from bytes.
 *
 * Only its form is checked: see sfi_receipt_verify().
 *
 * @param ctx   the context
 * @param data  the bytes; copied
 * @param len   their number, SFI_RECEIPT_LEN
 * @param out   receives the receipt, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_TRUNCATED    fewer bytes than a receipt has
 *   SFI_ERR_FORMAT       more bytes, another magic or version, or a malformed
 *                        product id
 *   SFI_ERR_CERTIFICATE  the certificate's public key is not a point on P-256
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_receipt_parse(sfi_ctx *ctx,
                                                   const uint8_t *data,
                                                   size_t len,
                                                   sfi_receipt **out);

/**
 * Read a receipt from a file.
 *
 * @param ctx   the context
 * @param path  the file, SFI_RECEIPT_LEN bytes
 * @param out   receives the receipt, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT, SFI_ERR_CERTIFICATE, SFI_ERR_CRYPTO,
 *   SFI_ERR_NOMEM               as for sfi_receipt_parse()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_receipt_load(sfi_ctx *ctx,
                                                  const char *path,
                                                  sfi_receipt **out);

/**
 * Write a receipt to a file, completely or not at all.
 *
 * @param receipt  a receipt
 * @param path     the file; the same content may be there already, another
 *                 receipt is not replaced
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
SFI_API SFI_NODISCARD sfi_status sfi_receipt_save(const sfi_receipt *receipt,
                                                  const char *path);

/**
 * The bytes of a receipt.
 *
 * @param receipt  a receipt, or NULL
 * @param len      receives their number, 0 for NULL; may be NULL
 *
 * @return the bytes, borrowed until the receipt is freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const uint8_t *sfi_receipt_data(const sfi_receipt *receipt,
                                        size_t *len);

/**
 * The certificate of the key that signed.
 *
 * @param receipt  a receipt, or NULL
 *
 * @return the certificate, borrowed until the receipt is freed; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_certificate *
sfi_receipt_certificate(const sfi_receipt *receipt);

/**
 * What a receipt states, whether it is genuine or not.
 *
 * @param receipt  a receipt
 * @param out      receives it; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_receipt_get_info(const sfi_receipt *receipt, sfi_receipt_info *out);

/**
 * Verify that a receipt is genuine: the CA signed the certificate, the
 * certificate is of the chip that the receipt names, and its key signed the
 * receipt.
 *
 * What the chip holds is compared by the functions below.
 *
 * @param receipt        a receipt
 * @param ca_public_key  the public key of the devices' CA, X || Y, big-endian;
 *                       an HSM, an audit log and a personalisation have it
 * @param len            its length, 64 bytes
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL, or the length is not 64
 *   SFI_ERR_FORMAT       the CA's key is not a point on P-256
 *   SFI_ERR_CERTIFICATE  the certificate is not signed by this CA, or is of
 *                        another chip
 *   SFI_ERR_AUTH         altered, or not signed by this chip
 *   SFI_ERR_CRYPTO       the crypto library failed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_receipt_verify(
    const sfi_receipt *receipt, const uint8_t *ca_public_key, size_t len);

/**
 * Check that a receipt is of this image: its header and every area.
 *
 * The firmware key is not needed.  Verify the receipt first.
 *
 * @param receipt  a receipt
 * @param image    the .sfi image
 * @param len      its length
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED, SFI_ERR_LIMIT  not an image
 *   SFI_ERR_MISMATCH   the chip holds another image
 *   SFI_ERR_CRYPTO     the crypto library failed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_receipt_check_image(
    const sfi_receipt *receipt, const uint8_t *image, size_t len);

/**
 * Check that a receipt is of an image in a file, as sfi_receipt_check_image().
 *
 * @param receipt  a receipt
 * @param path     the .sfi file, at most 16 MiB
 *
 * @return SFI_OK, or
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *   any status of sfi_receipt_check_image()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_receipt_check_image_file(const sfi_receipt *receipt, const char *path);

/**
 * Check that the chip programmed these option bytes, all words of them.
 *
 * @param receipt  a receipt
 * @param ob       the option bytes, of any context
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_MISMATCH  the chip programmed others
 *   SFI_ERR_CRYPTO    the crypto library failed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_receipt_check_option_bytes(
    const sfi_receipt *receipt, const sfi_option_bytes *ob);

/**
 * Check that a receipt is of one install, and not of an earlier or a later one.
 *
 * @param receipt   a receipt
 * @param installs  how many installs the chip had begun, this one included
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  receipt is NULL
 *   SFI_ERR_MISMATCH  it is of another install of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_receipt_check_install(const sfi_receipt *receipt, uint32_t installs);

/**
 * Release a receipt.
 *
 * @param receipt  a receipt, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_receipt_free(sfi_receipt *receipt);

/**
 * A reconciliation: which devices of an HSM's audit logs are proven to be
 * installed, so that an order ends with counted, installed, unproven.
 */
typedef struct sfi_reconciliation sfi_reconciliation;

/** What audit logs and receipts tell together. */
typedef struct sfi_reconciliation_sum {
    uint32_t struct_size; /**< sizeof(sfi_reconciliation_sum) */
    uint32_t reserved;    /**< 0 */
    uint64_t counted;     /**< devices in the audit logs; the sum of: */
    uint64_t installed;   /**< with a genuine receipt */
    uint64_t unproven;    /**< without one */
    uint64_t receipts;    /**< how many were added; some of them: */
    uint64_t repeated;    /**< of a device that had one already */
    uint64_t foreign;     /**< genuine, of a device that was not counted */
    uint64_t refused;     /**< not genuine, or of another image */
} sfi_reconciliation_sum;

/** A device that was counted. */
typedef struct sfi_reconciled_device {
    uint32_t struct_size; /**< sizeof(sfi_reconciled_device) */
    uint32_t installed;   /**< 1: with a genuine receipt; 0: unproven */
    char device_id[68];   /**< as sfi_certificate_device_id() has it */
    uint32_t reserved;    /**< 0 */
} sfi_reconciled_device;

/**
 * Begin a reconciliation: verify the audit logs, and take the devices that they
 * count.
 *
 * The CA of the devices is the one that the HSM trusts, as its log has it.
 *
 * @param ctx      the context
 * @param audits   the audit log of an HSM, and those of the leases that it gave
 * @param count    how many, at least 1
 * @param key      the audit key; no copy is kept
 * @param key_len  its length, SFI_AUDIT_KEY_LEN
 * @param out      receives the reconciliation, caller frees; NULL on any
 *                 failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_NOMEM     no memory: about 100 bytes for each device
 *   any status of sfi_audit_verify() or sfi_audit_verify_all()
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_reconciliation_new(
    sfi_ctx *ctx, const char *const *audits, size_t count, const uint8_t *key,
    size_t key_len, sfi_reconciliation **out);

/**
 * Take only receipts of this image from now on.
 *
 * @param r     a reconciliation
 * @param path  the .sfi file, at most 16 MiB; read now
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED  not an image
 *   SFI_ERR_LIMIT     the file is longer
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_reconciliation_set_image_file(sfi_reconciliation *r, const char *path);

/**
 * Add a receipt.
 *
 * @param r        a reconciliation
 * @param receipt  the receipt, of any context; not kept
 *
 * @return SFI_OK, also for a second receipt of a device; or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_MISMATCH  of a device that was not counted, or of another image
 *   SFI_ERR_CERTIFICATE, SFI_ERR_AUTH  not genuine: sfi_receipt_verify()
 *   SFI_ERR_FORMAT, SFI_ERR_CRYPTO     as for sfi_receipt_verify()
 *   SFI_ERR_LIMIT, SFI_ERR_NOMEM       too many devices, or no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_reconciliation_add(sfi_reconciliation *r, const sfi_receipt *receipt);

/**
 * Add what a file has: one receipt, or each receipt in a record of
 * sfi-program or in a job's journal.
 *
 * What sfi_reconciliation_add() refuses is a warning in the context's log, with
 * its place, and in the sums; the rest is added.
 *
 * @param r     a reconciliation
 * @param path  the file, at most 256 MiB
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT    neither a receipt nor a record
 *   SFI_ERR_LIMIT     the file is longer, or there are too many devices
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_CRYPTO    the crypto library failed
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_reconciliation_add_file(sfi_reconciliation *r, const char *path);

/**
 * The sums so far.
 *
 * @param r    a reconciliation
 * @param out  receives them; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_reconciliation_get_sum(sfi_reconciliation *r, sfi_reconciliation_sum *out);

/**
 * A device that was counted, in the order of the audit logs.
 *
 * @param r      a reconciliation
 * @param index  0 to `counted` - 1
 * @param out    receives it; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or there is no such device
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_reconciliation_get_device(
    sfi_reconciliation *r, uint64_t index, sfi_reconciled_device *out);

/**
 * Release a reconciliation.
 *
 * @param r  a reconciliation, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_reconciliation_free(sfi_reconciliation *r);

SFI_END_DECLS

#endif
