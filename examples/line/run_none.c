/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system without jobs: their lock, socket and fsync() are those of POSIX. */
#include "sfi_program.h"

void
program_read_job(struct program *p, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    cli_usage(&p->cli, "--job: sfi-program has no jobs on this system");
}

sfi_status
program_job(struct program *p)
{
    return cli_report(p->ctx, SFI_ERR_UNSUPPORTED, "there are no jobs");
}

void
program_end_job(struct program *p)
{
    (void)p;
}
