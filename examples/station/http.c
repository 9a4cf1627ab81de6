/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The event loop: the page, requests for the desks, and what is told. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/thread.h>

#include "station/local.h"

#define STREAMS_MAX 32u
#define TELL_MS 100                  /* ten times a second */
#define STREAM_BUFFER_MAX (1u << 20) /* for a page that reads nothing */
#define ALIVE_MS 15000 /* a silent connection is not kept by all proxies */

/* A page that is told what changes. */
struct stream {
    struct stream *next;
    struct evhttp_request *req;
    uint64_t seen, spoke_ms;
};

static struct {
    struct event_base *base;
    struct evhttp *http;
    struct event *signals[2], *done, *telling, *second;
    struct stream *streams;
    size_t stream_count;
    atomic_bool tells; /* the timer runs */
    const struct settings *settings;
    const char *socket;
    char url[STATION_PATH_MAX];
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

/* ---- what is told ---- */

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
http_on_tell(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    http.tells = false;
    for (struct stream *s = http.streams; s != NULL; s = s->next) {
        size_t len = 0;

        if (!stream_is_full(s)) {
            char *text = told_next(&s->seen, &len);

            stream_send(s, text, len);
        }
    }
}

/* Any thread: something is new. */
static void
http_changed(void *user)
{
    static const struct timeval soon = {.tv_usec = TELL_MS * 1000};

    (void)user;
    if (!atomic_exchange(&http.tells, true))
        (void)evtimer_add(http.telling, &soon);
}

static void
http_on_stream_closed(struct evhttp_connection *conn, void *arg)
{
    struct stream **at = &http.streams;

    (void)conn;
    while (*at != NULL && *at != arg)
        at = &(*at)->next;
    if (*at != NULL) {
        struct stream *s = *at;

        *at = s->next;
        http.stream_count--;
        free(s);
    }
}

static void
http_stream(struct evhttp_request *req)
{
    struct stream *s =
        http.stream_count < STREAMS_MAX ? calloc(1, sizeof(*s)) : NULL;
    size_t len = 0;
    char *text;

    if (s == NULL) {
        http_refuse(req, 503, "too many pages are open");
        return;
    }
    s->req = req;
    s->next = http.streams;
    http.streams = s;
    http.stream_count++;
    http_add_headers(req, "text/event-stream");
    evhttp_connection_set_closecb(evhttp_request_get_connection(req),
                                  http_on_stream_closed, s);
    evhttp_send_reply_start(req, 200, "OK");
    text = told_since(evhttp_find_header(evhttp_request_get_input_headers(req),
                                         "Last-Event-ID"),
                      &s->seen, &len);
    stream_send(s, text, len);
}

static void
http_on_second(evutil_socket_t fd, short what, void *arg)
{
    uint64_t now = cli_now_ms();

    (void)fd;
    (void)what;
    (void)arg;
    shift_tick(http.settings->idle_s);
    for (struct stream *s = http.streams; s != NULL; s = s->next) {
        if (now - s->spoke_ms >= ALIVE_MS)
            stream_send(s, strdup(":\n\n"), 3);
    }
}

/* ---- requests ---- */

/* A name that is this machine, whatever a DNS server says: behind a tunnel the
 * port may be another one. */
static bool
http_is_own_host(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

    for (size_t i = 0; host != NULL && i < sizeof(names) / sizeof(*names);
         i++) {
        size_t len = strlen(names[i]);

        if (strncmp(host, names[i], len) == 0 &&
            (host[len] == '\0' ||
             (host[len] == ':' && host[len + 1] != '\0' &&
              strspn(host + len + 1, "0123456789") == strlen(host + len + 1))))
            return true;
    }
    return false;
}

/* "https://line7.lan" or the host of one, as the command line allows them. */
static bool
http_is_allowed(const char *host)
{
    for (size_t i = 0; host != NULL && i < http.settings->origin_count; i++) {
        const char *origin = strstr(http.settings->origins[i], "://");

        if (origin != NULL && strcmp(origin + 3, host) == 0)
            return true;
    }
    return false;
}

/* The page's own requests have no Origin (a GET), or that of their Host. */
static bool
http_comes_from_us(struct evhttp_request *req, bool posts)
{
    struct evkeyvalq *in = evhttp_request_get_input_headers(req);
    const char *host = evhttp_find_header(in, "Host");
    const char *origin = evhttp_find_header(in, "Origin");
    const char *site = evhttp_find_header(in, "Sec-Fetch-Site");
    const char *behind = origin != NULL ? strstr(origin, "://") : NULL;

    if (!http_is_own_host(host) && !http_is_allowed(host))
        return false;
    if (site != NULL && strcmp(site, "same-origin") != 0 &&
        (posts || strcmp(site, "none") != 0))
        return false;
    if (origin == NULL)
        return !posts;
    return behind != NULL && strcmp(behind + 3, host) == 0;
}

static void
http_begin_session(struct evhttp_request *req, const struct ask *a)
{
    struct session *s = session_begin(ask_text(a, "token"));
    struct reply r = {0};
    char text[128];
    json_t *value;

    if (s == NULL) {
        http_refuse(req, 403,
                    "the link is not valid: open the one that sfi-station "
                    "printed when it was started");
        return;
    }
    (void)snprintf(text, sizeof(text),
                   "sfi-station=%s; HttpOnly; SameSite=Strict; Path=/api",
                   session_cookie(s));
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
                     const struct ask *a, struct session *s)
{
    bool posts = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    struct reply r = {0};

    if (strcmp(path, "events") == 0) {
        http_stream(req);
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
        shift_lock();
    } else if (strcmp(path, "session/end") == 0 && posts) {
        session_end(s);
        http_send(req, 204, "application/json", "", 0);
        return true;
    } else if (strcmp(path, "session") != 0) {
        http_refuse(req, 404, "there is no such page");
        return true;
    }
    (void)a;
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
        http_refuse(req, 403, "this page only looks: another one operates");
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
    if (http_session_request(req, path, &e->ask, s))
        errand_free(e);
    else
        http_to_desk(req, path, e);
}

static void
http_on_request(struct evhttp_request *req, void *arg)
{
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
    bool posts = evhttp_request_get_command(req) == EVHTTP_REQ_POST;

    (void)arg;
    if (path == NULL || !http_comes_from_us(req, posts)) {
        http_refuse(req, 403, "a page of another origin may not ask");
        return;
    }
    if (strncmp(path, "/api/", 5) == 0) {
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

/* A socket of a process that was killed is taken; one of a living one is not.
 */
static sfi_status
http_listen_socket(sfi_ctx *ctx, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct evconnlistener *l;
    mode_t mask;
    int fd;

    if (strlen(path) >= sizeof(at.sun_path))
        return cli_report(ctx, SFI_ERR_LIMIT,
                          "%s: a longer name than a socket "
                          "can have",
                          path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)(void *)&at, sizeof(at)) == 0) {
        (void)close(fd);
        return cli_report(ctx, SFI_ERR_ACCESS,
                          "%s: another process listens there", path);
    }
    if (fd >= 0)
        (void)close(fd);
    if (errno == ECONNREFUSED)
        (void)unlink(path);
    mask = umask(0177);
    l = evconnlistener_new_bind(
        http.base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
        128, (struct sockaddr *)(void *)&at, sizeof(at));
    (void)umask(mask);
    if (l == NULL || evhttp_bind_listener(http.http, l) == NULL)
        return cli_report_os(ctx, errno, "%s: cannot listen", path);
    http.socket = path;
    return SFI_OK;
}

static sfi_status
http_listen(sfi_ctx *ctx, const struct settings *s, char url[STATION_PATH_MAX])
{
    struct evhttp_bound_socket *bound;
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);

