/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Noise by chance, a number telling which: one to four things go wrong with an
 * install, the first of them with each mishap in each frame in turn.  It
 * completes, or fails cleanly and completes when it is run again; it ends in
 * bounded time, and a chip is counted once.  SFI_TEST_SEED=N runs that one.
 * What a frame is, and what may befall it, is the link's to say. */
#ifndef SFI_TESTS_SEEDS_H
#define SFI_TESTS_SEEDS_H

#include <bench/station.h>

struct mishap {
    uint32_t what; /* one of the link's */
    bool from_chip;
    uint32_t frame;  /* of an install, from 1 on */
    uint32_t offset; /* in it, or in what answers it: 0 to 7 */
    uint32_t amount; /* which bit, how long; below 2^20 */
    bool done;
};

struct seeds_link {
    const char *name;      /* of the suite */
    const char *interface; /* of the chip, for station.direct */
    const char *chips[3];  /* and NULL; the first one can install again */
    /* Make station.tp, which counts seeds.frame and suffers what is due. */
    void (*open)(void);
    /* Nothing is in flight; NULL: nothing ever is. */
    void (*forget)(void);
    /* Mishaps: `survived` ones of a few bytes that an install mostly survives,
     * up to `small` those that may come in company, then outages. */
    uint32_t survived, small, mishaps;
    uint32_t forged; /* one that such a link rules out: any status may come of
                      * it; 0: none */
    uint32_t ways;   /* 2: a mishap befalls one direction; 1: a whole frame */
    unsigned fail_percent; /* for survived ones */
    uint32_t longest_ms;   /* an install may take */
    /* Seeds of one run: on the first chip over and over, and on each in its
     * delivery state. */
    uint32_t again, fresh;
};

/* What is planned for the install that runs. */
struct seeds {
    uint32_t frame;      /* begun so far */
    uint64_t held_until; /* by the fake clock */
    bool unplugged;      /* until the next install */
};

extern struct seeds seeds;
/* What hits here, once; NULL: nothing.  `is_last`: of the frame, so what was to
 * hit behind it does so now. */
struct mishap *seeds_due(bool from_chip, uint32_t offset, bool is_last);
/* The program's main(). */
int seeds_run(const struct seeds_link *link);

#endif
