/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Random and hostile streams of requests, each made from one number, and made
 * shorter when it fails.  A step names what to send; message.h makes its bytes
 * when the state of the part is known. */
#ifndef SFI_TESTS_BOARD_STREAM_H
#define SFI_TESTS_BOARD_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define STREAM_STEPS_MAX 12u

/* Where a stream begins: a snapshot of an install under way. */
enum stream_start {
    START_EMPTY,
    START_READY,
    START_LICENSED,
    START_RECEIVING, /* before the first area */
    START_AREA,      /* within the first area */
    START_SECOND,    /* before the second area */
    START_OPTIONS,   /* within the option bytes */
    START_COMPLETE,
    START_INSTALLED,
    STARTS,
};

enum stream_op {
    STEP_NEXT,    /* the right request */
    STEP_OTHER,   /* a request with the right content, perhaps not now */
    STEP_CHANGED, /* the right one with a change */
    STEP_WILD,    /* any opcode, any content */
    STEP_REPEAT,  /* the last request again */
    STEP_FRAME,   /* a request in damaged frames */
    STEP_RAW,     /* bytes */
    STEP_HALF,    /* half a request, and then silence */
    STEP_WAIT,
    STEP_RESET,
    STREAM_OPS,
};

struct step {
    uint32_t op;
    uint64_t seed; /* of everything else about it */
};

struct stream {
    uint64_t seed;
    uint32_t start;
    bool opens; /* a licence may be good, a receipt signed: both are slow */
    uint32_t count;
    struct step step[STREAM_STEPS_MAX];
};

/* A generator: the same numbers from the same seed, on every machine. */
struct chance {
    uint64_t state;
};
uint32_t chance_word(struct chance *c);
/* 0 to n - 1. */
uint32_t chance_below(struct chance *c, uint32_t n);
void chance_bytes(struct chance *c, uint8_t *out, size_t len);

void stream_make(struct stream *s, uint64_t seed);
void stream_print(FILE *out, const struct stream *s);
/* Take steps away while it still fails; how many tries that took. */
uint32_t stream_shrink(struct stream *s,
                       bool (*fails)(void *user, const struct stream *s),
                       void *user);

#endif
