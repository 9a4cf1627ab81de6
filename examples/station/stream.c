/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Pages that listen: each gets what it lacks, ten times a second at most. */
#define _POSIX_C_SOURCE 200809L
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "station/local.h"

#define STREAMS_MAX 32u
#define TELL_MS 100                  /* ten times a second */
#define STREAM_BUFFER_MAX (1u << 20) /* for a page that reads nothing */
#define ALIVE_MS 15000 /* a silent connection is not kept by all proxies */

struct stream {
    struct stream *next;
    struct evhttp_request *req;
    struct session *session;
    uint64_t seen, spoke_ms;
};

static struct {
    struct stream *first;
    size_t count;
    struct event *telling;
    atomic_bool tells; /* the timer runs */
} streams;

/* `text` is taken; NULL: nothing is to be sent. */
static void
stream_send(struct stream *s, char *text, size_t len)
{
    struct evbuffer *out = evbuffer_new();

    if (out != NULL && text != NULL) {
        (void)evbuffer_add(out, text, len);
        evhttp_send_reply_chunk(s->req, out);
        s->spoke_ms = cli_now_ms();
    }
    if (out != NULL)
        evbuffer_free(out);
    free(text);
}

static bool
stream_is_full(const struct stream *s)
{
    struct evhttp_connection *conn = evhttp_request_get_connection(s->req);

    return evbuffer_get_length(bufferevent_get_output(
               evhttp_connection_get_bufferevent(conn))) > STREAM_BUFFER_MAX;
}

static void
streams_on_tell(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    streams.tells = false;
    for (struct stream *s = streams.first; s != NULL; s = s->next) {
        size_t len = 0;

        if (!stream_is_full(s)) {
            char *text = told_next(&s->seen, &len);

            stream_send(s, text, len);
        }
    }
}

/* Any thread: something is new. */
static void
streams_changed(void *user)
{
    static const struct timeval soon = {.tv_usec = TELL_MS * 1000};

    (void)user;
    if (!atomic_exchange(&streams.tells, true))
        (void)evtimer_add(streams.telling, &soon);
}

/* Out of the list: nothing is sent any more. */
static void
stream_free(struct stream **at)
{
    struct stream *s = *at;

    *at = s->next;
    streams.count--;
    session_listens(s->session, false);
    free(s);
}

static void
stream_on_closed(struct evhttp_connection *conn, void *arg)
{
    struct stream **at = &streams.first;

    (void)conn;
    while (*at != NULL && *at != arg)
        at = &(*at)->next;
    if (*at != NULL) {
        struct evhttp_request *req = (*at)->req;

        stream_free(at);
        /* evhttp forgets a request whose connection fails */
        if (evhttp_request_get_connection(req) == NULL)
            evhttp_request_free(req);
    }
}

bool
stream_open(struct evhttp_request *req, struct session *session)
{
    struct stream *s =
        streams.count < STREAMS_MAX ? calloc(1, sizeof(*s)) : NULL;
    size_t len = 0;
    char *text;

    if (s == NULL)
        return false;
    s->req = req;
    s->session = session;
    s->next = streams.first;
    streams.first = s;
    streams.count++;
    session_listens(session, true);
    evhttp_connection_set_closecb(evhttp_request_get_connection(req),
                                  stream_on_closed, s);
    evhttp_send_reply_start(req, 200, "OK");
    text = told_since(evhttp_find_header(evhttp_request_get_input_headers(req),
                                         "Last-Event-ID"),
                      &s->seen, &len);
    stream_send(s, text, len);
    return true;
}

void
streams_end(const struct session *session)
{
    struct stream **at = &streams.first;

    while (*at != NULL) {
        struct evhttp_request *req = (*at)->req;

        if ((*at)->session != session) {
            at = &(*at)->next;
            continue;
        }
        evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL,
                                      NULL);
        stream_free(at);
        evhttp_send_reply_end(req);
    }
}

void
streams_second(void)
{
    uint64_t now = cli_now_ms();

    for (struct stream *s = streams.first; s != NULL; s = s->next) {
        if (now - s->spoke_ms >= ALIVE_MS && !stream_is_full(s))
            stream_send(s, strdup(":\n\n"), 3);
    }
}

bool
streams_start(struct event_base *base)
{
    streams.telling = evtimer_new(base, streams_on_tell, NULL);
    if (streams.telling != NULL)
        told_start(streams_changed, NULL);
    return streams.telling != NULL;
}

void
streams_stop(void)
{
    told_stop();
    if (streams.telling != NULL)
        event_free(streams.telling);
}
