/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file installer.h
 * The whole secure firmware install of one chip (AN4992, section 3).
 */
#ifndef SFI_INSTALLER_H
#define SFI_INSTALLER_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/dialect.h>
#include <sfi/hsm.h>
#include <sfi/license.h>
#include <sfi/license_store.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

/**
 * One install.  It is given an image, a link, and a licence or an HSM; then it
 * runs once.  Order: the image is checked; the chip is found, and the image
 * checked against it; an open chip is made secure; a chip that holds an
 * install is refused; the certificate is read; the licence is got, which
 * counts; the chip erases its flash, takes licence and image, programs its
 * option bytes, is asked whether it has all of it, and starts its firmware.
 *
 * Whatever stops it: the chip then holds nothing of the firmware, and another
 * installer may try again.  Only when the link dies at the last request may
 * the chip hold all of it.
 */
typedef struct sfi_installer sfi_installer;

/** What an install is doing. */
enum {
    SFI_PHASE_CONNECT = 1,     /**< check the image, find the chip */
    SFI_PHASE_SECURE = 2,      /**< make an open chip secure */
    SFI_PHASE_CERTIFICATE = 3, /**< read the chip's certificate */
    SFI_PHASE_LICENSE = 4,     /**< get a licence for it */
    SFI_PHASE_AREAS = 5,       /**< send licence and image */
    SFI_PHASE_CONFIRM = 6,     /**< option bytes; is all of it there */
    SFI_PHASE_DONE = 7         /**< success */
};

/** Which licences an install uses. */
enum {
    SFI_PROTOCOL_STATIC = 1, /**< static: for this chip, as often as wanted */
    SFI_PROTOCOL_LIVE = 2    /**< live: for this very install of this chip */
};

typedef struct sfi_progress {
    uint32_t struct_size; /**< sizeof(sfi_progress) of the library */
    uint32_t phase;       /**< SFI_PHASE_* that comes next */
    uint64_t done;        /**< bytes of the image that the chip has taken */
    uint64_t total;       /**< bytes of the image */
} sfi_progress;

/**
 * Hears how far an install is: when it begins and after each step.
 *
 * It may call sfi_installer_cancel(), nothing else of the installer.
 *
 * @param user  as given
 * @param p     valid during the call
 */
typedef void (*sfi_progress_fn)(void *user, const sfi_progress *p);

