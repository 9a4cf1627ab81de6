/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file describe.h
 * What a file is, what it says, and whether it is sound; and what a chip is.
 */
#ifndef SFI_DESCRIBE_H
#define SFI_DESCRIBE_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/firmware.h>
#include <sfi/key.h>
#include <sfi/layout.h>
#include <sfi/personalization.h>
#include <sfi/target.h>

SFI_BEGIN_DECLS

/** What a fact is: how to show its value. */
enum sfi_fact_kind {
    SFI_FACT_TEXT = 1,    /**< a text */
    SFI_FACT_NUMBER = 2,  /**< a number that is shown in decimal */
    SFI_FACT_ADDRESS = 3, /**< a number that is shown in hexadecimal */
    SFI_FACT_TIME = 4,    /**< a number: seconds since 1970 */
    SFI_FACT_YES_NO = 5,  /**< a number: 1 or 0 */
    SFI_FACT_BYTES = 6,   /**< data: a tag, a hash, a public key */
    SFI_FACT_CHECK = 7    /**< a number: SFI_CHECK_* */
};

/** How a check ended. */
enum sfi_check_result {
    SFI_CHECK_PASSED = 1,  /**< the file is sound in this respect */
    SFI_CHECK_FAILED = 2,  /**< it is not; the text says what is wrong */
    SFI_CHECK_NOT_MADE = 3 /**< a key or a file is missing; the text names it */
};

/**
 * One fact about a file or a chip.  Pointers are valid during the call that
 * receives the fact; group, name and label are static.
 *
 * A fact with an item belongs to an entry of a list, such as an area of an
 * image.  Those of one entry follow one another, and so do the entries.
 */
typedef struct sfi_fact {
    uint32_t struct_size; /**< sizeof(sfi_fact) */
    uint32_t kind;        /**< SFI_FACT_* */
    const char *group;    /**< "", or what it is part of: "areas" */
    uint32_t item;        /**< number in the list `group`, from 1; 0: no list */
    uint32_t reserved;    /**< 0 */
    const char *name;     /**< for programs, never changes: "header_tag" */
    const char *label;    /**< for people: "header tag" */
    const char *text;     /**< the value as text; text from the file is as it is
                               there: see sfi_text_escape() */
    uint64_t number;      /**< the value, if it is a number; else 0 */
    const uint8_t *data;  /**< the value, if it is bytes; else NULL */
    size_t len;           /**< ... and their number */
} sfi_fact;

/**
 * Receives one fact.
 *
 * @param user  as passed to sfi_describe_file()
 * @param fact  the fact; valid during the call
 */
typedef void (*sfi_fact_fn)(void *user, const sfi_fact *fact);

/** What may be known beside the file; each member may be NULL or 0. */
typedef struct sfi_describe_options {
    uint32_t struct_size; /**< sizeof(sfi_describe_options) */
    uint32_t kind;      /**< SFI_FILE_* that the file is meant to be; 0: as its
                             content tells */
    const sfi_key *key; /**< of an image: verify its tags ... */
    const uint8_t *nonce; /**< ... with this nonce, SFI_NONCE_LEN bytes */
    const sfi_chip *chip; /**< the part of option bytes; NULL: found out */
    const sfi_personalization *ca; /**< names the CA of certificates */
    const uint8_t *audit_key;      /**< SFI_AUDIT_KEY_LEN bytes: verify the MACs
                                        of a vault or an audit log */
    const char *audit_before; /**< an earlier audit log, verified first, which
                                   an audit log must continue */
} sfi_describe_options;

