/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's supply: counts operations on memory, and fails after so many. */
#include "sim/storage/power.h"

void
sfi__power_init(struct power *p)
{
    *p = (struct power){.cut_at = POWER_NO_CUT};
}

void
sfi__power_cut_after(struct power *p, uint64_t ops)
{
    p->cut_at = ops > POWER_NO_CUT - p->ops ? POWER_NO_CUT : p->ops + ops;
}

void
sfi__power_restore(struct power *p)
{
    p->off = false;
    p->cut_at = POWER_NO_CUT;
}

enum power_left
sfi__power_spend(struct power *p)
{
    if (p->off)
        return POWER_NONE;
    if (p->ops == p->cut_at) {
        p->off = true;
        return POWER_FAILS;
    }
    p->ops++;
    return POWER_FULL;
}
