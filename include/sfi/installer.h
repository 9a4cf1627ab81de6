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
#include <sfi/journal.h>
#include <sfi/license.h>
#include <sfi/license_store.h>
#include <sfi/progress.h>
#include <sfi/receipt.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

/**
 * One install.  It needs an image, a link, and a licence or an HSM, and runs
 * once.  Order: check the image; find the chip, and check the image against it,
 * and against an HSM that must give the licence; turn an open chip into a
 * secure one; refuse a chip that holds an installed firmware; read the
 * certificate; get the licence, which counts; the chip erases its flash,
 * receives licence and image, programs its option bytes, confirms that it has
 * everything, gives its receipt if it can, and starts its firmware.
 *
 * An open chip becomes secure for ever.  All that can be known without its
 * certificate is checked before: unless a licence is given, the HSM's state,
 * login, product, remaining installations, and key.  An open chip has never
 * shown its certificate, so a store alone is refused: it has no licence of this
 * chip.  Whether a licence that is given is the chip's cannot be known.  To ask
 * a person as well, stop stepping at SFI_PHASE_SECURE.
 *
 * After any failure the chip holds nothing of the firmware, and another
 * installer may try again.  The one exception: if the link fails at the last
 * request the chip may hold the whole firmware.
 */
typedef struct sfi_installer sfi_installer;

/** Which licences an install uses. */
enum sfi_protocol {
    SFI_PROTOCOL_STATIC = 1, /**< static: for this chip, any number of times */
    SFI_PROTOCOL_LIVE = 2    /**< live: for one install of this chip */
};

