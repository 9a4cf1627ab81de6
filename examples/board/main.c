/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-board: a part with its peripherals on an emulated core, for libsfi-sim.
 * It links Unicorn, which is under GPL-2, and neither libsfi nor libcrypto. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "orphan.h"

#define USAGE_STATUS 64

static int
version(void)
{
    unsigned major, minor;

    (void)uc_version(&major, &minor);
    printf("sfi-board: wire %u, Unicorn %u.%u\n", WIRE_VERSION, major, minor);
    return 0;
}

int
main(int argc, char **argv)
{
    bool is_verbose = argc == 2 && strcmp(argv[1], "--verbose") == 0;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return version();
    if (argc > 1 && !is_verbose) {
        fputs("usage: sfi-board [--verbose | --version]\n"
              "libsfi-sim starts it and sends requests to its standard input\n",
              stderr);
        return USAGE_STATUS;
    }
    orphan_ends(STDIN_FILENO);
    return serve(STDIN_FILENO, STDOUT_FILENO, is_verbose);
}
