/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file audit.h
 * The audit log of an HSM: a chain of records that proves how many devices were
 * licensed (doc/format.md, "Audit log").
 */
#ifndef SFI_AUDIT_H
#define SFI_AUDIT_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_AUDIT_KEY_LEN 32u  /**< length of the audit key */
#define SFI_AUDIT_HASH_LEN 32u /**< length of a hash in the log */

/** Kinds of record. */
enum sfi_audit_kind {
    SFI_AUDIT_COUNTED =
        1,               /**< a new device got a licence; remaining decreases */
    SFI_AUDIT_AGAIN = 2, /**< a counted device got another licence */
    SFI_AUDIT_RETIRED = 3, /**< the HSM was retired; the last record */
    SFI_AUDIT_LEASE = 4,   /**< installations went into a vault of a site */
    SFI_AUDIT_RETURN = 5,  /**< the site gave back what it had not used */
    SFI_AUDIT_RESTORED = 6 /**< the owner states that records were lost */
};

/** The head of an audit log (the same for all records), and its end. */
typedef struct sfi_audit_head {
    uint32_t struct_size;   /**< sizeof(sfi_audit_head) */
    uint32_t flags;         /**< SFI_HSM_* flags */
    uint64_t maximum;       /**< installations provisioned */
    uint64_t low_water;     /**< warning when this many or fewer remain */
    uint64_t remaining;     /**< installations left */
    uint64_t sequence;      /**< of the last record; 0: no record yet */
    char firmware_id[64];   /**< the OEM's name of the firmware */
    char product_id[16];    /**< the product whose devices are licensed */
    uint8_t serial[16];     /**< serial number of the HSM, random */
    uint8_t ca_public[64];  /**< public key of the devices' CA */
    uint8_t genesis[32];    /**< hash of the fixed fields: doc/format.md */
    uint8_t audit_head[32]; /**< hash of the last record, or genesis */
    uint8_t mac[32];        /**< MAC of genesis and end: doc/format.md */
    uint64_t lease;     /**< sequence of the lease's record; 0: not leased */
    uint64_t expires;   /**< end of the lease, seconds since 1970; or 0 */
    uint8_t parent[16]; /**< serial number of the HSM that leased */
    uint8_t lease_record[32]; /**< hash of the lease's record there */
} sfi_audit_head;

/** One record. */
typedef struct sfi_audit_record {
    uint32_t struct_size; /**< sizeof(sfi_audit_record) */
    uint32_t kind;        /**< SFI_AUDIT_* */
    uint64_t sequence;    /**< 1, 2, ... */
    uint64_t time;        /**< seconds since 1970, from the HSM's clock */
    uint64_t remaining;   /**< installations left after this record */
    uint32_t session;     /**< session id of a live licence; 0: static;
                               return: 1; restored: 1, 2, ... */
    uint32_t reserved;    /**< 0 */
    uint8_t device[32];   /**< SHA-256 of the device's public key; lease,
                               return: hash of the site's request; or zeros */
    uint8_t license[32];  /**< SHA-256 of the licence; restored: hash of the
                               last record that was lost; or zeros */
    uint8_t previous[32]; /**< hash of the previous record, or genesis */
    uint8_t hash[32];     /**< hash of this record */
    uint8_t mac[32];      /**< MAC of this record, with the audit key */
    uint64_t amount;      /**< lease: installations that went; return: that came
                               back; restored: the sequence of the last
                               record that was lost; or 0 */
    uint64_t detail; /**< lease: its end, seconds since 1970; return: sequence
                          of the lease; restored: the first sequence that may
                          be lost; or 0 */
} sfi_audit_record;

/** What an audit log proves. */
typedef struct sfi_audit_summary {
    uint32_t struct_size; /**< sizeof(sfi_audit_summary) */
    uint32_t retired;     /**< 1: ends with SFI_AUDIT_RETIRED */
    uint64_t records;     /**< how many there are */
    uint64_t licensed;    /**< number of licensed devices */
    uint64_t remaining;   /**< installations left */
    uint64_t maximum;     /**< installations provisioned */
    uint64_t first_time;  /**< of the first record; 0: no record */
    uint64_t last_time;   /**< of the last record */
    uint64_t set_back;    /**< records dated before their predecessor */
    char firmware_id[64]; /**< the OEM's name of the firmware */
    char product_id[16];  /**< the product whose devices are licensed */
    char serial[40];      /**< serial number of the HSM, in hexadecimal */
    uint64_t leased;      /**< installations that went into leases */
    uint64_t returned;    /**< of these: that came back */
    uint64_t given_up;    /**< taken off when records were lost (restored) */
} sfi_audit_summary;

