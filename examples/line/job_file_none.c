/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A build without inih: there are no jobs. */
#include "line/line.h"

void
line_read_file(struct line *l, const char *path)
{
    cli_usage(&l->p->cli,
              "--job %s: this sfi-program was built without inih, which reads "
              "jobs: install libinih-dev and build it with -Djob=enabled",
              path);
}

void
line_free_file(struct line *l)
{
    (void)l;
}
