/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What missing.ld puts in the place of a function without a source. */
int missing_fails(void);
int missing_does_nothing(void);
_Noreturn void missing_stands_still(void);

int
missing_fails(void)
{
    return -1;
}

int
missing_does_nothing(void)
{
    return 0;
}

void
missing_stands_still(void)
{
    for (;;)
        ;
}
