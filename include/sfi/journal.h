/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file journal.h
 * The journal of a production line: a file with one line of JSON for each job.
 *
 * It is the record that `sfi-program --record` writes (doc/json.md, "The
 * record").  It says what stations did; what an HSM counted is proven by its
 * audit log (sfi/audit.h).
 */
#ifndef SFI_JOURNAL_H
#define SFI_JOURNAL_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/**
 * A journal that is open.
 *
 * Many handles, in threads and processes, may add to one file at the same time.
 * A child process that was forked opens its own.  When the file was renamed or
 * removed, the next line begins a new one under the name.
 */
typedef struct sfi_journal sfi_journal;

/**
 * A job: what was done to one chip, or what was tried.
 *
 * What is NULL, "" or 0 is left out of the line, unless said otherwise.  The
 * caller's pointers are not kept.  sfi_installer_get_job() fills it in for an
 * install.  Texts that are not UTF-8 are written with U+FFFD for what is wrong.
 */
typedef struct sfi_journal_job {
    uint32_t struct_size;   /**< sizeof(sfi_journal_job) */
    uint32_t image_version; /**< of the firmware in the image */
    uint64_t milliseconds;  /**< how long it took; always written */
    uint64_t hsm_remaining; /**< installations left; with hsm_serial */
    uint64_t hsm_low_water; /**< the mark below which they are few */
    const char *result;     /**< a word; NULL: "done", "failed" or "cancelled",
                             * as `error` tells */
    const char *phase;      /**< as sfi_phase_name() has them */
    const char *image;      /**< the name of the .sfi file */
    const uint8_t *image_tag;    /**< the 16 bytes of its header's tag */
    const char *protocol;        /**< "static" or "live" */
    const char *const *files;    /**< names of other files that the chip got */
    size_t file_count;           /**< ... and their number */
    const char *port;            /**< of the link */
    const char *chip;            /**< the part */
    const char *device_id;       /**< sfi_certificate_device_id() */
    const char *board_serial;    /**< the board's own number, by the caller */
    const char *license;         /**< "counted", "again", "stored", "given", or
                                  * "hsm" from one without an audit */
    const char *hsm_serial;      /**< NULL: no HSM took part; may be "" */
    const char *hsm_firmware_id; /**< which firmware it licenses */
    /** sfi_ctx_error() of the context that did the job, which may be the
     * journal's own: it is read before it is cleared; NULL: success. */
    const sfi_error *error;
    /** Further members for the line: a JSON object, whose line ends are left
     * out. */
    const char *more;
    const uint8_t *receipt; /**< the chip's, SFI_RECEIPT_LEN bytes */
    const char *no_receipt; /**< why an installed chip has none */
} sfi_journal_job;

/**
 * Open a journal, or begin one.
 *
 * The file is new, empty, or one whose last line is of a journal.  An
 * incomplete last line, which a power cut left, is not an error.
 *
 * @param ctx   the context
 * @param path  the file
 * @param out   receives the journal, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT    the file is not a journal
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read or written; or it is
 *                     not a regular file, or belongs to a vault
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_journal_open(sfi_ctx *ctx,
                                                  const char *path,
                                                  sfi_journal **out);

/**
 * Add a line for a job.
 *
 * When this returns SFI_OK the line is on the disk.  On any failure nothing of
 * it is in the file.  The line has the time, the name of the host and the
 * version of libsfi, then the job.
 *
 * @param journal  the journal
 * @param job      the job
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_FORMAT    `more` is not a JSON object; or the file was replaced by
 *                     one that is not a journal
 *   SFI_ERR_TIMEOUT   another program kept the file locked for 10 s
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file, and up to 10 s while others add.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_journal_add(sfi_journal *journal,
                                                 const sfi_journal_job *job);

/**
 * Close a journal.
 *
 * @param journal  a journal, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_journal_free(sfi_journal *journal);

SFI_END_DECLS

#endif
