/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The event loop: listeners, signals, answers. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/listener.h>

#include "served/conn.h"
#include "web/guard.h"

#define DRAIN_S 10
#define FDS_OF_OURS 64u
/* Peers that have not shown a certificate yet: few, so that they cannot take
 * the place of stations. */
#define SHAKING_PART 4u

static struct {
    struct event_base *base;
    struct evhttp *tls_http, *plain_http;
    struct evhttp_bound_socket *bound[LISTENS_MAX];
    size_t bound_count;
    struct event *signals[3], *done, *drained;
    SSL_CTX *tls;
    uint32_t connections;
    bool draining, closed; /* closed: no connection is accepted now */
    sfi_ctx *ctx;
    struct config *config;
    const char *config_path;
} http;

bool
http_is_draining(void)
{
    return http.draining;
}

size_t
http_connections(void)
{
    return conns_count();
}

/* ---- how many connect ---- */

static void
http_set_closed(bool closed)
{
    if (closed == http.closed)
        return;
    http.closed = closed;
    for (size_t i = 0; i < http.bound_count; i++) {
        struct evconnlistener *l =
            evhttp_bound_socket_get_listener(http.bound[i]);

        (void)(closed ? evconnlistener_disable(l) : evconnlistener_enable(l));
    }
}

/* Whoever comes meanwhile waits in the kernel's queue. */
static void
http_on_conns(void)
{
    uint32_t shaking = http.connections / SHAKING_PART + 1;

    writers_set_clients(conns_count());
    if (conns_shaking() >= shaking)
        conns_hurry();
    http_set_closed(http.draining || conns_count() >= http.connections ||
                    conns_shaking() >= shaking);
    if (http.draining && conns_count() == 0)
        (void)event_base_loopbreak(http.base);
}

static struct bufferevent *
http_make_conn(struct event_base *base, void *tls)
{
    struct bufferevent *bev = conn_make(base, tls);

    http_on_conns();
    return bev;
}

/* ---- answers ---- */

static void
http_free_body(const void *data, size_t len, void *extra)
{
    (void)data;
    (void)len;
    free(extra);
}

void
http_answer(struct evhttp_request *req, unsigned code, char *body,
            unsigned retry_s, bool close)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *out = evbuffer_new();
    struct conn *c = conn_of(req);
    struct bufferevent *bev;
    char number[16];

    if (c != NULL && conn_must_close(c))
        close = true;
    (void)evhttp_add_header(headers, "Content-Type",
                            body != NULL && body[0] == '#'
                                ? "text/plain; version=0.0.4"
                                : "application/json");
    (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    if (close || http.draining)
        (void)evhttp_add_header(headers, "Connection", "close");
    if (retry_s > 0) {
        (void)snprintf(number, sizeof(number), "%u", retry_s);
        (void)evhttp_add_header(headers, "Retry-After", number);
    }
    if (out != NULL && body != NULL)
        (void)evbuffer_add_reference(out, body, strlen(body), http_free_body,
                                     body);
    else
        free(body);
    bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
    evhttp_send_reply(req, (int)code, NULL, out);
    /* head and body in one record of TLS, which wakes the station once */
    (void)evbuffer_pullup(bufferevent_get_output(bev), -1);
    if (out != NULL)
        evbuffer_free(out);
}

static void
http_on_request(struct evhttp_request *req, void *arg)
{
    struct conn *c = conn_of(req);

    (void)arg;
    if (c == NULL) { /* not TLS: there was no memory for it */
        http_answer(req, 503, NULL, 1, true);
        return;
    }
    conn_begin_request(c, req);
    api_request(req, conn_station(c));
}

static void
http_on_plain_request(struct evhttp_request *req, void *arg)
{
    (void)arg;
    api_plain_request(req);
}

static void
http_on_done(evutil_socket_t fd, short what, void *arg)
{
    struct job *j = writers_take_done();
    sfi_status st;

    (void)fd;
    (void)what;
    (void)arg;
    while (j != NULL) {
        struct job *next = j->next;

        api_answer(j);
        job_free(j);
        j = next;
    }
    told_flush();
    if (writers_fatal(&st) != NULL)
        (void)event_base_loopbreak(http.base);
}

