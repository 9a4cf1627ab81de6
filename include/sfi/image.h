/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file image.h
 * Build, read and check .sfi images, protocol version 1 (doc/format.md,
 * "Image").
 */
#ifndef SFI_IMAGE_H
#define SFI_IMAGE_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/finding.h>
#include <sfi/firmware.h>
#include <sfi/key.h>
#include <sfi/layout.h>
#include <sfi/option_bytes.h>

SFI_BEGIN_DECLS

/** Kinds of area: the type letter of the descriptor. */
enum sfi_area_kind {
    SFI_AREA_FIRMWARE = 'F',     /**< firmware, with the image's own key */
    SFI_AREA_MODULE = 'M',       /**< a module (.smi), under a key of its own */
    SFI_AREA_CONFIGURATION = 'C' /**< the option bytes */
};

/** The inputs of an image to be built. */
typedef struct sfi_image_builder sfi_image_builder;

/**
 * Start building an image for a part.
 *
 * @param ctx   the context
 * @param chip  the part that the image is for
 * @param out   receives the builder, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_new(sfi_ctx *ctx,
                                                       const sfi_chip *chip,
                                                       sfi_image_builder **out);

/**
 * Set the firmware key.
 *
 * @param b    the builder
 * @param key  the key; kept alive by the builder
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a handle is NULL or of another kind
 *   SFI_ERR_STATE     called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_key(sfi_image_builder *b,
                                                           const sfi_key *key);

/**
 * Set the nonce.
 *
 * Use a nonce for one image only: two images with the same key and nonce reveal
 * their plaintext and the authentication key.
 *
 * @param b      the builder
 * @param nonce  the nonce; copied
 * @param len    its length, SFI_NONCE_LEN bytes
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_RANGE     the length is not SFI_NONCE_LEN
 *   SFI_ERR_STATE     called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_nonce(
    sfi_image_builder *b, const uint8_t *nonce, size_t len);

/** Allow two images under one key and nonce, with a warning. */
#define SFI_REGISTER_SAME_NONCE 0x1u

/**
 * Use a register of used nonces, beside the key for example, so that no second
 * image is made under one key and nonce.
 *
 * sfi_image_builder_write() and sfi_image_builder_save() enter the image before
 * its first byte, and sync the register to disk; they fail when another image
 * has been made with the key and one of the nonces that this image needs: the
 * nonce itself, and the sum of it and the number of each area.  The same image
 * may be made again.  sfi_image_builder_check() looks without entering.
 *
 * The file has digests only that nobody without the key can compute
 * (doc/format.md, "Register of nonces").  It is created with mode 0600. Several
 * processes may use it at once.
 *
 * @param b      the builder
 * @param path   the file; copied; a symbolic link is refused; NULL: none, the
 *               default
 * @param flags  0, or SFI_REGISTER_SAME_NONCE
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  b is NULL, or a flag is unknown
 *   SFI_ERR_STATE     called from a callback of this builder
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_register(
    sfi_image_builder *b, const char *path, uint32_t flags);

/**
 * Set the version of the firmware in the image; the default is 0.
 *
 * @param b        the builder
 * @param version  0 to 255
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  b is NULL
 *   SFI_ERR_RANGE     the version is above 255
 *   SFI_ERR_STATE     called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_set_version(sfi_image_builder *b, uint32_t version);

/**
 * Set the byte that fills gaps and is padding; the default is 0xff, as erased
 * flash reads.
 *
 * @param b     the builder
 * @param fill  0 to 0xff
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  b is NULL
 *   SFI_ERR_RANGE     the byte is above 0xff
 *   SFI_ERR_STATE     called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_set_fill(sfi_image_builder *b, uint32_t fill);

/**
 * Close small gaps: segments with at most so many bytes between them become one
 * area (AN5054, 2.6.4).  The default is 0: only segments that share a flash
 * word are joined.
 *
 * A gap is not closed over the last word of a bank, which the STM32H753 cannot
 * program, nor outside the flash for firmware.  A note of
 * sfi_image_builder_check() tells what was filled.
 *
 * @param b      the builder
 * @param bytes  the longest gap to close; from 1 on also segments that touch
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  b is NULL
 *   SFI_ERR_STATE     called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_set_merge_gap(sfi_image_builder *b, uint64_t bytes);

/** Whether the builder repairs the size of the firmware. */
enum sfi_padding {
    SFI_PADDING_NONE = 0, /**< no: a wrong size is refused */
    SFI_PADDING_AUTO = 1  /**< yes, with fill bytes */
};

