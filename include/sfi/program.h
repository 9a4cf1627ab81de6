/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file program.h
 * A whole firmware in an open chip: program, compare, read back, and what is
 * there.
 */
#ifndef SFI_PROGRAM_H
#define SFI_PROGRAM_H

#include <sfi/firmware.h>
#include <sfi/target.h>

SFI_BEGIN_DECLS

/** Read back what was written, and compare: sfi_target_verify(). */
#define SFI_PROGRAM_VERIFY 0x1u
/** Erase nothing: flash that is written must be erased, which is checked. */
#define SFI_PROGRAM_NO_ERASE 0x2u

/** How to program a firmware. */
typedef struct sfi_program_options {
    uint32_t struct_size; /**< sizeof(sfi_program_options) */
    uint32_t flags;       /**< SFI_PROGRAM_* */
} sfi_program_options;

/**
 * Program a firmware through the open bootloader: erase the sectors that it
 * touches, and write its flash and its RAM.
 *
 * First everything that can be known is checked: that all of it is in the flash
 * that this part has or in RAM that answers, and that neither readout nor write
 * protection stands against it.  Only then is something erased.  Segments may
 * share a sector, or a unit that is programmed at once: gaps in a unit become
 * 0xff in flash, and keep their content in RAM.  After a failure or a cancel
 * the sectors may be erased or written in part; program again.
 *
 * @param t        the target
 * @param fw       the firmware
 * @param options  NULL: erase, write, do not verify
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   t or fw is NULL or of another context, or an unknown
 *                      flag
 *   SFI_ERR_ABI        struct_size is unknown, or its tail is not zero
 *   SFI_ERR_RANGE      part of it is outside the flash; nothing was erased
 *   SFI_ERR_CHIP_RULE  it reaches the option bytes, or RAM that the bootloader
 *                      uses itself; nothing was erased
 *   SFI_ERR_STATE      the chip is secure; or called from a callback
 *   SFI_ERR_PROTECTED  readout protection is on, or a sector write-protected;
 *                      nothing was erased
 *   SFI_ERR_MISMATCH   SFI_PROGRAM_NO_ERASE: flash is not erased, and nothing
 *                      was written; SFI_PROGRAM_VERIFY: the chip has something
 *                      else
 *   SFI_ERR_NACK       refused: no such memory
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED  sfi_target_cancel() was called
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud, twice that to verify, and as
 * sfi_target_erase().  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_program(
    sfi_target *t, const sfi_firmware *fw, const sfi_program_options *options);

/**
 * Compare the chip's memory with a firmware.
 *
 * Replies may carry no checksum, so what differs is read twice.
 *
 * @param t   the target
 * @param fw  the firmware
 *
 * @return SFI_OK: all of it is there; or
 *   SFI_ERR_MISMATCH   the chip has something else
 *   SFI_ERR_ARGUMENT   an argument is NULL, or fw of another context
 *   SFI_ERR_STATE, SFI_ERR_RANGE, SFI_ERR_CHIP_RULE, SFI_ERR_PROTECTED,
 *   SFI_ERR_NACK, SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NO_DEVICE,
 *   SFI_ERR_IO, SFI_ERR_CALLBACK, SFI_ERR_CANCELLED  as for sfi_target_read()
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_verify(sfi_target *t,
                                                   const sfi_firmware *fw);

/**
 * Check that memory is erased: 0xff everywhere.
 *
 * @param t        the target
 * @param address  the first byte
 * @param len      how many; 0 is fine
 *
 * @return SFI_OK, or
 *   SFI_ERR_MISMATCH   something is there
 *   SFI_ERR_ARGUMENT   t is NULL
 *   SFI_ERR_STATE, SFI_ERR_RANGE, SFI_ERR_CHIP_RULE, SFI_ERR_PROTECTED,
 *   SFI_ERR_NACK, SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NO_DEVICE,
 *   SFI_ERR_IO, SFI_ERR_CALLBACK, SFI_ERR_CANCELLED  as for sfi_target_read()
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_check_erased(sfi_target *t,
                                                         uint64_t address,
                                                         uint64_t len);

/**
 * Read memory into a firmware of one segment: sfi_firmware_save() writes it to
 * a file in the format that the file's name says.
 *
 * @param t        the target
 * @param address  the first byte: in RAM, flash or option bytes
 * @param len      how many, 1 to 256 MiB
 * @param out      receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   t or out is NULL
 *   SFI_ERR_LIMIT      too many bytes, or none
 *   SFI_ERR_NOMEM      no memory
 *   SFI_ERR_STATE, SFI_ERR_RANGE, SFI_ERR_CHIP_RULE, SFI_ERR_PROTECTED,
 *   SFI_ERR_NACK, SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL, SFI_ERR_NO_DEVICE,
 *   SFI_ERR_IO, SFI_ERR_CALLBACK, SFI_ERR_CANCELLED  as for sfi_target_read()
 *
 * Blocks: 26 ms per 256 bytes at 115200 baud; up to 30 s on a bad line.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_read_firmware(sfi_target *t,
                                                          uint64_t address,
                                                          uint64_t len,
                                                          sfi_firmware **out);

/** What a chip was found to be: the first four are of an open chip.  */
enum sfi_target_state {
    SFI_TARGET_OPEN = 1,       /**< open; readout protection hides the flash */
    SFI_TARGET_EMPTY = 2,      /**< open, no vector table in flash */
    SFI_TARGET_PROGRAMMED = 3, /**< open, a vector table in flash */
    SFI_TARGET_RUNNING = 4,    /**< open, the core runs from flash */
    SFI_TARGET_SECURE = 5      /**< secure: sfi_target_info.device_state */
};

/** What is in a chip. */
typedef struct sfi_target_contents {
    uint32_t struct_size; /**< sizeof(sfi_target_contents) */
    uint32_t state;       /**< SFI_TARGET_* */
    const char *text; /**< the state in words: "open, has a program", "secure,
                           installed"; static */
    uint32_t has_vectors; /**< 1: stack and entry are what flash begins with */
    uint32_t stack;       /**< of the vector table */
    uint32_t entry;       /**< of the vector table */
    uint32_t has_options; /**< 1: the option bytes could be read */
    uint32_t security;    /**< the option SECURITY */
    uint32_t has_image;   /**< 1: sfi_target_info.header_tag is of an image */
    char device_id[72];   /**< of a secure chip's certificate; "": none */
} sfi_target_contents;

/**
 * Find out what is in a chip, without a change of it.
 *
 * What protection hides is left out, not an error.
 *
 * @param t    the target
 * @param out  struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL
 *   SFI_ERR_ABI          struct_size is unknown
 *   SFI_ERR_STATE        called from a callback
 *   SFI_ERR_UNSUPPORTED  the secure bootloader has another version
 *   SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL  no good answer
 *   SFI_ERR_NO_DEVICE, SFI_ERR_IO, SFI_ERR_CALLBACK  the link failed
 *   SFI_ERR_CANCELLED    sfi_target_cancel() was called
 *   SFI_ERR_CRYPTO       the crypto library failed
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: up to 30 s on a bad line.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_target_inspect(sfi_target *t,
                                                    sfi_target_contents *out);

SFI_END_DECLS

#endif
