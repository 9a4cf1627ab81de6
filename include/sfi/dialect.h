/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file dialect.h
 * The security extension of a bootloader, as functions of the caller.
 *
 * How a host asks a secure bootloader for its certificate, and sends it licence
 * and image, is defined by the part's vendor; for ST's parts it is under NDA.
 * libsfi has an extension of its own (doc/protocol.md), which its virtual chips
 * and its device core speak.  A caller who knows another extension gives libsfi
 * a table of functions that speak it; target and installer then use these, and
 * everything else stays the same (doc/porting.md, "The vendor's security
 * extension").
 */
#ifndef SFI_DIALECT_H
#define SFI_DIALECT_H

#include <sfi/target.h>

SFI_BEGIN_DECLS

/** sfi_dialect_info: the chip gives receipts once it is installed. */
#define SFI_DIALECT_RECEIPTS 0x01u

/** Bytes of a receipt as a chip sends it, without its certificate. */
#define SFI_DIALECT_RECEIPT_LEN 196u

/** The state of a secure bootloader. */
typedef struct sfi_dialect_info {
    uint32_t struct_size;   /**< sizeof(sfi_dialect_info) of the library */
    uint32_t state;         /**< SFI_DEVICE_* (sfi/device.h) */
    uint32_t cause;         /**< of the last refusal; 0: none */
    uint32_t device_id;     /**< DEV_ID, as the bootloader tells it */
    uint32_t data_max;      /**< most bytes for one `data`, at least 1 */
    uint32_t area_index;    /**< area being received, 0: none */
    uint8_t header_tag[16]; /**< of the image being or last installed */
    uint32_t flags;         /**< SFI_DIALECT_RECEIPTS, or 0 */
    uint32_t installs;      /**< how many have begun; with that flag */
} sfi_dialect_info;

/**
 * A security extension.
 *
 * Each function receives the table's `user` and the target.  It returns SFI_OK,
 * or a status after it has reported the reason with sfi_ctx_report().  With the
 * target it may call only the functions of this header; any other function
 * fails with SFI_ERR_STATE.  It returns unchanged what a function of this
 * header returned.
 *
 * A refusal by the chip is SFI_ERR_DEVICE, with a peer code: the SFI_CAUSE_* of
 * sfi/device.h that means the same, else a number of the dialect's own from
 * 0x100 on.  libsfi acts on two of them: SFI_CAUSE_STATE, the refusal of a chip
 * that has restarted, and SFI_CAUSE_INTERRUPTED in the `info` of such a chip.
 * SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL and SFI_ERR_NACK leave open what the chip
 * has done: libsfi connects again and asks `info`.
 *
 * All functions but `session` and `receipt` are required.
 */
typedef struct sfi_dialect_ops {
    uint32_t struct_size; /**< sizeof(sfi_dialect_ops) */
    uint32_t flags;       /**< 0 */
    /** Set *yes to 1 if the bootloader speaks this extension, which makes the
     * chip a secure one, else to 0.  Called after each connect. */
    sfi_status (*speaks)(void *user, sfi_target *t, uint32_t *yes);
    /** Fill in `out`, which is zero except its struct_size. */
    sfi_status (*info)(void *user, sfi_target *t, sfi_dialect_info *out);
    /** Read the chip's certificate.  `*out_len` is the room in `out` and
     * receives the certificate's length, SFI_CERTIFICATE_LEN. */
    sfi_status (*certificate)(void *user, sfi_target *t, uint8_t *out,
                              size_t *out_len);
    /** Read the session that a live licence must name, never 0; the function
     * may be NULL: no live licences. */
    sfi_status (*session)(void *user, sfi_target *t, uint32_t *session);
    /** Erase the flash for a new install; `erase`: also in a chip that holds an
     * installed firmware. */
    sfi_status (*secure)(void *user, sfi_target *t, uint32_t erase);
    /** Send the licence exactly as the HSM made it. */
    sfi_status (*license)(void *user, sfi_target *t, const uint8_t *data,
                          size_t len);
    /** Send the image's header. */
    sfi_status (*header)(void *user, sfi_target *t, const uint8_t *data,
                         size_t len);
    /** Send the descriptor of the next area. */
    sfi_status (*area)(void *user, sfi_target *t, const uint8_t *data,
                       size_t len);
    /** Send content of that area from `offset` on: `len` is `data_max` bytes,
     * and what is left the last time. */
    sfi_status (*data)(void *user, sfi_target *t, uint32_t offset,
                       const uint8_t *data, size_t len);
    /** All areas are sent: activate the firmware. */
    sfi_status (*finish)(void *user, sfi_target *t);
    /** Abort: erase a partial install; after a complete one start the firmware;
     * otherwise do nothing. */
    sfi_status (*abort)(void *user, sfi_target *t);
    /** Read the receipt of an installed chip (doc/format.md), whose `info` has
     * SFI_DIALECT_RECEIPTS.  `*out_len` is the room in `out` and receives the
     * receipt's length, SFI_DIALECT_RECEIPT_LEN.  The function may be NULL: no
     * receipts. */
    sfi_status (*receipt)(void *user, sfi_target *t, uint8_t *out,
                          size_t *out_len);
} sfi_dialect_ops;

/**
 * Copy libsfi's own table, the default.
 *
 * For a dialect that differs from it in some functions, or that observes the
 * install: fill a table with this, and replace functions.  libsfi's functions
 * ignore `user`, and may be called from the caller's functions.
 *
 * @param out  struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  out is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_get_own(sfi_dialect_ops *out);

/** The bootloader reads or writes memory. */
#define SFI_LINK_HAS_MEMORY 0x01u
/** The bootloader takes requests, sfi_dialect_request(). */
#define SFI_LINK_HAS_REQUESTS 0x02u

/** The bootloader that was found, and its link. */
typedef struct sfi_dialect_link {
    uint32_t struct_size;        /**< sizeof(sfi_dialect_link) */
    uint32_t kind;               /**< SFI_LINK_* */
    uint32_t flags;              /**< SFI_LINK_HAS_* */
    uint32_t device_id;          /**< DEV_ID: 0x450, 0x462 */
    uint32_t bootloader_version; /**< 0x31: V3.1; 0: unknown */
} sfi_dialect_link;

/** With `data` and without a reply: Extended Special instead of Special. */
#define SFI_REQUEST_EXTENDED 0x01u
/** Not repeated when the line damages the request or its reply. */
#define SFI_REQUEST_ONCE 0x02u

/** Most bytes of parameters in a request (AN3155, 3.14 and 3.15). */
#define SFI_REQUEST_PARAM_MAX 128u
/** Most bytes of data behind them. */
#define SFI_REQUEST_DATA_MAX 1024u
/** Bytes of a reply. */
#define SFI_REQUEST_REPLY_MAX 196u

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
    size_t *reply_got;    /**< receives the reply's length, at most the room for
                               it; NULL: the reply must fill the room */
} sfi_request;