/* ---- signals ---- */

static bool
http_may_reload(const struct config *now, const struct config *next)
{
    bool same = now->firmware_count == next->firmware_count;

    for (size_t i = 0; same && i < now->firmware_count; i++)
        same = strcmp(now->firmwares[i].name, next->firmwares[i].name) == 0 &&
               strcmp(now->firmwares[i].ledger, next->firmwares[i].ledger) == 0;
    return same;
}

/* A new configuration, or the old one goes on. */
static sfi_status
http_reload(void)
{
    struct config *next = NULL;
    SSL_CTX *tls = NULL;
    sfi_status st = config_load(http.ctx, http.config_path, &next);

    if (st == SFI_OK && !http_may_reload(http.config, next))
        st = cli_report(http.ctx, SFI_ERR_STATE,
                        "%s: other firmwares: restart the server for them",
                        http.config_path);
    if (st == SFI_OK)
        st = tls_load(http.ctx, next, &tls);
    if (st != SFI_OK) {
        config_free(next);
        return st;
    }
    conn_watch(tls);
    tls_free(http.tls);
    http.tls = tls;
    http.connections = next->connections;
    stations_configure(next);
    config_free(http.config);
    http.config = next;
    conns_close();
    return SFI_OK;
}

static void
http_on_hangup(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    if (http_reload() == SFI_OK)
        told_event("reloaded", http.config_path, NULL);
    else
        told_event("reload refused, the old configuration goes on", NULL,
                   sfi_error_message(sfi_ctx_error(http.ctx)));
    told_flush();
}

static void
http_on_drained(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    (void)event_base_loopbreak(http.base);
}

static void
http_on_end(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval limit = {.tv_sec = DRAIN_S};

    (void)fd;
    (void)what;
    (void)arg;
    if (http.draining)
        return;
    http.draining = true;
    told_event("draining", NULL, NULL);
    told_flush();
    notify_systemd("STOPPING=1");
    conns_close();
    (void)evtimer_add(http.drained, &limit);
    http_on_conns();
}

/* ---- begin and end ---- */

/* An answer is several writes: without this the second one waits for the
 * station's delayed acknowledgement, 40 ms.  Connections inherit it. */
static void
http_send_at_once(struct evhttp_bound_socket *bound)
{
    int on = 1;

    (void)setsockopt(evhttp_bound_socket_get_fd(bound), IPPROTO_TCP,
                     TCP_NODELAY, &on, sizeof(on));
}

static sfi_status
http_listen(sfi_ctx *ctx, const char *address, struct evhttp *to,
            struct evhttp_bound_socket **out)
{
    char host[CONFIG_TEXT_MAX];
    uint16_t port;

    if (!config_address(address, host, &port))
        return cli_report(ctx, SFI_ERR_FORMAT, "%s: not ADDRESS:PORT", address);
    errno = 0;
    *out = evhttp_bind_socket_with_handle(to, host, port);
    if (*out == NULL)
        return cli_report_os(ctx, errno, "%s: cannot listen", address);
    http_send_at_once(*out);
    return SFI_OK;
}

