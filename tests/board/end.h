/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One end of the differential: a part that takes bytes and answers.  The host's
 * twin is one, the binary on an emulated core another; a test drives both and
 * compares what they answer and what they hold. */
#ifndef SFI_TESTS_BOARD_END_H
#define SFI_TESTS_BOARD_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/device.h>

#include "chip/chip.h"

/* More than the longest answer to one packet. */
#define END_ANSWER_MAX 512u

/* What a part holds between two steps. */
struct holding {
    const uint8_t *user; /* the user flash, as the end's chip has it */
    uint8_t record[SFI_DEVICE_RECORD_LEN];
    uint32_t options[CHIP_OB_ROWS_MAX]; /* as programmed, not yet in force */
    bool has_left;                      /* the bootloader is gone */
};

struct end_ops {
    const char *name;
    /* Bytes of the host, and the answer to them: all that comes until the part
     * waits for more. */
    size_t (*usart)(void *end, const uint8_t *in, size_t len,
                    uint8_t out[END_ANSWER_MAX]);
    /* A host clocks bytes over SPI, with NSS low; as many come back.  Then the
     * part does what they ask for. */
    void (*spi)(void *end, const uint8_t *in, size_t len, uint8_t *out);
    /* Time passes; what the part says by itself. */
    size_t (*wait)(void *end, uint32_t ms, uint8_t out[END_ANSWER_MAX]);
    void (*reset)(void *end);
    /* One state, kept and taken again. */
    void (*save)(void *end, uint32_t slot);
    void (*restore)(void *end, uint32_t slot);
    void (*holds)(void *end, struct holding *h);
    /* The number that the other end's generator drew: NULL if this end leads */
    void (*draw)(void *end, uint32_t random);
};

struct end {
    const struct end_ops *ops;
    void *self;
};

#endif