    if (s->socket != NULL) {
        (void)snprintf(url, STATION_PATH_MAX, "%s",
                       s->origin_count > 0 ? s->origins[0]
                                           : "http://localhost");
        return http_listen_socket(ctx, s->socket);
    }
    errno = 0;
    bound = evhttp_bind_socket_with_handle(http.http, "127.0.0.1", s->port);
    if (bound == NULL)
        return cli_report_os(ctx, errno, "127.0.0.1:%u: cannot listen",
                             s->port);
    if (getsockname(evhttp_bound_socket_get_fd(bound),
                    (struct sockaddr *)(void *)&at, &len) != 0)
        return cli_report_os(ctx, errno, "the port");
    {
        char port[16] = "";

        (void)getnameinfo((struct sockaddr *)(void *)&at, len, NULL, 0, port,
                          sizeof(port), NI_NUMERICSERV);
        (void)snprintf(url, STATION_PATH_MAX, "http://127.0.0.1:%s", port);
    }
    return SFI_OK;
}

sfi_status
http_start(sfi_ctx *ctx, const struct settings *s, char url[STATION_PATH_MAX])
{
    static const int signums[] = {SIGTERM, SIGINT};
    static const struct timeval second = {.tv_sec = 1};
    sfi_status st;

    http.settings = s;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)evthread_use_pthreads();
    http.base = event_base_new();
    http.http = http.base != NULL ? evhttp_new(http.base) : NULL;
    if (http.http == NULL)
        return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    evhttp_set_gencb(http.http, http_on_request, NULL);
    evhttp_set_allowed_methods(http.http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_max_headers_size(http.http, 16384);
    evhttp_set_max_body_size(http.http, STATION_UPLOAD_MAX);
    evhttp_set_timeout(http.http, 60);
    st = http_listen(ctx, s, url);
    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < 2; i++) {
        http.signals[i] =
            evsignal_new(http.base, signums[i], http_on_end, NULL);
        if (http.signals[i] != NULL)
            (void)event_add(http.signals[i], NULL);
    }
    http.telling = evtimer_new(http.base, http_on_tell, NULL);
    http.second = event_new(http.base, -1, EV_PERSIST, http_on_second, NULL);
    http.done = event_new(http.base, desks_fd(), EV_READ | EV_PERSIST,
                          http_on_done, NULL);
    if (http.telling == NULL || http.second == NULL || http.done == NULL)
        return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    (void)event_add(http.second, &second);
    (void)event_add(http.done, NULL);
    told_start(http_changed, NULL);
    return SFI_OK;
}

void
http_run(void)
{
    (void)event_base_dispatch(http.base);
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
    told_stop();
    if (http.telling != NULL)
        event_free(http.telling);
    if (http.base != NULL)
        event_base_free(http.base);
    if (http.socket != NULL)
        (void)unlink(http.socket);
}
