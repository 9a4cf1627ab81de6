/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Asks licence servers until one answers: the same request, again and again,
 * with growing waits, at one server after the other. */
#ifndef SFI_HSM_SERVER_ASK_H
#define SFI_HSM_SERVER_ASK_H

#include <sfi/ctx.h>

#include "hsm/server/http.h"

enum ask_state { ASK_NEW, ASK_WAITS, ASK_RUNS, ASK_DONE };

/* One request; zero but for what the caller sets. */
struct ask {
    char path[512];
    bool posts; /* with a body; else GET */
    struct buf body;
    size_t limit;
    /* The last answer, when `state` is ASK_DONE: http.end. */
    struct http_request http;
    enum ask_state state;
    uint64_t due_ms, end_ms; /* by the context's clock */
    unsigned tries;
    bool unknown;           /* a try was sent, and its answer did not come */
    struct http_end before; /* of the try before the last */
    struct buf answer_before;
};

struct asker {
    sfi_ctx *ctx;
    struct http http;
    const char *const *urls;
    size_t url_count;
    size_t url; /* the one that answered last */
    uint32_t timeout_s;
};

void sfi__ask_init(struct ask *a, sfi_ctx *ctx);
void sfi__ask_free(struct ask *a);

/* Ask all.  Each is done, or was never sent, or is `unknown`.  The first that
 * fails for good ends it, except for those that `goes_on` (NULL: none) accepts;
 * an answer of any kind is no failure here.  The failure is recorded. */
sfi_status sfi__ask_all(struct asker *asker, struct ask *asks, size_t count,
                        bool (*goes_on)(void *user, const struct ask *a),
                        void *user);

#endif
