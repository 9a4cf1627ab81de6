/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file boards.h
 * The boards of an order, in a file that survives its station: what is done,
 * what is half done, and what to do about it.
 *
 * It is the journal of `sfi-program --job` (doc/job.md).  Each step is written
 * before it is done, so that after a power cut another process knows how far
 * each board can have come.
 */
#ifndef SFI_BOARDS_H
#define SFI_BOARDS_H

#include <sfi/ctx.h>
#include <sfi/journal.h>
#include <sfi/progress.h>

SFI_BEGIN_DECLS

/**
 * The boards of an order.
 *
 * One handle has the file, in one process, from sfi_boards_open() to
 * sfi_boards_free(): another one is refused.
 */
typedef struct sfi_boards sfi_boards;

/** What became of a board. */
enum sfi_board_state {
    SFI_BOARD_BEGUN = 1, /**< half done: begun, and not ended */
    SFI_BOARD_DONE = 2,  /**< ended with success */
    SFI_BOARD_FAILED = 3 /**< ended with an error; may begin again */
};

/** By what a board is found. */
enum sfi_board_key {
    SFI_BOARD_PORT = 1,   /**< the port that it was last at */
    SFI_BOARD_SERIAL = 2, /**< its own number */
    SFI_BOARD_DEVICE = 3  /**< sfi_certificate_device_id() of its chip */
};

/**
 * A board.
 *
 * The texts are "" where nothing is known; they belong to the boards, and are
 * valid until the next change or sfi_boards_free().
 */
typedef struct sfi_board {
    uint32_t struct_size;   /**< sizeof(sfi_board) */
    uint32_t state;         /**< SFI_BOARD_BEGUN, _DONE or _FAILED */
    uint64_t number;        /**< 1, 2, ... in the order that they began */
    uint64_t begun;         /**< when it began last: seconds since 1970 */
    uint64_t ended;         /**< when it ended; 0: it has not */
    uint64_t milliseconds;  /**< how long the last attempt took */
    uint64_t hsm_remaining; /**< installations left; with hsm_serial */
    uint32_t phase;         /**< SFI_PHASE_*: the furthest that was entered */
    uint32_t attempts;      /**< how often it began */
    uint32_t image_version; /**< of the firmware in its image */
    int32_t status;         /**< of its failure; 0: none */
    uint32_t label;         /**< 0: none, 1: begun, 2: printed */
    uint32_t reserved;      /**< 0 */
    const char *port;       /**< where it was last */
    const char *serial;     /**< its own number, by the caller */
    const char *device_id;  /**< of its chip, as soon as that told it */
    const char *chip;       /**< the part */
    const char *result;     /**< as sfi_journal_job has it */
    const char *license;    /**< as sfi_journal_job has it */
    const char *hsm_serial; /**< of the HSM that took part */
    const char *error;      /**< why it failed: where and message */
    const char *receipt;    /**< what its chip signed, in hexadecimal */
    const char *no_receipt; /**< as sfi_journal_job has it */
} sfi_board;

