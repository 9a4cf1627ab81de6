/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The begin of a program that holds secrets. */
#include "cli/cli.h"

void
cli_begin(struct cli *c, const struct cli_spec *spec, int argc, char **argv)
{
    cli_start();
    cli_hide_memory();
    cli_parse(c, spec, argc, argv);
}
