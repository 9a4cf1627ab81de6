/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system without jobs: their lock, socket and fsync() are those of POSIX. */
#include "line/line.h"

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

/* ---- what only a job calls ---- */

sfi_status
station_begin_board(struct station *s)
{
    (void)s;
    return SFI_OK;
}

sfi_status
station_end_install(struct station *s)
{
    (void)s;
    return SFI_OK;
}

sfi_status
station_enter(struct station *s, uint32_t phase)
{
    (void)s;
    (void)phase;
    return SFI_OK;
}

void
station_end_board(struct station *s)
{
    (void)s;
}

void
line_socket_send(struct line *l, const char *text, size_t len)
{
    (void)l;
    (void)text;
    (void)len;
}

uint64_t
line_count(struct line *l, uint32_t state)
{
    (void)l;
    (void)state;
    return 0;
}
