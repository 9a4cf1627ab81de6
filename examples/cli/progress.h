/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parts of the progress that the programs do not use, and its test does. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/cli.h"

unsigned pace_percent(const struct cli_pace *p);
/* A bar as wide as the terminal allows, without the escape sequences. */
void cli_progress_line(char *out, size_t size, unsigned columns,
                       const struct cli_pace *p);
/* Before a message on the terminal: take an open bar away. */
void progress_make_room(void);

#endif
