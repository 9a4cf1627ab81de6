/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Two parts get the same streams and must say and hold the same. */
#ifndef SFI_TESTS_BOARD_DUEL_H
#define SFI_TESTS_BOARD_DUEL_H

#include "message.h"
#include "twin.h"

#define DUEL_WORDS_MAX 400u

struct duel {
    struct twin *twin; /* what is right, and how far an install is */
    struct end host;   /* the twin */
    struct end other;
    struct test_image image;
    struct message last;
    bool over_spi;
    uint32_t session;
    uint8_t public_key[64];
    char words[DUEL_WORDS_MAX]; /* the first difference */
    uint64_t packets;           /* sent so far */
    uint64_t causes[256];       /* of the replies so far */
};

/* The image of the streams, with a licence for a part that has this public
 * key. */
void duel_make_image(struct duel *d, const uint8_t public_key[64]);
/* Snapshots of both at every start of a stream; false: they differ already. */
bool duel_prepare(struct duel *d);
/* Run one stream; false: d->words says what differs. */
bool duel_run(struct duel *d, const struct stream *s);
/* Run the streams with these numbers; the first that fails is made shorter and
 * printed.  How many were run without a difference. */
uint64_t duel_run_many(struct duel *d, uint64_t first, uint64_t count);
/* Send an install up to a start of a stream, from an empty part. */
bool duel_go_to(struct duel *d, enum stream_start start);
void duel_free(struct duel *d);

#endif
