/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file dialect.h
 * The security extension of a bootloader, as the caller's own functions.
 *
 * How a host asks a secure bootloader for its certificate, and hands it licence
 * and image, is a matter of the part's vendor, and for ST's parts under NDA.
 * libsfi has an extension of its own (doc/protocol.md), which its virtual chips
 * and its device core speak.  Who knows another one gives libsfi this table:
 * target and installer then speak that one, and all else stays as it is
 * (doc/porting.md, "The vendor's security extension").
 */
#ifndef SFI_DIALECT_H
#define SFI_DIALECT_H

#include <sfi/target.h>

SFI_BEGIN_DECLS

/** What a secure bootloader says of itself. */
typedef struct sfi_dialect_info {
    uint32_t struct_size;   /**< sizeof(sfi_dialect_info) of the library */
    uint32_t state;         /**< SFI_DEVICE_* (sfi/device.h) */
    uint32_t cause;         /**< of the last refusal; 0: none */
    uint32_t device_id;     /**< DEV_ID, as the bootloader gave it */
    uint32_t data_max;      /**< bytes that one `data` takes, at least 1 */
    uint32_t area_index;    /**< area being received, 0: none */
    uint8_t header_tag[16]; /**< of the image being or last installed */
} sfi_dialect_info;

/**
 * A security extension.
 *
 * Each function gets the `user` it was given with and the target that asks; it
 * returns SFI_OK or a status, and says why first, with sfi_ctx_report().  With
 * the target it calls what is in this header, and nothing else: that is
 * SFI_ERR_STATE.  What a function of this header returned is returned as it is.
 *
 * A refusal by the chip is SFI_ERR_DEVICE, with a peer code: the SFI_CAUSE_* of
 * sfi/device.h that means the same, else a number of the dialect's own from
 * 0x100 on.  Two of them libsfi acts on: SFI_CAUSE_STATE, which a chip gives
 * that has restarted meanwhile, and SFI_CAUSE_INTERRUPTED in what `info` says
 * of such a chip.  SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL and SFI_ERR_NACK mean that
 * nobody knows what the chip has done: libsfi connects again, and asks `info`.
 *
 * All but `session` must be there.
 */
typedef struct sfi_dialect_ops {
    uint32_t struct_size; /**< sizeof(sfi_dialect_ops) */
    uint32_t flags;       /**< 0 */
    /** Does the bootloader that was found speak it, so that the chip is secure?
     * 1 or 0.  Asked each time that the chip was connected. */
    sfi_status (*speaks)(void *user, sfi_target *t, uint32_t *yes);
    /** Fill in `out`, which is zero but for its struct_size. */
    sfi_status (*info)(void *user, sfi_target *t, sfi_dialect_info *out);
    /** The chip's certificate.  `*out_len` holds the room in `out` and receives
     * the certificate's length, SFI_CERTIFICATE_LEN. */
    sfi_status (*certificate)(void *user, sfi_target *t, uint8_t *out,
                              size_t *out_len);
    /** What a live licence must name, never 0; NULL: no live licences. */
    sfi_status (*session)(void *user, sfi_target *t, uint32_t *session);
    /** Erase the flash for a new install; `erase`: also that of a chip that
     * holds an install. */
    sfi_status (*secure)(void *user, sfi_target *t, uint32_t erase);
    /** Hand over the licence, all that the HSM made. */
    sfi_status (*license)(void *user, sfi_target *t, const uint8_t *data,
                          size_t len);
    /** The first bytes of the image. */
    sfi_status (*header)(void *user, sfi_target *t, const uint8_t *data,
                         size_t len);
    /** The descriptor of the next area. */
    sfi_status (*area)(void *user, sfi_target *t, const uint8_t *data,
                       size_t len);
    /** Content of that area from `offset` on: `len` is `data_max` bytes, the
     * last time what is left. */
    sfi_status (*data)(void *user, sfi_target *t, uint32_t offset,
                       const uint8_t *data, size_t len);
    /** All areas are in: put the firmware in force. */
    sfi_status (*finish)(void *user, sfi_target *t);
    /** Of an install that is under way: erase what there is of it.  Of one that
     * is complete: leave, for the firmware.  Of none: nothing. */
    sfi_status (*abort)(void *user, sfi_target *t);
} sfi_dialect_ops;

