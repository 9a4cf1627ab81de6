/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Connections: the guard in front of the parser, deadlines, and how one that is
 * refused gets its answer.  evhttp owns a connection; to refuse it, its
 * functions are taken away from evhttp until the answer is out and the peer has
 * closed, and then evhttp is told that the peer has gone. */
#define _POSIX_C_SOURCE 200809L
#include "served/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>

#include "web/guard.h"

#define SHAKE_S 10   /* for the handshake */
#define HURRY_S 1    /* ... while many others are in it */
#define REQUEST_S 10 /* from the first byte of a request to its last */
#define IDLE_S 75    /* between two requests */
#define LINGER_S 2   /* for a peer that still sends what nobody reads */

enum phase {
    PHASE_SHAKES,
    PHASE_IDLE,
    PHASE_HEAD, /* of a request; then its body */
    PHASE_BODY,
    PHASE_ASKED,   /* it waits for the answer */
    PHASE_REFUSED, /* evhttp sees nothing of it any more */
    PHASE_ENDS
};

struct conn {
    struct conn *next, **at;
    struct bufferevent *bev;
    SSL *ssl;
    struct event *timer;
    struct station *station;
    enum phase phase;
    unsigned generation, code; /* code: why it is refused */
    bool has_station, too_many, hurries;
    bufferevent_event_cb event_cb; /* evhttp's */
    void *event_arg;
    struct guard guard;
    char line[CONN_LINE_MAX];
};

static struct {
    struct conn *first;
    size_t count, shaking;
    unsigned generation;
    int index; /* of the SSL's data */
    void (*changed)(void);
} conns = {.index = -1};

size_t
conns_count(void)
{
    return conns.count;
}

size_t
conns_shaking(void)
{
    return conns.shaking;
}

void
conns_set_changed(void (*changed)(void))
{
    conns.changed = changed;
}

static void
conn_arm(struct conn *c, int seconds)
{
    const struct timeval after = {.tv_sec = seconds};

    (void)evtimer_add(c->timer, &after);
}

static void
conn_arm_soon(struct conn *c)
{
    const struct timeval now = {0};

    (void)evtimer_add(c->timer, &now);
}

void
conns_hurry(void)
{
    for (struct conn *c = conns.first; c != NULL; c = c->next) {
        if (c->phase != PHASE_SHAKES || c->hurries)
            continue;
        c->hurries = true;
        conn_arm(c, HURRY_S);
    }
}

/* ---- refusals ---- */

static void
conn_end(struct conn *c)
{
    c->phase = PHASE_ENDS;
    c->event_cb(c->bev, BEV_EVENT_EOF | BEV_EVENT_READING, c->event_arg);
}

/* evhttp may call it with its own argument, so it uses none. */
static void
conn_on_read(struct bufferevent *bev, void *arg)
{
    struct evbuffer *in = bufferevent_get_input(bev);

    (void)arg;
    (void)evbuffer_drain(in, evbuffer_get_length(in));
}

/* The answer is out.  Closing at once could destroy it: the kernel resets a
 * connection with bytes that nobody has read. */
static void
conn_on_written(struct bufferevent *bev, void *arg)
{
    struct conn *c = arg;

    (void)SSL_shutdown(c->ssl);
    (void)shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void
conn_on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    conn_end(arg);
}

static const char *
conn_reason(unsigned code)
{
    switch (code) {
    case 403:
        return "Forbidden";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Bad Request";
    }
}

static const char *
conn_message(unsigned code)
{
    switch (code) {
    case 403:
        return "the certificate has no name that a station may have";
    case 405:
        return "only GET and POST are served";
    case 408:
        return "the request was not complete within 10 s";
    case 413:
        return "a body of more than 8192 bytes";
    case 429:
        return "too many connections of this station";
    case 431:
        return "a head that is too large";
    default:
        return "not a request that this server reads";
    }
}

