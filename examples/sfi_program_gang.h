/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of sfi-program --gang share. */
#ifndef SFI_PROGRAM_GANG_H
#define SFI_PROGRAM_GANG_H

#include "sfi_program.h"

/* The log function of each chip's context, whose user is the program's spec:
 * print above the block. */
void gang_log_line(void *user, int level, const char *line);

/* A context, and what it needs, for each station. */
sfi_status gang_prepare(struct program *p);
/* All at once, to their ends. */
void gang_work(struct program *p);

/* Show the progress; true: all chips have ended. */
bool gang_show_progress(const struct program *p);
/* Print all results and failures. */
void gang_print_summary(struct program *p, double seconds);

#endif
