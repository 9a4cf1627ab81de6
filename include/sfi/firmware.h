/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file firmware.h
 * Firmware from ELF, Intel HEX, S-records and binaries.
 */
#ifndef SFI_FIRMWARE_H
#define SFI_FIRMWARE_H

#include <sfi/chip.h>
#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/**
 * A set of segments, ascending, disjoint and immutable: adjacent data of a file
 * is one segment, and a gap is never filled.
 */
typedef struct sfi_firmware sfi_firmware;

/**
 * Read a firmware file.
 *
 * The format is detected by content: ELF, Intel HEX, S-records or DfuSe; the
 * extension decides only if no format matches.  A plain binary needs
 * sfi_firmware_load_binary().
 *
 * - ELF: the contents of the sections that are loaded, at the physical address
 *   that the program header gives them.  So neither the headers of the ELF
 *   file, nor fill of the linker, nor sections without contents (NOLOAD).
 *   Other bytes of a PT_LOAD program header are loaded with a warning.  Without
 *   a section table (stripped) every PT_LOAD is loaded but headers of the file.
 *   If every physical address is 0, the virtual ones are used, with a warning.
 *   Never padded to the size in memory.
 * - Intel HEX: needs its end record.  The most recent of types 02 and 04 sets
 *   the base; a mix of both causes a warning.
 * - S-records: need their end record, or a count (S5, S6) of all data records;
 *   counts of any width are checked.  A table of symbols (lines "$$", as
 *   objcopy writes for symbolsrec) is ignored with a warning.
 *
 * - DfuSe (ST's UM0391, `.dfu`): the elements of all targets; the CRC of the
 *   suffix is checked.  Warnings tell of a target that is not for the flash
 *   (alternate setting 0), and of a file for another USB device.
 *
 * After an end record only blanks, empty lines, Ctrl-Z and NUL may follow: of
 * two files in one, the second would be lost in silence.
 *
 * Lines may end with LF, CRLF or CR.  Repeated data that is equal is merged
 * with a warning; data that differs is refused.  Warnings go to the context's
 * log.
 *
 * The error's place is the path, then line and column, both from 1
 * ("app.hex:12:5"), or a program header or element, from 0 ("app.elf:segment
 * 2", "app.dfu:element 0").
 *
 * @param ctx   the context
 * @param path  the file
 * @param out   receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT              the file is malformed, of no known format, or
 *                               has no data
 *   SFI_ERR_TRUNCATED           its end is missing
 *   SFI_ERR_CHECKSUM            a line's checksum is wrong
 *   SFI_ERR_RANGE               data past address 0xffffffff, or past the end
 *                               of a 64 KiB segment (Intel HEX type 02)
 *   SFI_ERR_OVERLAP             two places give one address different data
 *   SFI_ERR_LIMIT               more than 256 MiB of data, 65535 segments, 1024
 *                               characters in a line, 4 GiB of text or 512 MiB
 *                               of ELF
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_load(sfi_ctx *ctx,
                                                   const char *path,
                                                   sfi_firmware **out);

/**
 * Read a file as a plain binary: one segment with all its bytes.
 *
 * Any bytes could be a plain binary.  So a file whose content is of another
 * kind is refused, whatever its name: firmware of the other formats, `.sfi` and
 * `.smi`, the files of libsfi, and a binary with a DFU suffix.
 * sfi_firmware_load_with() takes any bytes as format "raw".
 *
 * @param ctx      the context
 * @param path     the file
 * @param address  address of its first byte
 * @param out      receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL
 *   SFI_ERR_FORMAT              the file is empty, or is not a plain binary
 *   SFI_ERR_RANGE               it ends past address 0xffffffff
 *   SFI_ERR_LIMIT               it has more than 256 MiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_load_binary(sfi_ctx *ctx,
                                                          const char *path,
                                                          uint64_t address,
                                                          sfi_firmware **out);

/** A missing end record (Intel HEX, S-records) is a warning, not an error. */
#define SFI_FIRMWARE_NO_END_RECORD 0x1u
/** Intel HEX data past the end of a type 02 segment wraps to its start. */
#define SFI_FIRMWARE_SEGMENT_WRAPS 0x2u
/** Intel HEX data past the end of a type 02 segment continues behind it. */
#define SFI_FIRMWARE_SEGMENT_RUNS_ON 0x4u
/** Place ELF segments at their virtual addresses, not their physical ones. */
#define SFI_FIRMWARE_VIRTUAL_ADDRESS 0x8u

