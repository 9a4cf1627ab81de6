/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The system's clocks, and deadlines. */
#define _POSIX_C_SOURCE 200809L
#include "util/clock.h"

#include <errno.h>
#include <time.h>

static uint64_t
clock_system_now_ms(void *user)
{
    struct timespec ts = {0};

    (void)user;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
clock_sleep(struct timespec ts)
{
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
        ;
}

static void
clock_system_sleep_ms(void *user, uint32_t ms)
{
    (void)user;
    clock_sleep((struct timespec){
        .tv_sec = (time_t)(ms / 1000),
        .tv_nsec = (long)(ms % 1000) * 1000000,
    });
}

void
sfi__clock_nap_us(uint32_t us)
{
    clock_sleep((struct timespec){
        .tv_sec = (time_t)(us / 1000000),
        .tv_nsec = (long)(us % 1000000) * 1000,
    });
}

const struct clock sfi__clock_system = {
    .now_ms = clock_system_now_ms,
    .sleep_ms = clock_system_sleep_ms,
};

struct deadline
sfi__deadline_in(const struct clock *clock, uint64_t ms)
{
    uint64_t now = clock->now_ms(clock->user);

    return (struct deadline){
        .clock = clock,
        .at_ms = ms > UINT64_MAX - now ? UINT64_MAX : now + ms,
    };
}

bool
sfi__deadline_passed(const struct deadline *dl)
{
    return dl->clock->now_ms(dl->clock->user) >= dl->at_ms;
}

uint32_t
sfi__deadline_left(const struct deadline *dl)
{
    uint64_t now = dl->clock->now_ms(dl->clock->user);

    if (now >= dl->at_ms)
        return 0;
    return dl->at_ms - now > UINT32_MAX ? UINT32_MAX
                                        : (uint32_t)(dl->at_ms - now);
}

uint64_t
sfi__wall_clock(void)
{
    time_t now = time(NULL);

    return now < 0 ? 0 : (uint64_t)now;
}

uint64_t
sfi__clock_wall(const struct clock *clock)
{
    return clock->wall != NULL ? clock->wall(clock->user) : sfi__wall_clock();
}
