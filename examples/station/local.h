/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the middle of sfi-station shares: http.c, session.c, desk.c, told.c and
 * page.c.  The desks need none of it. */
#ifndef STATION_LOCAL_H
#define STATION_LOCAL_H

#include <event2/event.h>
#include <event2/http.h>

#include "station/station.h"

struct session;

/* ---- http.c ---- */

/* Listen; http_run() serves until SIGTERM or SIGINT.  `url` has the address of
 * the page, without a token.  Before any thread starts. */
sfi_status http_start(sfi_ctx *ctx, const struct settings *s,
                      char url[STATION_PATH_MAX]);
sfi_status http_run(sfi_ctx *ctx);
void http_stop(void);

/* ---- listen.c ---- */

sfi_status listen_start(sfi_ctx *ctx, struct event_base *base,
                        struct evhttp *http, const struct settings *s,
                        char url[STATION_PATH_MAX]);

/* ---- conn.c: what libevent's HTTP server does not limit ---- */

void conns_start(void);
void conns_stop(void); /* behind evhttp_free() */
/* Forget those that are gone. */
void conns_sweep(void);
/* The function that evhttp makes connections with. */
struct bufferevent *conn_make(struct event_base *base, void *arg);
/* A request is whole, and will be answered; false: there was no memory to
 * watch its connection, so it may not be. */
bool conn_begin_request(struct evhttp_request *req);

/* ---- origin.c ---- */

enum origin_use { ORIGIN_PAGE, ORIGIN_GET, ORIGIN_POST };

bool origin_is_ours(const struct settings *s, struct evhttp_request *req,
                    enum origin_use use);

/* ---- stream.c ---- */

bool streams_start(struct event_base *base);
void streams_stop(void);
/* False: too many pages listen.  The headers of the answer are there. */
bool stream_open(struct evhttp_request *req, struct session *session);
/* The session ends. */
void streams_end(const struct session *session);
/* Once a second: silent connections are kept alive. */
void streams_second(void);

/* ---- session.c: one thread, http.c's ---- */

#define SESSION_SECRET_SIZE 33u /* 16 random bytes in hexadecimal */
#define SESSIONS_MAX 16u

/* Random hexadecimal digits and a NUL; false: there is no randomness. */
bool session_random(char *out, size_t size);
/* Make the tokens of the operator and of viewers. */
sfi_status sessions_start(sfi_ctx *ctx);
void sessions_stop(void);
const char *sessions_token(bool operates);
bool session_is_token(const char *token);
/* The session of a tab, for a token that is right: the one that it has, or a
 * new one, with the cookie that its browser has.  The oldest of those that are
 * gone makes room; NULL: all pages are open. */
struct session *session_begin(const char *token, struct evhttp_request *req);
/* Of a request: cookie and key both; NULL: none. */
struct session *session_of(struct evhttp_request *req);
bool session_has_key(const char *key);
/* "sfi-station-PORT=SECRET", with the port that the browser knows: all ports of
 * a machine share their cookies. */
void session_write_cookie(const struct session *s, struct evhttp_request *req,
                          char *out, size_t size);
/* A page opens or closes its stream. */
void session_listens(struct session *s, bool listens);
/* Once a second: those that are gone for half a day end. */
void sessions_tick(void);
const char *session_key(const struct session *s);
/* The one who may change things: the first whose token allowed it, until
 * another one takes over. */
bool session_operates(const struct session *s);
bool session_take_over(struct session *s); /* false: a viewer's token */
/* {"operates":, "may_operate":, "operator": somebody operates} */
json_t *session_json(const struct session *s);
void session_end(struct session *s);

/* ---- open.c: --open ---- */

/* Have the desktop open a file that leads to the link. */
void open_link(const char *link_secret);
/* Remove it: a page is there, or once a second when it is old, or the end. */
void open_done(void);
void open_tick(void);

/* ---- memory.c ---- */

/* What jansson and libevent free is wiped: PINs and tokens pass there.  Before
 * anything else of both. */
void memory_start(void);

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
