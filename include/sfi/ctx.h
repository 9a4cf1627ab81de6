/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file ctx.h
 * The context: memory functions, log and last error of all handles made from
 * it.
 */
#ifndef SFI_CTX_H
#define SFI_CTX_H

#include <sfi/progress.h>
#include <sfi/status.h>

SFI_BEGIN_DECLS

/** A context.  Every handle of libsfi is made from one. */
typedef struct sfi_ctx sfi_ctx;

/** The last error of a context: sfi_ctx_error(). */
typedef struct sfi_error sfi_error;

/** Log levels; a context logs the lines up to its level. */
enum sfi_log_level {
    SFI_LOG_NONE = 0,    /**< nothing */
    SFI_LOG_WARNING = 1, /**< what a person should look at */
    SFI_LOG_INFO = 2,    /**< and what is done */
    SFI_LOG_DEBUG = 3    /**< and everything else */
};

/**
 * Receives one log line, without line end and without secrets.
 *
 * @param user   `log_user` of the context's options
 * @param level  SFI_LOG_WARNING to SFI_LOG_DEBUG
 * @param line   the line; valid during the call
 */
typedef void (*sfi_log_fn)(void *user, int level, const char *line);

/**
 * Receives the next bytes of what libsfi writes: an image, a map.
 *
 * @param user  as passed to the function that writes
 * @param data  the bytes; valid during the call
 * @param len   their number, at least 1
 *
 * @return SFI_OK, or a negative sfi_status, which stops the writing
 */
typedef sfi_status (*sfi_write_fn)(void *user, const uint8_t *data, size_t len);

/**
 * The caller's memory functions.  Any thread that releases a handle calls
 * `free`, also while another one is in `alloc` or `free`.
 */
typedef struct sfi_allocator {
    uint32_t struct_size; /**< sizeof(sfi_allocator) */
    uint32_t reserved;    /**< 0 */
    void *user;           /**< passed to both functions */
    /** Allocate `size` bytes, aligned for any type; NULL: no memory. */
    void *(*alloc)(void *user, size_t size);
    /** Free memory that alloc returned; `ptr` is never NULL. */
    void (*free)(void *user, void *ptr);
} sfi_allocator;

/** Options of a context.  All zero, but for struct_size: the defaults. */
typedef struct sfi_ctx_options {
    uint32_t struct_size;           /**< sizeof(sfi_ctx_options) */
    uint32_t log_level;             /**< SFI_LOG_*; 0: no log */
    sfi_log_fn log;                 /**< NULL: no log */
    void *log_user;                 /**< passed to log */
    const sfi_allocator *allocator; /**< copied; NULL: malloc and free */
    /** The context is gone with its last handle: neither the log nor the
     * allocator is called again.  Called once, by the thread that released that
     * handle; it may not call libsfi.  NULL: nothing to do. */
    void (*closed)(void *user);
    void *closed_user; /**< passed to closed */
} sfi_ctx_options;

