/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Clocks and deadlines; no other file reads the system's clock. */
#ifndef SFI_UTIL_CLOCK_H
#define SFI_UTIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A source of time; tests supply their own. */
struct clock {
    void *user;
    uint64_t (*now_ms)(void *user); /* monotonic */
    void (*sleep_ms)(void *user, uint32_t ms);
    uint64_t (*wall)(void *user); /* sfi__wall_clock(); NULL: the system's */
};

extern const struct clock sfi__clock_system;

struct deadline {
    const struct clock *clock;
    uint64_t at_ms;
};

struct deadline sfi__deadline_in(const struct clock *clock, uint64_t ms);
bool sfi__deadline_passed(const struct deadline *dl);
/* Milliseconds left, at most UINT32_MAX. */
uint32_t sfi__deadline_left(const struct deadline *dl);

/* Sleep by the system's clock: for a lock that others hold for microseconds,
 * where no test needs control. */
void sfi__clock_nap_us(uint32_t us);

/* Seconds since 1970, for records that people read. */
uint64_t sfi__wall_clock(void);
/* The same by this clock. */
uint64_t sfi__clock_wall(const struct clock *clock);

#endif
