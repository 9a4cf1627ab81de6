/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file finding.h
 * What a check found: why a part cannot install something, or should not.
 */
#ifndef SFI_FINDING_H
#define SFI_FINDING_H

#include <sfi/status.h>

SFI_BEGIN_DECLS

/** How severe a finding is.  Only errors make a check fail. */
enum sfi_finding_severity {
    SFI_FINDING_NOTE = 1,    /**< good to know */
    SFI_FINDING_WARNING = 2, /**< allowed, and probably not meant */
    SFI_FINDING_ERROR = 3    /**< the part would refuse it or come to harm */
};

/**
 * One finding.  Texts are in English and valid during the call that receives
 * the finding; rule, source and remedy are static.
 */
typedef struct sfi_finding {
    uint32_t struct_size; /**< sizeof(sfi_finding) */
    uint32_t severity;    /**< SFI_FINDING_* */
    sfi_status status;    /**< of an error; else SFI_OK */
    uint32_t area;        /**< number of the area or segment; 0: none */
    uint64_t address;     /**< what it concerns: the first byte ... */
    uint64_t size;        /**< ... and how many; 0: no place in memory */
    const char *rule;     /**< its name in doc/errors.md; never changes */
    const char *message;  /**< what was found and expected, in one line */
    const char *source;   /**< the document that says so, or "" */
    const char *remedy;   /**< what to do, in one line */
    const char *row;      /**< the option-byte row, or NULL */
    const char *field;    /**< the option-byte field, or NULL */
    const char *file;     /**< the firmware file, or NULL */
    uint32_t segment;     /**< of that file, from 1; 0: none */
    uint32_t reserved;    /**< 0 */
    const void *reserved_pointer; /**< NULL */
} sfi_finding;

/**
 * Receives one finding of a check.
 *
 * @param user     as passed to the check
 * @param finding  the finding; valid during the call
 */
typedef void (*sfi_finding_fn)(void *user, const sfi_finding *finding);

SFI_END_DECLS

#endif
