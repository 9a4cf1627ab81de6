/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The event loop: the page, requests for the desks, and what is told. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <event2/thread.h>

#include "station/local.h"

#define SLOW_MAX 16u /* wrong tokens whose answer waits */
#define LOOKS_ONLY "this page only looks: another one operates"

static struct {
    struct event_base *base;
    struct evhttp *http;
    struct event *signals[2], *done, *second;
    struct evhttp_request *slow[SLOW_MAX];
    size_t slow_count;
    const struct settings *settings;
    bool listens;
} http;

/* ---- answers ---- */

static void
http_add_headers(struct evhttp_request *req, const char *type)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; "
         "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'; "
         "require-trusted-types-for 'script'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);

    (void)evhttp_add_header(out, "Content-Type", type);
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        (void)evhttp_add_header(out, headers[i][0], headers[i][1]);
}

static void
http_send(struct evhttp_request *req, unsigned code, const char *type,
          const void *data, size_t len)
{
    struct evbuffer *out = evbuffer_new();

    http_add_headers(req, type);
    if (out != NULL)
        (void)evbuffer_add(out, data, len);
    evhttp_send_reply(req, (int)code, NULL, out);
    if (out != NULL)
        evbuffer_free(out);
}

static void
http_send_reply(struct evhttp_request *req, const struct reply *r)
{
    char text[128];

    if (r->name[0] != '\0') {
        (void)snprintf(text, sizeof(text), "attachment; filename=\"%s\"",
                       r->name);
        (void)evhttp_add_header(evhttp_request_get_output_headers(req),
                                "Content-Disposition", text);
    }
    http_send(req, r->code, r->type, r->body, r->len);
}

static void
http_refuse(struct evhttp_request *req, unsigned code, const char *message)
{
    struct reply r = {0};

    reply_refuse(&r, SFI_ERR_ACCESS, "", "%s", message);
    r.code = code;
    http_send_reply(req, &r);
    free(r.body);
}

/* ---- requests ---- */

static void
http_refuse_token(struct evhttp_request *req)
{
    http_refuse(req, 403,
                "the link is not valid: open the one that sfi-station "
                "printed when it was started");
}

/* Wrong tokens wait for a second or two, and not many at a time; a right one
 * never does. */
static void
http_slow(struct evhttp_request *req)
{
    if (http.slow_count == SLOW_MAX) {
        http_refuse(req, 429, "too many links that are not valid");
        return;
    }
    evhttp_request_own(req);
    http.slow[http.slow_count++] = req;
}

static void
http_end_slow(void)
{
    for (size_t i = 0; i < http.slow_count; i++) {
        if (evhttp_request_get_connection(http.slow[i]) != NULL)
            http_refuse_token(http.slow[i]);
        else
            evhttp_request_free(http.slow[i]); /* nobody waits any more */
    }
    http.slow_count = 0;
}

static void
http_begin_session(struct evhttp_request *req, const struct ask *a)
{
    struct session *s;
    struct reply r = {0};
    char text[128];
    json_t *value;

    if (!session_is_token(ask_text(a, "token"))) {
        http_slow(req);
        return;
    }
    s = session_begin(ask_text(a, "token"), req);
    if (s == NULL) {
        http_refuse(req, 503, "too many pages are open: close one of them");
        return;
    }
    open_done();
    session_write_cookie(s, req, text, sizeof(text));
    (void)evhttp_add_header(evhttp_request_get_output_headers(req),
                            "Set-Cookie", text);
    cli_wipe(text, sizeof(text));
    value = session_json(s);
    (void)json_object_set_new(value, "key", json_string(session_key(s)));
    reply_json(&r, value);
    http_send_reply(req, &r);
    cli_wipe(r.body, r.len);
    free(r.body);
}

/* What needs no desk; false: it is for one. */
static bool
http_session_request(struct evhttp_request *req, const char *path,
                     struct session *s)
{
    bool posts = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    struct reply r = {0};

