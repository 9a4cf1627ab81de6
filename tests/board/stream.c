/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Make, print and shorten a stream. */
#include "stream.h"

#include <inttypes.h>

/* One stream in so many may open a licence or sign. */
#define OPENS_ONE_IN 400u

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators). */
uint32_t
chance_word(struct chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

uint32_t
chance_below(struct chance *c, uint32_t n)
{
    return (uint32_t)((uint64_t)chance_word(c) * n >> 32);
}

void
chance_bytes(struct chance *c, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)chance_word(c);
}

/* How often each start and each step comes, out of the sum of the row. */
static const uint8_t start_weights[STARTS] = {
    [START_EMPTY] = 3,     [START_READY] = 3,    [START_LICENSED] = 5,
    [START_RECEIVING] = 4, [START_AREA] = 5,     [START_SECOND] = 4,
    [START_OPTIONS] = 4,   [START_COMPLETE] = 2, [START_INSTALLED] = 2,
};
static const uint8_t op_weights[STREAM_OPS] = {
    [STEP_NEXT] = 10,  [STEP_OTHER] = 6, [STEP_CHANGED] = 8, [STEP_WILD] = 3,
    [STEP_REPEAT] = 3, [STEP_FRAME] = 4, [STEP_RAW] = 3,     [STEP_HALF] = 1,
    [STEP_WAIT] = 1,   [STEP_RESET] = 1,
};

static uint32_t
stream_weighted(struct chance *c, const uint8_t *weights, uint32_t count)
{
    uint32_t sum = 0, at;

    for (uint32_t i = 0; i < count; i++)
        sum += weights[i];
    at = chance_below(c, sum);
    for (uint32_t i = 0; i < count; i++) {
        if (at < weights[i])
            return i;
        at -= weights[i];
    }
    return 0;
}

void
stream_make(struct stream *s, uint64_t seed)
{
    struct chance c = {seed};

    *s = (struct stream){.seed = seed};
    s->start = stream_weighted(&c, start_weights, STARTS);
    s->opens = chance_below(&c, OPENS_ONE_IN) == 0;
    if (s->opens)
        s->start = chance_below(&c, 2) == 0 ? START_READY : START_INSTALLED;
    s->count = 1 + chance_below(&c, STREAM_STEPS_MAX);
    for (uint32_t i = 0; i < s->count; i++) {
        s->step[i].op = stream_weighted(&c, op_weights, STREAM_OPS);
        s->step[i].seed = (uint64_t)chance_word(&c) << 32 | chance_word(&c);
    }
}

void
stream_print(FILE *out, const struct stream *s)
{
    static const char *const starts[STARTS] = {
        "empty",  "ready",      "licensed", "receiving", "in area 1",
        "area 2", "in options", "complete", "installed",
    };
    static const char *const ops[STREAM_OPS] = {
        "next",  "other", "changed", "wild", "repeat",
        "frame", "raw",   "half",    "wait", "reset",
    };

    fprintf(out, "stream 0x%016" PRIx64 " from %s%s\n", s->seed,
            starts[s->start], s->opens ? ", may open a licence or sign" : "");
    for (uint32_t i = 0; i < s->count; i++)
        fprintf(out, "  %2" PRIu32 " %-7s 0x%016" PRIx64 "\n", i,
                ops[s->step[i].op], s->step[i].seed);
}

static void
stream_take(const struct stream *s, uint32_t at, uint32_t n, struct stream *out)
{
    *out = *s;
    out->count = s->count - n;
    for (uint32_t i = at; i < out->count; i++)
        out->step[i] = s->step[i + n];
}

/* Halves first, then quarters, at last single steps. */
uint32_t
stream_shrink(struct stream *s,
              bool (*fails)(void *user, const struct stream *s), void *user)
{
    uint32_t tries = 0;

    for (uint32_t n = s->count / 2; n > 0; n /= 2) {
        for (uint32_t at = 0; at + n <= s->count;) {
            struct stream less;

            stream_take(s, at, n, &less);
            tries++;
            if (fails(user, &less))
                *s = less;
            else
                at += n;
        }
    }
    return tries;
}
