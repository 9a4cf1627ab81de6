/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Commands to a card and what comes back, by ISO 7816-4: short and extended
 * length, chaining, GET RESPONSE.  Bytes in, bytes out: the caller carries them
 * to the card. */
#ifndef SFI_PROTO_APDU_H
#define SFI_PROTO_APDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer data is chained where extended length is not known: what a Java Card
 * has room for at least, 5 bytes of header aside. */
#define APDU_PIECE_MAX 128u
/* What a short answer holds: Le 00. */
#define APDU_SHORT_ANSWER 256u

/* A command, as it is meant. */
struct apdu {
    uint8_t cla, ins, p1, p2;
    const uint8_t *data;
    size_t len;
    size_t answer; /* bytes that may come back; 0: none */
};

enum apdu_turn {
    APDU_GO_ON, /* there is more to send */
    APDU_DONE,  /* `sw` and `got` */
    /* What no card may answer; `found` bytes: */
    APDU_NO_STATUS, /* without the two bytes of the status word */
    APDU_TOO_LONG,  /* more than the command asks for */
    APDU_STALLED    /* 61xx again and again, with nothing */
};

/* One command on its way. */
struct apdu_talk {
    const struct apdu *command;
    uint8_t *out; /* `command->answer` bytes */
    size_t got;
    size_t found;
    uint16_t sw;
    bool extended; /* may be used; false once the card refused it */
    size_t sent;   /* of the data, in earlier pieces */
    size_t le;     /* bytes asked for, at most */
    bool fetching; /* 61xx: GET RESPONSE is next */
    bool corrected;
};

void sfi__apdu_begin(struct apdu_talk *t, const struct apdu *command,
                     bool extended, uint8_t *out);
/* What to send now; its length, 0: it does not fit. */
size_t sfi__apdu_next(const struct apdu_talk *t, uint8_t *buf, size_t cap);
/* The answer to that. */
enum apdu_turn sfi__apdu_take(struct apdu_talk *t, const uint8_t *raw,
                              size_t len);

#endif
