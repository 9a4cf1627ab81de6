/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file chip_definition.h
 * A part of your own: an open part that libsfi does not know, given as data.
 */
#ifndef SFI_CHIP_DEFINITION_H
#define SFI_CHIP_DEFINITION_H

#include <sfi/chip.h>
#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** Its bootloader speaks USB-DFU (AN3156), too. */
#define SFI_CHIP_USB 0x1u
/** Option bytes are flash: each word is followed by its complement. */
#define SFI_CHIP_OPTION_COMPLEMENTS 0x2u
/** Writing option bytes resets the part. */
#define SFI_CHIP_OPTION_RESETS 0x4u

/** In CSV files, but never written. */
#define SFI_CHIP_ROW_READ_ONLY 0x1u

/** One row of the option-byte CSV.  Never grows. */
typedef struct sfi_chip_row {
    const char *name; /**< as in the file: "FOPTSR_PRG" */
    uint32_t shipped; /**< value of a new part */
    uint32_t current; /**< where the bootloader shows the value in force: offset
                         from `options_base` */
    uint32_t pending; /**< ... and the value that the next reset loads; the same
                         if there is only one */
    uint32_t flags;   /**< SFI_CHIP_ROW_READ_ONLY, or 0 */
} sfi_chip_row;

/** A field of a row.  Never grows. */
typedef struct sfi_chip_field {
    const char *name;  /**< "RDP", as the reference manual calls it */
    const char *about; /**< description, in a few words; NULL: none */
    uint32_t row;      /**< index of its row */
    uint32_t shift;    /**< its lowest bit there */
    uint32_t width;    /**< number of bits */
    uint32_t reserved; /**< 0 */
} sfi_chip_field;

/** What a memory is. */
enum sfi_memory_kind {
    SFI_MEMORY_RAM = 1,        /**< a stack may be there */
    SFI_MEMORY_EXTERNAL = 2,   /**< outside the part */
    SFI_MEMORY_OTP = 3,        /**< can be programmed once */
    SFI_MEMORY_SYSTEM = 4,     /**< of the bootloader */
    SFI_MEMORY_ALIAS = 5,      /**< shows another memory */
    SFI_MEMORY_PERIPHERALS = 6 /**< registers, not memory */
};

/** A memory beside the flash and the option bytes.  Never grows. */
typedef struct sfi_chip_memory_range {
    const char *name;  /**< "SRAM1" */
    uint32_t base;     /**< its first address */
    uint32_t size;     /**< in bytes */
    uint32_t kind;     /**< SFI_MEMORY_* */
    uint32_t reserved; /**< 0 */
} sfi_chip_memory_range;

/** A part: what its reference manual and AN2606 say of it. */
typedef struct sfi_chip_definition {
    uint32_t struct_size;   /**< sizeof(sfi_chip_definition) */
    uint32_t flags;         /**< SFI_CHIP_* */
    const char *name;       /**< "stm32f746xg": 1 to 31 of a-z and 0-9; not that
                               of a part that libsfi knows */
    uint32_t device_id;     /**< DEV_ID of DBGMCU_IDCODE, 12 bits */
    uint32_t flash_base;    /**< its first address */
    uint32_t flash_size;    /**< sectors of equal size */
    uint32_t bank_size;     /**< 0: one bank */
    uint32_t sector_size;   /**< what is erased at once */
    uint32_t program_unit;  /**< 4, 8, 16 or 32 bytes, programmed at once, and
                               once after each erase */
    uint32_t erase_ms;      /**< longest time to erase a sector */
    uint32_t firmware_base; /**< where firmware may be ... */
    uint32_t firmware_size; /**< ... and how much; 0: all of the flash */
    uint32_t firmware_multiple; /**< a firmware's size is a multiple of it; 0:
                                   any size */
    uint32_t ram_base;          /**< RAM that the bootloader reads and writes */
    uint32_t ram_size;          /**< 0: none is known */
    uint32_t bootloader_id_at;  /**< AN2606: address of its ID; 0: not known */
    uint32_t flash_size_at; /**< where the part says how large its flash is, 16
                               bits, in KB; 0: not known */
    uint32_t options_base;  /**< the option bytes as bootloaders show them */
    uint32_t options_size;  /**< ... and how many bytes they take */
    const sfi_chip_row *rows;     /**< in the order of CSV files */
    size_t row_count;             /**< 1 to 12 */
    const sfi_chip_field *fields; /**< of them one is "RDP", 8 bits wide, with
                                     the usual values: 0xaa is level 0 */
    size_t field_count;           /**< 1 to 128 */
    const sfi_chip_memory_range *memories; /**< for messages and checks */
    size_t memory_count;                   /**< 0 to 32 */
} sfi_chip_definition;

/**
 * Define a part that libsfi does not know.
 *
 * With it firmware, option bytes and checks work as with a part of
 * sfi_chip_at(), and so does a target over USART, SPI and USB-DFU: memory,
 * sfi_target_program(), option bytes.  libsfi assumes no security extension of
 * such a part: what needs one fails with SFI_ERR_UNSUPPORTED, above all
 * building an image and installing one.  Its debug port is not used, and its
 * write protection is not looked up: the bootloader refuses what is protected.
 * sfi_chip_find(), sfi_chip_find_id() and sfi_chip_at() do not know it.
 *
 * doc/porting.md, "A part of your own", says where the numbers are found.
 *
 * @param ctx         the context, whose handles alone may use the part
 * @param definition  the part; copied with its lists and texts
 * @param out         receives the part, which lives as long as the context or a
 *                    handle of it; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or flags are unknown
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_RANGE     a value is not possible; the message names it
 *   SFI_ERR_OVERLAP   two fields share a bit, or two memories an address
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_chip_define(
    sfi_ctx *ctx, const sfi_chip_definition *definition, const sfi_chip **out);

SFI_END_DECLS

#endif