/**
 * Make an installer.
 *
 * @param ctx   the context
 * @param chip  the part that is expected; NULL: any that libsfi knows
 * @param out   receives the installer, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ctx or out is NULL
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_new(sfi_ctx *ctx,
                                                   const sfi_chip *chip,
                                                   sfi_installer **out);

/**
 * Install the image of a file.
 *
 * @param in    an installer that has not begun
 * @param path  the .sfi file; read now, at most 16 MiB
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     the install has begun
 *   SFI_ERR_LIMIT     the file is longer
 *   SFI_ERR_OS, SFI_ERR_ACCESS  the file cannot be read
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_image_file(sfi_installer *in,
                                                              const char *path);

/**
 * Install an image from memory.
 *
 * @param in    an installer that has not begun
 * @param data  the .sfi image; copied
 * @param len   its length, at most 16 MiB
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     the install has begun
 *   SFI_ERR_LIMIT     the image is longer
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_image(sfi_installer *in,
                                                         const uint8_t *data,
                                                         size_t len);

/**
 * The link to the chip.
 *
 * @param in  an installer that has not begun
 * @param tp  the link; kept open until the installer is released
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, or tp is of another context
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_transport(sfi_installer *in,
                                                             sfi_transport *tp);

/**
 * The HSM that gives the licence, when none is given.
 *
 * @param in   an installer that has not begun
 * @param hsm  the HSM, logged in; kept open until the installer is released
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, or hsm is of another context
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_hsm(sfi_installer *in,
                                                       sfi_hsm *hsm);

/**
 * A licence for this very chip, and of the protocol's kind; no HSM is asked
 * then.
 *
 * @param in   an installer that has not begun
 * @param lic  the licence; kept until the installer is released
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, or lic is of another context
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_installer_set_license(sfi_installer *in, const sfi_license *lic);

/**
 * A folder of licences: one for the chip that is in it is taken before the HSM
 * is asked.
 *
 * The HSM is not asked then, and counts nothing.  When there is none for the
 * chip, and an HSM is set, the HSM's licence is put into the store before it is
 * used; if that fails, so does the install, before the chip is erased.  The HSM
 * gives the same licence again, uncounted.  A licence that is given is used
 * before all, and not stored.
 *
 * @param in     an installer that has not begun
 * @param store  the store; kept until the installer is released
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, or store is of another context
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_installer_set_license_store(sfi_installer *in, sfi_license_store *store);

/**
 * Static or live licences.
 *
 * For a live one the chip is asked for its session when its certificate has
 * been read, and the HSM for a licence that serves this session, once: nobody
 * who heard it can install with it again.  A chip that was counted is not
 * counted again.  A licence that is given must be of this kind, and a live one
 * of the chip's session (sfi_target_get_session()); a store is not asked, since
 * none can be kept.
 *
 * @param in        an installer that has not begun
 * @param protocol  SFI_PROTOCOL_*; the default is SFI_PROTOCOL_STATIC
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  in is NULL, or there is no such protocol
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_protocol(sfi_installer *in,
                                                            uint32_t protocol);

/**
 * Another security extension than libsfi's own.
 *
 * @param in    an installer that has not begun
 * @param ops   its functions; copied; NULL: libsfi's own, which is the default
 * @param user  handed to each of them; lives as long as the installer
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  in is NULL; or ops has flags, or lacks a function
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_dialect(
    sfi_installer *in, const sfi_dialect_ops *ops, void *user);

/**
 * What to do with a chip that holds an install.
 *
 * @param in     an installer that has not begun
 * @param erase  1: erase it and install; 0, the default: refuse it before the
 *               HSM counts
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  in is NULL
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_erase(sfi_installer *in,
                                                         int erase);

/**
 * How long the chip may take to be there.
 *
 * It counts when the chip is looked for, and again after an open chip was made
 * secure: a person who must power-cycle it has at least 30 s.
 *
 * @param in          an installer that has not begun
 * @param connect_ms  milliseconds; 0: 5000
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  in is NULL
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_timeout(sfi_installer *in,
                                                           uint32_t connect_ms);

/**
 * Who hears of progress.
 *
 * @param in    the installer
 * @param fn    NULL: nobody
 * @param user  handed to fn
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  in is NULL
 *   SFI_ERR_STATE     called from fn
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_progress(sfi_installer *in,
                                                            sfi_progress_fn fn,
                                                            void *user);

/**
 * Do one bounded piece of the install: a step of a phase, or one frame of the
 * image.
 *
 * After an error the install has ended, and the chip has been told to erase
 * what it had of it.
 *
 * @param in        the installer
 * @param finished  receives 1 when this was the last piece, else 0
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_STATE      image, link or licence is missing; the install has
 *                      ended; or called from a callback
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED, SFI_ERR_RANGE, SFI_ERR_OVERLAP,
 *   SFI_ERR_CHIP_RULE, SFI_ERR_LIMIT  the image is none, or does not fit the
 *                      chip (sfi_image_check()); or the given licence is none
 *                      of the protocol's; nothing was touched
 *   SFI_ERR_NO_DEVICE  the chip is not the expected one, or the port is gone
 *   SFI_ERR_UNSUPPORTED  the chip is none that libsfi knows, or its secure
 *                      bootloader of another version
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_IO         the link failed
 *   SFI_ERR_DEVICE     the chip refused, with a SFI_CAUSE_* as peer code; or it
 *                      restarted half-way
 *   SFI_ERR_CERTIFICATE, SFI_ERR_HSM, SFI_ERR_HSM_STATE, SFI_ERR_HSM_COUNTER,
 *   SFI_ERR_HSM_PIN, SFI_ERR_ACCESS, SFI_ERR_OS  the HSM or the store refused
 *                      or failed
 *   SFI_ERR_NO_LICENSE the store has none for the chip, and no HSM is set
 *   SFI_ERR_CRYPTO     the crypto library failed
 *   SFI_ERR_CALLBACK   a function of link, HSM or dialect returned no status
 *   SFI_ERR_CANCELLED  sfi_installer_cancel() was called
 *   SFI_ERR_NOMEM      no memory
 *   any status         that a custom link, HSM or dialect returned
 *
 * Blocks: 0.1 s for a frame at 115200 baud; up to 35 s for an erase, and to
 * the timeout while the chip is looked for.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_step(sfi_installer *in,
                                                    int *finished);

/**
 * Do the whole install: sfi_installer_step() until it is finished.
 *
 * @param in  the installer
 *
 * @return SFI_OK: the chip has the firmware and runs it; or
 *   SFI_ERR_ARGUMENT  in is NULL
 *   what sfi_installer_step() returns
 *
 * Blocks: until the end; 100 s per megabyte at 115200 baud.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_run(sfi_installer *in);

/**
 * The chip's certificate.
 *
 * @param in  an installer, or NULL
 *
 * @return the certificate, borrowed from the installer; NULL before it was
 *         read
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_certificate *
sfi_installer_certificate(const sfi_installer *in);

/**
 * The part that the chip is.
 *
 * @param in  an installer, or NULL
 *
 * @return the part, which lives as long as the library; NULL before the chip
 *         was found
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_installer_chip(const sfi_installer *in);

/**
 * The licence in use, given, stored or from the HSM: a static one opens this
 * image on this chip again, uncounted; a live one is used up when it was sent.
 *
 * @param in  an installer, or NULL
 *
 * @return the licence, borrowed from the installer; NULL before it was had
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_license *sfi_installer_license(const sfi_installer *in);

/**
 * End an install from outside.
 *
 * The step that runs, or the next one, fails with SFI_ERR_CANCELLED within
 * 100 ms, and the chip is told to erase what it has.  When the chip has been
 * told to finish (the second step of SFI_PHASE_CONFIRM), it is too late: what
 * is installed stays, and is no failure.
 *
 * @param in  an installer that is not released meanwhile, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_installer_cancel(sfi_installer *in);

/**
 * Release an installer.
 *
 * One that was left half-way leaves the chip waiting; it erases what it has
 * when it is powered up, or installed again.
 *
 * @param in  an installer, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_installer_free(sfi_installer *in);

SFI_END_DECLS

#endif
