/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Connections: the guard in front of the parser, deadlines, and who has to go
 * when there are too many.  evhttp owns a connection and says to nobody when
 * one is gone, so a reference keeps its bufferevent until that is seen here. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "station/local.h"
#include "web/guard.h"

#define CONNS_MAX 256u      /* half of them are for those with a session */
#define UPLOADS_MAX 4u      /* at a time */
#define BEGIN_MAX 1024u     /* the body of one without a session: a token */
#define LINE_MAX_SIZE 8192u /* programs of other ports have cookies too */
#define REQUEST_MS 10000u   /* from the first byte of a request to its last */
#define UPLOAD_MS 120000u
#define IDLE_MS 75000u  /* between two requests */
#define LINGER_MS 2000u /* for a peer that still sends what nobody reads */

enum phase {
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
    struct event *timer;
    enum phase phase;
    unsigned code; /* why it is refused; 0: it was said */
    uint64_t since_ms;
    bool is_known, uploads; /* is_known: it has a session */
    bool path_uploads;      /* of the head that is read */
    char key_secret[SESSION_SECRET_SIZE];
    bufferevent_event_cb event_cb; /* evhttp's */
    void *event_arg;
    struct guard guard;
    char line_secret[LINE_MAX_SIZE];
};

static struct {
    struct conn *first;
    size_t count, max, unknown, uploads;
} conns = {.max = CONNS_MAX};

static void
conn_arm(struct conn *c, unsigned ms)
{
    const struct timeval after = {.tv_sec = ms / 1000,
                                  .tv_usec = ms % 1000 * 1000};

    c->since_ms = cli_now_ms();
    (void)evtimer_add(c->timer, &after);
}

static void
conn_set_known(struct conn *c, bool known)
{
    conns.unknown += c->is_known && !known;
    conns.unknown -= !c->is_known && known;
    c->is_known = known;
}

static void
conn_set_uploads(struct conn *c, bool uploads)
{
    conns.uploads += !c->uploads && uploads;
    conns.uploads -= c->uploads && !uploads;
    c->uploads = uploads;
}

/* ---- the end ---- */

/* evhttp has let go of it. */
static bool
conn_is_gone(const struct conn *c)
{
    bufferevent_event_cb event_cb = NULL;

    bufferevent_getcb(c->bev, NULL, NULL, &event_cb, NULL);
    return event_cb == NULL;
}

static void
conn_free(struct conn *c)
{
    conn_set_known(c, true);
    conn_set_uploads(c, false);
    conns.count--;
    *c->at = c->next;
    if (c->next != NULL)
        c->next->at = c->at;
    (void)bufferevent_decref(c->bev);
    event_free(c->timer);
    cli_wipe(c, sizeof(*c));
    free(c);
}

static void
conn_end(struct conn *c)
{
    if (c->phase != PHASE_REFUSED)
        bufferevent_getcb(c->bev, NULL, NULL, &c->event_cb, &c->event_arg);
    c->phase = PHASE_ENDS;
    if (c->event_cb != NULL)
        c->event_cb(c->bev, BEV_EVENT_EOF | BEV_EVENT_READING, c->event_arg);
}

void
conns_sweep(void)
{
    struct conn *next;

    for (struct conn *c = conns.first; c != NULL; c = next) {
        next = c->next;
        if (conn_is_gone(c))
            conn_free(c);
    }
}

/* The one that waits longest, of those that may be closed; one without a
 * session before any other. */
static struct conn *
conn_oldest(void)
{
    struct conn *found = NULL;

    for (struct conn *c = conns.first; c != NULL; c = c->next) {
        if (c->phase == PHASE_ASKED || c->phase == PHASE_ENDS)
            continue;
        if (found == NULL || c->is_known < found->is_known ||
            (c->is_known == found->is_known && c->since_ms <= found->since_ms))
            found = c;
    }
    return found;
}

