/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Card commands and replies by ISO 7816-4: short and extended length, chaining,
 * GET RESPONSE.  No I/O: the caller exchanges the bytes with the card. */
#ifndef SFI_PROTO_APDU_H
#define SFI_PROTO_APDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer data is chained where extended length is not supported.  A Java Card
 * has room for at least this, plus 5 bytes of header. */
#define APDU_PIECE_MAX 128u
/* The most that a short reply holds: Le 00. */
#define APDU_SHORT_ANSWER 256u

/* A command, before it is split into pieces. */
struct apdu {
    uint8_t cla, ins, p1, p2;
    const uint8_t *data;
    size_t len;
    size_t answer; /* maximum length of the reply; 0: no reply */
};

enum apdu_turn {
    APDU_GO_ON, /* there is more to send */
    APDU_DONE,  /* `sw` and `got` */
    /* Invalid replies of `found` bytes: */
    APDU_NO_STATUS, /* shorter than the status word */
    APDU_TOO_LONG,  /* more than the command asks for */
    APDU_STALLED    /* 61xx repeatedly, without data */
};

/* The state of one command. */
struct apdu_talk {
    const struct apdu *command;
    uint8_t *out; /* `command->answer` bytes */
    size_t got;
    size_t found;
    uint16_t sw;
    bool extended; /* may be used; false once the card refused it */
    size_t sent;   /* bytes of data in earlier pieces */
    size_t le;     /* requested length of the reply */
    bool fetching; /* 61xx: GET RESPONSE is next */
    bool corrected;
};

void sfi__apdu_begin(struct apdu_talk *t, const struct apdu *command,
                     bool extended, uint8_t *out);
/* Write the next bytes to send to `buf`; returns their length, 0: no room. */
size_t sfi__apdu_next(const struct apdu_talk *t, uint8_t *buf, size_t cap);
/* Process the card's reply. */
enum apdu_turn sfi__apdu_take(struct apdu_talk *t, const uint8_t *raw,
                              size_t len);

#endif