    if (strcmp(path, "events") == 0) {
        http_add_headers(req, "text/event-stream");
        if (!stream_open(req, s)) {
            evhttp_clear_headers(evhttp_request_get_output_headers(req));
            http_refuse(req, 503, "too many pages are open");
        }
        return true;
    }
    if (strncmp(path, "session", 7) != 0)
        return false;
    if (strcmp(path, "session/operate") == 0 && posts) {
        if (!session_take_over(s)) {
            http_refuse(req, 403, "this page was opened to look only");
            return true;
        }
    } else if (strcmp(path, "session/lock") == 0 && posts) {
        if (!session_operates(s)) {
            http_refuse(req, 403, LOOKS_ONLY);
            return true;
        }
        shift_lock();
    } else if (strcmp(path, "session/end") == 0 && posts) {
        session_end(s);
        http_send(req, 204, "application/json", "", 0);
        return true;
    } else if (strcmp(path, "session") != 0) {
        http_refuse(req, 404, "there is no such page");
        return true;
    }
    reply_json(&r, session_json(s));
    http_send_reply(req, &r);
    free(r.body);
    return true;
}

/* The body: an object, or a file. */
static bool
http_read(struct evhttp_request *req, struct errand *e)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    const char *type = evhttp_find_header(headers, "Content-Type");
    const char *name = evhttp_find_header(headers, "X-File-Name");
    bool is_file =
        type != NULL && strcmp(type, "application/octet-stream") == 0;
    size_t len = evbuffer_get_length(in);

    if (evhttp_request_get_command(req) != EVHTTP_REQ_POST)
        return true;
    if (!is_file && (type == NULL || strcmp(type, "application/json") != 0 ||
                     len > STATION_JSON_MAX))
        return false;
    e->body = malloc(len + 1);
    if (e->body == NULL || evbuffer_copyout(in, e->body, len) != (ssize_t)len)
        return false;
    e->ask.body = e->body;
    e->ask.len = len;
    if (is_file) {
        e->name = name != NULL ? evhttp_uridecode(name, 0, NULL) : NULL;
        e->ask.name = e->name;
        return true;
    }
    e->json =
        json_loadb((const char *)e->body, len, JSON_REJECT_DUPLICATES, NULL);
    e->ask.json = e->json;
    return json_is_object(e->json);
}

static void
http_to_desk(struct evhttp_request *req, const char *path, struct errand *e)
{
    bool posts = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    size_t desk = 0;

    e->route = desks_find(path, &desk);
    if (e->route == NULL)
        http_refuse(req, 404, "there is no such page");
    else if (!posts && e->route->kind != ROUTE_LOOK)
        http_refuse(req, 405, "POST is expected");
    else if ((e->json == NULL && posts) != (e->route->kind == ROUTE_UPLOAD))
        http_refuse(req, 415, "a body of another type is expected");
    else if (e->route->kind == ROUTE_CHANGE && !e->ask.operates)
        http_refuse(req, 403, LOOKS_ONLY);
    else {
        e->ask.path = e->route->path;
        e->user = req;
        evhttp_request_own(req);
        if (desks_give(desk, e))
            return;
        http_refuse(req, 503, "too much is asked at once");
    }
    errand_free(e);
}

static void
http_api(struct evhttp_request *req, const char *path)
{
    struct errand *e = calloc(1, sizeof(*e));
    struct session *s = session_of(req);

    if (e == NULL || !http_read(req, e)) {
        http_refuse(req, 400, "not a request that this program reads");
        errand_free(e);
        return;
    }
    if (strcmp(path, "session/begin") == 0 && e->json != NULL) {
        http_begin_session(req, &e->ask);
        errand_free(e);
        return;
    }
    if (s == NULL) {
        http_refuse(req, 401,
                    "the session has ended: open the link that "
                    "sfi-station printed again");
        errand_free(e);
        return;
    }
    e->ask.operates = session_operates(s);
    if (e->ask.operates && evhttp_request_get_command(req) == EVHTTP_REQ_POST)
        shift_touch();
    if (http_session_request(req, path, s))
        errand_free(e);
    else
        http_to_desk(req, path, e);
}

