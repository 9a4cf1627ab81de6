/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A limit in front of libevent's parser of HTTP, which is lax: it takes a bare
 * LF for the end of a line, joins folded lines, takes the first of two lengths,
 * prefers chunks to a length, and takes a name with a blank behind it for
 * another name.  Peers that read such a request differently can be made to
 * disagree about where it ends.  So the lines of a head are looked at before
 * libevent gets them, and what is not as plain as every client of ours sends it
 * is refused.  What a request means is libevent's to say. */
#ifndef WEB_GUARD_H
#define WEB_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_LINES_MAX 40u

struct guard {
    /* The owner's: */
    char *line;  /* room for the longest line */
    size_t size; /* of it */
    size_t body_max;
    /* NULL: nobody asks.  The path, with NULL for a name, and each header. */
    void (*saw)(void *user, const char *name, const char *value);
    void *user;
    /* What was seen: */
    size_t len;
    size_t body; /* that the head announces */
    unsigned lines;
    unsigned verdict; /* 0: not at the end yet; 200; or why it is refused */
    bool posts, has_length, has_host;
};

/* A new head begins; the line of the last one is wiped. */
void guard_begin(struct guard *g);
/* Some bytes of it; what stands behind its end is not looked at.  The verdict:
 * an HTTP status, 0: more is needed. */
unsigned guard_look(struct guard *g, const uint8_t *data, size_t len);

#endif
