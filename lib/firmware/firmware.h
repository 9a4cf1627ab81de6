/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A firmware: the set of segments that every file format is read into. */
#ifndef SFI_FIRMWARE_FIRMWARE_H
#define SFI_FIRMWARE_FIRMWARE_H

#include <sfi/firmware.h>

#include "util/buf.h"
#include "core/obj.h"

struct segment {
    uint32_t address;
    size_t len;
    const uint8_t *data; /* points into `bytes` of the firmware */
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
};

#endif
