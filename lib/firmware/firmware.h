/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A firmware: the set of segments that every file format is read into. */
#ifndef SFI_FIRMWARE_FIRMWARE_H
#define SFI_FIRMWARE_FIRMWARE_H

#include <stdbool.h>

#include <sfi/firmware.h>

#include "util/buf.h"
#include "core/obj.h"

struct segment {
    uint32_t address;
    size_t len;
    const uint8_t *data; /* in `bytes` of the firmware or of its source */
};

/* Segments ascend, are disjoint and never touch: adjacent data is one
 * segment. */
struct sfi_firmware {
    struct obj obj;
    const char *format;
    char *name; /* the path that it was read from; NULL: from memory */
    struct segment *segments;
    size_t count;
    uint32_t machine; /* e_machine of an ELF file; 0: unknown */
    struct buf bytes;
    /* whose bytes the segments are, if not its own: a selection of it */
    sfi_firmware *source;
};

/* Are these the first bytes of a firmware file?  It knows more than the kind of
 * a file (core/file_kind.h): blank lines, tables of symbols, a byte-order mark.
 */
bool sfi__firmware_matches(const uint8_t *data, size_t len);
/* An empty one of this name (NULL: none).  NULL: no memory. */
sfi_firmware *sfi__firmware_new(sfi_ctx *ctx, const char *name);

#endif
