/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The result of an authentication, which is not an int.  A verdict is refused
 * until one place accepts it, has two words with many bits between yes and no,
 * and is tested twice by its user, so that neither a skipped instruction nor a
 * flipped bit accepts a forgery. */
#ifndef SFI_DEVICE_VERDICT_H
#define SFI_DEVICE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* Complements of each other: 32 bits apart. */
#define VERDICT_ACCEPTED 0xa5c3695au
#define VERDICT_REFUSED 0x5a3c96a5u

struct verdict {
    volatile uint32_t value;
    volatile uint32_t inverse;
};

#define VERDICT_INIT                                          \
    {                                                         \
        .value = VERDICT_REFUSED, .inverse = ~VERDICT_REFUSED \
    }

/* The one place that accepts: `result` is a port's, 0 being success. */
void sfi__verdict_decide(struct verdict *v, int result);
bool sfi__verdict_accepted(const struct verdict *v);

#endif