/**
 * Make a context.
 *
 * @param opts  NULL for the defaults; copied; closed is not called when this
 *              fails
 * @param out   receives the context, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  out is NULL, or an allocator lacks a function
 *   SFI_ERR_ABI       a struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: any; the new context belongs to one thread at a time.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_ctx_new(const sfi_ctx_options *opts,
                                             sfi_ctx **out);

/**
 * Release a context.
 *
 * Handles made from it stay valid: the memory is freed with the last handle.
 *
 * @param ctx  a context, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_ctx_free(sfi_ctx *ctx);

/**
 * Replace the log of a context.  The one before is not called again.
 *
 * @param ctx    a context, or NULL
 * @param level  SFI_LOG_*; SFI_LOG_NONE: no log
 * @param log    receives the lines; NULL: no log
 * @param user   passed to log
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_ctx_set_log(sfi_ctx *ctx, uint32_t level, sfi_log_fn log,
                             void *user);

/**
 * Set the function that receives the progress of long work that has no handle
 * of its own for it: the verification of an audit log, and of the records
 * inside an HSM.
 *
 * It may call sfi_ctx_cancel(), and no other function of the context or of its
 * handles.  A log that another one continues comes first, with its own 0 and
 * total.
 *
 * @param ctx   a context, or NULL
 * @param fn    the function; NULL: none
 * @param user  passed to fn
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_ctx_set_progress(sfi_ctx *ctx, sfi_progress_fn fn, void *user);

/**
 * The context that a handle was made from.
 *
 * @param handle  any handle of libsfi or libsfi-sim, also a context, or NULL
 *
 * @return the context, borrowed while the handle lives; NULL for NULL, and for
 *         a pointer that is not a handle of this libsfi
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API sfi_ctx *sfi_ctx_of(const void *handle);

/**
 * The error of the last call on this context or on one of its handles.
 *
 * @param ctx  a context, or NULL
 *
 * @return the error, borrowed from the context and overwritten by the next
 *         call; NULL when the last call succeeded
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_error *sfi_ctx_error(const sfi_ctx *ctx);

/**
 * Cancel the search for a chip, the verification of an audit, or the wait for a
 * licence server, from any thread or from a signal handler.
 *
 * sfi_transport_open() and the functions that connect to a chip fail with
 * SFI_ERR_CANCELLED within 100 ms, or at their next call; the system's search
 * for the name of a host is not cut short.  sfi_audit_verify() and
 * sfi_hsm_verify_audit() do so too, at an HSM that is not shared, and so does
 * what asks a licence server, in the context of its HSM.  What changes
 * a chip is not cancelled, nor is an install that has found its chip: that is
 * sfi_installer_cancel().
 *
 * @param ctx  a context that is not released during the call, or NULL
 * @param on   1: cancel, and keep cancelling; 0: no longer
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_ctx_cancel(sfi_ctx *ctx, int on);

/**
 * Status of an error: the value that the failed call returned.
 *
 * @param err  an error, or NULL
 *
 * @return the status; SFI_OK for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API sfi_status sfi_error_status(const sfi_error *err);

/**
 * Message of an error: what was found and what was expected, in one line.
 *
 * @param err  an error, or NULL
 *
 * @return the message, borrowed; "" for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_error_message(const sfi_error *err);

/**
 * Place of an error: "fw.hex:12", "vault:line.vault", "area 3".
 *
 * @param err  an error, or NULL
 *
 * @return the place, borrowed; "" when no place is known
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_error_where(const sfi_error *err);

/**
 * The operating system's code (errno) that caused an error.
 *
 * @param err  an error, or NULL
 *
 * @return the code; 0 when the operating system reported none
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API int32_t sfi_error_os_code(const sfi_error *err);

/**
 * sfi_error_peer_code() after a connect over USART failed: the host heard an
 * application of the chip, not its bootloader.
 */
#define SFI_PEER_APPLICATION 0x10000

/**
 * The peer's code that caused an error: a device's cause (sfi/cause.h,
 * SFI_CAUSE_*), a card's SW1SW2, or SFI_PEER_APPLICATION.
 *
 * @param err  an error, or NULL
 *
 * @return the code; 0 when the peer reported none
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API int32_t sfi_error_peer_code(const sfi_error *err);

/**
 * Report the cause of an error: a custom HSM, transport or dialect calls this
 * before it returns the error.
 *
 * @param ctx        the context of the custom handle or of the target
 * @param st         the status that will be returned; negative
 * @param peer_code  the peer's code, or 0
 * @param message    one line, lower case, without secrets; copied
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_ctx_report(sfi_ctx *ctx, sfi_status st, int32_t peer_code,
                            const char *message);

/**
 * Check that the program may open a file: that this is not part of a vault that
 * the process has open, and that an output would not overwrite a vault or
 * another SQLite database.
 *
 * SQLite protects a vault by POSIX locks.  A process that closes any descriptor
 * of a file loses its locks on it, so a program must not open and close a vault
 * that it has open, nor the files *-wal and *-shm beside it, under any name or
 * link: another process could then delete licences that were counted.
 * libsfi's own functions refuse such a file (SFI_ERR_ACCESS); call this for
 * files that the program opens itself, right before it opens them, above all
 * when their names come from others, such as the entries of a folder
 * (doc/threat-model.md, "A program with an open vault").  A database in use is
 * recognised by the files that SQLite keeps beside it, and is not opened.
 *
 * @param ctx   a context; the vault may be open in any context of the process
 * @param path  what the program will open; need not exist
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx or path is NULL
 *   SFI_ERR_ACCESS    the path is a vault or other SQLite database, or one of
 *                     the files beside it
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: for the file system.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_ctx_check_path(sfi_ctx *ctx,
                                                    const char *path);

/**
 * Make a text from elsewhere fit for a terminal or a log.
 *
 * A file's name, a reader's name or a peer's message can contain characters
 * that control a terminal or turn the direction of writing.  UTF-8 stays as it
 * is; control characters, invisible characters, marks for the direction of
 * writing and bytes that are not UTF-8 become escapes such as "\x1b".  Messages
 * of errors and lines of the log have been through it.
 *
 * @param text     a text; NULL is an empty one
 * @param out      receives the text, always terminated; NULL: nothing happens
 * @param out_cap  bytes in `out`; a longer text is cut between two characters,
 *                 and four times the text's length is always enough
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_text_escape(const char *text, char *out, size_t out_cap);

/** What a file is, as its content tells: sfi_ctx_file_kind(). */
enum sfi_file_kind {
    SFI_FILE_ABSENT = 0,     /**< no file has this name */
    SFI_FILE_SPECIAL = 1,    /**< a folder, a device or a pipe */
    SFI_FILE_EMPTY = 2,      /**< a file without content */
    SFI_FILE_OTHER = 3,      /**< none of the kinds below */
    SFI_FILE_DATABASE = 4,   /**< a vault, or what SQLite keeps beside it */
    SFI_FILE_KEY = 5,        /**< as long as a key or a nonce */
    SFI_FILE_CREDENTIAL = 6, /**< a key or a certificate in PEM or DER */
    SFI_FILE_PERSONALIZATION = 7, /**< a personalisation file */
    SFI_FILE_AUDIT = 8,           /**< an audit log */
    SFI_FILE_LICENSE = 9,         /**< a licence */
    SFI_FILE_CERTIFICATE = 10,    /**< a chip's certificate */
    SFI_FILE_IMAGE = 11,          /**< an image (.sfi) */
    SFI_FILE_MODULE = 12,         /**< a module (.smi) */
    SFI_FILE_FIRMWARE = 13,       /**< ELF, Intel HEX, S-records or DfuSe */
    SFI_FILE_TRACE = 14,          /**< a trace of sfi_transport_capture() */
    SFI_FILE_JSON = 15,           /**< JSON, also the records of sfi-program */
    SFI_FILE_NONCES = 16,         /**< a register of used nonces */
    SFI_FILE_MAP = 17,            /**< a picture of sfi_map_svg() */
    SFI_FILE_RECEIPT = 18         /**< a chip's receipt: sfi/receipt.h */
};