/**
 * Take libsfi's own table, the default.
 *
 * For a dialect that differs from it in some functions, or looks at what goes
 * on: fill a table with this, and replace what differs.  Its functions do not
 * look at `user`, and are called inside those of the table that was given.
 *
 * @param out  struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  out is NULL
 *   SFI_ERR_ABI       struct_size is too small, or garbage
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_get_own(sfi_dialect_ops *out);

/** What a link carries. */
enum {
    SFI_LINK_USART = 1, /**< the commands of AN3155 */
    SFI_LINK_SPI = 2,   /**< the commands of AN4286 */
    SFI_LINK_USB = 3,   /**< DFU, AN3156 */
    SFI_LINK_MEMORY = 4 /**< words of memory, through a debug port */
};

/** The bootloader reads or writes memory. */
#define SFI_LINK_HAS_MEMORY 0x01u
/** It takes requests, sfi_dialect_request(). */
#define SFI_LINK_HAS_REQUESTS 0x02u

/** What was found on the link. */
typedef struct sfi_dialect_link {
    uint32_t struct_size;        /**< sizeof(sfi_dialect_link) */
    uint32_t kind;               /**< SFI_LINK_* */
    uint32_t flags;              /**< SFI_LINK_HAS_* */
    uint32_t device_id;          /**< DEV_ID: 0x450, 0x462 */
    uint32_t bootloader_version; /**< 0x31: V3.1; 0: not told */
} sfi_dialect_link;

/** With `data`, and without an answer: Extended Special instead of Special. */
#define SFI_REQUEST_EXTENDED 0x01u
/** Not sent again when the line spoils it, or its answer. */
#define SFI_REQUEST_ONCE 0x02u

/** Bytes of a request (AN3155, 3.14 and 3.15): its packets. */
#define SFI_REQUEST_PARAM_MAX 128u
#define SFI_REQUEST_DATA_MAX 1024u
/** Bytes of an answer. */
#define SFI_REQUEST_REPLY_MAX 136u

/** One request to a secure bootloader. */
typedef struct sfi_request {
    uint32_t struct_size; /**< sizeof(sfi_request) */
    uint32_t flags;       /**< SFI_REQUEST_*, or 0 */
    uint32_t opcode;      /**< 16 bits */
    uint32_t timeout_ms;  /**< for the chip's work, after the last packet */
    const char *name;     /**< for messages: "INFO"; NULL: "a request" */
    const uint8_t *param; /**< `param_len` bytes */
    size_t param_len;     /**< at most SFI_REQUEST_PARAM_MAX */
    const uint8_t *data;  /**< with SFI_REQUEST_EXTENDED */
    size_t data_len;      /**< at most SFI_REQUEST_DATA_MAX */
    size_t *reply_got; /**< receives the answer's length, which may be less than
                          what there is room for; NULL: it must be that */
} sfi_request;

