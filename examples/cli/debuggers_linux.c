/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Linux: other processes of the same user cannot read this one's memory, and
 * no crash handler gets it. */
#include <sys/prctl.h>

#include "cli/cli.h"

void
cli_refuse_debuggers(void)
{
    (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}
