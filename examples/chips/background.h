/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A program that goes on in the background, and whose caller waits until it is
 * ready. */
#ifndef CHIPS_BACKGROUND_H
#define CHIPS_BACKGROUND_H

#include "cli/cli.h"

/* Returns in a new process, which reports what goes wrong as ever; its end
 * before background_leave() ends the caller with the same status.  What it
 * returns is for background_leave(). */
int background_begin(const struct cli *c);
/* Ready: the caller ends with 0, and nothing ties this process to a terminal.
 */
void background_leave(int shell);

#endif
