/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parts of the command line that only cli.c uses: help, suggestions, and what
 * words have to be. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

#define COMMON_OPTIONS 2u

/* The options of every program. */
extern const struct cli_option common_options[COMMON_OPTIONS];

_Noreturn void print_help_and_exit(const struct cli_spec *spec);
_Noreturn void print_version_and_exit(const char *program);

/* After all words are parsed: what each has to be, whose number is kept, and
 * how the options go together.  The first mistake is a usage error. */
void words_check(struct cli *c);

/* The known word nearest to `typed`; NULL: no word is near. */
struct nearest {
    const char *typed;
    const char *word;
    size_t edits;
};

struct nearest nearest_word_start(const char *typed);
/* Take this word, which may be NULL, when it is nearer than those before. */
void nearest_word_consider(struct nearest *n, const char *word);

#endif