static void
conn_say_refused(struct conn *c)
{
    char *body =
        api_error_text(SFI_ERR_PROTOCOL, conn_message(c->code), SFI_COUNT_NONE);
    struct evbuffer *out = bufferevent_get_output(c->bev);
    const struct told told = {.path = PATH_OTHER,
                              .station = station_name(c->station),
                              .http = c->code,
                              .st = SFI_ERR_PROTOCOL,
                              .began_us = told_now_us()};

    (void)evbuffer_add_printf(
        out,
        "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\nConnection: close\r\n%s\r\n%s",
        c->code, conn_reason(c->code), body != NULL ? strlen(body) : 0,
        c->code == 429 ? "Retry-After: 5\r\n" : "", body != NULL ? body : "");
    free(body);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    told_request(&told);
    told_flush();
}

/* Inside of a callback of libevent: the rest follows from the loop. */
static void
conn_refuse(struct conn *c, unsigned code)
{
    bufferevent_getcb(c->bev, NULL, NULL, &c->event_cb, &c->event_arg);
    bufferevent_setcb(c->bev, conn_on_read, NULL, conn_on_event, c);
    c->phase = PHASE_REFUSED;
    c->code = code;
    conn_arm_soon(c);
}

/* ---- deadlines ---- */

/* evhttp has let go of it; it is freed soon. */
static bool
conn_is_gone(const struct conn *c)
{
    bufferevent_event_cb event_cb = NULL;

    bufferevent_getcb(c->bev, NULL, NULL, &event_cb, NULL);
    return event_cb == NULL;
}

static void
conn_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (conn_is_gone(c))
        return;
    switch (c->phase) {
    case PHASE_SHAKES:
    case PHASE_IDLE:
        bufferevent_getcb(c->bev, NULL, NULL, &c->event_cb, &c->event_arg);
        conn_end(c);
        break;
    case PHASE_HEAD:
    case PHASE_BODY:
        conn_refuse(c, c->guard.verdict == 400 ? 400 : 408);
        break;
    case PHASE_REFUSED:
        if (c->code == 0) {
            conn_end(c);
            break;
        }
        bufferevent_setcb(c->bev, conn_on_read, conn_on_written, conn_on_event,
                          c);
        conn_say_refused(c);
        c->code = 0; /* said */
        conn_arm(c, LINGER_S);
        break;
    case PHASE_ASKED:
    case PHASE_ENDS:
        break;
    }
}

/* ---- what comes ---- */

static void
conn_look(struct conn *c, struct evbuffer *in, size_t from)
{
    uint8_t bytes[4096];
    unsigned verdict = 0;
    struct evbuffer_ptr at;
    ev_ssize_t len = 1;

    while (verdict == 0 && len > 0) {
        if (evbuffer_ptr_set(in, &at, from, EVBUFFER_PTR_SET) != 0)
            return;
        len = evbuffer_copyout_from(in, &at, bytes, sizeof(bytes));
        if (len > 0) {
            verdict = guard_look(&c->guard, bytes, (size_t)len);
            from += (size_t)len;
        }
    }
    if (verdict == 200 && c->too_many)
        conn_refuse(c, 429);
    else if (verdict == 200 && c->station == NULL)
        conn_refuse(c, 403);
    else if (verdict == 200)
        c->phase = PHASE_BODY;
    else if (verdict != 0)
        conn_refuse(c, verdict);
}

/* Called before evhttp reads what was added. */
static void
conn_on_input(struct evbuffer *in, const struct evbuffer_cb_info *info,
              void *arg)
{
    struct conn *c = arg;
    size_t len = evbuffer_get_length(in);

    if (info->n_added == 0 || info->n_added > len)
        return;
    if (c->phase == PHASE_IDLE) {
        c->phase = PHASE_HEAD;
        conn_arm(c, REQUEST_S);
    }
    if (c->phase == PHASE_HEAD)
        conn_look(c, in, len - info->n_added);
}

/* ---- requests ---- */

static void
conn_on_answered(struct evhttp_request *req, void *arg)
{
    struct conn *c = arg;
    struct evbuffer *in = bufferevent_get_input(c->bev);

    (void)req;
    guard_begin(&c->guard);
    c->phase = PHASE_IDLE;
    if (evbuffer_get_length(in) > 0) { /* nobody of ours sends two at once */
        (void)evbuffer_drain(in, evbuffer_get_length(in));
        c->phase = PHASE_HEAD; /* refused from the loop */
        c->guard.verdict = 400;
        conn_arm_soon(c);
    } else if (conn_must_close(c)) {
        conn_arm_soon(c);
    } else {
        conn_arm(c, IDLE_S);
    }
}