/** Text after an end record is read as that of another file, whose bases and
 *  counts begin again, until the last of them has its end record. */
#define SFI_FIRMWARE_PAST_END 0x10u

/** How to read a firmware file. */
typedef struct sfi_firmware_options {
    uint32_t struct_size;  /**< sizeof(sfi_firmware_options) */
    uint32_t flags;        /**< SFI_FIRMWARE_*; 0: strict */
    const char *format;    /**< "elf", "ihex", "srec", "dfuse", "bin", "raw";
                                NULL: by content */
    uint64_t base_address; /**< of the first byte of "bin", "raw"; else 0 */
    /** Names of ELF sections to leave out; a warning tells one that is not
     * there. */
    const char *const *skip_sections;
    size_t skip_section_count; /**< 0 .. 32 */
} sfi_firmware_options;

/**
 * Read a firmware file with options, for files that sfi_firmware_load() refuses
 * or reads differently.
 *
 * Each flag allows one deviation; everything else stays strict, and a flag for
 * another format has no effect.  A file without an end record may have been
 * truncated between two lines; only the warning tells.  Intel's document says
 * that segments wrap, most tools let them run on: set at most one of the two
 * flags.
 *
 * @param ctx   the context
 * @param path  the file
 * @param opts  how to read it; NULL: as sfi_firmware_load(); not kept
 * @param out   receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL, the format or a flag is
 *                               unknown, flags contradict each other, or a base
 *                               address comes without the format "bin" or "raw"
 *   SFI_ERR_ABI                 struct_size is unknown, or its tail is not zero
 *   SFI_ERR_FORMAT              the file is malformed, of no known format, or
 *                               has no data
 *   SFI_ERR_TRUNCATED           its end is missing
 *   SFI_ERR_CHECKSUM            a line's checksum is wrong
 *   SFI_ERR_RANGE               data past address 0xffffffff, or past the end
 *                               of a 64 KiB segment (Intel HEX type 02)
 *   SFI_ERR_OVERLAP             two places give one address different data
 *   SFI_ERR_LIMIT               as sfi_firmware_load()
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be read
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_firmware_load_with(sfi_ctx *ctx, const char *path,
                       const sfi_firmware_options *opts, sfi_firmware **out);

/**
 * Read firmware from memory, as sfi_firmware_load() does from a file.
 *
 * The error's place has no path here: "12:5" or "segment 2".
 *
 * @param ctx           the context
 * @param format        "elf", "ihex", "srec", "dfuse", "bin" or "raw"; NULL: by
 *                      content
 * @param base_address  address of the first byte of "bin" or "raw"; 0 for all
 *                      others, which contain their addresses
 * @param data          the file's content; not kept
 * @param len           its length in bytes
 * @param out           receives the firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL, the format is unknown, or a base
 *                      address comes without the format "bin" or "raw"
 *   SFI_ERR_FORMAT     the content is malformed, of no known format, or has no
 *                      data
 *   SFI_ERR_TRUNCATED  its end is missing
 *   SFI_ERR_CHECKSUM   a line's checksum is wrong
 *   SFI_ERR_RANGE      data past address 0xffffffff, or past the end of a
 *                      64 KiB segment (Intel HEX type 02)
 *   SFI_ERR_OVERLAP    two places give one address different data
 *   SFI_ERR_LIMIT      more than 256 MiB of data or 65535 segments, or a line
 *                      of more than 1024 characters
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_firmware_parse(sfi_ctx *ctx, const char *format, uint64_t base_address,
                   const uint8_t *data, size_t len, sfi_firmware **out);

/**
 * The format that a firmware was read from.
 *
 * @param fw  a firmware, or NULL
 *
 * @return "elf", "ihex", "srec", "dfuse", "bin" or "raw"; "sfi":
 *         sfi_image_firmware(); "" for NULL; static
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_firmware_format(const sfi_firmware *fw);

/**
 * The file that a firmware was read from.
 *
 * @param fw  a firmware, or NULL
 *
 * @return the path as given; "" for NULL, and for firmware from memory;
 *         borrowed until the firmware is freed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_firmware_name(const sfi_firmware *fw);

/**
 * The machine that a firmware is for.
 *
 * @param fw  a firmware, or NULL
 *
 * @return e_machine of an ELF file: 40 is Arm; 0 for the other formats, which
 *         do not tell, and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint32_t sfi_firmware_machine(const sfi_firmware *fw);

/**
 * How many segments a firmware has.
 *
 * @param fw  a firmware, or NULL
 *
 * @return 1 .. 65535; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API size_t sfi_firmware_segment_count(const sfi_firmware *fw);

/**
 * Get one segment of a firmware.
 *
 * @param fw       a firmware
 * @param index    0 .. count - 1, in ascending order of address
 * @param address  receives the address of its first byte
 * @param data     receives its bytes, borrowed until the firmware is freed
 * @param len      receives how many; at least 1
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  fw or a pointer is NULL, or there is no such segment;
 *                     the outputs are unchanged or zero
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_segment(const sfi_firmware *fw,
                                                      size_t index,
                                                      uint64_t *address,
                                                      const uint8_t **data,
                                                      size_t *len);

/** Addresses from first to last, both included. */
typedef struct sfi_firmware_range {
    uint64_t first; /**< the lowest address */
    uint64_t last;  /**< the highest, at most 0xffffffff */
} sfi_firmware_range;