/**
 * Make a random audit key and write it to a new file that only its owner can
 * read.
 *
 * The file is on disk when this returns.
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
SFI_API SFI_NODISCARD sfi_status sfi_audit_key_create(sfi_ctx *ctx,
                                                      const char *path);

/**
 * Read an audit key from a file of SFI_AUDIT_KEY_LEN bytes.
 *
 * @param ctx   the context
 * @param path  the file
 * @param key   receives SFI_AUDIT_KEY_LEN bytes, which the caller wipes; zero
 *              on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_RANGE               the file's length is not SFI_AUDIT_KEY_LEN
 *   SFI_ERR_LIMIT               the file is longer than 1 MiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_audit_key_load(
    sfi_ctx *ctx, const char *path, uint8_t key[SFI_AUDIT_KEY_LEN]);

/**
 * Make a random audit key.
 *
 * @param ctx  the context
 * @param key  receives SFI_AUDIT_KEY_LEN bytes, which the caller wipes; zero on
 *             any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_CRYPTO    no randomness
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_audit_key_generate(sfi_ctx *ctx, uint8_t key[SFI_AUDIT_KEY_LEN]);

/**
 * Verify an exported audit log.
 *
 * Every hash and MAC is recomputed, every record must continue the previous
 * one, no device may be counted twice, each count must decrease by one, and the
 * end must match the HSM's own counts.  Only the HSM and its owner have the
 * audit key, so nobody else can write a file that verifies.
 *
 * An older, shorter audit log of the same HSM verifies too: to detect it, pass
 * the audit log that was verified last as `before`.  Records dated before their
 * predecessor are counted in `set_back` and are not an error: the chain defines
 * the order, not the clock.
 *
 * sfi_ctx_set_progress() tells how many bytes are verified.
 *
 * @param ctx      the context
 * @param path     the file: any length, at most 16777216 devices
 * @param key      the audit key; libsfi keeps no copy
 * @param key_len  its length, SFI_AUDIT_KEY_LEN
 * @param before   an earlier audit log of the same HSM, verified first; the
 *                 file must continue it; NULL: no comparison
 * @param out      receives the summary; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   ctx, path, key or out is NULL
 *   SFI_ERR_ABI        struct_size is unknown
 *   SFI_ERR_RANGE      the key's length is not SFI_AUDIT_KEY_LEN
 *   SFI_ERR_FORMAT     not an audit log, or damaged; the line is named
 *   SFI_ERR_TRUNCATED  truncated; the line is named
 *   SFI_ERR_AUTH       altered, or the wrong key; or it does not continue
 *                      `before`; the line and the record are named
 *   SFI_ERR_LIMIT      a line is longer than any valid one, or there are
 *                      more than 16777216 devices
 *   SFI_ERR_CANCELLED  sfi_ctx_cancel() was called
 *   SFI_ERR_ACCESS, SFI_ERR_OS  a file cannot be read
 *   SFI_ERR_CRYPTO     the crypto library failed
 *   SFI_ERR_NOMEM      no memory: up to 64 bytes for each device
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_audit_verify(sfi_ctx *ctx, const char *path, const uint8_t *key,
                 size_t key_len, const char *before, sfi_audit_summary *out);

/**
 * Verify an exported audit log that is in memory, as sfi_audit_verify() does a
 * file.
 *
 * @param ctx         the context
 * @param data        the audit log; not kept
 * @param len         its length
 * @param key         the audit key; libsfi keeps no copy
 * @param key_len     its length, SFI_AUDIT_KEY_LEN
 * @param before      an earlier audit log of the same HSM, as there; NULL: no
 *                    comparison
 * @param before_len  its length
 * @param out         receives the summary; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx, data, key or out is NULL
 *   what sfi_audit_verify() returns, except for its files
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_audit_verify_data(sfi_ctx *ctx, const uint8_t *data, size_t len,
                      const uint8_t *key, size_t key_len, const uint8_t *before,
                      size_t before_len, sfi_audit_summary *out);

/** What the audit logs of an HSM and of its leases prove together. */
typedef struct sfi_audit_total {
    uint32_t struct_size; /**< sizeof(sfi_audit_total) */
    uint32_t logs;        /**< how many logs were verified */
    uint64_t maximum;     /**< installations provisioned; the sum of: */
    uint64_t licensed;    /**< devices licensed, by the HSM and at sites */
    uint64_t remaining;   /**< installations left in the HSM */
    uint64_t outstanding; /**< left at sites, in leases that are not back */
    uint64_t spent;       /**< of leases without a log, not given back */
    uint64_t given_up;    /**< taken off when records were lost */
    uint64_t leases;      /**< leases given */
    uint64_t missing;     /**< of these: without a log */
    char firmware_id[64]; /**< the OEM's name of the firmware */
    char serial[40];      /**< of the HSM that leased */
} sfi_audit_total;