/**
 * Tell what a file is, what it says, and whether it is sound.
 *
 * The kinds, as the fact "kind" names them:
 *
 * - "image", "module": structure; with the key every tag is verified, and the
 *   option bytes are shown
 * - "firmware": format and segments
 * - "option_bytes": every row, and every field in words
 * - "certificate", "personalization", "license"
 * - "license_store": a folder of licences
 * - "vault", "audit": the counts; the chain of records is verified, with the
 *   audit key also their MACs
 * - "trace", "record": the record is that of `sfi-program --record`
 * - "nonces": how many are in the register
 * - "key", "credential", "map": only that it is one
 *
 * The first fact is "kind", the second "what", the same in words.  A fact of
 * kind SFI_FACT_CHECK says for each check how it ended; what cannot be verified
 * without a secret is not made, and the text says what is missing.  No fact
 * tells a secret: of a key only its size and what it may be for, of an image no
 * content of its firmware.  If a check fails the other facts are still
 * reported, as far as the file can be read.
 *
 * The content of a file tells what it is.  Only a file without known content is
 * judged by its name: .sfi, .csv, .hex and so on.
 *
 * @param ctx     a context
 * @param path    the file, or a licence store's folder
 * @param opts    what is known beside the file; or NULL; not kept
 * @param report  receives the facts; may not use the context
 * @param user    passed to report
 *
 * @return SFI_OK: described, and no check failed; or
 *   SFI_ERR_ARGUMENT            a pointer is NULL, an unknown kind, key without
 *                               nonce or nonce without key
 *   SFI_ERR_ABI                 struct_size is unknown, or its tail is not zero
 *   SFI_ERR_FORMAT              of no known kind, or damaged
 *   SFI_ERR_UNSUPPORTED         a vault, and libsfi was built without vaults
 *   SFI_ERR_TRUNCATED, SFI_ERR_CHECKSUM, SFI_ERR_RANGE, SFI_ERR_OVERLAP,
 *   SFI_ERR_CHIP_RULE, SFI_ERR_LIMIT
 *                               damaged, or too large
 *   SFI_ERR_AUTH                a tag, MAC, hash or signature does not match
 *   SFI_ERR_CERTIFICATE         a key is not a point on P-256, or the
 *                               certificate is not signed by this CA
 *   SFI_ERR_HSM                 the vault is damaged, or not a vault
 *   SFI_ERR_TIMEOUT             another process keeps the vault locked
 *   SFI_ERR_CANCELLED           sfi_ctx_cancel() was called; of an audit log
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_CRYPTO              the crypto library failed
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file; on a vault as sfi_hsm_open() does.  Thread: the
 * context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_describe_file(
    sfi_ctx *ctx, const char *path, const sfi_describe_options *opts,
    sfi_fact_fn report, void *user);

/**
 * The facts about a file or a chip, kept: for a window that shows them, and to
 * compare two files.
 */
typedef struct sfi_description sfi_description;