/**
 * Describe the bootloader that was found, and its link.
 *
 * Only inside a function of a dialect.
 *
 * @param t    the target of the dialect's function
 * @param out  struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_ABI       struct_size is unknown
 *   SFI_ERR_STATE     not called from a function of a dialect
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_get_link(sfi_target *t,
                                                      sfi_dialect_link *out);

/**
 * Send one request and receive its reply.
 *
 * Over USART and SPI it is the command Special or Extended Special; over
 * USB-DFU and a debug port libsfi has a carrier of its own for these
 * (doc/protocol.md), which takes opcodes 0x5300 to 0x53ff over USB.  A damaged
 * request is repeated as a whole, three times at most, so the chip may receive
 * it again after its reply was lost.  With SFI_REQUEST_ONCE it is not repeated,
 * and after a failure it is unknown whether the chip has carried it out.
 *
 * Only inside a function of a dialect.
 *
 * @param t          the target of the dialect's function
 * @param r          the request
 * @param reply      receives the reply; NULL: none is expected
 * @param reply_len  bytes that the reply must have (at most, with reply_got),
 * up to SFI_REQUEST_REPLY_MAX; 0 with SFI_REQUEST_EXTENDED
 * @param status     receives the chip's status byte; 0: done.  Another value is
 *                   not a failure of this call, but `reply` is not valid
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, a length too large, a flag
 *                        unknown, or the opcode longer than 16 bits
 *   SFI_ERR_ABI          struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the bootloader does not take requests, or not this
 *                        one
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NACK         the chip does not know the opcode
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_installer_cancel() was called
 *
 * Blocks: up to timeout_ms, at the end of an install (`abort`) at most 1 s, and
 * 30 s on a bad line.  Thread: the context's.
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
 * @param t        the target of the dialect's function
 * @param address  the first byte
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
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_read(sfi_target *t,
                                                  uint64_t address,
                                                  uint8_t *data, size_t len);

/**
 * Write memory, whatever state the chip is in.
 *
 * Without a check of the protection, and without a reason after a refusal. Only
 * inside a function of a dialect.
 *
 * @param t        the target of the dialect's function
 * @param address  the first byte; over a debug port a multiple of 4
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
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
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
 * For an extension that has blocks of its own; libsfi handles the states of
 * DFU. Nothing is repeated.  Only inside a function of a dialect.
 *
 * @param t           the target of the dialect's function
 * @param block       wValue of the DNLOAD, 16 bits
 * @param data        `len` bytes
 * @param len         at most the device's transfer size; 0: "leave", after
 * which the device may disconnect
 * @param timeout_ms  for the device's work
 * @param string      receives the last byte of the final GETSTATUS
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, or block has more than 16 bits
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the link is not USB, or the block too long
 *   SFI_ERR_NACK         the device refused; its status is the peer code
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer, or the device
 *                        disconnected and re-enumerated
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
 * Receive one block over USB-DFU.
 *
 * For an extension that has blocks of its own, as sfi_dialect_download().  Only
 * inside a function of a dialect.
 *
 * @param t      the target of the dialect's function
 * @param block  wValue of the UPLOAD, 16 bits
 * @param data   receives the block
 * @param len    room in `data`, of which at most the device's transfer size is
 *               used; receives the block's length
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, there is no room, or block has
 *                        more than 16 bits
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the link is not USB
 *   SFI_ERR_NACK         the device refused; its status is the peer code
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer, or the device
 *                        disconnected and re-enumerated
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
 * Reset the chip by its reset line; then find its bootloader, if it shall run.
 *
 * Only inside a function of a dialect.
 *
 * @param t          the target of the dialect's function
 * @param into_boot  1: into the bootloader, and connect to it; 0: into the
 *                   firmware
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     t is NULL, or into_boot is not 0 or 1
 *   SFI_ERR_STATE        not called from a function of a dialect
 *   SFI_ERR_UNSUPPORTED  the link has no such line
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no bootloader answers
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_installer_cancel() was called
 *
 * Blocks: up to the connection's timeout, and some seconds on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_reset(sfi_target *t,
                                                   uint32_t into_boot);

/**
 * Wait while the chip works, for example between two reads of its memory.
 *
 * Only inside a function of a dialect.
 *
 * @param t   the target of the dialect's function
 * @param ms  milliseconds
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   t is NULL
 *   SFI_ERR_STATE      not called from a function of a dialect
 *   SFI_ERR_CANCELLED  sfi_installer_cancel() was called
 *
 * Blocks: for that time.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_dialect_wait(sfi_target *t, uint32_t ms);

SFI_END_DECLS

#endif
