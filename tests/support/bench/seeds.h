/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Random noise, chosen by a seed: one to four mishaps in an install, the first
 * of them each kind of mishap in each frame in turn.  The install completes, or
 * fails cleanly and completes in a second run; it ends in bounded time, and the
 * chip is counted once.  SFI_TEST_SEED=N runs one seed.  The link defines its
 * frames and its mishaps. */
#ifndef SFI_TESTS_SEEDS_H
#define SFI_TESTS_SEEDS_H

#include <bench/station.h>

struct mishap {
    uint32_t what; /* a mishap of the link */
    bool from_chip;
    uint32_t frame;  /* of an install, from 1 on */
    uint32_t offset; /* in it, or in its reply: 0 to 7 */
    uint32_t amount; /* the bit, or how long; below 2^20 */
    bool done;
};

struct seeds_link {
    const char *name;      /* of the suite */
    const char *interface; /* of the chip, for station.direct */
    const char *chips[3];  /* and NULL; the first can be installed again */
    /* Make station.tp, which counts seeds.frame and applies due mishaps. */
    void (*open)(void);
    /* Drop what is in flight; NULL: nothing ever is. */
    void (*forget)(void);
    /* Numbers of mishaps: below `survived` those of a few bytes that an install
     * mostly survives, below `small` those that may be combined, then outages.
     */
    uint32_t survived, small, mishaps;
    uint32_t forged; /* a mishap that the link itself excludes, after which any
                      * status is valid, and any time; 0: none */
    uint32_t ways;   /* 2: a mishap hits one direction; 1: a whole frame */
    unsigned fail_percent; /* for survived ones */
    uint32_t longest_ms;   /* an install may take */
    /* Number of seeds: on the first chip, installed again and again; and on a
     * new chip each. */
    uint32_t again, fresh;
};

/* The state of the current install's noise. */
struct seeds {
    uint32_t frame;      /* frames begun so far */
    uint64_t held_until; /* by the fake clock */
    bool unplugged;      /* until the next install */
};

extern struct seeds seeds;
/* The mishap that is due here, once; NULL: none.  `is_last`: the last byte of
 * the frame, where mishaps with a larger offset are due too. */
struct mishap *seeds_due(bool from_chip, uint32_t offset, bool is_last);
/* The program's main(). */
int seeds_run(const struct seeds_link *link);

#endif
