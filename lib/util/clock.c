/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The system's clocks, and deadlines. */
#include "util/clock.h"

#include "util/sys.h"

static uint64_t
clock_system_now_ms(void *user)
{
    (void)user;
    return sfi__sys_now_ms();
}

static void
clock_system_sleep_ms(void *user, uint32_t ms)
{
    (void)user;
    sfi__sys_sleep_us((uint64_t)ms * 1000);
}

void
sfi__clock_nap_us(uint32_t us)
{
    sfi__sys_sleep_us(us);
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
    return sfi__sys_wall();
}

uint64_t
sfi__clock_wall(const struct clock *clock)
{
    return clock->wall != NULL ? clock->wall(clock->user) : sfi__wall_clock();
}
