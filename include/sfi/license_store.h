/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file license_store.h
 * Licences that were issued earlier, found by their device.
 *
 * A store is a folder with one file for each device, `DEVICEID.lic`, where
 * DEVICEID is sfi_certificate_device_id().  It is filled where the HSM is and
 * used where the HSM is not; to copy a store, copy its files.  Use one folder
 * for each firmware: a licence names neither its firmware nor its device.  Only
 * the chip can tell, and it refuses a wrong licence.  Only static licences can
 * be stored, since a live licence is valid for one session only.  A licence is
 * not secret.  Any number of processes may use one folder at once.
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
 * No file in it is read yet.
 *
 * @param ctx     the context
 * @param path    the folder
 * @param create  1: create the folder if it does not exist, but not its parent;
 *                0: the folder must exist
 * @param out     receives the store, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_OS        the folder does not exist or cannot be created, or the
 *                     path is not a folder
 *   SFI_ERR_ACCESS    no permission to access or create the folder
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file system.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_store_open(
    sfi_ctx *ctx, const char *path, int create, sfi_license_store **out);

/**
 * Store a licence for the device of a certificate.
 *
 * When this returns, the licence is on disk.  An interruption never leaves a
 * part of a licence in the store.  An existing licence of the device is
 * replaced.
 *
 * @param store  a store
 * @param cert   the device's certificate; not kept
 * @param lic    a static licence; not kept
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL or of another kind
 *   SFI_ERR_FORMAT              the licence is live
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
 * Find the licence of the device of a certificate.
 *
 * If the device's file exists but is not a static licence, the call fails and
 * names the file, so that damage is not mistaken for absence.  Only the device
 * can verify that the licence is really its own.
 *
 * @param store  a store
 * @param cert   the device's certificate; not kept
 * @param out    receives the licence, caller frees; NULL if the store has none,
 *               and on any failure
 *
 * @return SFI_OK, also if the store has none; or
 *   SFI_ERR_ARGUMENT            a pointer is NULL or of another kind
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read, or the folder no
 *                               longer exists
 *   SFI_ERR_LIMIT, SFI_ERR_TRUNCATED, SFI_ERR_FORMAT
 *                               the file is damaged, or holds a live licence
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_store_find(
    sfi_license_store *store, const sfi_certificate *cert, sfi_license **out);

/**
 * Receives one file of a store.
 *
 * It must not use the store.  For a file that is not a licence, sfi_ctx_error()
 * says why.
 *
 * @param user       as given with the function
 * @param device_id  the device, by the file's name
 * @param st         SFI_OK, or why the file is not a static licence, or cannot
 *                   be read
 * @param lic        the licence; valid during the call; NULL unless SFI_OK
 */
typedef void (*sfi_license_store_fn)(void *user, const char *device_id,
                                     sfi_status st, const sfi_license *lic);

/**
 * List the licences of a store.
 *
 * Files that are not named like a licence are passed over.
 *
 * @param store  a store
 * @param fn     called for each, in no particular order
 * @param user   handed to fn
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            store or fn is NULL
 *   SFI_ERR_STATE               called from fn
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the folder cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_license_store_each(
    sfi_license_store *store, sfi_license_store_fn fn, void *user);

/**
 * Remove the licence of a device.
 *
 * The HSM gives the same licence again, without counting it.  It is gone from
 * the disk when this returns.
 *
 * @param store      a store
 * @param device_id  sfi_certificate_device_id()
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_STATE               called from the function of
 *                               sfi_license_store_each()
 *   SFI_ERR_RANGE               not a device id
 *   SFI_ERR_NO_LICENSE          the store has no licence of this device
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be removed, or is one that is
 *                               kept: sfi_ctx_check_output()
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the disk.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_license_store_remove(sfi_license_store *store, const char *device_id);

/**
 * Release a store.  Its files stay.
 *
 * @param store  a store, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_license_store_free(sfi_license_store *store);

SFI_END_DECLS

#endif
