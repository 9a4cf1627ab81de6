/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the middle of sfi-station shares: http.c, session.c, desk.c, told.c and
 * page.c.  The desks need none of it. */
#ifndef STATION_LOCAL_H
#define STATION_LOCAL_H

#include <event2/event.h>
#include <event2/http.h>

#include "station/station.h"

/* ---- http.c ---- */

/* Serve until SIGTERM or SIGINT.  `url` has the address of the page, without a
 * token. */
sfi_status http_start(sfi_ctx *ctx, const struct settings *s,
                      char url[STATION_PATH_MAX]);
void http_run(void);
void http_stop(void);

/* ---- session.c: one thread, http.c's ---- */

#define SESSION_SECRET_SIZE 33u /* 16 random bytes in hexadecimal */
#define SESSIONS_MAX 16u

struct session;

/* Random hexadecimal digits and a NUL; false: there is no randomness. */
bool session_random(char *out, size_t size);
/* Make the tokens of the operator and of viewers. */
sfi_status sessions_start(sfi_ctx *ctx);
void sessions_stop(void);
const char *sessions_token(bool operates);
/* A new session for a token; NULL: it is not right, or there are too many. */
struct session *session_begin(const char *token);
/* Of a request: cookie and key both; NULL: none. */
struct session *session_of(struct evhttp_request *req);
const char *session_cookie(const struct session *s);
const char *session_key(const struct session *s);
/* The one who may change things: the first whose token allowed it, until
 * another one takes over. */
bool session_operates(const struct session *s);
bool session_take_over(struct session *s); /* false: a viewer's token */
/* {"operates":, "may_operate":, "operator": somebody operates} */
json_t *session_json(const struct session *s);
void session_end(struct session *s);

/* ---- desk.c ---- */

struct errand {
    struct errand *next;
    const struct route *route;
    struct ask ask;
    struct reply reply;
    json_t *json;
    uint8_t *body;
    char *name;
    void *user; /* http.c's */
};

sfi_status desks_start(const struct settings *s);
void desks_stop(void);
/* NULL: no such path. */
const struct route *desks_find(const char *path, size_t *desk);
/* False: the desk has too many already. */
bool desks_give(size_t desk, struct errand *e);
/* Those that are done; the descriptor can be read when there are some. */
struct errand *desks_take_done(void);
int desks_fd(void);
void errand_free(struct errand *e);

/* ---- told.c ---- */

void told_start(void (*changed)(void *), void *user);
void told_stop(void);
/* The events that a page lacks which has all up to `*seen`, which moves on.
 * NULL: nothing is new.  The caller frees it. */
char *told_since(const char *last_id, uint64_t *seen, size_t *len);
/* Those behind `*seen`. */
char *told_next(uint64_t *seen, size_t *len);

/* ---- page.c, which embed.py makes ---- */

struct page_file {
    const char *path; /* "/", "/style.css" */
    const char *type;
    const uint8_t *data;
    size_t len;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif
