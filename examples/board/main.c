/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-board: a part with its peripherals on an emulated core, for libsfi-sim.
 * It links Unicorn, which is under GPL-2, and neither libsfi nor libcrypto. */
#include <stdio.h>

#include <unicorn/unicorn.h>

#include "sim/board/wire.h"

int
main(void)
{
    unsigned major, minor;

    (void)uc_version(&major, &minor);
    printf("sfi-board: wire %u, Unicorn %u.%u\n", WIRE_VERSION, major, minor);
    return 0;
}
