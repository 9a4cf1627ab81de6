/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file license_store.h
 * Licences that were got earlier, found by their device.
 *
 * A store is a folder with one file for each device, `DEVICEID.lic`, where
 * DEVICEID is sfi_certificate_device_id().  It is filled where the HSM is and
 * used where it is not; copying it is copying files.  One folder is for one
 * firmware: a licence does not say which one it opens, nor for which device it
 * is.  Only the chip can tell, and a wrong licence is refused by it.  Only
 * static licences can be kept, since a live one is for one session.  A licence
 * is no secret.  Any number of processes may use one folder at once.
 */
#ifndef SFI_LICENSE_STORE_H
#define SFI_LICENSE_STORE_H

#include <sfi/certificate.h>
#include <sfi/ctx.h>
#include <sfi/license.h>

SFI_BEGIN_DECLS

/** An open folder of licences. */
typedef struct sfi_license_store sfi_license_store;

/**
 * Open a folder of licences.
 *
 * Nothing in it is read yet.
 *
 * @param ctx     the context
 * @param path    the folder
 * @param create  1: make it when it is absent (but not the one it is in);
 *                0: it has to be there
 * @param out     receives the store, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_OS        there is no such folder, it cannot be made, or the path
 *                     is something else
 *   SFI_ERR_ACCESS    the folder may not be looked at, or made
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file system.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_store_open(
    sfi_ctx *ctx, const char *path, int create, sfi_license_store **out);

/**
 * Keep a licence for the device of a certificate.
 *
 * When this returns, the licence is on the disk; whatever stops it, the store
 * has all of the licence or nothing of it.  One that was there for the device
 * is replaced.
 *
 * @param store  a store
 * @param cert   the device's certificate; not kept
 * @param lic    the licence, which must be a static one; not kept
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL or of another kind
 *   SFI_ERR_FORMAT              the licence is a live one
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the disk.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_license_store_put(sfi_license_store *store, const sfi_certificate *cert,
                      const sfi_license *lic);

/**
 * Look for the licence of the device of a certificate.
 *
 * A file that is there but is no static licence is an error that names it, so
 * that damage is not taken for absence.  Whether the licence really is for
 * this device, only the device can tell.
 *
 * @param store  a store
 * @param cert   the device's certificate; not kept
 * @param out    receives the licence, caller frees; NULL when there is none,
 *               and on any failure
 *
 * @return SFI_OK, also when there is none; or
 *   SFI_ERR_ARGUMENT            a pointer is NULL or of another kind
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read, or the folder is gone
 *   SFI_ERR_LIMIT, SFI_ERR_TRUNCATED, SFI_ERR_FORMAT
 *                               the file is damaged, or a live licence
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_store_find(
    sfi_license_store *store, const sfi_certificate *cert, sfi_license **out);

/**
 * Release a store.  Its files stay.
 *
 * @param store  a store, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_license_store_free(sfi_license_store *store);

SFI_END_DECLS

#endif
