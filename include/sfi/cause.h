/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file cause.h
 * The causes for which a secure bootloader refuses: sfi_error_peer_code() after
 * SFI_ERR_DEVICE.
 */
#ifndef SFI_CAUSE_H
#define SFI_CAUSE_H

#include <sfi/api.h>

SFI_BEGIN_DECLS

/** Why a device refuses: one byte, distinct, without cryptographic detail. */
enum sfi_cause {
    SFI_CAUSE_NONE = 0x00, /**< no refusal */

    /* the request; nothing is lost */
    SFI_CAUSE_UNKNOWN_COMMAND = 0x01, /**< opcode or flag not known */
    SFI_CAUSE_LENGTH = 0x02,          /**< longer or shorter than it must be */
    SFI_CAUSE_STATE = 0x03,           /**< not now: a step is missing */
    SFI_CAUSE_INSTALLED = 0x04,       /**< holds firmware: SECURE must erase */
    SFI_CAUSE_OFFSET = 0x05,          /**< DATA neither next nor a repeat */
    SFI_CAUSE_NO_RECEIPT = 0x06,      /**< the part cannot prove its install */

    /* the licence is refused; the device is erased and empty again */
    SFI_CAUSE_LICENSE_TYPE = 0x10,    /**< neither static nor live */
    SFI_CAUSE_LICENSE_VERSION = 0x11, /**< a version that it does not know */
    SFI_CAUSE_LICENSE = 0x12,         /**< not for this chip, or altered */
    SFI_CAUSE_LICENSE_SESSION = 0x13, /**< live: not for this session */

    /* the image is refused; the device is erased and empty again */
    SFI_CAUSE_HEADER_MAGIC = 0x20,   /**< does not begin as an image */
    SFI_CAUSE_HEADER_VERSION = 0x21, /**< a protocol version it does not know */
    SFI_CAUSE_HEADER_AREAS = 0x22,   /**< announces no area */
    SFI_CAUSE_HEADER_TAG = 0x23, /**< altered, or another firmware's licence */
    SFI_CAUSE_AREA_TYPE = 0x30,  /**< neither firmware nor configuration */
    SFI_CAUSE_AREA_INDEX = 0x31, /**< not the next area */
    SFI_CAUSE_AREA_TOTAL = 0x32, /**< not the header's number of areas */
    SFI_CAUSE_AREA_VERSION = 0x33, /**< not the first area's image version */
    SFI_CAUSE_AREA_ADDRESS = 0x34, /**< not in user flash */
    SFI_CAUSE_AREA_SIZE = 0x35,    /**< a size that the part cannot take */
    SFI_CAUSE_AREA_ORDER = 0x36,   /**< configuration not last, or missing */
    SFI_CAUSE_AREA_TAG = 0x37,     /**< content or descriptor altered */
    SFI_CAUSE_AREA_BELOW = 0x38,   /**< not behind the area before */

    /* the hardware fails; the device is erased and empty again, unless
     * doc/protocol.md says otherwise */
    SFI_CAUSE_FLASH_ERASE = 0x40,   /**< the flash cannot be erased */
    SFI_CAUSE_FLASH_PROGRAM = 0x41, /**< the flash cannot be programmed */
    SFI_CAUSE_FLASH_VERIFY = 0x42,  /**< it reads back differently */
    SFI_CAUSE_OPTION_BYTES = 0x43,  /**< they cannot be written */
    SFI_CAUSE_CRYPTO = 0x44,  /**< a function of the cryptography failed */
    SFI_CAUSE_STORAGE = 0x45, /**< no access to record or certificate */
    SFI_CAUSE_RANDOM = 0x46,  /**< no random number; nothing is lost */
    SFI_CAUSE_SIGN = 0x47,    /**< no signature; nothing is lost */

    /* found at power-up; the device is erased and empty again */
    SFI_CAUSE_INTERRUPTED = 0x50 /**< an install was cut short */
};

/**
 * Name a cause.
 *
 * It is in the host's library; libsfi-device.a has none of the functions of
 * this header.
 *
 * @param cause  any value
 *
 * @return a name such as "SFI_CAUSE_AREA_TAG"; "SFI_CAUSE_UNKNOWN" for any
 *         other value.  Static, never NULL.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_cause_name(int32_t cause);

/**
 * Describe a cause: what the chip found, and where it helps what to do.
 *
 * @param cause  any value
 *
 * @return a phrase; static, never NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_cause_str(int32_t cause);

/**
 * List the causes.
 *
 * @param index  0, 1, ...
 *
 * @return the cause; SFI_CAUSE_NONE past the last
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API int32_t sfi_cause_at(size_t index);

SFI_END_DECLS

#endif
