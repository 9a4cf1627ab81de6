/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system without fork(). */
#include "chips/background.h"

int
background_begin(const struct cli *c)
{
    cli_usage(c, "--background: start the program in the background instead: "
                 "this system cannot divide one that runs");
}

void
background_leave(int shell)
{
    (void)shell;
}
