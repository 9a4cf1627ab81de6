/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file hsm.h
 * HSMs: where firmware keys live and installations are counted.
 *
 * An HSM is provisioned once, then only counts down.  It counts devices, not
 * attempts: a device that was counted gets its licence again for nothing, and
 * the count is stored before the licence leaves.  Every licence is a record in
 * a chain that its owner can verify (sfi/audit.h).
 */
#ifndef SFI_HSM_H
#define SFI_HSM_H

#include <sfi/certificate.h>
#include <sfi/ctx.h>
#include <sfi/key.h>
#include <sfi/license.h>
#include <sfi/audit.h>

SFI_BEGIN_DECLS

/** An open HSM. */
typedef struct sfi_hsm sfi_hsm;
/** The product whose devices an HSM will license, and the CA it trusts. */
typedef struct sfi_personalization sfi_personalization;

/** State of an HSM. */
enum {
    SFI_HSM_BLANK = 0,       /**< not provisioned yet */
    SFI_HSM_OPERATIONAL = 1, /**< provisioned and locked; gives licences */
    SFI_HSM_EXHAUSTED = 2,   /**< only for devices that were counted already */
    SFI_HSM_BLOCKED = 3,     /**< no PIN tries left, for ever */
    SFI_HSM_RETIRED = 4      /**< closed by its owner; gives no licence */
};

/** Flags of an HSM, chosen when it is provisioned. */
#define SFI_HSM_LIVE_ONLY 0x1u /**< gives no static licence */

#define SFI_FIRMWARE_ID_MAX 63u       /**< characters of a firmware id */
#define SFI_HSM_COUNT_MAX 4294967295u /**< a maximum count fits 32 bits */

/** What an HSM tells without a PIN. */
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
    uint64_t records;        /**< in its log */
    char serial[40];         /**< 32 hex digits, its own; "" when blank */
} sfi_hsm_info;

/** What an HSM is provisioned with beside the necessary. */
typedef struct sfi_provision_options {
    uint32_t struct_size; /**< sizeof(sfi_provision_options) */
    uint32_t flags;       /**< SFI_HSM_* flags */
    uint64_t low_water;   /**< at most the maximum; 0: a tenth of it */
    /** SFI_AUDIT_KEY_LEN bytes that authenticate the log, for its owner to
     * keep; NULL: the HSM makes some that nobody else knows. */
    const uint8_t *audit_key;
} sfi_provision_options;

/**
 * Read a personalisation file.
 *
 * @param ctx   the context
 * @param path  the file that the chip maker gives out for a product
 * @param out   receives the personalisation, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_LIMIT               the file is longer than any of libsfi's
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT, SFI_ERR_CERTIFICATE, SFI_ERR_AUTH,
 *   SFI_ERR_CRYPTO, SFI_ERR_NOMEM  as for sfi_personalization_parse()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_personalization_load(
    sfi_ctx *ctx, const char *path, sfi_personalization **out);

/**
 * Make a personalisation from bytes.
 *
 * It is signed with the CA's key that it carries.  That finds damage, but
 * whoever makes a CA of his own can sign one: take it only from the chip maker
 * (doc/format.md, "Personalisation").
 *
 * @param ctx   the context
 * @param data  the bytes; copied
 * @param len   their number
 * @param out   receives the personalisation, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_TRUNCATED    fewer bytes than a personalisation file has
 *   SFI_ERR_FORMAT       more bytes, or an unknown magic, version, licence
 *                        type or product id
 *   SFI_ERR_CERTIFICATE  the CA's key is not a point on P-256
 *   SFI_ERR_AUTH         the CA's signature does not match
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_personalization_parse(
    sfi_ctx *ctx, const uint8_t *data, size_t len, sfi_personalization **out);

/**
 * The product that a personalisation is for.
 *
 * @param p  a personalisation, or NULL
 *
 * @return eight characters, "45002001"; "" for NULL; borrowed until it is
 *         freed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *
sfi_personalization_product_id(const sfi_personalization *p);

/**
 * Release a personalisation.
 *
 * @param p  a personalisation, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_personalization_free(sfi_personalization *p);

/**
 * An HSM of the caller's own: a module of another vendor, a server.
 *
 * Each function gets the `user` of sfi_hsm_open_custom() and returns a status;
 * before an error it says why with sfi_ctx_report().  Arguments were checked.
 * None of them may call the handle that it serves.  NULL: not offered.
 */
