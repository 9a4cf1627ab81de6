/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file target.h
 * A session with the bootloader of one chip, for tools and test benches.
 */
#ifndef SFI_TARGET_H
#define SFI_TARGET_H

#include <sfi/certificate.h>
#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/license.h>
#include <sfi/option_bytes.h>
#include <sfi/progress.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

/**
 * A session with a chip's bootloader (AN3155).  libsfi detects lost and damaged
 * bytes and repeats the command, three times at most.  Every wait has a limit.
 */
typedef struct sfi_target sfi_target;

/** A security extension other than libsfi's own: sfi/dialect.h. */
struct sfi_dialect_ops;

/** How to find a chip, and which security extension it speaks. */
typedef struct sfi_connect_options {
    uint32_t struct_size; /**< sizeof(sfi_connect_options) */
    uint32_t timeout_ms;  /**< limit for finding the chip; 0: 5000; through a
                             network some round trips more */
    const sfi_chip *chip; /**< the expected part; NULL: any known one */
    sfi_transport *transport; /**< the link; kept open by the target */
    const struct sfi_dialect_ops *dialect; /**< copied; NULL: libsfi's own */
    void *dialect_user; /**< passed to it; must outlive the target */
} sfi_connect_options;

/** Readout protection, as far as an open bootloader tells. */
enum sfi_readout_level {
    SFI_READOUT_UNKNOWN = 0, /**< not readable, or the chip is secure */
    SFI_READOUT_LEVEL_0 = 1, /**< off */
    SFI_READOUT_LEVEL_1 = 2, /**< on; a bootloader tells no more */
    SFI_READOUT_LEVEL_2 = 3, /**< on for ever */
};

/** The chip, and the state of its install. */
typedef struct sfi_target_info {
    uint32_t struct_size;        /**< sizeof(sfi_target_info) */
    uint32_t device_id;          /**< DEV_ID: 0x450, 0x462 */
    uint32_t bootloader_version; /**< 0x31: V3.1 */
    uint32_t secure;             /**< 1: only the security extension answers */
    uint32_t device_state;       /**< SFI_DEVICE_* when secure, else 0 */
    uint32_t last_cause;         /**< SFI_CAUSE_* when secure, else 0 */
    uint32_t area_index;         /**< area being received, 0: none */
    uint32_t bootloader_id;      /**< AN2606: 0x92 is V9.2; 0: unknown */
    uint8_t header_tag[16];      /**< of the image being or last installed */
    const char *bootloader_name; /**< "V9.2"; NULL: unknown; never freed */
    const char *bootloader_limits; /**< what this version cannot do, for
                                        people; NULL: nothing known */
    uint32_t flash_size; /**< in bytes, as an open chip tells: parts that share
                              a DEV_ID differ; 0: unknown */
    uint32_t readout;    /**< SFI_READOUT_* in force */
    uint32_t revision;   /**< REV_ID, over a debug port; 0: unknown */
    uint32_t reserved;   /**< 0 */
} sfi_target_info;

