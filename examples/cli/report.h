/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What machines get of a program, for the files of cli/: cli.h has what the
 * programs use. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/cli.h"

/* The first failure that was printed, where and message: its status, or SFI_OK.
 */
sfi_status cli_first_failure(char *out, size_t size);

/* Read from a command line what machines want; again for a command's own. */
void report_begin(const char *program, int argc, char **argv);
/* --progress of a parsed command line; exits on a usage error. */
void report_check(const struct cli *c);
/* The object and the last event; nothing the second time.  False: stdout could
 * not be written. */
bool report_end(int exit_status);

/* A whole line, if --ate is given. */
void report_ate(const char *line);

bool report_has_events(void);
/* Lines for people would stand among the events. */
bool report_has_stderr(void);

/* Events; nothing when they are not wanted.  Any thread.  `port` and `phase`
 * may be NULL. */
struct report_progress {
    const char *phase;
    uint64_t done, total;
    uint64_t rate; /* each second; 0: not known yet */
    bool has_eta;
    uint64_t eta_ms;
};
void report_progress(const char *port, const struct report_progress *p);
void report_state(const char *port, const char *phase, const char *message);
void report_warning(const char *message);

#endif
