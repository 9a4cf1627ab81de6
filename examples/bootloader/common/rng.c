/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The generator's words under tests: repetition and adaptive proportion as in
 * NIST SP 800-90B, 4.4, on whole words, and the share of ones.  One in 2^32
 * good words fails the first, far fewer the others. */
#include "rng.h"

#include <stdbool.h>

#include "rng_unit.h"
#include "util/mem.h"

#define WINDOW 64u
/* Of 2048 bits; half is expected, 144 is more than six deviations of 22.6. */
#define ONES_LEAST (1024u - 144u)
#define ONES_MOST (1024u + 144u)
/* Words that are tested at the start, and thrown away. */
#define START_WORDS (4u * WINDOW)

static struct {
    bool works;
    bool has_last;
    uint32_t last_secret;
    uint32_t first_secret; /* of the window */
    uint32_t seen;         /* words of the window */
    uint32_t ones;
} rng;

static uint32_t
rng_ones(uint32_t word)
{
    uint32_t n = 0;

    for (; word != 0; word >>= 1)
        n += word & 1u;
    return n;
}

/* A window that is complete has its share of ones. */
static bool
rng_window_is_good(uint32_t word)
{
    if (rng.seen == 0) {
        rng.first_secret = word;
        rng.ones = 0;
    } else if (word == rng.first_secret) {
        return false;
    }
    rng.ones += rng_ones(word);
    rng.seen = (rng.seen + 1) % WINDOW;
    return rng.seen != 0 || (rng.ones >= ONES_LEAST && rng.ones <= ONES_MOST);
}

static bool
rng_word(uint32_t *out)
{
    bool good = rng_unit_word(out) == 0 &&
                !(rng.has_last && *out == rng.last_secret) &&
                rng_window_is_good(*out);

    rng.has_last = true;
    rng.last_secret = *out;
    return good;
}

int
rng_words(uint32_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count && rng.works; i++)
        rng.works = rng_word(out + i);
    if (!rng.works)
        sfi__wipe(out, count * sizeof(*out));
    return !rng.works;
}

int
rng_start(void)
{
    uint32_t word = 0;

    sfi__wipe(&rng, sizeof(rng));
    rng.works = rng_unit_start() == 0;
    for (uint32_t i = 0; i < START_WORDS && rng.works; i++)
        rng.works = rng_word(&word);
    sfi__wipe(&word, sizeof(word));
    return !rng.works;
}