typedef struct sfi_hsm_ops {
    uint32_t struct_size; /**< sizeof(sfi_hsm_ops) */
    uint32_t flags;       /**< 0 */
    /** Fill in `out`, which is zero but for its struct_size. */
    sfi_status (*info)(void *user, sfi_hsm_info *out);
    /** Take the PIN; keep no copy longer than needed. */
    sfi_status (*login)(void *user, const char *pin, size_t pin_len);
    /** Store, and lock for ever.  `key` is SFI_KEY_LEN bytes, `nonce`
     * SFI_NONCE_LEN, `perso` a personalisation file.  `options` is never NULL,
     * and its low-water mark is the one to use. */
    sfi_status (*provision)(void *user, const uint8_t *key, size_t key_len,
                            const uint8_t *nonce, size_t nonce_len,
                            const char *firmware_id, uint64_t max_count,
                            const uint8_t *perso, size_t perso_len,
                            const sfi_provision_options *options);
    /** Give a licence for a certificate: a static one when `session` is 0, else
     * a live one for this session of the device.  `*out_len` holds the room in
     * `out` and receives the licence's length. */
    sfi_status (*license)(void *user, const uint8_t *cert, size_t cert_len,
                          uint32_t session, uint8_t *out, size_t *out_len);
    /** The handle is gone; called once. */
    void (*close)(void *user);
    /** Take another PIN, or keep the old one. */
    sfi_status (*change_pin)(void *user, const char *pin, size_t pin_len,
                             const char *new_pin, size_t new_pin_len);
    /** Write the closing record; give no licence from now on. */
    sfi_status (*retire)(void *user);
    /** Fill in `out`, which is zero but for its struct_size. */
    sfi_status (*audit_head)(void *user, sfi_audit_head *out);
    /** The same for record `sequence`, from 1; SFI_ERR_RANGE: none such. */
    sfi_status (*audit_record)(void *user, uint64_t sequence,
                               sfi_audit_record *out);
} sfi_hsm_ops;