static void
http_on_request(struct evhttp_request *req, void *arg)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    bool posts = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    bool is_api = path != NULL && strncmp(path, "/api/", 5) == 0;

    (void)arg;
    if (!conn_begin_request(req)) {
        http_refuse(req, 503, "no memory");
        return;
    }
    if (path == NULL || !origin_is_ours(http.settings, req,
                                        posts    ? ORIGIN_POST
                                        : is_api ? ORIGIN_GET
                                                 : ORIGIN_PAGE)) {
        http_refuse(req, 403, "a page of another origin may not ask");
        return;
    }
    if (is_api) {
        http_api(req, path + 5);
        return;
    }
    for (size_t i = 0; i < page_file_count && !posts; i++) {
        if (strcmp(page_files[i].path, path) == 0) {
            http_send(req, 200, page_files[i].type, page_files[i].data,
                      page_files[i].len);
            return;
        }
    }
    http_refuse(req, 404, "there is no such page");
}

static void
http_on_done(evutil_socket_t fd, short what, void *arg)
{
    struct errand *e = desks_take_done();

    (void)fd;
    (void)what;
    (void)arg;
    while (e != NULL) {
        struct errand *next = e->next;

        if (evhttp_request_get_connection(e->user) != NULL)
            http_send_reply(e->user, &e->reply);
        else
            evhttp_request_free(e->user); /* nobody waits any more */
        errand_free(e);
        e = next;
    }
}

/* ---- begin and end ---- */

static void
http_on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    (void)event_base_loopbreak(http.base);
}

/* Once a second. */
static void
http_on_second(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    shift_tick(http.settings->idle_s);
    http_end_slow();
    sessions_tick();
    streams_second();
    conns_sweep();
    open_tick();
}

static sfi_status
http_make(sfi_ctx *ctx)
{
    http.base = event_base_new();
    http.http = http.base != NULL ? evhttp_new(http.base) : NULL;
    if (http.http == NULL)
        return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    evhttp_set_bevcb(http.http, conn_make, NULL);
    evhttp_set_gencb(http.http, http_on_request, NULL);
    evhttp_set_allowed_methods(http.http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_max_headers_size(http.http, 65536); /* conn.c has a lower one */
    evhttp_set_max_body_size(http.http, STATION_UPLOAD_MAX);
    evhttp_set_timeout(http.http, 180); /* conn.c has shorter ones */
    return SFI_OK;
}

sfi_status
http_start(sfi_ctx *ctx, const struct settings *s, char url[STATION_PATH_MAX])
{
    static const int signums[] = {SIGTERM, SIGINT};
    sfi_status st;

    http.settings = s;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)evthread_use_pthreads();
    conns_start();
    st = http_make(ctx);
    if (st == SFI_OK)
        st = listen_start(ctx, http.base, http.http, s, url);
    if (st != SFI_OK)
        return st;
    http.listens = true;
    for (size_t i = 0; i < 2; i++) {
        http.signals[i] =
            evsignal_new(http.base, signums[i], http_on_end, NULL);
        if (http.signals[i] == NULL || event_add(http.signals[i], NULL) != 0)
            return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    }
    http.second = event_new(http.base, -1, EV_PERSIST, http_on_second, NULL);
    if (http.second == NULL || !streams_start(http.base))
        return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    return SFI_OK;
}

sfi_status
http_run(sfi_ctx *ctx)
{
    static const struct timeval second = {.tv_sec = 1};

    http.done = event_new(http.base, desks_fd(), EV_READ | EV_PERSIST,
                          http_on_done, NULL);
    if (http.done == NULL || event_add(http.done, NULL) != 0 ||
        event_add(http.second, &second) != 0)
        return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    (void)event_base_dispatch(http.base);
    return SFI_OK;
}

void
http_stop(void)
{
    for (size_t i = 0; i < 2; i++) {
        if (http.signals[i] != NULL)
            event_free(http.signals[i]);
    }
    if (http.done != NULL)
        event_free(http.done);
    if (http.second != NULL)
        event_free(http.second);
    if (http.http != NULL)
        evhttp_free(http.http);
    http_end_slow();
    conns_stop();
    streams_stop();
    if (http.base != NULL) {
        (void)event_base_loop(http.base, EVLOOP_NONBLOCK); /* frees the rest */
        event_base_free(http.base);
    }
    if (http.listens && http.settings->socket != NULL)
        (void)unlink(http.settings->socket);
}