/**
 * Make an installer.
 *
 * @param ctx   the context
 * @param chip  the expected part; NULL: any known one
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
 * Set the image, from a file.
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
 * Set the image, from memory.
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
 * Set the link to the chip.
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
 * Set the HSM, which provides the licence unless one is set.
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
 * Set a licence for this one chip, of the protocol's kind; the HSM is then not
 * asked.
 *
 * @param in   an installer that has not begun
 * @param lic  the licence, of any context; kept until the installer is
 *             released
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_installer_set_license(sfi_installer *in, const sfi_license *lic);

/**
 * Set a folder of licences, which is searched before the HSM is asked.
 *
 * If the store has a licence for the chip, the HSM is not asked and counts
 * nothing.  If it has none and an HSM is set, the HSM's licence is put into the
 * store before it is used; if that fails, the install fails before the chip is
 * erased, and the HSM provides the same licence again, uncounted.  A licence
 * set with sfi_installer_set_license() goes before the store, and is not
 * stored.
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
 * Set a licence or a folder of licences, whichever a path is: as
 * sfi_installer_set_license() or sfi_installer_set_license_store() does.
 *
 * @param in      an installer that has not begun
 * @param path    the file of a licence, read now; or the folder
 * @param create  1: the path is a folder, created if it does not exist, but not
 *                its parent; 0: it must exist
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_STATE               the install has begun
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the path does not exist, cannot be read or
 *                               created, or is a file when create is 1
 *   SFI_ERR_LIMIT, SFI_ERR_TRUNCATED, SFI_ERR_FORMAT
 *                               the file has no licence
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file system.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_installer_set_license_path(sfi_installer *in, const char *path, int create);

/**
 * Choose static or live licences.
 *
 * For a live licence the installer asks the chip for its session after reading
 * the certificate, and the HSM for a licence that serves this session once: a
 * recorded copy cannot be used again.  A counted chip is not counted again.  A
 * licence that is set must be of this kind, and a live one for the chip's
 * session (sfi_target_get_session()).  The store is not used, as live licences
 * cannot be kept.
 *
 * @param in        an installer that has not begun
 * @param protocol  SFI_PROTOCOL_*; the default is SFI_PROTOCOL_STATIC
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  in is NULL, or the protocol does not exist
 *   SFI_ERR_STATE     the install has begun
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_protocol(sfi_installer *in,
                                                            uint32_t protocol);

/**
 * Set a security extension other than libsfi's own.
 *
 * @param in    an installer that has not begun
 * @param ops   its functions; copied; NULL: libsfi's own, which is the default
 * @param user  passed to each of them; must outlive the installer
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
 * Choose what to do with a chip that holds an installed firmware.
 *
 * @param in     an installer that has not begun
 * @param erase  1: erase it and install; 0, the default: refuse it before the
 *               HSM counts; a part that installs once and holds this very
 *               image, because the power failed after its last step, gives its
 *               receipt and starts its firmware, which is a success
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
 * Limit the time for finding the chip.
 *
 * It applies when the chip is first looked for, and again after an open chip
 * was turned into a secure one: a person who must power-cycle it has at least
 * 30 s.
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
 * Set the function that receives the progress: at the beginning of the install
 * and after each step.  It may call sfi_installer_cancel(), and no other
 * function of the installer.
 *
 * @param in    the installer
 * @param fn    the function; NULL: none
 * @param user  passed to fn
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
 * what it held of the firmware.
 *
 * @param in        the installer
 * @param finished  receives 1 when this was the last piece, else 0
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_STATE      image, link or licence is missing; the install has
 *                      ended; or called from a callback
 *   SFI_ERR_FORMAT, SFI_ERR_TRUNCATED, SFI_ERR_RANGE, SFI_ERR_OVERLAP,
 *   SFI_ERR_CHIP_RULE, SFI_ERR_LIMIT  the image is invalid or does not fit the
 *                      chip (sfi_image_check()); or the licence is not of the
 *                      protocol's kind; the chip was not changed
 *   SFI_ERR_NO_DEVICE  the chip is not the expected one, or the port is gone
 *   SFI_ERR_UNSUPPORTED  libsfi does not know the chip, or its secure
 *                      bootloader has another version
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_IO         the link failed
 *   SFI_ERR_DEVICE     the chip refused, with a SFI_CAUSE_* as peer code; or it
 *                      restarted during the install
 *   SFI_ERR_AUTH       the image was built with another key or nonce than the
 *                      HSM has; nothing was counted
 *   SFI_ERR_CERTIFICATE, SFI_ERR_HSM, SFI_ERR_HSM_STATE, SFI_ERR_HSM_COUNTER,
 *   SFI_ERR_HSM_PIN, SFI_ERR_ACCESS, SFI_ERR_OS  the HSM or the store refused
 *                      or failed
 *   SFI_ERR_NO_LICENSE the store has no licence for the chip, as for any open
 *                      chip, and no HSM is set
 *   SFI_ERR_CRYPTO     the crypto library failed
 *   SFI_ERR_CALLBACK   a function of link, HSM or dialect returned an
 *                      invalid status
 *   SFI_ERR_CANCELLED  sfi_installer_cancel() was called
 *   SFI_ERR_NOMEM      no memory
 *   any status         of a custom link, HSM or dialect
 *
 * Blocks: 0.1 s for a frame at 115200 baud; up to 41 s for an erase, and to
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
 *   any status of sfi_installer_step()
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
 * The part of the chip.
 *
 * @param in  an installer, or NULL
 *
 * @return the part, valid as long as the library; NULL before the chip was
 *         found
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_installer_chip(const sfi_installer *in);

/**
 * The licence in use, whether set, stored or from the HSM: a static licence
 * opens this image on this chip again, uncounted; a live one is used up once
 * sent.
 *
 * @param in  an installer, or NULL
 *
 * @return the licence, borrowed from the installer; NULL before there is one
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_license *sfi_installer_license(const sfi_installer *in);

/**
 * The chip's receipt, which proves that it holds the image.
 *
 * The installer fetches it after the chip has confirmed the last step, before
 * the chip starts its firmware, and compares it to the chip's certificate, the
 * image, and the installs that the chip had before.  Whether the CA of the
 * devices signed the certificate is for sfi_receipt_verify().
 *
 * @param in  an installer, or NULL
 *
 * @return the receipt, borrowed from the installer; NULL before it was read,
 *         or if there is none: sfi_installer_no_receipt()
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_receipt *sfi_installer_receipt(const sfi_installer *in);

/**
 * Why an installed chip has no receipt.  The install is a success all the same.
 *
 * @param in  an installer, or NULL
 *
 * @return a phrase; "" for an installer that has a receipt, or does not know
 *         yet.  Static, never NULL.
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_installer_no_receipt(const sfi_installer *in);

/**
 * Get what a journal says of an install, whether it has ended or not.
 *
 * Every member is set.  `files`, `board_serial` and `more` are for the caller.
 * The other pointers are the installer's, valid until its next call.  The
 * context keeps the error that it has.
 *
 * If the HSM was asked for a licence, it is asked for its state and its last
 * records now: what it does not tell is left out.
 *
 * @param in   an installer
 * @param job  receives it; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_STATE     called from a callback
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: on the HSM.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_installer_get_job(sfi_installer *in,
                                                       sfi_journal_job *job);

/**
 * Cancel an install from any thread.
 *
 * The current step, or the next one, stops within 100 ms, or as soon as the
 * link's own function returns, and fails with SFI_ERR_CANCELLED.  A chip that
 * holds a part of the firmware is told to erase it before the step returns:
 * that takes up to 1.5 s, and up to 8 s when the chip does not answer.  Once
 * the chip has been told to finish (the second step of SFI_PHASE_CONFIRM) a
 * cancel has no effect: the install succeeds.
 *
 * @param in  an installer that is not released during the call, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_installer_cancel(sfi_installer *in);

/**
 * Release an installer.
 *
 * If the install has not ended, the chip keeps waiting; it erases what it holds
 * of the firmware at the next power-up or install.
 *
 * @param in  an installer, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_installer_free(sfi_installer *in);

SFI_END_DECLS

#endif