/**
 * What was found on the link.
 *
 * Only inside a function of a dialect.
 *
 * @param t    the target that asks
 * @param out  struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_ABI       struct_size is too small, or garbage
 *   SFI_ERR_STATE     not called from a function of a dialect
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_get_link(sfi_target *t,
                                                      sfi_dialect_link *out);

/**
 * Send one request, and take its answer.
 *
 * Over USART and SPI it is the command Special, or Extended Special; over
 * USB-DFU and a debug port libsfi's own carriage of the same
 * (doc/protocol.md), which takes opcodes 0x5300 to 0x53ff over USB.  What the
 * line spoils is sent again as a whole, three times at most: a request that
 * was carried out, and its answer lost, comes a second time.  With
 * SFI_REQUEST_ONCE it does not: nobody knows then what the chip has done.
 *
 * Only inside a function of a dialect.
 *
 * @param t          the target that asks
 * @param r          the request
 * @param reply      receives the answer; NULL: none is expected
 * @param reply_len  bytes that the answer must have (or may, with reply_got),
 * at most SFI_REQUEST_REPLY_MAX; 0 with SFI_REQUEST_EXTENDED
 * @param status     receives the chip's status byte; 0: done.  Any other is no
 *                   failure of this call, and makes nothing of `reply`
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, a length too large, an unknown
 *                        flag, or more than 16 bits of opcode
 *   SFI_ERR_ABI          struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the bootloader takes no requests, or not this one
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NACK         the chip does not know the opcode
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_installer_cancel() was called
 *
 * Blocks: up to timeout_ms, at the end of an install (`abort`) at most 1 s, and
 * 30 s when the line is bad.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_request(sfi_target *t,
                                                     const sfi_request *r,
                                                     uint8_t *reply,
                                                     size_t reply_len,
                                                     uint32_t *status);

/**
 * Read memory, whatever state the chip is in.
 *
 * Only inside a function of a dialect.
 *
 * @param t        the target that asks
 * @param address  where
 * @param data     receives `len` bytes
 * @param len      how many; 0 is fine
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_RANGE     the range ends past 32-bit addresses
 *   SFI_ERR_STATE     not called from a function of a dialect
 *   SFI_ERR_NACK      refused
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED sfi_installer_cancel() was called
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s when the line is bad.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_read(sfi_target *t,
                                                  uint64_t address,
                                                  uint8_t *data, size_t len);

/**
 * Write memory, whatever state the chip is in.
 *
 * Protection is not looked up; a refusal is a bare one.  Only inside a function
 * of a dialect.
 *
 * @param t        the target that asks
 * @param address  where; over a debug port a multiple of 4
 * @param data     `len` bytes
 * @param len      how many; over a debug port a multiple of 4; 0 is fine
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_RANGE      the range ends past 32-bit addresses
 *   SFI_ERR_CHIP_RULE  not aligned as above
 *   SFI_ERR_STATE      not called from a function of a dialect
 *   SFI_ERR_NACK       refused
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_installer_cancel() was called
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s when the line is bad.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_write(sfi_target *t,
                                                   uint64_t address,
                                                   const uint8_t *data,
                                                   size_t len);

/**
 * Send one block over USB-DFU, and wait until the device is done with it.
 *
 * For an extension that has blocks of its own; the states of DFU are seen to.
 * Nothing is sent again.  Only inside a function of a dialect.
 *
 * @param t           the target that asks
 * @param block       wValue of the DNLOAD, 16 bits
 * @param data        `len` bytes
 * @param len         at most what the device takes in a transfer; 0: "leave",
 *                    after which the device may be gone
 * @param timeout_ms  for the device's work
 * @param string      receives what the last GETSTATUS ends with
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, or block has more than 16 bits
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the link is not USB, or the block too long
 *   SFI_ERR_NACK         the device refused; its status is the peer code
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer, or the device left, and
 *                        is back
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_installer_cancel() was called
 *
 * Blocks: up to timeout_ms, and 2 s for a transfer.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_dialect_download(sfi_target *t, uint32_t block, const uint8_t *data,
                     size_t len, uint32_t timeout_ms, uint32_t *string);

/**
 * Take one block over USB-DFU.
 *
 * As sfi_dialect_download().
 *
 * @param t      the target that asks
 * @param block  wValue of the UPLOAD, 16 bits
 * @param data   receives the block
 * @param len    room in `data`, of which no more is asked for than the device
 *               gives in a transfer; receives how much came
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, there is no room, or block has
 *                        more than 16 bits
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the link is not USB
 *   SFI_ERR_NACK         the device refused; its status is the peer code
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer, or the device left, and
 *                        is back
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_installer_cancel() was called
 *
 * Blocks: 2 s for a transfer.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_upload(sfi_target *t,
                                                    uint32_t block,
                                                    uint8_t *data, size_t *len);

/**
 * Pull the chip's reset line; then find its bootloader again, if it is to run.
 *
 * Only inside a function of a dialect.
 *
 * @param t          the target that asks
 * @param into_boot  1: into the bootloader, which is waited for; 0: into the
 *                   firmware
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     t is NULL, or into_boot is neither
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the link has no such line
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no bootloader answers
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_installer_cancel() was called
 *
 * Blocks: up to the connection's timeout, and some seconds when the line is
 * bad.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_reset(sfi_target *t,
                                                   uint32_t into_boot);

/**
 * Wait, while the chip works: between two looks at its memory.
 *
 * Only inside a function of a dialect.
 *
 * @param t   the target that asks
 * @param ms  milliseconds
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   t is NULL
 *   SFI_ERR_STATE      not called from a function of a dialect
 *   SFI_ERR_CANCELLED  sfi_installer_cancel() was called
 *
 * Blocks: so long.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_wait(sfi_target *t, uint32_t ms);

SFI_END_DECLS

#endif
