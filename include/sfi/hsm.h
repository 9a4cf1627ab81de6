/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file hsm.h
 * HSMs: where firmware keys live and installations are counted.
 *
 * An HSM is provisioned once, then only counts down.  It counts devices, not
 * attempts: a device that was counted gets its licence again without cost, and
 * the count is stored before the licence leaves.  Every licence is a record in
 * the audit, a chain that its owner can verify (sfi/audit.h).
 */
#ifndef SFI_HSM_H
#define SFI_HSM_H

#include <sfi/audit.h>
#include <sfi/certificate.h>
#include <sfi/ctx.h>
#include <sfi/key.h>
#include <sfi/license.h>
#include <sfi/personalization.h>

SFI_BEGIN_DECLS

/** An open HSM. */
typedef struct sfi_hsm sfi_hsm;

/** State of an HSM. */
enum sfi_hsm_state {
    SFI_HSM_BLANK = 0,       /**< not provisioned yet; a vault: no such file */
    SFI_HSM_OPERATIONAL = 1, /**< provisioned and locked; issues licences */
    SFI_HSM_EXHAUSTED = 2, /**< serves only devices that were counted before */
    SFI_HSM_BLOCKED = 3,   /**< no PIN tries left, for ever */
    SFI_HSM_RETIRED = 4    /**< closed by its owner; issues no licences */
};

/**
 * Name a state of an HSM.
 *
 * @param state  any value
 *
 * @return "blank", "operational", "exhausted", "blocked" or "retired";
 *         "unknown" for any other value.  Static, never NULL.
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_hsm_state_name(uint32_t state);

/** Flag of an HSM, chosen when it is provisioned: no static licences. */
#define SFI_HSM_LIVE_ONLY 0x1u

#define SFI_FIRMWARE_ID_MAX 63u       /**< characters of a firmware id */
#define SFI_HSM_COUNT_MAX 4294967295u /**< a maximum count fits 32 bits */
#define SFI_IMAGE_HEADER_LEN 28u      /**< bytes of a .sfi image's header */

/** Information about an HSM that needs no PIN. */
typedef struct sfi_hsm_info {
    uint32_t struct_size;    /**< sizeof(sfi_hsm_info) */
    uint32_t state;          /**< SFI_HSM_* */
    uint64_t remaining;      /**< installations left */
    uint64_t maximum;        /**< installations provisioned */
    char firmware_id[64];    /**< "" when blank */
    char product_id[16];     /**< "45002001"; "" when blank */
    uint32_t pin_tries_left; /**< 0: blocked */
    uint32_t flags;          /**< SFI_HSM_* flags */
    uint64_t low_water;      /**< warns when this many or fewer remain */
    uint64_t records;        /**< records in its audit */
    char serial[40];         /**< 32 hex digits; "" when blank */
} sfi_hsm_info;

/** Optional provisioning parameters. */
typedef struct sfi_provision_options {
    uint32_t struct_size; /**< sizeof(sfi_provision_options) */
    uint32_t flags;       /**< SFI_HSM_* flags */
    uint64_t low_water;   /**< at most the maximum; 0: a tenth of it */
    /** The SFI_AUDIT_KEY_LEN bytes of the audit key, for the owner to keep;
     * NULL: the HSM draws a key that it never reveals. */
    const uint8_t *audit_key;
    const void *reserved; /**< NULL */
} sfi_provision_options;

/** Whether a licence used an installation. */
enum sfi_count {
    SFI_COUNT_NONE = 0,   /**< nothing was counted */
    SFI_COUNT_NEW = 1,    /**< the device was counted now */
    SFI_COUNT_AGAIN = 2,  /**< the device was counted before */
    SFI_COUNT_UNKNOWN = 3 /**< the HSM cannot tell.  Asking again is safe: no
                               device is counted twice */
};

/**
 * Receives the answer to one request of several, from a custom HSM.
 *
 * @param to           as given with the function
 * @param index        of the certificate, from 0; each is answered once
 * @param st           SFI_OK, or why it is refused, after sfi_ctx_report()
 * @param count        SFI_COUNT_*, true now and for good
 * @param license      the licence; copied; NULL unless SFI_OK
 * @param license_len  its length
 */
