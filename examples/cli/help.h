/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parts of the command line that only cli.c uses: help and suggestions. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

#define COMMON_OPTIONS 2u

/* The options of every program. */
extern const struct cli_option common_options[COMMON_OPTIONS];

_Noreturn void print_help_and_exit(const struct cli_spec *spec);
_Noreturn void print_version_and_exit(const char *program);

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
