/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file option_bytes.h
 * Option bytes of a part: CSV files, fields, and what they will do.
 */
#ifndef SFI_OPTION_BYTES_H
#define SFI_OPTION_BYTES_H

#include <sfi/chip.h>
#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** Values for all option-byte rows of one part. */
typedef struct sfi_option_bytes sfi_option_bytes;

/**
 * The option bytes of a new part, to be changed with sfi_option_bytes_set().
 *
 * @param ctx   the context
 * @param chip  the part
 * @param out   receives the option bytes, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_new(sfi_ctx *ctx,
                                                      const sfi_chip *chip,
                                                      sfi_option_bytes **out);

/**
 * Option bytes from the words of all rows, as sfi_option_bytes_parse() has them
 * from CSV text.
 *
 * @param ctx    the context
 * @param chip   the part
 * @param words  the words in the order of sfi_chip_option_byte()
 * @param count  how many; all rows of the part
 * @param out    receives the option bytes, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL
 *   SFI_ERR_CHIP_RULE  the part has another number of rows
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_from_words(
    sfi_ctx *ctx, const sfi_chip *chip, const uint32_t *words, size_t count,
    sfi_option_bytes **out);

/**
 * The part that option bytes are for.
 *
 * @param ob  option bytes, or NULL
 *
 * @return the part; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_option_bytes_chip(const sfi_option_bytes *ob);

/**
 * Read the option bytes of a part from a CSV file, as ST's tools do (AN5054,
 * 2.5.1).
 *
 * Two columns, name and hexadecimal value.  The rows of a part are fixed, in
 * number and in order; sfi_option_bytes_get() of the result names them.  Names
 * are those of ST's files or of ST's manuals ("FOPTSR_PRG", "FLASH_OPTSR_PRG"),
 * in upper or lower case, with or without FLASH_; the row that is not written
 * may also be RESERVED, RFU, RSVD or FBOOT4.  0x is optional, but a number
 * without it that is another one in decimal ("12") is refused.
 *
 * So that files of people and spreadsheets can be read: a semicolon or a tab
 * instead of the comma; quotation marks and blanks around names and values;
 * more columns when they are empty; empty lines; lines that begin with `#`; a
 * first row of headings; a byte-order mark; LF, CRLF or CR.
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
 *   SFI_ERR_FORMAT              a row is not a name and a value, or no rows
 *   SFI_ERR_RANGE               a value has more than 32 bits
 *   SFI_ERR_CHIP_RULE           a row is unknown, missing, repeated, out of
 *                               order, or one too many
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
 *   SFI_ERR_FORMAT     a row is not a name and a value, a number is ambiguous,
 *                      or no rows
 *   SFI_ERR_RANGE      a value has more than 32 bits
 *   SFI_ERR_CHIP_RULE  a row is unknown, missing, repeated, out of order, or
 *                      one too many
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
 * The number of rows.
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
 * Get one row, in the order of the file.
 *
 * @param ob     option bytes
 * @param index  0 .. count - 1
 * @param name   receives its name, as in ST's files; static
 * @param value  receives its value
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ob or a pointer is NULL, or there is no such row; the
 *                     outputs are unchanged, or NULL and zero
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_option_bytes_get(const sfi_option_bytes *ob, size_t index,
                     const char **name, uint32_t *value);

/** Size of sfi_option_field.effect, with its NUL. */
#define SFI_OPTION_EFFECT_MAX 192

/** A field of the option bytes: named bits, the meaning of their value, and
 * what it will do. */
typedef struct sfi_option_field {
    uint32_t struct_size; /**< sizeof(sfi_option_field) */
    uint32_t row;         /**< index of its row: sfi_option_bytes_get() */
    uint32_t shift;       /**< its lowest bit in the row */
    uint32_t width;       /**< number of bits */
    uint32_t value;       /**< current value */
    uint32_t shipped;     /**< value of a new part */
    const char *name;     /**< "RDP", as ST's tools call it; static */
    const char *about;    /**< description; static */
    const char *text;     /**< meaning of the value, or ""; static */
    /** What a part with this value will do: "for ever: no debugger, ...", an
     * address or an area; "" when the value says it all. */
    char effect[SFI_OPTION_EFFECT_MAX];
} sfi_option_field;

/**
 * Get one field of the option bytes.
 *
 * @param ob     option bytes
 * @param index  0, 1, ... in approximately the order of ST's tools
 * @param out    struct_size set by the caller; receives the rest
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ob or out is NULL, or there is no such field
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_get_field(
    const sfi_option_bytes *ob, size_t index, sfi_option_field *out);

/**
 * The number of fields.
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
 * This does not write to a chip: sfi_target_write_option_bytes() writes all
 * changes at once.
 *
 * @param ob     option bytes
 * @param name   of a field ("RDP") or a row ("FOPTSR_PRG", or as in ST's
 *               manuals), case-insensitive
 * @param value  its new value
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   ob or name is NULL
 *   SFI_ERR_CHIP_RULE  the part has no such field or row
 *   SFI_ERR_RANGE      the value has more bits than the field
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_set(sfi_option_bytes *ob,
                                                      const char *name,
                                                      uint32_t value);

/**
 * Change a field, or a whole row, by a word as people write it: "RDP=0xBB".
 *
 * @param ob    option bytes
 * @param word  NAME=VALUE: a name as for sfi_option_bytes_set(), and a number,
 *              decimal or with 0x
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   an argument is NULL
 *   SFI_ERR_FORMAT     the word is not NAME=VALUE
 *   SFI_ERR_CHIP_RULE, SFI_ERR_RANGE  as for sfi_option_bytes_set()
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_set_word(sfi_option_bytes *ob,
                                                           const char *word);

/**
 * Would a chip with these option bytes be changed for ever?  Ask a person
 * before they are written.
 *
 * @param ob  option bytes, or NULL
 *
 * @return a sentence that says what is for ever, static; NULL: nothing is
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_option_bytes_permanent(const sfi_option_bytes *ob);

/** Explain each field, its value and other values in comments. */
#define SFI_OPTION_EXPLAIN 1u

/**
 * The option bytes as CSV text, which sfi_option_bytes_parse() reads.
 *
 * @param ob     option bytes
 * @param flags  SFI_OPTION_EXPLAIN, or 0 for rows as in ST's files
 * @param csv    receives the text, which ends with LF and NUL; it belongs to
 *               `ob` until the next call or sfi_option_bytes_free(); NULL on
 *               any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  ob or csv is NULL, or unknown flags
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_csv(sfi_option_bytes *ob,
                                                      uint32_t flags,
                                                      const char **csv);

/**
 * Release option bytes.
 *
 * @param ob  option bytes, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_option_bytes_free(sfi_option_bytes *ob);

SFI_END_DECLS

#endif