/**
 * Find the bootloader and identify the chip.
 *
 * @param ctx         the context of the link
 * @param chip        the expected part; NULL: any known one
 * @param tp          the link; kept open until the target is released
 * @param timeout_ms  limit for finding the chip; 0: 5000
 * @param out         receives the target, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL or of another context
 *   SFI_ERR_STATE        called from a callback of the link
 *   SFI_ERR_TIMEOUT      nothing answers
 *   SFI_ERR_PROTOCOL     the peer is not a bootloader, or the speed is wrong
 *   SFI_ERR_NACK         the bootloader refuses to identify itself
 *   SFI_ERR_UNSUPPORTED  libsfi does not know the chip
 *   SFI_ERR_NO_DEVICE    the chip is not the expected one, or the port is gone
 *   SFI_ERR_IO           the link failed
 *   SFI_ERR_CALLBACK     a function of the link returned an invalid
 *                        status
 *   SFI_ERR_CANCELLED    sfi_ctx_cancel() was called
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: up to timeout_ms, and some seconds on a bad line; with a reset line
 * up to three times as long.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_connect(sfi_ctx *ctx,
                                                    const sfi_chip *chip,
                                                    sfi_transport *tp,
                                                    uint32_t timeout_ms,
                                                    sfi_target **out);

/**
 * Find the bootloader and identify the chip, with options.
 *
 * @param ctx      the context of the link
 * @param options  the link, which must be set, and the rest
 * @param out      receives the target, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument or the link is NULL, or of another context;
 *                     or the dialect has flags, or lacks a function
 *   SFI_ERR_ABI       a struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE, SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK,
 *   SFI_ERR_UNSUPPORTED, SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK,
 *   SFI_ERR_CANCELLED, SFI_ERR_NOMEM  as for sfi_target_connect()
 *   any status        of the dialect
 *
 * Blocks: up to timeout_ms, and some seconds on a bad line; with a reset line
 * up to three times as long.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_connect_with(
    sfi_ctx *ctx, const sfi_connect_options *options, sfi_target **out);

/**
 * The part that was found.
 *
 * @param t  a target, or NULL
 *
 * @return the part; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_target_chip(const sfi_target *t);

/**
 * Get the DEV_ID that the bootloader reported when the session began.
 *
 * @param t          the target
 * @param device_id  receives DEV_ID: 0x450, 0x462
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     called from a callback of the link
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_get_id(sfi_target *t,
                                                   uint32_t *device_id);

/**
 * Ask the chip for its state.
 *
 * @param t    the target
 * @param out  struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL
 *   SFI_ERR_ABI          struct_size is unknown
 *   SFI_ERR_STATE        called from a callback of the link
 *   SFI_ERR_UNSUPPORTED  the secure bootloader has another version
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_DEVICE       the secure bootloader refuses
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_get_info(sfi_target *t,
                                                     sfi_target_info *out);

/**
 * Set the function that receives the progress of what takes long: erase, read,
 * write, program, verify.  It may call sfi_target_cancel(), and no other
 * function of the target or its link.  A chip does not say how far an erase is:
 * within a command this is an estimate, ten times a second.
 *
 * @param t     the target
 * @param fn    the function; NULL: none
 * @param user  passed to fn
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  t is NULL
 *   SFI_ERR_STATE     called from fn, or from a callback of the link
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_set_progress(sfi_target *t,
                                                         sfi_progress_fn fn,
                                                         void *user);

/**
 * Cancel the work with a target from any thread, or from a signal handler.
 *
 * The call that runs, and each one that follows, fails with SFI_ERR_CANCELLED
 * within 100 ms, or as soon as the link's own function returns.  What the chip
 * has begun it ends: an erase that was sent goes on, and so does a write of
 * option bytes; what was written stays.  sfi_target_connect() has no target
 * yet: sfi_ctx_cancel() is for that.  A target that a dialect gets from an
 * installer is cancelled by sfi_installer_cancel().
 *
 * @param t   a target, or NULL
 * @param on  1: cancel, and keep cancelling; 0: no longer, work with the chip
 *            goes on
 *
 * Blocks: never.  Thread: any, while the target lives; async-signal-safe.
 * @since 1.0
 */
SFI_API void sfi_target_cancel(sfi_target *t, int on);

