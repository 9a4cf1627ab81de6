/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What differs between systems; system_*.c and terminal_*.c have it. */
#ifndef CLI_SYSTEM_H
#define CLI_SYSTEM_H

#include <pthread.h>

#include "cli/cli.h"

/* ---- the window behind a stream ---- */

/* Windows' own isatty() is true of NUL. */
bool system_is_terminal(FILE *stream);

struct system_window {
    unsigned columns, rows;
};

/* False: the stream is no terminal, or one without a size. */
bool system_get_window(FILE *out, struct system_window *w);
/* Can a line of the terminal be drawn again (\r, ESC [ K)? */
bool system_can_redraw(void);
/* Does the terminal show UTF-8? */
bool system_has_utf8(void);

/* ---- threads ---- */

/* A thread that takes no signals; 0 or an errno. */
int system_start_thread(pthread_t *out, void *(*run)(void *user), void *user);

/* ---- files ---- */

/* A warning if every user can read this file, which has a secret. */
void system_warn_of_mode(const struct cli *c, const char *path, int fd);

/* ---- the terminal ---- */

struct terminal; /* one at a time */

/* NULL: there is none. */
struct terminal *terminal_open(void);
void terminal_close(struct terminal *t);
/* Signals that come from here on are noted: they end what is read, and do what
 * they would have done after terminal_unguard(). */
void terminal_guard(struct terminal *t);
void terminal_unguard(struct terminal *t);
void terminal_print(const struct terminal *t, const char *text);
/* From here on no key is shown, and Ctrl-C is one; what was typed before is
 * dropped. */
sfi_status terminal_hide(struct terminal *t);
void terminal_show(struct terminal *t);
/* Wait for a byte of what is typed; false: the input ended, or the program has
 * to. */
bool terminal_read_hidden(struct terminal *t, char *byte_secret);
/* A line as people see it, without its end; false: the input ended. */
bool terminal_read_line(struct terminal *t, char *line, size_t size);

#endif
