/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* First fit in a fixed array, for Mbed TLS alone. */
#include "pool.h"

#include "util/mem.h"

#define UNITS (POOL_LEN / POOL_UNIT)
#define INSIDE 0xffu /* of a run, but not its first unit */

_Static_assert(UNITS < INSIDE, "a run's length is no mark");

/* Free units are zeros, as calloc() gives them. */
static uint64_t pool[POOL_LEN / sizeof(uint64_t)];
/* By unit: 0 when free, the length of the run that begins here, or INSIDE. */
static uint8_t runs[UNITS];
static uint32_t used, peak;

/* The first of `count` free units in a row; UNITS if there are none. */
static uint32_t
pool_find(uint32_t count)
{
    uint32_t in_row = 0;

    for (uint32_t i = 0; i < UNITS; i++) {
        in_row = runs[i] == 0 ? in_row + 1 : 0;
        if (in_row == count)
            return i + 1 - count;
    }
    return UNITS;
}

void *
pool_alloc(size_t count, size_t size)
{
    uint32_t units, at;

    if (count == 0 || size == 0 || count > POOL_LEN || size > POOL_LEN / count)
        return NULL;
    units = (uint32_t)((count * size + POOL_UNIT - 1) / POOL_UNIT);
    at = pool_find(units);
    if (at == UNITS)
        return NULL;
    sfi__fill(runs + at, INSIDE, units);
    runs[at] = (uint8_t)units;
    used += units;
    peak = used > peak ? used : peak;
    return (uint8_t *)pool + at * POOL_UNIT;
}

void
pool_free(void *p)
{
    uint32_t at, units;

    if (p == NULL)
        return;
    at = (uint32_t)((uint8_t *)p - (uint8_t *)pool) / POOL_UNIT;
    units = runs[at];
    sfi__wipe(p, units * POOL_UNIT);
    sfi__zero(runs + at, units);
    used -= units;
}

uint32_t
pool_used(void)
{
    return used * POOL_UNIT;
}

uint32_t
pool_peak(void)
{
    return peak * POOL_UNIT;
}

void
pool_wipe(void)
{
    sfi__wipe(pool, sizeof(pool));
    sfi__zero(runs, sizeof(runs));
    used = 0;
}