/**
 * Verify the audit logs of an HSM and of the leases that it gave, and that they
 * account for every installation.
 *
 * Each log is verified as by sfi_audit_verify().  Exactly one is the HSM's;
 * each other must be of a vault that one of its leases made, and no lease may
 * have two.  What a lease gave back must be what its log has left at its end. A
 * lease without a log counts as spent, but for what it gave back, and a warning
 * in the context's log names it.
 *
 * @param ctx      the context
 * @param paths    the files, in any order
 * @param count    how many, at least 1
 * @param key      the audit key of the HSM, from which those of its leases
 *                 come; no copy is kept
 * @param key_len  its length, SFI_AUDIT_KEY_LEN
 * @param out      receives the sums; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx, paths, one of them, key or out is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *   SFI_ERR_RANGE     count is 0; no log is the HSM's, or two are
 *   SFI_ERR_AUTH      also: a log is of no lease of this HSM, or contradicts
 *                     the HSM's log; the file is named
 *   what sfi_audit_verify() returns
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_audit_verify_all(sfi_ctx *ctx, const char *const *paths, size_t count,
                     const uint8_t *key, size_t key_len, sfi_audit_total *out);

/**
 * Reads the records of an exported audit log.
 *
 * It reads what is there and checks the form alone: verify the log first.
 */
typedef struct sfi_audit_reader sfi_audit_reader;

/**
 * Open an audit log in a file.
 *
 * @param ctx   the context
 * @param path  the file; open until the reader is released
 * @param out   receives the reader, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED, SFI_ERR_LIMIT
 *                               not the head of an audit log; the line is named
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_audit_reader_open(sfi_ctx *ctx,
                                                       const char *path,
                                                       sfi_audit_reader **out);

/**
 * Open an audit log in memory.
 *
 * @param ctx   the context
 * @param data  the audit log; copied
 * @param len   its length
 * @param out   receives the reader, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   what sfi_audit_reader_open() returns, except for its file
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_audit_reader_open_data(
    sfi_ctx *ctx, const uint8_t *data, size_t len, sfi_audit_reader **out);

/**
 * Get the head of an audit log.
 *
 * @param reader  a reader
 * @param out     receives the head; the caller sets struct_size.  remaining,
 *                sequence, audit_head and mac are those of the end, and zero
 *                until it was read
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_audit_reader_get_head(sfi_audit_reader *reader, sfi_audit_head *out);

/**
 * Read the next record.
 *
 * @param reader  a reader
 * @param out     receives the record; the caller sets struct_size
 * @param more    receives 1 for a record; 0 at the end, also if asked again
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED, SFI_ERR_LIMIT
 *                     damaged or truncated; the line is named, and the reader
 *                     stays there
 *   SFI_ERR_OS        the file cannot be read
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_audit_reader_next(sfi_audit_reader *reader,
                                                       sfi_audit_record *out,
                                                       int *more);

/**
 * Release a reader.
 *
 * @param reader  a reader, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_audit_reader_free(sfi_audit_reader *reader);

SFI_END_DECLS

#endif