typedef void (*sfi_hsm_answer_fn)(void *to, size_t index, sfi_status st,
                                  uint32_t count, const uint8_t *license,
                                  size_t license_len);

/** Why an HSM is accepted that lacks a record which a station has seen.  */
typedef struct sfi_hsm_known {
    uint32_t struct_size; /**< sizeof(sfi_hsm_known) */
    uint32_t reserved;    /**< 0 */
    uint64_t sequence;    /**< the first record that a statement of a restored
                               HSM covers; 0: the record is in the chain */
    uint64_t lost;        /**< the last one that it covers; or 0 */
} sfi_hsm_known;

/**
 * A custom HSM, such as another vendor's module or a server.
 *
 * Each function gets the `user` of sfi_hsm_open_custom() and returns a status;
 * before it returns an error it says why with sfi_ctx_report().  Arguments were
 * checked.  A function must not call the handle that it serves.  NULL: not
 * supported.
 */
typedef struct sfi_hsm_ops {
    uint32_t struct_size; /**< sizeof(sfi_hsm_ops) */
    uint32_t flags;       /**< 0 */
    /** Fill in `out`, which is zero but for its struct_size. */
    sfi_status (*info)(void *user, sfi_hsm_info *out);
    /** Take the PIN; keep no copy longer than needed. */
    sfi_status (*login)(void *user, const char *pin, size_t pin_len);
    /** Store everything and lock for ever.  `key` is SFI_KEY_LEN bytes, `nonce`
     * SFI_NONCE_LEN, `perso` a personalisation file.  `options` is never NULL,
     * and its low-water mark is the one to use. */
    sfi_status (*provision)(void *user, const uint8_t *key, size_t key_len,
                            const uint8_t *nonce, size_t nonce_len,
                            const char *firmware_id, uint64_t max_count,
                            const uint8_t *perso, size_t perso_len,
                            const sfi_provision_options *options);
    /** Issue a licence for a certificate: static when `session` is 0, otherwise
     * live for this session of the device.  `*out_len` holds the room in
     * `out` and receives the licence's length. */
    sfi_status (*license)(void *user, const uint8_t *cert, size_t cert_len,
                          uint32_t session, uint8_t *out, size_t *out_len);
    /** The handle was freed; called once. */
    void (*close)(void *user);
    /** Change the PIN, or keep the old one on failure. */
    sfi_status (*change_pin)(void *user, const char *pin, size_t pin_len,
                             const char *new_pin, size_t new_pin_len);
    /** Write the closing record; issue no licences from now on. */
    sfi_status (*retire)(void *user);
    /** Fill in `out`, which is zero but for its struct_size, with the head of
     * the audit.  */
    sfi_status (*audit_head)(void *user, sfi_audit_head *out);
    /** Fill in `out`, which is zero but for its struct_size, with record
     * `sequence`, from 1; SFI_ERR_RANGE: there is no such record.  */
    sfi_status (*audit_record)(void *user, uint64_t sequence,
                               sfi_audit_record *out);
    /** Verify every record of the audit, as sfi_hsm_verify_audit() says. */
    sfi_status (*verify_audit)(void *user);
    /** Verify the tag of an image's header, SFI_IMAGE_HEADER_LEN bytes, with
     * the HSM's key and nonce; SFI_ERR_AUTH: the image has others.  Counts
     * nothing. */
    sfi_status (*check_image)(void *user, const uint8_t *header,
                              size_t header_len);
    /** Issue licences for `count` certificates of `cert_len` bytes in one
     * durable step, and call `answer` with `to` once for each.  `sessions` has
     * the session of each, as for `license`, and is never NULL.  A refused
     * certificate (SFI_ERR_CERTIFICATE, SFI_ERR_HSM_COUNTER) is answered, and
     * the others go on.  When the step fails as a whole: answer those that
     * were counted or may have been, and return the error.  NULL: `license` is
     * called for each. */
    sfi_status (*licenses)(void *user, const uint8_t *const *certs,
                           size_t cert_len, const uint32_t *sessions,
                           size_t count, sfi_hsm_answer_fn answer, void *to);
    /** Be the one server of the HSM until `close`, as sfi_hsm_hold() says. */
    sfi_status (*hold)(void *user, uint32_t timeout_ms);
    /** As sfi_hsm_lease().  `*out_len` holds the room in `out` and receives the
     * length of the lease.  */
    sfi_status (*lease)(void *user, const uint8_t *request, size_t request_len,
                        uint64_t count, uint64_t seconds, uint8_t *out,
                        size_t *out_len);
    /** As sfi_hsm_provision_lease().  `secret` is the private key of the
     * request, 32 bytes.  */
    sfi_status (*provision_lease)(void *user, const uint8_t *secret,
                                  size_t secret_len, const uint8_t *lease,
                                  size_t lease_len);
    /** As sfi_hsm_end_lease().  `*out_len` holds the room in `out` and receives
     * the length of the end certificate.  */
    sfi_status (*end_lease)(void *user, uint8_t *out, size_t *out_len);
    /** As sfi_hsm_return_lease(). */
    sfi_status (*return_lease)(void *user, const uint8_t *end, size_t end_len,
                               uint64_t *returned);
    /** As sfi_hsm_check_known().  `out` is zero but for its struct_size.  */
    sfi_status (*check_known)(void *user, uint64_t sequence,
                              const uint8_t *head, size_t head_len,
                              sfi_hsm_known *out);
    /** As sfi_hsm_declare_restored(). */
    sfi_status (*declare_restored)(void *user, uint64_t sequence,
                                   const uint8_t *head, size_t head_len,
                                   uint64_t remaining);
} sfi_hsm_ops;

