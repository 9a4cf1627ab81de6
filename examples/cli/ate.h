/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lines for handlers and test equipment, --ate: "#OK key=value ...", and
 * "#ERR nnn key=value ... text" (doc/errors.md has the numbers).  A line is
 * visible ASCII: another byte of a text is \xNN, and so are a blank in a value
 * and "\". */
#ifndef CLI_ATE_H
#define CLI_ATE_H

#include "cli/cli.h"

#define CLI_ATE_MAX 2048u

struct cli_ate {
    char text[CLI_ATE_MAX];
    size_t len;
};

/* Begin one; 0: "#OK", else "#ERR" and this number, or a status'. */
void cli_ate_begin(struct cli_ate *a, long number);
/* Nothing for NULL and "". */
void cli_ate_value(struct cli_ate *a, const char *key, const char *value);
void cli_ate_number(struct cli_ate *a, const char *key, uint64_t value);
/* A sentence, the last of a line. */
void cli_ate_text(struct cli_ate *a, const char *text);
/* The end of the line; then print it if --ate is given. */
void cli_ate_end(struct cli_ate *a);

/* --ate is given: stdout has its lines and nothing else. */
bool cli_wants_ate(void);

#endif
