/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's supply, as its memory sees it: every change of memory that
 * outlives a power cycle is one operation, and the power can be set to fail
 * after so many. */
#ifndef SFI_SIM_STORAGE_POWER_H
#define SFI_SIM_STORAGE_POWER_H

#include <stdbool.h>
#include <stdint.h>

enum power_left {
    POWER_FULL,  /* the operation may complete */
    POWER_FAILS, /* it stops half-way, and the chip with it */
    POWER_NONE,  /* nothing happens */
};

struct power {
    bool off;
    uint64_t ops;    /* completed since the chip was opened */
    uint64_t cut_at; /* the operation after so many fails; or POWER_NO_CUT */
};

#define POWER_NO_CUT UINT64_MAX

void sfi__power_init(struct power *p);
/* Fail after `ops` more operations. */
void sfi__power_cut_after(struct power *p, uint64_t ops);
/* Back on, with no cut to come. */
void sfi__power_restore(struct power *p);
/* Spend one operation. */
enum power_left sfi__power_spend(struct power *p);

#endif