/**
 * Read memory through the open bootloader.
 *
 * Replies over USART, SPI and JTAG carry no checksum: to be sure, read twice
 * and compare.
 *
 * @param t        the target
 * @param address  the first byte: in RAM, flash or option bytes
 * @param data     receives `len` bytes
 * @param len      how many; 0 is fine
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_RANGE     the range ends past 32-bit addresses
 *   SFI_ERR_STATE     the chip is secure and cannot be read; or called from a
 *                     callback of the link
 *   SFI_ERR_PROTECTED readout protection is on
 *   SFI_ERR_NACK      refused: no such memory
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_read(sfi_target *t,
                                                 uint64_t address,
                                                 uint8_t *data, size_t len);

/**
 * Write memory through the open bootloader.
 *
 * Flash must have been erased.  A bootloader does not report write protection,
 * so it is checked first.  For option bytes use
 * sfi_target_write_option_bytes().
 *
 * @param t        the target
 * @param address  a multiple of 8, in flash of the part's program unit
 * @param data     `len` bytes
 * @param len      a multiple as for the address; 0 is fine
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_RANGE      the range ends past 32-bit addresses, or only a part
 *                      of it is in flash
 *   SFI_ERR_CHIP_RULE  not aligned as above, or option bytes are in it
 *   SFI_ERR_STATE      the chip is secure; or called from a callback of the
 *                      link
 *   SFI_ERR_PROTECTED  readout protection is on, or a sector of the range is
 *                      write-protected; nothing was written
 *   SFI_ERR_NACK       refused: no such memory, or not erased
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_write(sfi_target *t,
                                                  uint64_t address,
                                                  const uint8_t *data,
                                                  size_t len);

/**
 * Check that memory may be written, without writing: everything that the
 * library knows about sfi_target_write() to this range.
 *
 * Call it before flash is erased.  Whether there is RAM at an address outside
 * the flash, and whether flash is erased, only the chip knows.
 *
 * @param t        the target
 * @param address  as for sfi_target_write()
 * @param len      as for sfi_target_write()
 *
 * @return SFI_OK, or what sfi_target_write() returns, except SFI_ERR_NACK
 *
 * Blocks: for flash, while the write protection is read.  Thread: the
 * context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_check_write(sfi_target *t,
                                                        uint64_t address,
                                                        size_t len);

/**
 * Mass erase.
 *
 * The open bootloader erases the flash, the secure bootloader erases the
 * installed firmware; the chip then accepts another install.
 *
 * @param t  the target
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  t is NULL
 *   SFI_ERR_STATE     called from a callback of the link
 *   SFI_ERR_PROTECTED readout protection is on, or a sector write-protected
 *   SFI_ERR_NACK      the open bootloader refuses
 *   SFI_ERR_DEVICE    the secure bootloader refuses
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: for an erase of the whole flash, up to 41 s, or as long as a USB
 * device asks for.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_erase_all(sfi_target *t);

/**
 * Erase sectors through the open bootloader.
 *
 * @param t        the target
 * @param sectors  their numbers; the first sector of the flash is 0
 * @param count    how many; 0 is fine
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_RANGE      the chip has no such sector; nothing was erased
 *   SFI_ERR_STATE      the chip is secure; or called from a callback of the
 *                      link
 *   SFI_ERR_PROTECTED  readout protection is on, or one of the sectors is
 *                      write-protected; nothing was erased
 *   SFI_ERR_NACK, SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: for the erase, up to 2.2 s for each sector of an H7, 25 ms
 * of an L4, and 5 s; or as long as a USB device asks for.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_erase(sfi_target *t,
                                                  const uint32_t *sectors,
                                                  size_t count);

/**
 * Read the option bytes through the open bootloader.
 *
 * The programmed values: in effect already, or from the next reset on.
 *
 * @param t    the target
 * @param out  receives the option bytes, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_STATE      the chip is secure; or called from a callback of the
 *                      link
 *   SFI_ERR_PROTECTED  readout protection is on
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_target_read_option_bytes(sfi_target *t, sfi_option_bytes **out);

/**
 * Write the option bytes through the open bootloader.
 *
 * If anything differs, the whole area is written with one request, from its
 * start (AN3155, 3.6; AN3156, 5.1), or over a debug port the registers that
 * differ.  Then the chip is reset, by itself or through the link, and the
 * option bytes are read again to confirm them, unless the chip is now secure or
 * protected as they say.  Without a reset line they may wait for a reset, which
 * is logged (SFI_LOG_WARNING).  SECURITY and readout protection level 2 are
 * permanent.
 *
 * @param t   the target
 * @param ob  the option bytes, as read but for the changes
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_CHIP_RULE  the option bytes belong to another part
 *   SFI_ERR_STATE      the chip is secure; or called from a callback of the
 *                      link
 *   SFI_ERR_PROTECTED  readout protection is on; or the values have level 2,
 *                      and neither sfi_option_bytes_set() nor a CSV file has
 *                      asked for it
 *   SFI_ERR_UNSUPPORTED  one request over this link does not reach an option
 *                      byte that differs, or this bootloader cannot write it;
 *                      nothing was written
 *   SFI_ERR_NACK       the chip did not take them
 *   SFI_ERR_DEVICE     it did not take SECURITY: a part without security
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer; after the write: check
 *                      that it boots its bootloader
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: up to the connection's timeout, and 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_target_write_option_bytes(sfi_target *t, const sfi_option_bytes *ob);

/**
 * Remove readout protection, which erases the whole flash.
 *
 * Does nothing when the chip is not protected.
 *
 * @param t  the target
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   t is NULL
 *   SFI_ERR_STATE      the chip is secure; or called from a callback of the
 *                      link
 *   SFI_ERR_PROTECTED  level 2, which is permanent
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK, SFI_ERR_UNSUPPORTED  no
 *                      good answer, perhaps since the chip was reset
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: for an erase of the whole flash, up to 41 s, and the connection's
 * timeout.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_readout_unprotect(sfi_target *t);

/**
 * Start a program from the open bootloader.
 *
 * Over a debug port, where there is no bootloader, the chip is reset and its
 * core started with the stack, the VTOR and the entry of the vector table.
 *
 * @param t        the target; only sfi_target_free() afterwards
 * @param address  of the program's vector table
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  t is NULL
 *   SFI_ERR_RANGE     not a 32-bit address
 *   SFI_ERR_CHIP_RULE over a debug port: not a multiple of 128, or not the
 *                     address of a vector table; the bootloader refuses the
 *                     stack pointer, or uses the RAM itself (AN2606)
 *   SFI_ERR_STATE     the chip is secure; or called from a callback of the
 *                     link
 *   SFI_ERR_PROTECTED readout protection is on
 *   SFI_ERR_UNSUPPORTED  this version of the bootloader cannot (AN2606)
 *   SFI_ERR_NACK      refused: no such memory
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_go(sfi_target *t, uint64_t address);

/** By the link's line to NRST, with BOOT0 low: the firmware starts. */
#define SFI_RESET_LINE 1u
/** By the core, over a debug port (AIRCR.SYSRESETREQ). */
#define SFI_RESET_CORE 2u