/**
 * Let the builder repair the size rules of a part (STM32L462: AN4992, 7.2): a
 * total that is not a multiple of 4, or above 64 KiB a multiple of 256.
 *
 * Behind the last segment with room come as few fill bytes as possible.  A note
 * of sfi_image_builder_check() tells where and how many.  The default is
 * SFI_PADDING_NONE.
 *
 * @param b        the builder
 * @param padding  SFI_PADDING_*
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  b is NULL, or padding is unknown
 *   SFI_ERR_STATE     called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_set_padding(sfi_image_builder *b, uint32_t padding);

/**
 * Add the segments of a firmware; several firmwares may be added.
 *
 * Each segment becomes an area of its own, except that segments that share a
 * flash word become one area with fill bytes between them: a flash word is
 * programmed once.  Bytes that are already there are taken once, with a warning
 * of sfi_image_builder_check(); other bytes for the same address are an error
 * there, as is a broken rule of the part.
 *
 * @param b   the builder
 * @param fw  the firmware; kept alive by the builder
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a handle is NULL or of another kind
 *   SFI_ERR_STATE     called from a callback of this builder
 *   SFI_ERR_NOMEM     no memory; nothing was added
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_add_firmware(sfi_image_builder *b, const sfi_firmware *fw);

/**
 * Add a module (.smi); several may be added.
 *
 * The module is copied into the image unchanged, encrypted with its own key,
 * for the address in its header.  Its tag cannot be checked here.
 *
 * @param b    the builder
 * @param smi  the whole file; copied
 * @param len  its length in bytes
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_FORMAT     not a module, an empty module, or bytes after its end
 *   SFI_ERR_TRUNCATED  shorter than its header says
 *   SFI_ERR_STATE      called from a callback of this builder
 *   SFI_ERR_NOMEM      no memory; nothing was added
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_add_module(
    sfi_image_builder *b, const uint8_t *smi, size_t len);

/**
 * Add a module file (.smi), as sfi_image_builder_add_module() does.
 *
 * @param b     the builder
 * @param path  the file, at most 16777216 bytes; not kept
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_FORMAT     not a module, an empty module, or bytes after its end
 *   SFI_ERR_TRUNCATED  shorter than its header says
 *   SFI_ERR_LIMIT      the file is larger
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_STATE      called from a callback of this builder
 *   SFI_ERR_NOMEM      no memory; nothing was added
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_add_module_file(sfi_image_builder *b, const char *path);

/**
 * Set the option bytes.
 *
 * @param b   the builder
 * @param ob  option bytes of the builder's part; copied
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a handle is NULL or of another kind
 *   SFI_ERR_CHIP_RULE  they are for another part
 *   SFI_ERR_STATE      called from a callback of this builder
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_option_bytes(
    sfi_image_builder *b, const sfi_option_bytes *ob);

/**
 * Get the layout of the image: what it would put where, as its inputs are now.
 *
 * The layout borrows the inputs and keeps the builder alive.
 *
 * @param b    the builder
 * @param out  receives the layout, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_STATE     called from a callback of this builder
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_layout(sfi_image_builder *b,
                                                          sfi_layout **out);

/**
 * Check the inputs against the rules of the part, as sfi_layout_check() does.
 *
 * Every finding is reported, in the order of the rules; then the call fails
 * with the first error among them.  Key and nonce are checked when they are
 * set: neither may be all zeros, and a register of nonces may know another
 * image of theirs; this is looked at when nothing else is wrong.
 *
 * @param b       the builder
 * @param report  receives the findings; may not use the builder; or NULL
 * @param user    passed to report
 *
 * @return SFI_OK: no finding is an error; or
 *   SFI_ERR_ARGUMENT   b is NULL
 *   SFI_ERR_FORMAT     no firmware, or no option bytes
 *   SFI_ERR_RANGE      a segment is empty or not inside the flash; key or nonce
 *                      are all zeros, or another image has them
 *   SFI_ERR_OVERLAP    two segments claim the same address
 *   SFI_ERR_CHIP_RULE  a rule of the part is violated: AN4992, section 7
 *   SFI_ERR_LIMIT      more areas than an image can have
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the register of nonces cannot be read
 *   SFI_ERR_CRYPTO     the crypto library failed
 *   SFI_ERR_STATE      called from a callback of this builder
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_check(sfi_image_builder *b,
                                                         sfi_finding_fn report,
                                                         void *user);

/**
 * Check, then write the image to a function.
 *
 * Needs key and nonce.  Memory use does not grow with the firmware: each area
 * is encrypted twice, for its tag and for its content.  The second time
 * verifies the tag: what was written whole is an authentic image.
 *
 * @param b      the builder; it can write again
 * @param write  receives the image piece by piece; may not use the builder
 * @param user   passed to write
 *
 * @return SFI_OK, what sfi_image_builder_check() returns, what `write`
 *         returned, or
 *   SFI_ERR_ARGUMENT  b or write is NULL
 *   SFI_ERR_STATE     no key or no nonce was set
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the register of nonces cannot be written
 *   SFI_ERR_CALLBACK  `write` returned a value that is not a status
 *   SFI_ERR_CRYPTO    the crypto library failed, or the content of an area has
 *                     changed since its tag was made
 *
 * Blocks: as long as `write` blocks.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_write(sfi_image_builder *b,
                                                         sfi_write_fn write,
                                                         void *user);

/**
 * Check, then write the image to a file.
 *
 * The file is created or replaced only when it is complete, verified as
 * sfi_image_builder_write() does, and on disk; after a failure an existing file
 * is unchanged.
 *
 * @param b     the builder; it can save again
 * @param path  the file
 *
 * @return SFI_OK, what sfi_image_builder_check() returns, or
 *   SFI_ERR_ARGUMENT            b or path is NULL
 *   SFI_ERR_STATE               no key or no nonce was set
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written, or a file of that
 *                               name is never replaced: sfi_ctx_check_output()
 *   SFI_ERR_CRYPTO              as sfi_image_builder_write()
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_save(sfi_image_builder *b,
                                                        const char *path);

/**
 * Release a builder.
 *
 * @param b  a builder, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_image_builder_free(sfi_image_builder *b);

/** A parser of images: bytes in, events out, no I/O. */
typedef struct sfi_image_reader sfi_image_reader;

