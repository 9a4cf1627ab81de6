/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's SPI (AN4286): one byte in and one out at a time.  It sends 0xa5
 * until a frame is complete, then a dummy byte and an ACK or NACK until the
 * host takes it, then another dummy byte and the answer. */
#ifndef SFI_PROTO_AN4286_DEVICE_H
#define SFI_PROTO_AN4286_DEVICE_H

#include "proto/an3155_device.h"

/* On the wire, with the gap behind it that AN4286 asks for. */
#define AN4286_BYTE_US 16u

enum spi_phase {
    SPI_LISTEN,  /* frames */
    SPI_DUMMY_A, /* in front of an ACK or NACK */
    SPI_VERDICT, /* the ACK or NACK, when the work is done */
    SPI_TAKEN,   /* until the host's 0x79 */
    SPI_DUMMY_D, /* in front of the data */
    SPI_DATA,
};

struct an4286_device {
    struct an3155_device engine;
    enum spi_phase phase;
    uint8_t verdict;
    bool tail; /* the answer's last byte is another verdict */
    uint8_t answer[USART_ANSWER_MAX];
    size_t at, len; /* of its data */
    uint32_t busy;  /* polls until the next verdict */
    bool waits;     /* for the flash, with the verdict on its work */
};

/* config->spi is set. */
void sfi__an4286_device_init(struct an4286_device *s,
                             const struct an3155_device_config *config);
/* What is clocked out with the byte after the next, unless the verdict still
 * waits then: a real part must load a byte before its clock comes. */
uint8_t sfi__an4286_device_ahead(const struct an4286_device *s);
/* Returns what is clocked out while `in` is clocked in. */
uint8_t sfi__an4286_device_clock(struct an4286_device *s, uint8_t in);
/* Is no answer left to fetch? */
bool sfi__an4286_device_quiet(const struct an4286_device *s);

#endif