/**
 * Make a description, of nothing yet.
 *
 * @param ctx  a context
 * @param out  receives the description, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_new(sfi_ctx *ctx,
                                                     sfi_description **out);

/**
 * Describe a file, as sfi_describe_file() does, and keep the facts.
 *
 * They are kept also when a check has failed; those of an earlier file are
 * forgotten.
 *
 * @param d     a description
 * @param path  the file, or a licence store's folder
 * @param opts  what is known beside the file; or NULL; of it only key and nonce
 *              are kept
 *
 * @return SFI_OK: described, and no check failed; or
 *   SFI_ERR_ARGUMENT  d or path is NULL
 *   SFI_ERR_NOMEM     no memory; no facts are kept
 *   any status of sfi_describe_file()
 *
 * Blocks: as sfi_describe_file().  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_read(
    sfi_description *d, const char *path, const sfi_describe_options *opts);

/**
 * Describe a connected chip: its part, its bootloader, and what is in it.
 *
 * The facts of sfi_target_get_info() and sfi_target_inspect(), with the names
 * that doc/json.md has; the first two are "kind", which is "chip", and "what".
 * What protection hides has no fact.  Nothing in the chip changes.
 *
 * @param t    the target
 * @param out  receives the description, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     t or out is NULL
 *   SFI_ERR_STATE        called from a callback
 *   SFI_ERR_UNSUPPORTED  the secure bootloader has another version
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_DEVICE       the secure bootloader refuses
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_target_cancel() was called
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_describe(sfi_target *t,
                                                     sfi_description **out);

/**
 * Get one of the facts, in the order of sfi_describe_file().
 *
 * @param d      a description, or NULL
 * @param index  0, 1, ...
 *
 * @return the fact, borrowed until another file is read or the description
 *         freed; NULL past the last
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_fact *sfi_description_at(const sfi_description *d,
                                           size_t index);

/**
 * Find a fact by its name.
 *
 * @param d      a description, or NULL
 * @param group  "", or the list that it is part of; NULL finds nothing
 * @param item   its number in the list, from 1; 0: no list
 * @param name   such as "header_tag"; NULL finds nothing
 *
 * @return the fact, borrowed as sfi_description_at() says; NULL: no such fact
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_fact *sfi_description_find(const sfi_description *d,
                                             const char *group, uint32_t item,
                                             const char *name);

/**
 * Write a description in words, as sfi-info shows it.
 *
 * Without a group: every fact but the first two, "kind" and "what", which are
 * for a title; a sound image is described in the words of ST's tool.  Text from
 * the file is made fit for a terminal (sfi_text_escape()).
 *
 * @param d      what was read
 * @param group  only the facts of this group, such as "areas"; of
 *               "option_fields" without its heading; NULL: all
 * @param write  receives the text, UTF-8, in one call
 * @param user   passed to write
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  d or write is NULL
 *   SFI_ERR_NOMEM     no memory
 *   SFI_ERR_CALLBACK  write returned an invalid status
 *   any status        that write returned
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_text(const sfi_description *d,
                                                      const char *group,
                                                      sfi_write_fn write,
                                                      void *user);

/**
 * Write a description as JSON: one object.
 *
 * A fact is a member by its name; a group is an array: of an object for each
 * entry of a list, or for each check.  Addresses and times are numbers, bytes
 * are hexadecimal digits.
 *
 * @param d      what was read
 * @param write  receives the JSON, UTF-8, in one call
 * @param user   passed to write
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  d or write is NULL
 *   SFI_ERR_NOMEM     no memory
 *   SFI_ERR_CALLBACK  write returned an invalid status
 *   any status        that write returned
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_json(const sfi_description *d,
                                                      sfi_write_fn write,
                                                      void *user);

/**
 * The firmware in a file that was described: of an image with the key that it
 * was described with, as sfi_image_firmware(); or of a firmware file.
 *
 * @param d     what was read; the file is read again
 * @param area  of an image: the number of one area, from 1; 0: all that hold
 *              firmware
 * @param out   receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  d or out is NULL, no file was read, the image was
 *                     described without its key, or an area of another file
 *   any status of sfi_image_firmware() and sfi_firmware_load()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_firmware(
    const sfi_description *d, uint32_t area, sfi_firmware **out);

/**
 * What an image that was described puts where, as sfi_image_layout() tells:
 * for sfi_layout_check() and for a map.
 *
 * @param d     what was read; the file is read again, with the key that it was
 *              described with, if there was one
 * @param chip  the part
 * @param out   receives the layout, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or no file was read
 *   SFI_ERR_FORMAT    not an image
 *   any status of sfi_image_layout()
 *   SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_LIMIT
 *                     the file cannot be read
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_layout(
    const sfi_description *d, const sfi_chip *chip, sfi_layout **out);

/* What a comparison covers. */
#define SFI_COMPARED_CONTENT 0x1u /**< it covers every byte of the firmware */
#define SFI_COMPARED_NO_MODULES 0x2u /**< it leaves out the code of modules */

