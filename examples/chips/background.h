/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A program that goes on in the background, and whose caller waits until it is
 * ready. */
#ifndef CHIPS_BACKGROUND_H
#define CHIPS_BACKGROUND_H

#include "chips/chips.h"

/* Returns in a new process, which reports what goes wrong as ever; its end
 * before background_leave() ends the caller with the same status. */
void background_begin(const struct cli *c);
/* chips_open() whose emulator gets no terminal: it would hold it as long as it
 * runs. */
sfi_status background_open(sfi_ctx *ctx, const char *state, const char *program,
                           sfi_sim **out);
/* Ready, if it began: the caller ends with 0, and nothing ties this process to
 * a terminal.
 */
void background_leave(void);

#endif
