/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A file on its way to a set of segments.
 *
 * A format hands over its data as it comes, in any order; sfi__loader_finish()
 * sorts it once.  What follows on in the file and in the address space costs no
 * more than the copy of its bytes, and no span of addresses is ever allocated.
 */
#ifndef SFI_FIRMWARE_LOAD_H
#define SFI_FIRMWARE_LOAD_H

#include <stdbool.h>

#include "util/buf.h"
#include "util/text.h"
#include "firmware/firmware.h"

/* 128 times the largest flash of the families: more is no firmware. */
#define FIRMWARE_BYTES_MAX ((size_t)256 << 20)
/* A file that is read whole: that much firmware and as much around it. */
#define FIRMWARE_FILE_MAX (2 * FIRMWARE_BYTES_MAX)
/* Text is read as it comes, but has to end: 16 characters a byte. */
#define FIRMWARE_TEXT_MAX ((uint64_t)16 * FIRMWARE_BYTES_MAX - 1)
/* An image counts its areas in 16 bits. */
#define FIRMWARE_SEGMENTS_MAX 65535u
/* The longest Intel HEX line is 521 characters, the longest S-record 514; the
 * rest is for trailing blanks. */
#define FIRMWARE_LINE_MAX 1024u
/* A broken converter earns one warning a line: nobody reads more. */
#define FIRMWARE_WARNINGS_MAX 16u

struct load;

struct format {
    const char *name;
    const char *place; /* "line", "segment"; NULL: it has no places */
    const char *const *extensions; /* NULL-terminated */
    /* Is it this?  By its first bytes. */
    bool (*matches)(const uint8_t *data, size_t len);
    /* Text: one line without its end, then the end of the file.  NULL: the
     * format takes the file whole. */
    sfi_status (*line)(struct load *l, const uint8_t *text, size_t len);
    sfi_status (*end)(struct load *l);
    sfi_status (*whole)(struct load *l, const uint8_t *data, size_t len);
    bool rest_warns; /* text after the end record earns a warning */
};

extern const struct format sfi__format_elf;
extern const struct format sfi__format_ihex;
extern const struct format sfi__format_srec;
extern const struct format sfi__format_bin;

/* Data that came in one piece: equal records from consecutive lines, of which
 * the last may be shorter.  So each byte knows its line. */
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
    uint32_t counted; /* ... and when the last count came */
};

struct load {
    sfi_ctx *ctx;
    const char *name; /* for warnings; NULL: none */
    const struct format *format;
    uint64_t address;   /* of a plain binary */
    uint32_t flags;     /* SFI_FIRMWARE_* */
    uint64_t text_size; /* when it is known; else 0 */

    uint32_t place; /* line or segment at work */
    bool ended;     /* an end record was there ... */
    bool done;      /* ... and what follows is no longer looked at */
    size_t warnings;

    size_t bytes; /* in all runs */
    struct buf runs;
    uint64_t next_address; /* where and on which line the last run goes on */
    uint64_t next_place;
    struct buf data;     /* the bytes of the runs, ... */
    const uint8_t *base; /* ... or where else they are */

    struct ihex ihex;
    struct srec srec;
};

void sfi__loader_init(struct load *l, sfi_ctx *ctx, const char *name,
                      const struct format *format);
void sfi__loader_free(struct load *l);

/* Data of the line at work, copied.  `text_len`: how long that line is. */
sfi_status sfi__loader_data(struct load *l, uint64_t address,
                            const uint8_t *data, size_t len, size_t text_len);
/* Data at `offset` of `base`. */
sfi_status sfi__loader_run(struct load *l, uint64_t address, size_t offset,
                           uint64_t len);
/* Sort, merge and hand over to `fw`. */
sfi_status sfi__loader_finish(struct load *l, struct sfi_firmware *fw);

/* Fail at the place at work, or at a column (from 1) of it. */
sfi_status sfi__loader_fail(struct load *l, sfi_status st, const char *fmt, ...)
    SFI_PRINTF(3, 4);
sfi_status sfi__loader_fail_at(struct load *l, size_t column, sfi_status st,
                               const char *fmt, ...) SFI_PRINTF(4, 5);
void sfi__loader_warn(struct load *l, const char *fmt, ...) SFI_PRINTF(2, 3);

#endif