/**
 * Open an HSM by name.
 *
 * - `vault:PATH` is an SQLite file.  One that is absent is a blank HSM, and is
 *   created by sfi_hsm_provision() only.  A vault is as strong as the machine
 *   it is on: a copied file is a copied counter (doc/format.md, "Vault").  Any
 *   number of processes may use one vault at once, each with an HSM that it
 *   opened itself: it does not go through fork().
 * - `vault:PATH?token=URI` is a vault that a PKCS#11 token seals, and whose
 *   older copies the token tells (doc/format.md, "A token").  `token=` takes
 *   all that follows: a URI of RFC 7512 with a module-path, which matches one
 *   token.  The module is loaded here.
 * - `pcsc:READER` is a smartcard in a PC/SC reader: the reader's name, a part
 *   of it that no other has, or its slot number as sfi_hsm_list() tells it,
 *   from 1.  `pcsc:READER?apdu=short` uses no extended length.  Other programs
 *   may use the card too.  One that is pulled in the middle of something may
 *   be put back in and be asked again; another one is refused.
 * - A number alone is a slot number: "1" is "pcsc:1".
 *
 * @param ctx  the context
 * @param uri  the name
 * @param out  receives the HSM, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT              the name is of no known form
 *   SFI_ERR_UNSUPPORTED         libsfi was built without vault, cards or
 *                               tokens; the card is none of ours; the token's
 *                               module lacks a function
 *   SFI_ERR_NO_DEVICE           no such reader, no card in it, or no card
 *                               service runs; no token, or more than one,
 *                               matches, or its module cannot be loaded
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read or written, or another
 *                               program has the card for itself
 *   SFI_ERR_TIMEOUT             another process does not let go of the file
 *   SFI_ERR_IO                  the reader failed
 *   SFI_ERR_HSM                 the file is no vault, or damaged; or the card
 *                               misbehaves
 *   SFI_ERR_HSM_STATE           the card has no data to show
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file, up to 10 s, or on the reader; while another program has
 * a transaction with the card, until that ends.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_open(sfi_ctx *ctx, const char *uri,
                                              sfi_hsm **out);

/**
 * Open an HSM of the caller's own.
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
 * On a blank vault this chooses the PIN that provisioning will set.  On a
 * provisioned one it must be the same: ten wrong ones in a row block the vault
 * for ever.  A try is counted on the disk before the PIN is tried, and a right
 * PIN gives all ten back.  The whole log is verified then: about 10 us for each
 * record.  The login lasts until the handle is freed or logs in
 * anew.
 *
 * A card counts the tries itself.  The PIN that it took stays in the handle,
 * which shows it again when the card was reset, as any program can do; a PIN
 * that was refused is never sent a second time.
 *
 * A vault that a token seals has the token's PIN and its tries, also while it
 * is blank.  A login at a token counts for the whole process: another handle
 * there that shows a wrong PIN ends it for this one too.  The anchor is
 * compared, and moved if a crash left it behind.
 *
 * @param hsm      an HSM
 * @param pin      the PIN; any bytes; not kept longer than needed
 * @param pin_len  its length; 4 to 64 for a vault and a card
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM knows no PIN
 *   SFI_ERR_HSM_PIN      another PIN was expected, or the length is wrong
 *   SFI_ERR_HSM_STATE    blocked; or the name says another seal of the vault
 *                        (PIN or token) than it has
 *   SFI_ERR_HSM          the vault is damaged, was altered, or is an older
 *                        copy than its token knows; or the token misbehaves
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned no status
 *   any status           that a custom HSM returned
 *
 * Blocks: about 0.1 s for a vault, which is what a guess shall cost, and on
 * the file, up to 10 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_login(sfi_hsm *hsm, const char *pin,
                                               size_t pin_len);

/**
 * Change the PIN.
 *
 * The old one is a try like a login's.  The change is whole or not at all, also
 * when the power goes away.  The handle stays logged in, or is logged in
 * afterwards; a failure ends its login, but for a length that is wrong.  Others
 * who are logged in stay so.
 *
 * @param hsm          a provisioned HSM
 * @param pin          the PIN so far; not kept longer than needed
 * @param pin_len      its length
 * @param new_pin      the PIN from now on; likewise
 * @param new_pin_len  its length; 4 to 64 for a vault and a card
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM knows no PIN, or cannot change it
 *   SFI_ERR_HSM_PIN      another PIN was expected, or a length is wrong
 *   SFI_ERR_HSM_STATE    blank, or blocked
 *   SFI_ERR_HSM          damaged, altered, or the card misbehaves
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        the file, the reader or the token
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned no status
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
 * Ask an HSM about itself; no PIN is needed.
 *
 * What a vault says is checked for damage here.  Whether somebody altered it
 * on purpose shows only after sfi_hsm_login().
 *
 * @param hsm  an HSM
 * @param out  receives the answer; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          struct_size is unknown
 *   SFI_ERR_UNSUPPORTED  this HSM tells nothing
 *   SFI_ERR_HSM          the vault is damaged
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned no status, or no state
 *   any status           that a custom HSM returned
 *
 * Blocks: on the file, up to 10 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_get_info(sfi_hsm *hsm,
                                                  sfi_hsm_info *out);

/**
 * Give an HSM its firmware key and lock it for ever.
 *
 * There is no way back and no second time.  A vault needs sfi_hsm_login()
 * before, which chooses its PIN; the file appears whole and with mode 0600, or
 * not at all.  Afterwards the handle is logged in.
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
 *   SFI_ERR_ARGUMENT     a pointer is NULL or no such handle
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          the options are of another version
 *   SFI_ERR_RANGE        the nonce's length, the firmware id, the count, flags
 *                        or the low-water mark
 *   SFI_ERR_UNSUPPORTED  this HSM is provisioned elsewhere
 *   SFI_ERR_HSM_PIN      no PIN was chosen
 *   SFI_ERR_HSM_STATE    locked already, or the log of another vault is there
 *   SFI_ERR_HSM          the file is no vault, or damaged
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_CALLBACK     a custom HSM returned no status
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
 * gets the very same licence again, without being counted, also when no
 * installations are left: a crash in between neither grants an installation
 * nor loses one for good.
 *
 * @param hsm   an HSM; a vault must be logged in
 * @param cert  the device's certificate; not kept
 * @param out   receives the licence, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL or no certificate
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM gives no licences
 *   SFI_ERR_CERTIFICATE  of another product, or not signed by the trusted CA
 *   SFI_ERR_HSM_COUNTER  no installations left
 *   SFI_ERR_HSM_STATE    blank, retired, or it gives live licences only
 *   SFI_ERR_HSM_PIN      not logged in
 *   SFI_ERR_HSM          the vault is damaged, or was altered
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_TIMEOUT, SFI_ERR_NO_DEVICE, SFI_ERR_IO
 *                        as for sfi_hsm_open()
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_TRUNCATED, SFI_ERR_FORMAT  a custom HSM returned no licence
 *   SFI_ERR_CALLBACK     a custom HSM returned no status
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
 * device takes it only while it has this session id, once.  A device is counted
 * once, however many sessions it needs; each session has a licence and a record
 * of its own.
 *
 * @param hsm      an HSM; a vault or card must be logged in
 * @param cert     the device's certificate; not kept
 * @param session  what the device gave (sfi_target_get_session()); not 0
 * @param out      receives the licence, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, no certificate, or session is 0
 *   what sfi_hsm_generate_license() returns
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_hsm_generate_live_license(sfi_hsm *hsm, const sfi_certificate *cert,
                              uint32_t session, sfi_license **out);

/**
 * End an HSM's work: the closing record.
 *
 * It states for ever how many devices were licensed and how many installations
 * were left.  From now on no licence is given, to nobody; there is no way back.
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
 * What is common to all records of an HSM's log, and its end.
 *
 * @param hsm  a provisioned HSM; no PIN is needed
 * @param out  receives it; the caller sets struct_size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_ABI          struct_size is unknown
 *   SFI_ERR_UNSUPPORTED  this HSM keeps no log
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
 * One record of an HSM's log.
 *
 * @param hsm       a provisioned HSM; no PIN is needed
 * @param sequence  its number, from 1
 * @param out       receives it; the caller sets struct_size
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
 * Write an HSM's whole log to a file: all of it, or none.
 *
 * It is text, and no secret; sfi_audit_verify() proves it with the log key
 * (doc/format.md, "Log").  Records that are written meanwhile are left to the
 * next one.  What needs no key is checked on the way.
 *
 * @param hsm   a provisioned HSM; no PIN is needed
 * @param path  the file; one that exists is replaced, but no vault in use
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_HSM       also when its records do not fit together
 *   what sfi_hsm_get_audit_head() returns; SFI_ERR_ACCESS and SFI_ERR_OS also
 * for the new file
 *
 * Blocks: on the file or the reader.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_export_audit(sfi_hsm *hsm,
                                                      const char *path);

/** A place where an HSM can be. */
typedef struct sfi_hsm_slot {
    uint32_t struct_size; /**< sizeof(sfi_hsm_slot) of the library */
    uint32_t number;      /**< from 1; "pcsc:1" or "1" opens it */
    uint32_t present;     /**< 1: a card is in it */
    uint32_t reserved;    /**< 0 */
    char name[128];       /**< the reader's name */
} sfi_hsm_slot;

/**
 * Hears of one slot.
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
 * @return SFI_OK, also when there is none; or
 *   SFI_ERR_ARGUMENT     ctx or fn is NULL
 *   SFI_ERR_UNSUPPORTED  libsfi was built without smartcards
 *   SFI_ERR_NO_DEVICE    no card service runs (pcscd)
 *   SFI_ERR_ACCESS       the card service does not let this user in
 *   SFI_ERR_IO           the card service failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: on the card service.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn,
                                              void *user);

/**
 * Close an HSM and wipe what its login gave.
 *
 * @param hsm  an HSM, or NULL
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_hsm_free(sfi_hsm *hsm);

SFI_END_DECLS

#endif
