/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file status.h
 * The status codes that calls return.
 */
#ifndef SFI_STATUS_H
#define SFI_STATUS_H

#include <sfi/api.h>

SFI_BEGIN_DECLS

/** 0 is success, a negative value an error; never positive. */
typedef int sfi_status;

/**
 * The hundreds digit says who must act: 1xx the program, 2xx the author of an
 * input, 3xx security, 4xx the link, 5xx the device, 6xx the HSM, 7xx the
 * machine. Values never change; doc/errors.md lists the causes and remedies of
 * each.
 */
enum sfi_status_code {
    SFI_OK = 0, /**< success */

    SFI_ERR_ARGUMENT = -101,    /**< an argument is not valid */
    SFI_ERR_STATE = -102,       /**< not possible in this state */
    SFI_ERR_ABI = -103,         /**< struct_size is unknown, or tail set */
    SFI_ERR_UNSUPPORTED = -104, /**< not built in, or not available */
    SFI_ERR_BUFFER = -105,      /**< the caller's buffer is too small */

    SFI_ERR_FORMAT = -201,    /**< an input is malformed */
    SFI_ERR_TRUNCATED = -202, /**< an input ends too early */
    SFI_ERR_CHECKSUM = -203,  /**< an input's checksum is wrong */
    SFI_ERR_RANGE = -204,     /**< a value is out of range */
    SFI_ERR_OVERLAP = -205,   /**< two pieces claim the same address */
    SFI_ERR_CHIP_RULE = -206, /**< the chip cannot take this input */
    SFI_ERR_LIMIT = -207,     /**< a named limit of libsfi is exceeded */

    SFI_ERR_AUTH = -301,        /**< a tag or MAC does not match */
    SFI_ERR_CERTIFICATE = -302, /**< a certificate is not trusted */
    SFI_ERR_CRYPTO = -303,      /**< the crypto library failed */

    SFI_ERR_IO = -401,        /**< a link or file failed */
    SFI_ERR_TIMEOUT = -402,   /**< no reply in time */
    SFI_ERR_NO_DEVICE = -403, /**< no such port, or it vanished */
    SFI_ERR_ACCESS = -404,    /**< not allowed, or in use by another */

    SFI_ERR_PROTOCOL = -501,  /**< the device broke its protocol */
    SFI_ERR_NACK = -502,      /**< the bootloader refused a command */
    SFI_ERR_DEVICE = -503,    /**< the secure bootloader refused */
    SFI_ERR_PROTECTED = -504, /**< readout or write protection is on */
    SFI_ERR_MISMATCH = -505,  /**< memory differs from what was expected */

    SFI_ERR_HSM = -601,          /**< the HSM failed or is damaged */
    SFI_ERR_HSM_STATE = -602,    /**< blank, locked or blocked */
    SFI_ERR_HSM_COUNTER = -603,  /**< no installations left */
    SFI_ERR_HSM_PIN = -604,      /**< PIN missing or wrong */
    SFI_ERR_NO_LICENSE = -605,   /**< no HSM, and none stored */
    SFI_ERR_HSM_ROLLBACK = -606, /**< lacks a record that was seen before */

    SFI_ERR_NOMEM = -701,     /**< out of memory */
    SFI_ERR_OS = -702,        /**< the operating system refused */
    SFI_ERR_CANCELLED = -703, /**< cancelled by the user */
    SFI_ERR_CALLBACK = -704,  /**< a callback returned an unknown status */
    SFI_ERR_INTERNAL = -799   /**< a bug in libsfi: please report it */
};

/**
 * Name a status.
 *
 * @param st  any value
 *
 * @return a name such as "SFI_ERR_AUTH"; "SFI_ERR_UNKNOWN" for any other
 *         value.  Static, never NULL.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_status_name(sfi_status st);

/**
 * Describe a status in one short sentence.
 *
 * The context's error (sfi_ctx_error()) has the details: what was found, where,
 * and what was expected.
 *
 * @param st  any value
 *
 * @return the sentence; static, never NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_status_str(sfi_status st);

/**
 * What to do about a status, as far as the status alone tells.
 *
 * doc/errors.md has more for each; a message can be more precise.
 *
 * @param st  any value
 *
 * @return a phrase such as "check wiring, power and BOOT0, then try again";
 *         NULL for SFI_OK and for a value that is no status.  Static.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_status_hint(sfi_status st);

/**
 * List the errors: every status but SFI_OK.
 *
 * @param index  0, 1, ...
 *
 * @return the status; SFI_OK past the last
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API sfi_status sfi_status_at(size_t index);

SFI_END_DECLS

#endif
