/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file progress.h
 * How far a long operation is.
 */
#ifndef SFI_PROGRESS_H
#define SFI_PROGRESS_H

#include <sfi/api.h>

SFI_BEGIN_DECLS

/** Phases of work. 1 to 7 are those of an install, in this order; 8 to 12 are
 * work through an open bootloader; the others need no chip.  */
enum sfi_phase {
    SFI_PHASE_CONNECT = 1,     /**< check the image, find the chip */
    SFI_PHASE_SECURE = 2,      /**< make an open chip secure, for ever */
    SFI_PHASE_CERTIFICATE = 3, /**< read the chip's certificate */
    SFI_PHASE_LICENSE = 4,     /**< get a licence for it */
    SFI_PHASE_AREAS = 5,       /**< send licence and image */
    SFI_PHASE_CONFIRM = 6,     /**< option bytes; confirm the firmware */
    SFI_PHASE_DONE = 7,        /**< success */
    SFI_PHASE_CHECK = 8,       /**< check what is there before a change */
    SFI_PHASE_ERASE = 9,       /**< erase sectors */
    SFI_PHASE_WRITE = 10,      /**< write memory */
    SFI_PHASE_VERIFY = 11,     /**< read memory, and compare */
    SFI_PHASE_READ = 12,       /**< read memory */
    SFI_PHASE_AUDIT = 13,      /**< verify an audit log */
    SFI_PHASE_RECORDS = 14     /**< verify the records inside an HSM */
};

/**
 * Name a phase.
 *
 * @param phase  any value
 *
 * @return "connect", "secure", "certificate", "license", "areas", "confirm",
 *         "done", "check", "erase", "write", "verify", "read", "audit" or
 *         "records"; "unknown" for any other value.  Static, never NULL.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_phase_name(uint32_t phase);

/** How far a long operation is.  */
typedef struct sfi_progress {
    uint32_t struct_size; /**< sizeof(sfi_progress) of the library */
    uint32_t phase;       /**< SFI_PHASE_*; in an install, the next one */
    uint64_t done;  /**< bytes: in an install, of the image; else of this phase.
                       SFI_PHASE_RECORDS: records */
    uint64_t total; /**< in all; 0: not known */
} sfi_progress;

/**
 * Receives the progress: sfi_installer_set_progress(),
 * sfi_target_set_progress(), sfi_ctx_set_progress().
 *
 * @param user  the pointer given with the function
 * @param p     valid during the call
 */
typedef void (*sfi_progress_fn)(void *user, const sfi_progress *p);

SFI_END_DECLS

#endif