/**
 * Open the file of an order, or begin one.
 *
 * What a power cut left of a last line is removed: it was not reported as
 * written.
 *
 * @param ctx   the context
 * @param path  the file
 * @param out   receives the boards, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT    not the file of an order, or it was altered
 *   SFI_ERR_ACCESS    another process has it, or it may not be written
 *   SFI_ERR_LIMIT     it is longer than 256 MiB
 *   SFI_ERR_OS        the file cannot be read or written; or it is not a
 *                     regular file, or belongs to a vault
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_open(sfi_ctx *ctx, const char *path,
                                                 sfi_boards **out);

/**
 * State a fact about the whole order, such as its image or its HSM.
 *
 * The first statement is written to the file; each later one of the same name
 * is compared with it.
 *
 * @param boards  the boards
 * @param name    what it is, at most 63 bytes
 * @param value   what it has to be, at most 1023 bytes
 *
 * @return SFI_OK: the value is the one that was stated first; or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or a text is longer
 *   SFI_ERR_RANGE     the order began with another value
 *   SFI_ERR_STATE     a write failed before: open the file again
 *   SFI_ERR_OS        the file cannot be written
 *   SFI_ERR_CRYPTO    the crypto library failed
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_check_fact(sfi_boards *boards,
                                                       const char *name,
                                                       const char *value);

/**
 * State which content a file of the order has, by its SHA-256, as
 * sfi_boards_check_fact() states a fact.
 *
 * @param boards  the boards
 * @param name    what it is, at most 63 bytes
 * @param path    the file, at most 64 MiB
 *
 * @return SFI_OK, or
 *   SFI_ERR_LIMIT  the file is longer
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   any status of sfi_boards_check_fact()
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_check_file(sfi_boards *boards,
                                                       const char *name,
                                                       const char *path);

/**
 * How many boards there are, in whatever state: their numbers are 1 to this.
 *
 * @param boards  the boards, or NULL
 *
 * @return the number
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint64_t sfi_boards_count(const sfi_boards *boards);

/**
 * What is known of a board.
 *
 * @param boards  the boards
 * @param number  1 to sfi_boards_count()
 * @param out     receives it; struct_size is set by the caller
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or there is no such board
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_get(sfi_boards *boards,
                                                uint64_t number,
                                                sfi_board *out);

/**
 * Find a board.
 *
 * @param boards  the boards, or NULL
 * @param key     SFI_BOARD_PORT, _SERIAL or _DEVICE
 * @param text    what it has; NULL and "" are of no board
 *
 * @return the number of the last one that has it; 0: none
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint64_t sfi_boards_find(const sfi_boards *boards, uint32_t key,
                                 const char *text);

/**
 * Write that work on a board begins, before it does.
 *
 * @param boards  the boards
 * @param number  of a board that is half done or has failed; 0: a new one
 * @param port    where it is, at most 1023 bytes; NULL: not known
 * @param serial  its own number, at most 127 bytes; NULL: as before
 * @param out     receives its number; may be NULL
 *
 * @return SFI_OK: it is on the disk; or
 *   SFI_ERR_ARGUMENT  there is no such board, or a text is longer
 *   SFI_ERR_STATE     the board is done; or a write failed before: open the
 *                     file again
 *   SFI_ERR_OS        the file cannot be written; nothing of it was
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_begin(sfi_boards *boards,
                                                  uint64_t number,
                                                  const char *port,
                                                  const char *serial,
                                                  uint64_t *out);

/**
 * Write that a phase of the work begins, before it does.
 *
 * @param boards     the boards
 * @param number     of a board that has begun
 * @param phase      SFI_PHASE_*
 * @param device_id  of its chip; NULL: not known yet, or as before
 *
 * @return SFI_OK: it is on the disk; or
 *   SFI_ERR_ARGUMENT  there is no such board or phase, or the text is longer
 *                     than 127 bytes
 *   SFI_ERR_STATE     the board has not begun; or a write failed before: open
 *                     the file again
 *   SFI_ERR_OS        the file cannot be written; nothing of it was
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_enter(sfi_boards *boards,
                                                  uint64_t number,
                                                  uint32_t phase,
                                                  const char *device_id);

/**
 * Write how the work on a board ended.
 *
 * @param boards  the boards
 * @param number  of a board that has begun
 * @param job     the result, as for sfi_journal_add(), but for `more`, which is
 *                left out; done, unless it has an error
 *
 * @return SFI_OK: it is on the disk; or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or there is no such board
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE     the board has not begun; or a write failed before: open
 *                     the file again
 *   SFI_ERR_OS        the file cannot be written; nothing of it was
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_end(sfi_boards *boards,
                                                uint64_t number,
                                                const sfi_journal_job *job);

/**
 * Write that a board's label will be printed, or was.
 *
 * @param boards   the boards
 * @param number   of a board that is done
 * @param printed  0: before; 1: after
 *
 * @return SFI_OK: it is on the disk; or
 *   SFI_ERR_ARGUMENT  boards is NULL, or there is no such board
 *   SFI_ERR_STATE     the board is not done; or a write failed before: open the
 *                     file again
 *   SFI_ERR_OS        the file cannot be written; nothing of it was
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_boards_label(sfi_boards *boards,
                                                  uint64_t number, int printed);

/**
 * What to do with a board, for a person.
 *
 * @param board  a board of sfi_boards_get()
 *
 * @return a sentence such as "put it in again: it is not counted twice"; ""
 *         for one that is done.  Static, never NULL.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_board_advice(const sfi_board *board);

/**
 * Close the file.
 *
 * @param boards  the boards, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_boards_free(sfi_boards *boards);

SFI_END_DECLS

#endif