static void
conns_make_room(void)
{
    struct conn *c;

    if (conns.count < conns.max && conns.unknown < conns.max / 2)
        return;
    conns_sweep();
    if (conns.count < conns.max && conns.unknown < conns.max / 2)
        return;
    c = conn_oldest();
    if (c == NULL)
        return;
    conn_end(c);
    conn_free(c);
}

/* ---- refusals ---- */

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
    (void)arg;
    (void)shutdown(bufferevent_getfd(bev), SHUT_WR);
}

static void
conn_on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    conn_end(arg);
}

static const struct refusal {
    unsigned code;
    const char *reason, *message;
} conn_refusals[] = {
    {400, "Bad Request", "not a request that this program reads"},
    {401, "Unauthorized",
     "the session has ended: open the link that sfi-station printed again"},
    {405, "Method Not Allowed", "only GET and POST are served"},
    {408, "Request Timeout", "the request was not complete in time"},
    {413, "Content Too Large", "more than a request of this kind may have"},
    {431, "Request Header Fields Too Large", "a head that is too large"},
    {503, "Service Unavailable", "too many files come at once"},
    {505, "HTTP Version Not Supported", "HTTP/1.1 is expected"},
};

static void
conn_say_refused(struct conn *c)
{
    const struct refusal *why = &conn_refusals[0];
    struct reply r = {0};

    for (size_t i = 0; i < sizeof(conn_refusals) / sizeof(*conn_refusals); i++)
        why = conn_refusals[i].code == c->code ? &conn_refusals[i] : why;
    reply_refuse(&r, SFI_ERR_PROTOCOL, "", "%s", why->message);
    (void)evbuffer_add_printf(
        bufferevent_get_output(c->bev),
        "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
        why->code, why->reason, r.len, r.body != NULL ? r.body : "");
    free(r.body);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* Inside of a callback of libevent: the rest follows from the loop. */
static void
conn_refuse(struct conn *c, unsigned code)
{
    bufferevent_getcb(c->bev, NULL, NULL, &c->event_cb, &c->event_arg);
    bufferevent_setcb(c->bev, conn_on_read, NULL, conn_on_event, c);
    c->phase = PHASE_REFUSED;
    c->code = code;
    conn_arm(c, 0);
}

/* ---- deadlines ---- */

static void
conn_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (conn_is_gone(c)) {
        conn_free(c);
        return;
    }
    switch (c->phase) {
    case PHASE_IDLE:
        conn_end(c);
        conn_free(c);
        break;
    case PHASE_HEAD:
    case PHASE_BODY:
        conn_refuse(c, c->guard.verdict == 400 ? 400 : 408);
        break;
    case PHASE_REFUSED:
        if (c->code == 0) {
            conn_end(c);
            conn_free(c);
            break;
        }
        bufferevent_setcb(c->bev, conn_on_read, conn_on_written, conn_on_event,
                          c);
        conn_say_refused(c);
        c->code = 0;
        conn_arm(c, LINGER_MS);
        break;
    case PHASE_ASKED:
    case PHASE_ENDS:
        break;
    }
}

/* ---- what comes ---- */

static void
conn_saw(void *user, const char *name, const char *value)
{
    struct conn *c = user;
    size_t desk = 0;

    if (name == NULL) {
        const struct route *r = strncmp(value, "/api/", 5) == 0
                                    ? desks_find(value + 5, &desk)
                                    : NULL;

        c->path_uploads = r != NULL && r->kind == ROUTE_UPLOAD;
    } else if (strcasecmp(name, "X-Station-Key") == 0 &&
               strlen(value) < sizeof(c->key_secret)) {
        memcpy(c->key_secret, value, strlen(value) + 1);
    }
}

/* The head is whole: what may follow?  The cookie is looked at with the whole
 * request; the key alone says who may send a file. */
