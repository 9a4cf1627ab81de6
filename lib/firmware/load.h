/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The loader: collects the data of a file and makes a set of segments from it.
 *
 * A format hands over its data in the order of the file, with addresses in any
 * order; sfi__loader_finish() sorts once.  Data that is consecutive in the file
 * and in the address space costs only the copy of its bytes, and gaps between
 * addresses never take memory.
 */
#ifndef SFI_FIRMWARE_LOAD_H
#define SFI_FIRMWARE_LOAD_H

#include <stdbool.h>

#include "util/buf.h"
#include "util/text.h"
#include "firmware/firmware.h"

/* 128 times the largest flash of the families. */
#define FIRMWARE_BYTES_MAX ((size_t)256 << 20)
/* A file that is read whole: the most firmware, and as much of other content.
 */
#define FIRMWARE_FILE_MAX (2 * FIRMWARE_BYTES_MAX)
/* Text is read in pieces of any number; the limit is 16 characters a byte. */
#define FIRMWARE_TEXT_MAX ((uint64_t)16 * FIRMWARE_BYTES_MAX - 1)
/* An image counts its areas in 16 bits. */
#define FIRMWARE_SEGMENTS_MAX 65535u
/* The longest Intel HEX line is 521 characters, the longest S-record 514; the
 * rest is for trailing blanks. */
#define FIRMWARE_LINE_MAX 1024u
/* The output of a faulty converter may cause a warning on every line. */
#define FIRMWARE_WARNINGS_MAX 16u
#define FIRMWARE_SKIP_MAX 32u
/* A warning that concerns the whole file. */
#define FIRMWARE_PLACE_NONE UINT32_MAX

struct load;

struct format {
    const char *name;
    const char *place;             /* "line", "segment"; NULL: has no places */
    const char *const *extensions; /* NULL-terminated */
    /* Whether the first bytes are those of this format. */
    bool (*matches)(const uint8_t *data, size_t len);
    /* Text formats: `line` gets each line without its end, then `end` is called
     * once.  NULL: the format reads the file whole. */
    sfi_status (*line)(struct load *l, const uint8_t *text, size_t len);
    /* ... but for those that this reads: sound data records like the last one,
     * which continue its run.  It stops at the first line that is anything
     * else, and returns how many characters it read. */
    size_t (*alike)(struct load *l, const uint8_t *text, size_t len);
    sfi_status (*end)(struct load *l);
    sfi_status (*whole)(struct load *l, const uint8_t *data, size_t len);
    bool has_address; /* it comes from the caller */
};

extern const struct format sfi__format_elf;
extern const struct format sfi__format_ihex;
extern const struct format sfi__format_srec;
extern const struct format sfi__format_dfuse;
extern const struct format sfi__format_bin;
extern const struct format sfi__format_raw;

/* Consecutive data: records of equal length from consecutive lines, of which
 * the last may be shorter.  So the line of each byte can be computed. */
struct run {
    uint32_t address;
    uint32_t len;
    uint32_t place;  /* line or segment of the first record */
    uint32_t record; /* bytes of a record */
    size_t offset;   /* in `base` */
};

struct ihex {
    uint32_t base;
    bool segmented; /* the base is of type 02 */
    bool linear_seen, segmented_seen, mix_seen, start_seen;
};

struct srec {
    uint32_t records; /* S1, S2 and S3 so far */
    uint32_t counted; /* ... and at the last count record */
    bool in_table;    /* of symbols */
};

struct load {
    sfi_ctx *ctx;
    const char *name; /* for warnings; NULL: none */
    const struct format *format;
    uint64_t address;   /* of a plain binary */
    uint32_t flags;     /* SFI_FIRMWARE_* */
    uint64_t text_size; /* 0 if unknown */

    uint32_t place; /* current line or segment */
    size_t padding; /* characters of the line before its text */
    bool ended;     /* an end record was read */
    size_t warnings;

    size_t bytes; /* in all runs */
    struct buf runs;
    uint64_t
        next_address; /* address and line at which the last run continues */
    uint64_t next_place;
    struct buf data;     /* the bytes of the runs, ... */
    const uint8_t *base; /* ... or where else they are */

    uint32_t machine;        /* e_machine of an ELF file */
    const char *const *skip; /* names of sections to leave out ... */
    size_t skip_count;
    uint32_t skipped; /* ... a bit for each that was there */
    struct ihex ihex;
    struct srec srec;
};

/* Does a file end with a whole DFU suffix? */
bool sfi__dfuse_has_suffix(const uint8_t *data, size_t len);

void sfi__loader_init(struct load *l, sfi_ctx *ctx, const char *name,
                      const struct format *format);
void sfi__loader_free(struct load *l);

/* Add a copy of data from the current line. */
sfi_status sfi__loader_data(struct load *l, uint64_t address,
                            const uint8_t *data, size_t len);
/* Add data that is at `offset` of `base`. */
sfi_status sfi__loader_run(struct load *l, uint64_t address, size_t offset,
                           uint64_t len);
/* How many records as long as the last one can continue its run: `out` is their
 * place and `len` the length of each.  0: the next line is no such record. */
size_t sfi__loader_room(const struct load *l, uint8_t **out, size_t *len);
/* So many of them are now there, each from a line of its own. */
void sfi__loader_grow(struct load *l, size_t records);
/* Sort and merge the data into the segments of `fw`. */
sfi_status sfi__loader_finish(struct load *l, struct sfi_firmware *fw);

/* Fail at the current place, or at a column (from 1) of it. */
sfi_status sfi__loader_fail(struct load *l, sfi_status st, const char *fmt, ...)
    SFI_PRINTF(3, 4);
sfi_status sfi__loader_fail_at(struct load *l, size_t column, sfi_status st,
                               const char *fmt, ...) SFI_PRINTF(4, 5);
void sfi__loader_warn(struct load *l, const char *fmt, ...) SFI_PRINTF(2, 3);

#endif