/** sfi_ctx_check_output(): the user asked for the file to be replaced. */
#define SFI_REPLACE 1u

/**
 * Tell what a file is by its content, whatever its name.
 *
 * A key is random, so a file of 12, 16 or 32 bytes counts as one unless it is
 * something else.  A vault that is in use is not opened.
 *
 * @param ctx   a context
 * @param path  the file; need not exist
 * @param kind  receives a SFI_FILE_*; later versions may know more kinds
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx, path or kind is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: for the file system.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_ctx_file_kind(sfi_ctx *ctx,
                                                   const char *path,
                                                   uint32_t *kind);

/**
 * A kind of file in words, with an article: "a licence".
 *
 * @param kind  SFI_FILE_*; others are like SFI_FILE_OTHER
 *
 * @return the words, never NULL; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_file_kind_name(uint32_t kind);

/**
 * Check that an output may take this name: call it before the work begins whose
 * result it will hold.
 *
 * A new name is fine, also that of an empty file or of a device, and so is a
 * file of the output's own kind.  A file of another kind is replaced only with
 * SFI_REPLACE.  Never replaced, unless by the same content, are vaults and what
 * SQLite keeps beside them, keys, files in PEM or DER, personalisation files,
 * audit logs, licences and certificates.  libsfi's functions that write files
 * check this last rule themselves, before they write and again before the file
 * gets its name.
 *
 * @param ctx    a context
 * @param path   where the program will write; need not exist
 * @param kind   what it will write there: SFI_FILE_OTHER for raw bytes, which
 *               replace no file without SFI_REPLACE
 * @param flags  SFI_REPLACE, or 0
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx or path is NULL, or unknown flags
 *   SFI_ERR_ACCESS    a file has this name and is not replaced, or cannot be
 *                     read
 *   SFI_ERR_OS        it cannot be read
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: for the file system.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_ctx_check_output(sfi_ctx *ctx,
                                                      const char *path,
                                                      uint32_t kind,
                                                      uint32_t flags);

/**
 * Write a file of the program's own under the rule of sfi_ctx_check_output().
 *
 * The file gets its name only when it is complete and on disk.
 *
 * @param ctx    a context
 * @param path   the file
 * @param kind   as for sfi_ctx_check_output()
 * @param flags  as for sfi_ctx_check_output()
 * @param data   the content; may be NULL if len is 0
 * @param len    its length in bytes
 *
 * @return SFI_OK, what sfi_ctx_check_output() returns, or
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_ctx_save_output(sfi_ctx *ctx, const char *path, uint32_t kind,
                    uint32_t flags, const void *data, size_t len);

SFI_END_DECLS

#endif
