/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What Intel HEX and S-records share: lines of hexadecimal digits. */
#ifndef SFI_FIRMWARE_LINES_H
#define SFI_FIRMWARE_LINES_H

#include "firmware/load.h"

/* Intel HEX: length, address, type, 255 bytes of data, checksum. */
#define RECORD_MAX 260u

/* The bytes of one line. */
struct record {
    uint8_t bytes[RECORD_MAX];
    size_t len;
    uint8_t sum; /* of all bytes but the last */
};

/* Pass each whole line of `data` to the format.  `used` receives how many bytes
 * were consumed; pass the rest again, followed by more data.  `last`: no more
 * data follows. */
sfi_status sfi__lines_feed(struct load *l, const uint8_t *data, size_t len,
                           bool last, size_t *used);

/* The file ended without its end record `expected`: fail, or only warn if the
 * caller has set SFI_FIRMWARE_NO_END_RECORD. */
sfi_status sfi__lines_no_end(struct load *l, const char *expected);

/* Decode the digits of a line from its column `from` (0 is the first). */
sfi_status sfi__lines_decode_record(struct load *l, const uint8_t *text,
                                    size_t len, size_t from, struct record *r);

/* The next data record that continues a run, without its mark: the bytes before
 * its data are those of `head`, and all its bytes sum to `sum`. */
struct alike {
    const char *mark; /* ":", "S3" */
    size_t head_len;
    uint64_t head; /* big-endian */
    uint64_t step; /* to the head of the record after it */
    size_t max;    /* records that have this form */
    uint8_t sum;
};

/* Read records like that as long as there are any, into `out`, with `len` bytes
 * of data each; returns how many characters were read. */
size_t sfi__lines_read_alike(struct load *l, const struct alike *a,
                             const uint8_t *text, size_t text_len, uint8_t *out,
                             size_t len);

/* Offset of the first byte after a byte-order mark, blanks and empty lines. */
size_t sfi__lines_begin(const uint8_t *data, size_t len);

#endif