/**
 * Which bytes of a firmware to keep: those in one of the ranges `only`, in none
 * of `exclude`, and in the flash of a part.  All zero keeps all.
 */
typedef struct sfi_firmware_selection {
    uint32_t struct_size;              /**< sizeof(sfi_firmware_selection) */
    uint32_t reserved;                 /**< 0 */
    const sfi_firmware_range *only;    /**< ranges to keep ... */
    size_t only_count;                 /**< ... and how many; 0: everywhere */
    const sfi_firmware_range *exclude; /**< ranges to leave out ... */
    size_t exclude_count;              /**< ... and how many */
    const sfi_chip *flash_of; /**< only what is in its flash; NULL: all */
} sfi_firmware_selection;

/** Why bytes were left out. */
enum sfi_left_out_reason {
    SFI_LEFT_OUT_EXCLUDED = 1, /**< in a range of `exclude` */
    SFI_LEFT_OUT_NOT_ONLY = 2, /**< in no range of `only` */
    SFI_LEFT_OUT_NOT_FLASH = 3 /**< not in the flash of the part */
};

/** Consecutive bytes that were left out. */
typedef struct sfi_firmware_left_out {
    uint32_t struct_size; /**< sizeof(sfi_firmware_left_out) */
    uint32_t reason;      /**< SFI_LEFT_OUT_* */
    uint64_t address;     /**< of the first byte ... */
    uint64_t size;        /**< ... and how many; at least 1 */
    const char *memory;   /**< sfi_chip_memory() of `flash_of`; or NULL */
    uint32_t segment;     /**< of the firmware, from 1 */
    uint32_t reserved;    /**< 0 */
    const void *reserved_pointer; /**< NULL */
} sfi_firmware_left_out;

/**
 * Receives what sfi_firmware_select() leaves out, in ascending order.
 *
 * @param user      as passed to sfi_firmware_select()
 * @param left_out  the bytes; valid during the call
 */
typedef void (*sfi_firmware_left_out_fn)(void *user,
                                         const sfi_firmware_left_out *left_out);

/**
 * Make a firmware from the bytes of another that are at certain addresses.
 *
 * The new firmware has the name, format and machine of the other, shares its
 * bytes, and keeps it alive.  Its segments are numbered anew.  What runs on
 * past the end of the flash is not cut by `flash_of`, but refused: only
 * `exclude` and `only` cut.
 *
 * @param fw         the firmware; not changed
 * @param selection  which bytes to keep; not kept
 * @param report     receives what is left out, once nothing can be refused any
 *                   more; or NULL
 * @param user       passed to report
 * @param out        receives the new firmware, caller frees; NULL on any
 *                   failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or a reserved member is not 0
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_RANGE     a range ends before it begins or past address 0xffffffff;
 *                     no byte is left; or bytes are only partly in the flash
 *   SFI_ERR_LIMIT     more than 65535 segments are left
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_select(
    const sfi_firmware *fw, const sfi_firmware_selection *selection,
    sfi_firmware_left_out_fn report, void *user, sfi_firmware **out);

/**
 * Make a firmware from another, with some bytes of a board's own, such as its
 * serial number.
 *
 * Where the other has bytes, they must be 0xff: a field that was left erased.
 * The new firmware has the name, format and machine of the other.
 *
 * @param fw       the firmware; not changed
 * @param address  of the first byte
 * @param data     the bytes; copied
 * @param len      how many, at least 1
 * @param out      receives the new firmware, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or len is 0
 *   SFI_ERR_RANGE     a byte past address 0xffffffff
 *   SFI_ERR_OVERLAP   the firmware has another byte there
 *   SFI_ERR_LIMIT     more than 256 MiB, or 65535 segments
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_patch(const sfi_firmware *fw,
                                                    uint64_t address,
                                                    const uint8_t *data,
                                                    size_t len,
                                                    sfi_firmware **out);

/** sfi_firmware_save(): only the owner of the file can read it. */
#define SFI_FIRMWARE_PRIVATE 0x100u