struct conn *
conn_of(struct evhttp_request *req)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    SSL *ssl = evcon != NULL ? bufferevent_openssl_get_ssl(
                                   evhttp_connection_get_bufferevent(evcon))
                             : NULL;

    return ssl != NULL ? SSL_get_ex_data(ssl, conns.index) : NULL;
}

struct station *
conn_station(const struct conn *c)
{
    return c->station;
}

bool
conn_must_close(const struct conn *c)
{
    return c->generation != conns.generation;
}

void
conn_begin_request(struct conn *c, struct evhttp_request *req)
{
    c->phase = PHASE_ASKED;
    (void)evtimer_del(c->timer);
    evhttp_request_set_on_complete_cb(req, conn_on_answered, c);
}

void
conns_close(void)
{
    conns.generation++;
    for (struct conn *c = conns.first; c != NULL; c = c->next) {
        if (c->phase == PHASE_IDLE)
            conn_arm_soon(c);
    }
}

/* ---- begin and end ---- */

static void
conn_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
          void *argp)
{
    struct conn *c = ptr;

    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    if (c == NULL)
        return;
    if (c->phase == PHASE_SHAKES || !c->has_station)
        conns.shaking--;
    if (c->station != NULL)
        station_disconnect(c->station);
    *c->at = c->next;
    if (c->next != NULL)
        c->next->at = c->at;
    conns.count--;
    event_free(c->timer);
    free(c);
    if (conns.changed != NULL)
        conns.changed();
}

/* The handshake is done: who is it? */
static void
conn_on_info(const SSL *ssl, int where, int ret)
{
    struct conn *c = SSL_get_ex_data(ssl, conns.index);
    char name[STATION_NAME_MAX + 1];

    (void)ret;
    if ((where & SSL_CB_HANDSHAKE_DONE) == 0 || c == NULL || c->has_station)
        return;
    c->has_station = true;
    c->phase = PHASE_IDLE;
    conns.shaking--;
    conn_arm(c, IDLE_S);
    if (tls_station(ssl, name))
        c->station = station_of(name);
    if (c->station != NULL)
        c->too_many = !station_connect(c->station);
    if (conns.changed != NULL)
        conns.changed();
}

void
conn_watch(SSL_CTX *tls)
{
    if (conns.index < 0)
        conns.index = SSL_get_ex_new_index(0, NULL, NULL, NULL, conn_free);
    SSL_CTX_set_info_callback(tls, conn_on_info);
}

static struct conn *
conn_new(struct event_base *base, SSL *ssl, struct bufferevent *bev)
{
    struct conn *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->timer = evtimer_new(base, conn_on_timer, c);
    if (c->timer == NULL || SSL_set_ex_data(ssl, conns.index, c) != 1) {
        if (c->timer != NULL)
            event_free(c->timer);
        free(c);
        return NULL;
    }
    c->ssl = ssl;
    c->bev = bev;
    c->generation = conns.generation;
    c->guard = (struct guard){
        .line = c->line, .size = sizeof(c->line), .body_max = CONN_BODY_MAX};
    c->next = conns.first;
    c->at = &conns.first;
    if (c->next != NULL)
        c->next->at = &c->next;
    conns.first = c;
    conns.count++;
    conns.shaking++;
    conn_arm(c, SHAKE_S);
    (void)evbuffer_add_cb(bufferevent_get_input(bev), conn_on_input, c);
    return c;
}

/* Without memory evhttp would make a connection without TLS; nobody is served
 * there, since it has no struct conn. */
struct bufferevent *
conn_make(struct event_base *base, void *tls)
{
    SSL *ssl = SSL_new(*(SSL_CTX **)tls);
    struct bufferevent *bev =
        ssl != NULL ? bufferevent_openssl_socket_new(base, -1, ssl,
                                                     BUFFEREVENT_SSL_ACCEPTING,
                                                     BEV_OPT_CLOSE_ON_FREE)
                    : NULL;

    if (bev == NULL) {
        SSL_free(ssl);
        return NULL;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    if (conn_new(base, ssl, bev) != NULL)
        return bev;
    bufferevent_free(bev);
    return NULL;
}
