/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the core keeps across power cycles; doc/protocol.md, "Record". */
#ifndef SFI_DEVICE_RECORD_H
#define SFI_DEVICE_RECORD_H

#include <stdint.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "wire/image.h"
#include "wire/receipt.h"

#define RECORD_VERSION 1u
#define RECORD_OB_MAX (4u * CHIP_OB_ROWS_MAX)

/* Many bits apart from each other, and from erased memory. */
enum record_phase {
    RECORD_EMPTY = 0x3c96a55a,
    RECORD_INSTALLING = 0x69c35aa5, /* the flash may hold a part of an image */
    RECORD_COMMITTING =
        0x5aa53c69, /* complete; option bytes are to be written */
    RECORD_INSTALLED = 0x0ff0c396,
};

struct record {
    enum record_phase phase;
    uint32_t installs; /* how many have begun so far */
    uint8_t header_tag[SFI_FORMAT_TAG_LEN];
    uint32_t ob_len; /* 0 unless committing, or installed with a receipt */
    uint8_t ob[RECORD_OB_MAX];
    uint8_t areas[RECEIPT_DIGEST_LEN]; /* zeros: no receipt */
};

enum record_found {
    RECORD_GOOD,
    RECORD_NEVER, /* never written: all bytes 0xff, or 0x00 */
    RECORD_DAMAGED,
};

void sfi__record_write(uint8_t raw[SFI_DEVICE_RECORD_LEN],
                       const struct record *r);
/* Anything but RECORD_GOOD leaves an empty record. */
enum record_found sfi__record_read(struct record *r,
                                   const uint8_t raw[SFI_DEVICE_RECORD_LEN]);

#endif