/** sfi_firmware_save(): fill the gaps of a plain binary with this byte. */
#define SFI_FIRMWARE_FILL(byte) (0x100u | (byte))

/** How to write a firmware file.  All zero: the defaults. */
typedef struct sfi_firmware_save_options {
    uint32_t struct_size; /**< sizeof(sfi_firmware_save_options) */
    uint32_t flags;       /**< SFI_REPLACE, SFI_FIRMWARE_PRIVATE; or 0 */
    const char *format;   /**< "ihex", "srec" or "bin"; NULL: what
                               sfi_firmware_format_by_name() says */
    uint32_t fill;        /**< SFI_FIRMWARE_FILL(); 0: a plain binary has no
                               gaps */
    uint32_t reserved;    /**< 0 */
} sfi_firmware_save_options;

/**
 * The format that the name of a new file asks for.
 *
 * @param path  the file, or NULL
 *
 * @return "ihex" for .hex and .ihex; "srec" for .srec, .s19, .s28, .s37 and
 *         .mot; else "bin"; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_firmware_format_by_name(const char *path);

/**
 * Write a firmware to a file, completely or not at all.
 *
 * A plain binary holds its first address nowhere, and begins with the first
 * segment.
 *
 * @param fw    the firmware
 * @param path  the file; what it replaces: sfi_ctx_check_output()
 * @param opts  how to write it; NULL: the defaults; not kept
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT            a pointer is NULL, or the format, a flag or the
 *                               fill byte is unknown
 *   SFI_ERR_ABI                 struct_size is unknown, or its tail is not zero
 *   SFI_ERR_FORMAT              several segments for a plain binary, and no
 *                               byte to fill the gaps
 *   SFI_ERR_LIMIT               a plain binary of more than 256 MiB
 *   SFI_ERR_ACCESS, SFI_ERR_OS  the file cannot be written, or a file of that
 *                               name is not replaced
 *   SFI_ERR_NOMEM               no memory
 *
 * Blocks: on the file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_firmware_save(const sfi_firmware *fw, const char *path,
                  const sfi_firmware_save_options *opts);

/** How bytes of two firmwares differ. */
enum sfi_difference_kind {
    SFI_DIFFERS_CONTENT = 1,    /**< both have them */
    SFI_DIFFERS_ONLY_FIRST = 2, /**< only the first has them */
    SFI_DIFFERS_ONLY_SECOND = 3 /**< only the second has them */
};

/** Consecutive bytes that differ. */
typedef struct sfi_firmware_difference {
    uint32_t struct_size; /**< sizeof(sfi_firmware_difference) */
    uint32_t kind;        /**< SFI_DIFFERS_* */
    uint64_t address;     /**< of the first byte ... */
    uint64_t size;        /**< ... and how many; at least 1 */
    uint8_t first;        /**< the first byte in the first firmware ... */
    uint8_t second;       /**< ... and in the second */
    uint8_t reserved[6];  /**< 0 */
} sfi_firmware_difference;

/**
 * Receives what sfi_firmware_compare() finds, in ascending order.
 *
 * @param user        as passed to sfi_firmware_compare()
 * @param difference  the bytes; valid during the call
 */
typedef void (*sfi_firmware_difference_fn)(
    void *user, const sfi_firmware_difference *difference);

/**
 * Find where two firmwares leave different bytes in a flash.
 *
 * What a firmware does not fill counts as 0xff, as erased flash reads: so fill
 * bytes of 0xff make no difference.
 *
 * @param first   a firmware
 * @param second  another, of the same context or not
 * @param report  receives the differences; or NULL
 * @param user    passed to report
 * @param count   receives how many bytes differ; 0: none
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a handle or count is NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_compare(
    const sfi_firmware *first, const sfi_firmware *second,
    sfi_firmware_difference_fn report, void *user, uint64_t *count);

/**
 * Release a firmware.
 *
 * @param fw  a firmware, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_firmware_free(sfi_firmware *fw);

SFI_END_DECLS

#endif