/** How much differs between two files. */
typedef struct sfi_comparison {
    uint32_t struct_size; /**< sizeof(sfi_comparison) */
    uint32_t flags;       /**< SFI_COMPARED_* */
    uint64_t facts;       /**< facts that differ */
    uint64_t places;      /**< runs of bytes that differ ... */
    uint64_t bytes;       /**< ... and their bytes */
} sfi_comparison;

/**
 * Receives a fact that two files have differently.
 *
 * @param user    as passed to sfi_description_compare()
 * @param first   the fact of the first file; valid during the call
 * @param second  that of the second; NULL: it has none
 */
typedef void (*sfi_fact_difference_fn)(void *user, const sfi_fact *first,
                                       const sfi_fact *second);

/**
 * Compare two images, two firmware files, or an image and a firmware file.
 *
 * With the keys of the images the content is compared, byte by byte in the
 * order of addresses, then version and option bytes; the tags say nothing then.
 * Without a key two images are compared by what they show: areas and tags.
 *
 * @param a         what was read of the first file; it is read again
 * @param b         ... and of the second, of the same context
 * @param on_fact   receives the facts that differ; or NULL
 * @param on_bytes  then receives the bytes that differ; or NULL
 * @param user      passed to both
 * @param out       receives how much differs; the caller sets struct_size
 *
 * @return SFI_OK: compared, and all is equal when no fact and no byte differs;
 *         or
 *   SFI_ERR_ARGUMENT  a or out is NULL, or b is not of the context of a; or an
 *                     image without its key and a firmware
 *   SFI_ERR_ABI       struct_size is unknown
 *   SFI_ERR_STATE     no file was read
 *   SFI_ERR_FORMAT    one is neither an image nor firmware
 *   any status of sfi_firmware_load() and sfi_image_firmware()
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_compare(
    const sfi_description *a, const sfi_description *b,
    sfi_fact_difference_fn on_fact, sfi_firmware_difference_fn on_bytes,
    void *user, sfi_comparison *out);

/**
 * Compare two files as sfi_description_compare() does, and write in words what
 * differs, as sfi-info --compare shows it.
 *
 * The first 64 runs of bytes are shown; the others are counted.  Text from the
 * files is made fit for a terminal (sfi_text_escape()).
 *
 * @param a      what was read of the first file; it is read again
 * @param b      ... and of the second, of the same context
 * @param write  receives the text, UTF-8, in one call; nothing on failure
 * @param user   passed to write
 * @param out    receives how much differs; the caller sets struct_size
 *
 * @return SFI_OK: compared, and all is equal when no fact and no byte differs;
 *         or
 *   SFI_ERR_ARGUMENT  a or write is NULL
 *   SFI_ERR_NOMEM     no memory
 *   SFI_ERR_CALLBACK  write returned an invalid status
 *   any status of sfi_description_compare(), or that write returned
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_compare_text(
    const sfi_description *a, const sfi_description *b, sfi_write_fn write,
    void *user, sfi_comparison *out);

/**
 * Compare two files as sfi_description_compare() does, and write what differs
 * as JSON: one object, with the arrays "facts" and "ranges", and with
 * "different_bytes" and "equal".
 *
 * @param a      what was read of the first file; it is read again
 * @param b      ... and of the second, of the same context
 * @param write  receives the JSON, UTF-8, in one call; nothing on failure
 * @param user   passed to write
 * @param out    receives how much differs; the caller sets struct_size
 *
 * @return SFI_OK: compared, as sfi_description_compare_text(); or
 *   SFI_ERR_ARGUMENT  a or write is NULL
 *   SFI_ERR_NOMEM     no memory
 *   SFI_ERR_CALLBACK  write returned an invalid status
 *   any status of sfi_description_compare(), or that write returned
 *
 * Blocks: on the files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_description_compare_json(
    const sfi_description *a, const sfi_description *b, sfi_write_fn write,
    void *user, sfi_comparison *out);

/**
 * Release a description.
 *
 * @param d  a description, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_description_free(sfi_description *d);

SFI_END_DECLS

#endif
