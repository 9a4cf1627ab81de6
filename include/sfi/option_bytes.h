/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file option_bytes.h
 * Option bytes of a part, from a CSV file.
 */
#ifndef SFI_OPTION_BYTES_H
#define SFI_OPTION_BYTES_H

#include <sfi/chip.h>
#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** Values for all option-byte rows of one part. */
typedef struct sfi_option_bytes sfi_option_bytes;

/**
 * Read the option bytes of a part from a CSV file, as ST's tools do (AN5054,
 * 2.5.1).
 *
 * Two columns, name and hexadecimal value, and no header row.  The rows of a
 * part are fixed, in number and in order; sfi_option_bytes_get() of the result
 * names them.  Upper and lower case are one; 0x before a value, FLASH_ before
 * a name, blanks around both, empty lines, LF, CRLF or CR, and a byte-order
 * mark may be there or not.
 *
 * The error's place is the path, line and column, both from 1 ("ob.csv:4:2").
 *
 * @param ctx       the context
 * @param chip      the part
 * @param csv_path  the file
 * @param out       receives the option bytes, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT              a row is no name and value, or there are none
 *   SFI_ERR_RANGE               a value has more than 32 bits
 *   SFI_ERR_CHIP_RULE           a row is unknown, missing, one too many, there
 *                               twice, or not in its place
 *   SFI_ERR_LIMIT               the file has more than 64 KiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_load(sfi_ctx *ctx,
                                                       const sfi_chip *chip,
                                                       const char *csv_path,
                                                       sfi_option_bytes **out);

/**
 * Read the option bytes of a part from CSV text, as sfi_option_bytes_load()
 * does from a file.
 *
 * Values that leave the firmware of an installed part readable (readout
 * protection at level 0, and no SECURITY) earn a warning in the log.
 *
 * The error's place has no path here: "4:2".
 *
 * @param ctx   the context
 * @param chip  the part
 * @param csv   the text; not kept
 * @param len   its length in bytes
 * @param out   receives the option bytes, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_FORMAT     a row is no name and value, or there are none
 *   SFI_ERR_RANGE      a value has more than 32 bits
 *   SFI_ERR_CHIP_RULE  a row is unknown, missing, one too many, there twice, or
 *                      not in its place
 *   SFI_ERR_LIMIT      the text has more than 64 KiB
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_parse(sfi_ctx *ctx,
                                                        const sfi_chip *chip,
                                                        const char *csv,
                                                        size_t len,
                                                        sfi_option_bytes **out);

/**
 * How many rows there are.
 *
 * @param ob  option bytes, or NULL
 *
 * @return the number of rows of the part; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API size_t sfi_option_bytes_count(const sfi_option_bytes *ob);

/**
 * One row, in the order of the file.
 *
 * @param ob     option bytes
 * @param index  0 .. count - 1
 * @param name   receives its name as ST's files have it; static
 * @param value  receives its value
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ob or a pointer is NULL, or there is no such row; nothing
 *                     is received, or NULL and zero
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_option_bytes_get(const sfi_option_bytes *ob, size_t index,
                     const char **name, uint32_t *value);

/** A field of the option bytes: some bits with a name, and what they say. */
typedef struct sfi_option_field {
    uint32_t struct_size; /**< sizeof(sfi_option_field) */
    uint32_t row;         /**< of which row: sfi_option_bytes_get() */
    uint32_t shift;       /**< its lowest bit there */
    uint32_t width;       /**< how many bits */
    uint32_t value;       /**< what it is */
    uint32_t reserved;    /**< 0 */
    const char *name;     /**< "RDP", as ST's tools call it; static */
    const char *about;    /**< what it is about; static */
    const char *text;     /**< what the value means, or ""; static */
} sfi_option_field;

/**
 * One field of the option bytes.
 *
 * @param ob     option bytes
 * @param index  0, 1, ... in the order in which ST's tools show them, more or
 *               less
 * @param out    struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ob or out is NULL, or there is no such field
 *   SFI_ERR_ABI       struct_size is too small, or garbage
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_get_field(
    const sfi_option_bytes *ob, size_t index, sfi_option_field *out);

/**
 * How many fields there are.
 *
 * @param ob  option bytes, or NULL
 *
 * @return the number of fields of the part; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API size_t sfi_option_bytes_field_count(const sfi_option_bytes *ob);

/**
 * Change a field, or a whole row.
 *
 * Nothing is written to a chip: sfi_target_write_option_bytes() does that, with
 * all changes at once.
 *
 * @param ob     option bytes
 * @param name   of a field ("RDP") or a row ("FOPTSR_PRG"), upper and lower
 *               case being one
 * @param value  its new value
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   ob or name is NULL
 *   SFI_ERR_CHIP_RULE  the part has no such field
 *   SFI_ERR_RANGE      the value has more bits than the field
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_set(sfi_option_bytes *ob,
                                                      const char *name,
                                                      uint32_t value);

/**
 * Release option bytes.
 *
 * @param ob  option bytes, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_option_bytes_free(sfi_option_bytes *ob);

SFI_END_DECLS

#endif