/**
 * Open an HSM by name.
 *
 * - `vault:PATH` is an SQLite file.  If it does not exist the HSM is blank, and
 *   only sfi_hsm_provision() creates the file.  A vault is as secure as its
 *   machine: whoever copies the file copies the counter (doc/format.md,
 *   "Vault").  Any number of processes may use one vault at the same time, each
 *   with an HSM that it opened itself: a handle does not survive fork().
 * - `vault:postgresql://...` is a vault in a PostgreSQL database: a URI of
 *   libpq with the parameter `vault=NAME`; feature `pgsql`; doc/format.md,
 *   "Vault in PostgreSQL".  It survives a lost connection.
 * - `vault:PATH?token=URI` is a vault sealed by a PKCS#11 token, which also
 *   detects a rollback to an older copy (doc/format.md, "A token").  `token=`
 *   takes the rest of the name: a URI of RFC 7512 with a module-path, which
 *   matches one token.  The module is loaded here.
 * - `pcsc:READER` is a smartcard in a PC/SC reader.  READER is the reader's
 *   name, any part of it that is unique, or its slot number from 1, as
 *   sfi_hsm_list() reports it.  `pcsc:READER?apdu=short` uses no extended
 *   length.  Other programs may use the card too.  A card that was removed
 *   during a call may be put back in, and the call repeated; a different card
 *   is refused.
 * - A number alone is a slot number: "1" is "pcsc:1".
 * - `server:https://HOST:PORT/FIRMWARE?cert=..&key=..&ca=..` is the HSM of a
 *   licence server (doc/guide.md, "A licence server").  Nothing is asked before
 *   the first call; each waits for the server 30 s at most, or `timeout=`.  The
 *   context's sfi_ctx_cancel() ends it.  It has no PIN.
 *
 * @param ctx  the context
 * @param uri  the name
 * @param out  receives the HSM, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT              the name has no known form
 *   SFI_ERR_UNSUPPORTED         libsfi was built without vaults, cards, tokens
 *                               or servers; the card does not contain the
 *                               libsfi HSM application; the token's module
 *                               lacks a function
 *   SFI_ERR_NO_DEVICE           no such reader, no card in it, or the card
 *                               service does not run; no token or several
 *                               match, or the module cannot be loaded
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read or written, or another
 *                               program uses the card exclusively
 *   SFI_ERR_TIMEOUT             another process keeps the file locked
 *   SFI_ERR_IO                  the reader failed
 *   SFI_ERR_HSM                 the file is not a vault, or damaged; or the
 *                               card misbehaves
 *   SFI_ERR_HSM_STATE           the card has no such object
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file, up to 10 s; on the reader; until another program ends
 * its transaction with the card.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_open(sfi_ctx *ctx, const char *uri,
                                              sfi_hsm **out);

/**
 * Open a custom HSM.
 *
 * @param ctx   the context
 * @param ops   its functions; copied
 * @param user  handed to each of them
 * @param out   receives the HSM, caller frees; NULL on any failure, and then
 *              `close` is not called
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or flags are set
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_open_custom(sfi_ctx *ctx,
                                                     const sfi_hsm_ops *ops,
                                                     void *user, sfi_hsm **out);

/**
 * Present the PIN.
 *
 * On a blank vault this chooses the PIN that provisioning will set.  Afterwards
 * the PIN must be the same: ten wrong ones in a row block the vault for ever. A
 * try is counted on the disk before the PIN is tried, and the right PIN
 * restores all ten.  Then the end of the audit is verified, which vouches for
 * everything before (doc/format.md, "Operations"): a login takes the same time
 * for any number of records.  It lasts until the handle is freed or logs in
 * again.
 *
 * A card counts the tries itself.  The handle keeps an accepted PIN and sends
 * it again when the card was reset, which any program can do; a refused PIN is
 * never sent a second time.
 *
 * A vault sealed by a token has the PIN and the tries of the token, even while
 * it is blank.  A login at a token counts for the whole process: a wrong PIN in
 * another handle ends it for this one too.  The anchor is compared, and
 * advanced if a crash left it behind.
 *
 * @param hsm      an HSM
 * @param pin      the PIN; any bytes; not kept longer than needed
 * @param pin_len  its length; 4 to 64 for a vault and a card
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM has no PIN
 *   SFI_ERR_HSM_PIN      wrong PIN, or wrong length
 *   SFI_ERR_HSM_STATE    blocked; or the vault is not sealed as its name says
 *                        (by a PIN or by a token)
 *   SFI_ERR_HSM          the vault is damaged, was altered, or was rolled back
 *                        to an older copy; or the token misbehaves
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned an invalid status
 *   any status           that a custom HSM returned
 *
 * Blocks: about 0.1 s for a vault, the intended cost of a guess, and on the
 * file, up to 10 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_login(sfi_hsm *hsm, const char *pin,
                                               size_t pin_len);

/**
 * Change the PIN.
 *
 * The old PIN uses a try, as in a login.  The change happens completely or not
 * at all, even when the power fails.  Afterwards the handle is logged in.  A
 * failure ends its login, except for a wrong length.  Other handles stay logged
 * in.
 *
 * @param hsm          a provisioned HSM
 * @param pin          the old PIN; not kept longer than needed
 * @param pin_len      its length
 * @param new_pin      the new PIN; not kept longer than needed
 * @param new_pin_len  its length; 4 to 64 for a vault and a card
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM has no PIN, or cannot change it
 *   SFI_ERR_HSM_PIN      wrong PIN, or a wrong length
 *   SFI_ERR_HSM_STATE    blank, or blocked
 *   SFI_ERR_HSM          damaged, altered, or the card misbehaves
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE,
 *   SFI_ERR_IO           the file, the reader or the token failed
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned an invalid status
 *   any status           that a custom HSM returned
 *
 * Blocks: twice as long as sfi_hsm_login().  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_change_pin(sfi_hsm *hsm,
                                                    const char *pin,
                                                    size_t pin_len,
                                                    const char *new_pin,
                                                    size_t new_pin_len);

/**
 * Get information about an HSM; no PIN is needed.
 *
 * A vault is checked for damage here.  A deliberate change is detected only by
 * sfi_hsm_login().
 *
 * @param hsm  an HSM
 * @param out  receives the information; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          struct_size is unknown
 *   SFI_ERR_UNSUPPORTED  this HSM gives no information
 *   SFI_ERR_HSM          the vault is damaged
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned an invalid status or state
 *   any status           that a custom HSM returned
 *
 * Blocks: on the file, up to 10 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_get_info(sfi_hsm *hsm,
                                                  sfi_hsm_info *out);

/**
 * Check what sfi_hsm_provision() would be given, and change nothing.
 *
 * For a program that asks somebody before it locks an HSM for ever.  Key and
 * personalisation were checked when they were loaded; the HSM's state and PIN
 * are not checked: sfi_hsm_get_info(), sfi_hsm_login().
 *
 * @param hsm          an HSM
 * @param nonce_len    the nonce's length
 * @param firmware_id  as for sfi_hsm_provision()
 * @param max_count    as for sfi_hsm_provision()
 * @param options      as for sfi_hsm_provision(); NULL: none
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     hsm or firmware_id is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          struct_size of the options is unknown
 *   SFI_ERR_RANGE        the nonce's length, the firmware id, the count, the
 *                        flags or the low-water mark is not possible
 *   SFI_ERR_UNSUPPORTED  this HSM is provisioned elsewhere
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_check_provision(
    sfi_hsm *hsm, size_t nonce_len, const char *firmware_id, uint64_t max_count,
    const sfi_provision_options *options);

/**
 * Give an HSM its firmware key and lock it for ever.
 *
 * This cannot be undone or repeated.  A vault needs sfi_hsm_login() first,
 * which chooses its PIN; the file appears whole and with mode 0600, or not at
 * all. Afterwards the handle is logged in.
 *
 * @param hsm          a blank HSM
 * @param key          the firmware key; not kept
 * @param nonce        the nonce that belongs to it
 * @param nonce_len    its length, SFI_NONCE_LEN
 * @param firmware_id  1 to SFI_FIRMWARE_ID_MAX printable ASCII characters, for
 *                     people; it is in every record
 * @param max_count    how many devices may be licensed, 1 to SFI_HSM_COUNT_MAX
 * @param perso        the product and the CA to trust; not kept
 * @param options      NULL: none; not kept
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL or not such a handle
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          struct_size of the options is unknown
 *   SFI_ERR_RANGE        the nonce's length, the firmware id, the count, the
 *                        flags or the low-water mark is not possible
 *   SFI_ERR_UNSUPPORTED  this HSM is provisioned elsewhere
 *   SFI_ERR_HSM_PIN      no PIN was chosen
 *   SFI_ERR_HSM_STATE    already provisioned, or files of an earlier vault
 *                        exist
 *   SFI_ERR_HSM          the file is not a vault, or damaged
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned an invalid status
 *   any status           that a custom HSM returned
 *
 * Blocks: about 0.1 s for a vault, and on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_provision(
    sfi_hsm *hsm, const sfi_key *key, const uint8_t *nonce, size_t nonce_len,
    const char *firmware_id, uint64_t max_count,
    const sfi_personalization *perso, const sfi_provision_options *options);

/**
 * Ask an HSM for the licence that installs its firmware on one device.
 *
 * The HSM verifies the certificate, then consumes one installation.  The count
 * is stored before the licence is returned.  A device that was counted before
 * gets the very same licence again without being counted, even when no
 * installations are left, so a crash in between neither grants nor loses an
 * installation.
 *
 * @param hsm   an HSM; a vault must be logged in
 * @param cert  the device's certificate; not kept
 * @param out   receives the licence, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL or not a certificate
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM issues no licences
 *   SFI_ERR_CERTIFICATE  for a different product, or not signed by the CA
 *   SFI_ERR_HSM_COUNTER  no installations left
 *   SFI_ERR_HSM_STATE    blank, retired, or it issues live licences only
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM          the vault is damaged, or was altered
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT  a custom HSM returned an invalid licence
 *   SFI_ERR_CALLBACK     a custom HSM returned an invalid status
 *   any status           that a custom HSM returned
 *
 * Blocks: on the file, up to 10 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_generate_license(
    sfi_hsm *hsm, const sfi_certificate *cert, sfi_license **out);

/**
 * Ask an HSM for a licence that opens its firmware once, in one session of one
 * device.
 *
 * As sfi_hsm_generate_license(), but the licence is of type "SFIL", and the
 * device accepts it once, while it has this session id.  A device is counted
 * once for any number of sessions; each session has its own licence and record.
 *
 * @param hsm      an HSM; a vault or card must be logged in
 * @param cert     the device's certificate; not kept
 * @param session  the device's session (sfi_target_get_session()); not 0
 * @param out      receives the licence, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL or not a certificate, or session is 0
 *   what sfi_hsm_generate_license() returns
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_hsm_generate_live_license(sfi_hsm *hsm, const sfi_certificate *cert,
                              uint32_t session, sfi_license **out);

/**
 * Check that an image was built with the key and nonce of an HSM.
 *
 * Verifies the tag of the image's header, and changes and counts nothing.  A
 * licence for another image costs an installation, and only then does the chip
 * refuse the header; so an installer asks this first.  The areas are not
 * checked: the chip verifies each of them.
 *
 * @param hsm    an HSM; a vault or card must be logged in
 * @param image  an image, or its beginning; not kept
 * @param len    its length, at least SFI_IMAGE_HEADER_LEN; the bytes after the
 *               header are not read
 *
 * @return SFI_OK: the HSM's licences open this image; or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle
 *   SFI_ERR_UNSUPPORTED  this HSM cannot check images
 *   SFI_ERR_TRUNCATED    shorter than a header
 *   SFI_ERR_FORMAT       not an image, or of another version
 *   SFI_ERR_AUTH         built with another key or nonce
 *   SFI_ERR_HSM_STATE    blank
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_generate_license()
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_check_image(sfi_hsm *hsm,
                                                     const uint8_t *image,
                                                     size_t len);

/**
 * Check that an image file was built with the key and nonce of an HSM, as
 * sfi_hsm_check_image() does.
 *
 * @param hsm   an HSM; a vault or card must be logged in
 * @param path  the file, at most 268435456 bytes; not kept
 *
 * @return SFI_OK: the HSM's licences open this image; or
 *   SFI_ERR_LIMIT               the file is larger
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read; or as for
 *                               sfi_hsm_check_image()
 *   any status                  as for sfi_hsm_check_image()
 *
 * Blocks: on the files or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_check_image_file(sfi_hsm *hsm,
                                                          const char *path);

/**
 * Retire an HSM: write the closing record.
 *
 * The record states how many devices were licensed and how many installations
 * were left.  From now on the HSM issues no licences; this cannot be undone.
 *
 * @param hsm  an HSM; a vault or card must be logged in
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     hsm is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM cannot be retired
 *   SFI_ERR_HSM_STATE    blank, or retired already
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_generate_license()
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_retire(sfi_hsm *hsm);

/**
 * Get the head of an HSM's audit: what all records have in common, and the end.
 *
 * @param hsm  a provisioned HSM; no PIN is needed
 * @param out  receives the record; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          struct_size is unknown
 *   SFI_ERR_UNSUPPORTED  this HSM has no audit
 *   SFI_ERR_HSM_STATE    blank
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT,
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CRYPTO, SFI_ERR_NOMEM,
 *   SFI_ERR_CALLBACK, any status  as for sfi_hsm_get_info()
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_get_audit_head(sfi_hsm *hsm,
                                                        sfi_audit_head *out);

/**
 * Get one record of an HSM's audit.
 *
 * @param hsm       a provisioned HSM; no PIN is needed
 * @param sequence  its number, from 1
 * @param out       receives the record; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_RANGE  there is no such record
 *   what sfi_hsm_get_audit_head() returns
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_get_audit_record(
    sfi_hsm *hsm, uint64_t sequence, sfi_audit_record *out);

/**
 * Write an HSM's whole audit to a file, completely or not at all.
 *
 * The file is text and not secret; sfi_audit_verify() verifies it with the
 * audit key (doc/format.md).  Records that are added meanwhile are left to the
 * next export.  Everything that needs no key is checked.
 *
 * @param hsm   a provisioned HSM; no PIN is needed
 * @param path  the file; an earlier audit log is never replaced, because
 *              sfi_audit_verify() compares a later one with it
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_HSM       also when its records are inconsistent
 *   what sfi_hsm_get_audit_head() returns; SFI_ERR_ACCESS and SFI_ERR_OS also
 *         for the new file, or for one that is never replaced:
 *         sfi_ctx_check_output()
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_export_audit(sfi_hsm *hsm,
                                                      const char *path);

/**
 * Write an HSM's whole audit to a function, piece by piece.
 *
 * As sfi_hsm_export_audit(); an audit that fails in the middle was written in
 * part.  sfi_audit_verify_data() verifies it.
 *
 * @param hsm    a provisioned HSM; no PIN is needed
 * @param write  called with each piece; must not use the HSM
 * @param user   handed to write
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_HSM       also when its records are inconsistent
 *   SFI_ERR_CALLBACK  write returned an invalid status
 *   any status        that write returned
 *   what sfi_hsm_get_audit_head() returns
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_write_audit(sfi_hsm *hsm,
                                                     sfi_write_fn write,
                                                     void *user);

/**
 * Verify an HSM's whole audit inside the HSM, with its own audit key.
 *
 * A login at a vault verifies the end of the audit only.  This verifies every
 * record: that it is authentic, that it follows the one before, and that the
 * HSM finds it when its device asks.  It changes nothing, and other processes
 * may use the vault meanwhile; their later records are left to the next call.
 * sfi_ctx_set_progress() tells how many are verified.
 *
 * @param hsm  an HSM; a vault must be logged in
 *
 * @return SFI_OK: every record is in place and authentic; or
 *   SFI_ERR_ARGUMENT     hsm is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM cannot do it
 *   SFI_ERR_HSM_STATE    blank
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM          a record is missing, damaged or altered; the message
 *                        names it
 *   SFI_ERR_CANCELLED    sfi_ctx_cancel() was called
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO,
 *   SFI_ERR_CRYPTO, SFI_ERR_NOMEM, SFI_ERR_CALLBACK, any status
 *                        as for sfi_hsm_generate_license()
 *
 * Blocks: about 15 us for each record of a vault.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_verify_audit(sfi_hsm *hsm);

/** A card reader. */
typedef struct sfi_hsm_slot {
    uint32_t struct_size; /**< sizeof(sfi_hsm_slot) of the library */
    uint32_t number;      /**< from 1; "pcsc:1" or "1" opens it */
    uint32_t present;     /**< 1: a card is in it */
    uint32_t reserved;    /**< 0 */
    char name[128];       /**< the reader's name */
} sfi_hsm_slot;

/**
 * Called for one slot.
 *
 * @param user  as given
 * @param slot  valid during the call
 */
typedef void (*sfi_hsm_slot_fn)(void *user, const sfi_hsm_slot *slot);

/**
 * List the smartcard readers that are connected.
 *
 * @param ctx   the context
 * @param fn    called once for each
 * @param user  handed to fn
 *
 * @return SFI_OK, even without any reader; or
 *   SFI_ERR_ARGUMENT     ctx or fn is NULL
 *   SFI_ERR_UNSUPPORTED  libsfi was built without smartcards
 *   SFI_ERR_NO_DEVICE    the card service (pcscd) does not run
 *   SFI_ERR_ACCESS       the card service refuses access to this user
 *   SFI_ERR_IO           the card service failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: on the card service.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn,
                                              void *user);

/**
 * Close an HSM and wipe the secrets of its login.
 *
 * @param hsm  an HSM, or NULL
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_hsm_free(sfi_hsm *hsm);

SFI_END_DECLS

#endif
