/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* "Did you mean": the known word that is nearest to what was typed. */
#include "cli/help.h"

#include <string.h>

/* Longer words get no suggestion, which bounds the work. */
#define WORD_MAX 40

static size_t
smallest_of_three(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Levenshtein distance: how many edits turn one word into the other. */
static size_t
word_edit_distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];

            row[j] = smallest_of_three(above + 1, row[j - 1] + 1,
                                       corner + (a[i - 1] != b[j - 1]));
            corner = above;
        }
    }
    return row[lb];
}

void
nearest_word_consider(struct nearest *n, const char *word)
{
    size_t edits = word != NULL ? word_edit_distance(n->typed, word) : WORD_MAX;
    size_t len = strlen(n->typed);

    if (edits < len && edits <= 1 + len / 3 && edits < n->edits) {
        n->word = word;
        n->edits = edits;
    }
}

struct nearest
nearest_word_start(const char *typed)
{
    struct nearest n = {typed, NULL, WORD_MAX};

    return n;
}