/** Events in their order: HEADER; AREA_BEGIN, DATA..., AREA_END for each area;
 * DONE.  NEED_INPUT whenever no event is available. */
enum sfi_event_kind {
    SFI_EVENT_NEED_INPUT = 0, /**< pass more bytes */
    SFI_EVENT_HEADER = 1,     /**< the header of the image */
    SFI_EVENT_AREA_BEGIN = 2, /**< the descriptor of the next area */
    SFI_EVENT_DATA = 3,       /**< the next bytes of this area */
    SFI_EVENT_AREA_END = 4,   /**< the area is complete */
    SFI_EVENT_DONE = 5        /**< the image is complete */
};

/** One event.  Pointers are borrowed until the next call on the reader. */
typedef struct sfi_image_event {
    uint32_t struct_size; /**< sizeof(sfi_image_event), set by the caller */
    uint32_t kind;        /**< SFI_EVENT_* */
    uint32_t area_index;  /**< from 1; 0 in HEADER */
    uint32_t area_count;  /**< of the image */
    uint32_t area_kind;   /**< SFI_AREA_* */
    uint32_t area_size;   /**< bytes of content */
    uint32_t version;     /**< HEADER: of the protocol; areas: of the image */
    uint32_t reserved;    /**< 0 */
    uint64_t address;     /**< of the area; DATA: of this piece */
    const uint8_t *data;  /**< DATA: the piece */
    size_t len;           /**< ... and its length */
    const uint8_t *aad;   /**< HEADER, AREA_BEGIN: the authenticated bytes */
    size_t aad_len;       /**< ... and their number */
    const uint8_t *tag;   /**< HEADER, AREA_BEGIN: the tag ... */
    size_t tag_len;       /**< ... and its length, 16 */
} sfi_image_event;

