/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests and answers of wire.h: readers and writers whose failure sticks. */
#ifndef BOARD_MESSAGE_H
#define BOARD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    const uint8_t *at;
    size_t left;
    bool is_bad;
};

struct writer {
    uint8_t *data;
    size_t len;
    size_t max;
    bool is_bad;
};

uint64_t get(struct reader *r, unsigned bytes);
/* A piece of the message. */
const uint8_t *get_bytes(struct reader *r, size_t len);
/* All was right, and nothing is left. */
bool got_all(const struct reader *r);

void put(struct writer *w, uint64_t value, unsigned bytes);
void put_bytes(struct writer *w, const void *data, size_t len);
/* Room for so many bytes in the message; NULL: none. */
uint8_t *put_room(struct writer *w, size_t len);

/* Whole messages; false: the other end has gone, or talks nonsense. */
bool message_read(int fd, uint8_t *data, size_t max, size_t *len);
bool message_write(int fd, const uint8_t *data, size_t len);

#endif
