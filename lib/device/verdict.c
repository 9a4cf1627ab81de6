/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Decide and ask a verdict; see verdict.h for why it is no int. */
#include "device/verdict.h"

void
sfi__verdict_decide(struct verdict *v, int result)
{
    volatile int again = result;

    v->value = VERDICT_REFUSED;
    v->inverse = ~VERDICT_REFUSED;
    if (result != 0)
        return;
    if (again != 0)
        return;
    v->value = VERDICT_ACCEPTED;
    v->inverse = ~VERDICT_ACCEPTED;
}

bool
sfi__verdict_accepted(const struct verdict *v)
{
    return v->value == VERDICT_ACCEPTED && v->inverse == ~VERDICT_ACCEPTED;
}
