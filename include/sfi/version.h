/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file version.h
 * The version of libsfi, and the features that it was built with.
 */
#ifndef SFI_VERSION_H
#define SFI_VERSION_H

#include <sfi/api.h>

SFI_BEGIN_DECLS

/** The version these headers belong to, as sfi_version() returns it. */
#define SFI_VERSION_NUMBER 0x01000000u

/**
 * Version of the library that is running.
 *
 * @return 0xMMmmpp00: major, minor, patch
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint32_t sfi_version(void);

/**
 * Version of the library that is running, as text.
 *
 * @return "1.0.0"; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_version_str(void);

/**
 * Ask whether an optional feature was built in.
 *
 * @param name  "network", "openocd", "pcsc", "pgsql", "pkcs11", "serial",
 *              "server", "spi", "usb" or "vault"; may be NULL
 *
 * @return 1 when it was built in; 0 when it was not, or the name is unknown
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API int sfi_has_feature(const char *name);

/**
 * List the names that sfi_has_feature() knows, built in or not.
 *
 * @param index  0, 1, ...
 *
 * @return the name; NULL past the last; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_feature_at(size_t index);

SFI_END_DECLS

#endif