/* A descriptor for each connection that is allowed. */
static sfi_status
http_raise_limit(sfi_ctx *ctx, uint32_t connections)
{
    const rlim_t want = connections + FDS_OF_OURS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return cli_report_os(ctx, errno, "the limit of descriptors");
    if (limit.rlim_cur >= want)
        return SFI_OK;
    limit.rlim_cur = want;
    if (limit.rlim_max < want || setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return cli_report(ctx, SFI_ERR_LIMIT,
                          "connections = %u needs %llu descriptors, and this "
                          "process may have %llu: LimitNOFILE= of systemd, or "
                          "ulimit -n",
                          connections, (unsigned long long)want,
                          (unsigned long long)limit.rlim_max);
    return SFI_OK;
}

static sfi_status
http_make_servers(sfi_ctx *ctx, const struct config *config)
{
    struct evhttp_bound_socket *plain;
    sfi_status st = SFI_OK;

    http.base = event_base_new();
    http.tls_http = http.base != NULL ? evhttp_new(http.base) : NULL;
    http.plain_http = http.base != NULL ? evhttp_new(http.base) : NULL;
    if (http.tls_http == NULL || http.plain_http == NULL)
        return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    evhttp_set_bevcb(http.tls_http, http_make_conn, &http.tls);
    evhttp_set_gencb(http.tls_http, http_on_request, NULL);
    evhttp_set_gencb(http.plain_http, http_on_plain_request, NULL);
    evhttp_set_allowed_methods(http.tls_http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_allowed_methods(http.plain_http, EVHTTP_REQ_GET);
    evhttp_set_max_headers_size(http.tls_http, CONN_LINE_MAX * GUARD_LINES_MAX);
    evhttp_set_max_headers_size(http.plain_http, 8192);
    evhttp_set_max_body_size(http.tls_http, CONN_BODY_MAX);
    evhttp_set_max_body_size(http.plain_http, 0);
    evhttp_set_timeout(http.tls_http, 90); /* conn.c has shorter ones */
    evhttp_set_timeout(http.plain_http, 5);
    for (size_t i = 0; st == SFI_OK && i < config->listen_count; i++) {
        st = http_listen(ctx, config->listen[i], http.tls_http, &http.bound[i]);
        http.bound_count += st == SFI_OK;
    }
    if (st == SFI_OK && config->metrics[0] != '\0')
        st = http_listen(ctx, config->metrics, http.plain_http, &plain);
    return st;
}

sfi_status
http_start(sfi_ctx *ctx, const struct config *config, SSL_CTX *tls)
{
    static const struct {
        int signum;
        event_callback_fn fn;
    } signals[] = {{SIGTERM, http_on_end},
                   {SIGINT, http_on_end},
                   {SIGHUP, http_on_hangup}};
    sfi_status st = http_raise_limit(ctx, config->connections);

    http.tls = tls;
    http.connections = config->connections;
    (void)signal(SIGPIPE, SIG_IGN);
    conn_watch(tls);
    conns_set_changed(http_on_conns);
    stations_configure(config);
    if (st == SFI_OK)
        st = http_make_servers(ctx, config);
    if (st != SFI_OK)
        return st;
    for (size_t i = 0; i < 3; i++) {
        http.signals[i] =
            evsignal_new(http.base, signals[i].signum, signals[i].fn, NULL);
        if (http.signals[i] == NULL || event_add(http.signals[i], NULL) != 0)
            return cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    }
    http.drained = evtimer_new(http.base, http_on_drained, NULL);
    return http.drained != NULL ? SFI_OK
                                : cli_report(ctx, SFI_ERR_NOMEM, "no memory");
}

static void
http_end(void)
{
    conns_set_changed(NULL);
    for (size_t i = 0; i < 3; i++) {
        if (http.signals[i] != NULL)
            event_free(http.signals[i]);
    }
    if (http.done != NULL)
        event_free(http.done);
    if (http.drained != NULL)
        event_free(http.drained);
    if (http.tls_http != NULL)
        evhttp_free(http.tls_http);
    if (http.plain_http != NULL)
        evhttp_free(http.plain_http);
    if (http.base != NULL) {
        (void)event_base_loop(http.base, EVLOOP_NONBLOCK); /* frees the rest */
        event_base_free(http.base);
    }
    tls_free(http.tls);
    config_free(http.config);
    stations_free();
}

sfi_status
http_run(sfi_ctx *ctx, const char *path, struct config *config)
{
    const char *fatal;
    sfi_status st = SFI_OK, ended = SFI_OK;

    http.ctx = ctx;
    http.config = config;
    http.config_path = path;
    http.done = event_new(http.base, writers_fd(), EV_READ | EV_PERSIST,
                          http_on_done, NULL);
    if (http.done == NULL || event_add(http.done, NULL) != 0)
        st = cli_report(ctx, SFI_ERR_NOMEM, "no memory");
    if (st == SFI_OK) {
        told_event("listening", config->listen[0], NULL);
        told_flush();
        notify_systemd("READY=1");
        (void)event_base_dispatch(http.base);
    }
    fatal = writers_fatal(&ended);
    if (fatal != NULL)
        st = cli_report(ctx, ended, "%s", fatal);
    writers_stop();
    http_end();
    return st;
}
