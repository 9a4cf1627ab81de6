/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A limit in front of libevent's parser of HTTP, which is lax: it takes a bare
 * LF for the end of a line, joins folded lines, takes the first of two lengths,
 * prefers chunks to a length, and takes a name with a blank behind it for
 * another name.  Peers that read such a request differently can be made to
 * disagree about where it ends.  So the lines of a head are looked at before
 * libevent gets them, and what is not as plain as every client of ours sends it
 * is refused.  What a request means is libevent's to say. */
#ifndef SERVED_GUARD_H
#define SERVED_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_LINE_MAX 1024u
#define GUARD_LINES_MAX 40u
#define GUARD_BODY_MAX 8192u /* two certificates would do */

struct guard {
    char line[GUARD_LINE_MAX];
    size_t len;
    unsigned lines;
    unsigned verdict; /* 0: not at the end yet; 200; or why it is refused */
    bool posts, has_length, has_host;
};

/* A new head begins. */
void guard_begin(struct guard *g);
/* Some bytes of it; what stands behind its end is not looked at.  The verdict:
 * an HTTP status, 0: more is needed. */
unsigned guard_look(struct guard *g, const uint8_t *data, size_t len);

#endif
