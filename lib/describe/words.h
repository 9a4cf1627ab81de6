/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Text about a description, which goes to the caller when it is whole. */
#ifndef SFI_DESCRIBE_WORDS_H
#define SFI_DESCRIBE_WORDS_H

#include "util/text.h"
#include "describe/kept.h"

struct words {
    const sfi_description *d;
    struct buf out;
    bool failed; /* no memory */
};

void sfi__words_begin(struct words *w, const sfi_description *d);
/* Write what is there, unless `st` is a failure; returns that or one of its
 * own. */
sfi_status sfi__words_end(struct words *w, sfi_status st, sfi_write_fn write,
                          void *user);
/* A text of the file, made visible, and blanks up to a width. */
void sfi__words_put(struct words *w, const char *text, size_t width);
/* Texts of our own. */
void sfi__words_format(struct words *w, const char *fmt, ...) SFI_PRINTF(2, 3);

/* "passed", "failed" or "not made". */
const char *sfi__check_word(const sfi_fact *f);

#endif