/**
 * Start reading an image.
 *
 * Without a key the structure is checked, and DATA carries the ciphertext as it
 * arrives.  With the key every event is authentic: the header, and each area as
 * a whole, are released after their tags have verified, and DATA carries
 * plaintext. The reader then holds one area in memory, at most 16 MiB.
 *
 * @param ctx    the context
 * @param key    the firmware key, which may be freed after the call; or NULL
 * @param nonce  SFI_NONCE_LEN bytes, copied; NULL without a key
 * @param out    receives the reader, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or key without nonce or nonce without
 *                     key
 *   SFI_ERR_CRYPTO    the crypto library failed
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_new(sfi_ctx *ctx,
                                                      const sfi_key *key,
                                                      const uint8_t *nonce,
                                                      sfi_image_reader **out);

/**
 * Pass bytes to the reader.
 *
 * It consumes bytes up to the next event, and none while events wait: call
 * sfi_image_reader_next() until NEED_INPUT, then pass the rest.  After an error
 * the image stays refused.
 *
 * @param r         the reader
 * @param data      the bytes; not kept
 * @param len       their number
 * @param consumed  receives how many were consumed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT    not an image, an unknown version or type, areas missing,
 *                     repeated or out of order, or bytes after the last area
 *   SFI_ERR_LIMIT     an area is larger than 16 MiB (with a key)
 *   SFI_ERR_AUTH      the tag of the header or of an area does not match
 *   SFI_ERR_CRYPTO    the crypto library failed
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_push(sfi_image_reader *r,
                                                       const uint8_t *data,
                                                       size_t len,
                                                       size_t *consumed);

/**
 * Give the reader bytes of any number; it keeps a copy of what it cannot read
 * yet.
 *
 * Then sfi_image_reader_next() gives all their events, up to NEED_INPUT, and
 * sfi_image_reader_push() consumes nothing before that.
 *
 * @param r     the reader
 * @param data  the bytes; copied
 * @param len   their number
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_NOMEM     no memory; nothing was taken
 *   any status        of the push or next that refused the image
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_feed(sfi_image_reader *r,
                                                       const uint8_t *data,
                                                       size_t len);

/**
 * Get the next event.
 *
 * @param r      the reader
 * @param event  struct_size set by the caller; receives the event
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *   any status of sfi_image_reader_push(): of the bytes that were fed, or of
 *                     the push that refused the image
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_next(sfi_image_reader *r,
                                                       sfi_image_event *event);

/**
 * Declare the end of the image's bytes.
 *
 * @param r  the reader
 *
 * @return SFI_OK: the image is complete; or
 *   SFI_ERR_ARGUMENT   r is NULL
 *   SFI_ERR_STATE      bytes that were fed are not read yet: take their events
 *   SFI_ERR_TRUNCATED  the image ends too early; the message says where
 *   any status         of the push that refused the image
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_finish(sfi_image_reader *r);

/**
 * Release a reader and wipe its content.
 *
 * @param r  a reader, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_image_reader_free(sfi_image_reader *r);

/**
 * Get the layout of a finished image: what it puts where.
 *
 * An image does not name its part: an image for another part is recognised by
 * the number of option bytes and by its addresses.  Without the key the layout
 * has sizes and addresses; with it every tag is verified, and the layout holds
 * the content.
 *
 * @param ctx    the context
 * @param chip   the part
 * @param image  the whole image; not kept
 * @param len    its length in bytes
 * @param key    the firmware key, which may be freed after the call; or NULL
 * @param nonce  SFI_NONCE_LEN bytes; NULL without a key
 * @param out    receives the layout, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL, or key without nonce or nonce without
 *                      key
 *   SFI_ERR_FORMAT     as sfi_image_reader_push()
 *   SFI_ERR_LIMIT      as sfi_image_reader_push()
 *   SFI_ERR_AUTH       as sfi_image_reader_push()
 *   SFI_ERR_CRYPTO     the crypto library failed
 *   SFI_ERR_TRUNCATED  as sfi_image_reader_finish()
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_layout(
    sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image, size_t len,
    const sfi_key *key, const uint8_t *nonce, sfi_layout **out);

/**
 * Get the firmware in an image, for the owner of its key.
 *
 * Nothing is returned before every tag of the image has verified.  The bytes
 * are wiped when the firmware is freed.  Modules are left out: they are
 * encrypted with another key.
 *
 * @param ctx    the context
 * @param image  the whole image; not kept
 * @param len    its length in bytes
 * @param key    the firmware key, which may be freed after the call
 * @param nonce  SFI_NONCE_LEN bytes
 * @param area   the number of one area, from 1; 0: all that hold firmware
 * @param out    receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_FORMAT     as sfi_image_reader_push(); or no firmware in the image,
 *                      or in the area
 *   SFI_ERR_RANGE      there is no such area; or data past address 0xffffffff
 *   SFI_ERR_OVERLAP    two areas give one address different data
 *   SFI_ERR_LIMIT      as sfi_image_reader_push()
 *   SFI_ERR_AUTH       as sfi_image_reader_push()
 *   SFI_ERR_CRYPTO     the crypto library failed
 *   SFI_ERR_TRUNCATED  as sfi_image_reader_finish()
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_image_firmware(
    sfi_ctx *ctx, const uint8_t *image, size_t len, const sfi_key *key,
    const uint8_t *nonce, uint32_t area, sfi_firmware **out);

/**
 * Check a finished image against a part, without its key: sfi_image_layout(),
 * then sfi_layout_check().
 *
 * @param ctx     the context
 * @param chip    the part
 * @param image   the whole image
 * @param len     its length in bytes
 * @param report  receives the findings; or NULL
 * @param user    passed to report
 *
 * @return SFI_OK, what sfi_layout_check() returns, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_FORMAT     as sfi_image_reader_push()
 *   SFI_ERR_TRUNCATED  as sfi_image_reader_finish()
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_image_check(sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image,
                size_t len, sfi_finding_fn report, void *user);

SFI_END_DECLS

#endif
