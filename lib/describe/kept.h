/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The facts about a file, kept with what was known beside it. */
#ifndef SFI_DESCRIBE_KEPT_H
#define SFI_DESCRIBE_KEPT_H

#include <stdbool.h>

#include <sfi/describe.h>

#include "util/buf.h"
#include "core/obj.h"

struct sfi_description {
    struct obj obj;
    char *path;
    struct buf facts; /* of sfi_fact, each with copies of text and data */
    size_t found;     /* the last of a list; the next is not far */
    bool failed;      /* no memory for one */
    sfi_key *key;     /* reference; NULL: none was given */
    uint8_t nonce_secret[SFI_NONCE_LEN];
};

/* Is this the kind, as the first fact tells it? */
bool sfi__description_is(const sfi_description *d, const char *kind);

#endif