static unsigned
conn_judge(struct conn *c)
{
    conn_set_known(c, session_has_key(c->key_secret));
    cli_wipe(c->key_secret, sizeof(c->key_secret));
    if (!c->is_known)
        return c->guard.body <= BEGIN_MAX            ? 200
               : c->guard.body <= STATION_UPLOAD_MAX ? 401
                                                     : 413;
    if (c->guard.body <= STATION_JSON_MAX)
        return 200;
    if (!c->path_uploads)
        return 413;
    conns_sweep();
    if (conns.uploads == UPLOADS_MAX)
        return 503;
    conn_set_uploads(c, true);
    conn_arm(c, UPLOAD_MS);
    return 200;
}

static void
conn_look(struct conn *c, struct evbuffer *in, size_t from)
{
    struct evbuffer_iovec part;
    struct evbuffer_ptr at;
    unsigned verdict = 0;

    while (verdict == 0 && from < evbuffer_get_length(in)) {
        if (evbuffer_ptr_set(in, &at, from, EVBUFFER_PTR_SET) != 0 ||
            evbuffer_peek(in, -1, &at, &part, 1) < 1)
            return;
        verdict = guard_look(&c->guard, part.iov_base, part.iov_len);
        from += part.iov_len;
    }
    if (verdict == 200)
        verdict = conn_judge(c);
    if (verdict == 200)
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

    if (info->n_added == 0 || info->n_added > len || conn_is_gone(c))
        return;
    if (c->phase == PHASE_IDLE) {
        c->phase = PHASE_HEAD;
        conn_arm(c, REQUEST_MS);
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
    if (evbuffer_get_length(in) > 0) { /* no browser sends two at once */
        (void)evbuffer_drain(in, evbuffer_get_length(in));
        c->phase = PHASE_HEAD; /* refused from the loop */
        c->guard.verdict = 400;
        conn_arm(c, 0);
    } else {
        conn_arm(c, IDLE_MS);
    }
}

bool
conn_begin_request(struct evhttp_request *req)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(req);
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);

    for (struct conn *c = conns.first; c != NULL; c = c->next) {
        if (c->bev != bev)
            continue;
        c->phase = PHASE_ASKED;
        conn_set_uploads(c, false);
        (void)evtimer_del(c->timer);
        evhttp_request_set_on_complete_cb(req, conn_on_answered, c);
        return true;
    }
    return false;
}

/* ---- begin and end ---- */

struct bufferevent *
conn_make(struct event_base *base, void *arg)
{
    struct bufferevent *bev;
    struct conn *c;

    (void)arg;
    conns_make_room();
    bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    c = bev != NULL ? calloc(1, sizeof(*c)) : NULL;
    if (c != NULL)
        c->timer = evtimer_new(base, conn_on_timer, c);
    if (c == NULL || c->timer == NULL) {
        free(c);
        return bev; /* answered 503 */
    }
    c->bev = bev;
    bufferevent_incref(bev);
    c->guard = (struct guard){.line = c->line_secret,
                              .size = sizeof(c->line_secret),
                              .body_max = STATION_UPLOAD_MAX,
                              .saw = conn_saw,
                              .user = c};
    c->next = conns.first;
    c->at = &conns.first;
    if (c->next != NULL)
        c->next->at = &c->next;
    conns.first = c;
    conns.count++;
    conns.unknown++;
    conn_arm(c, IDLE_MS);
    (void)evbuffer_add_cb(bufferevent_get_input(bev), conn_on_input, c);
    return bev;
}

/* A descriptor for each connection, and as many for everything else. */
void
conns_start(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < 2 * CONNS_MAX) {
        limit.rlim_cur =
            limit.rlim_max < 2 * CONNS_MAX ? limit.rlim_max : 2 * CONNS_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < 2 * CONNS_MAX)
        conns.max = (size_t)limit.rlim_cur / 2;
}

void
conns_stop(void)
{
    while (conns.first != NULL)
        conn_free(conns.first);
}