/**
 * Reset the chip, which then runs what BOOT0 and its option bytes say.
 *
 * @param t    the target; only sfi_target_free() afterwards, because the chip
 *             may have left its bootloader
 * @param how  SFI_RESET_LINE or SFI_RESET_CORE
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     t is NULL, or how is another value
 *   SFI_ERR_STATE        SFI_RESET_CORE: the chip is secure and shows no core;
 *                        or called from a callback of the link
 *   SFI_ERR_UNSUPPORTED  the link has no reset line; SFI_RESET_CORE: it is
 *                        not a debug port
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  SFI_RESET_CORE: the core
 *                        did not reset
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: while NRST is low, and up to 1 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_reset(sfi_target *t, uint32_t how);

/**
 * Halt the core, over a debug port, where it is.
 *
 * It stays halted after sfi_target_free(), and after the link is closed, until
 * a debugger or a reset lets it run.
 *
 * @param t  the target
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     t is NULL
 *   SFI_ERR_STATE        the chip is secure and shows no core; or called from a
 *                        callback of the link
 *   SFI_ERR_UNSUPPORTED  the link is not a debug port
 *   SFI_ERR_TIMEOUT      the core did not halt
 *   SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: up to 1 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_halt(sfi_target *t);

/**
 * Turn an open chip into a secure one (AN4992, section 7).
 *
 * Sets the SECURITY option, resets the chip, and connects again.  If the link
 * cannot reset the chip, a person must power-cycle it: this is logged
 * (SFI_LOG_WARNING), and may take 30 s, or the connection's timeout if that is
 * longer.  Does nothing when the chip is already secure.
 *
 * @param t  the target
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   t is NULL
 *   SFI_ERR_STATE      called from a callback of the link
 *   SFI_ERR_DEVICE     this part's secure bootloader is gone, or it has none:
 *                      another part with the same DEV_ID
 *   SFI_ERR_PROTECTED  readout protection is on
 *   SFI_ERR_NACK       the option bytes cannot be changed
 *   SFI_ERR_TIMEOUT    no reset came, or the chip does not answer after it
 *   SFI_ERR_PROTOCOL, SFI_ERR_UNSUPPORTED  no good answer
 *   SFI_ERR_NO_DEVICE  another chip answers after the reset, or the port is
 *                      gone
 *   SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *
 * Blocks: up to the connection's timeout, or 30 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_activate_security(sfi_target *t);

/**
 * Read the chip's certificate.
 *
 * @param t    the target, secure
 * @param out  receives the certificate, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     the chip is open; or called from a callback of the link
 *   SFI_ERR_FORMAT, SFI_ERR_CERTIFICATE  the reply is not a certificate
 *   SFI_ERR_DEVICE    the secure bootloader refuses
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *   SFI_ERR_CRYPTO    the crypto library failed
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_target_get_certificate(sfi_target *t, sfi_certificate **out);

/**
 * Ask the chip for its session, which a live licence must name.
 *
 * The session ends when a live licence is sent or the chip restarts; a licence
 * for an ended session is useless.
 *
 * @param t        the target, secure
 * @param session  receives the session's id, for
 *                 sfi_hsm_generate_live_license(); 0 on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     the chip is open; or called from a callback of the link
 *   SFI_ERR_DEVICE    the secure bootloader refuses: it has no random numbers
 *   SFI_ERR_NACK      the secure bootloader does not support live licences
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_get_session(sfi_target *t,
                                                        uint32_t *session);

/**
 * Begin an install: the chip erases its flash and takes the licence.
 *
 * @param t    the target, secure
 * @param lic  the licence
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     the chip is open; or called from a callback of the link
 *   SFI_ERR_DEVICE    refused, with a SFI_CAUSE_* as peer code: the licence is
 *                     not for this chip or this session, or the chip holds an
 *                     installed firmware
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: for an erase of the whole flash, up to 41 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_target_send_license(sfi_target *t, const sfi_license *lic);

/**
 * Send a whole image after its licence, and confirm that the chip has it.
 *
 * A refusal leaves the chip erased; start again with the licence.
 *
 * @param t     the target, secure and licensed
 * @param data  the .sfi image
 * @param len   its length
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_STATE      the chip is open; or called from a callback of the link
 *   SFI_ERR_TRUNCATED  the image is incomplete
 *   SFI_ERR_DEVICE     refused, with a SFI_CAUSE_* as peer code; or the chip
 *                      restarted
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NACK, SFI_ERR_UNSUPPORTED  no
 *                      good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *
 * Blocks: 0.1 s per 1024 bytes at 115200 baud, and 41 s for an erase.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_send_image(sfi_target *t,
                                                       const uint8_t *data,
                                                       size_t len);

/**
 * Release a target; the chip keeps its state.
 *
 * @param t  a target, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_target_free(sfi_target *t);

SFI_END_DECLS

#endif
