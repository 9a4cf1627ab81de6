/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where browsers reach the page: a port of this machine, or a Unix socket. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/listener.h>

#include "station/local.h"

/* A socket of a process that was killed is taken; one of a living one is not.
 */
static sfi_status
listen_socket(sfi_ctx *ctx, struct event_base *base, struct evhttp *http,
              const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct evconnlistener *l;
    struct stat info;
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
    if (errno == ECONNREFUSED && lstat(path, &info) == 0 &&
        S_ISSOCK(info.st_mode))
        (void)unlink(path);
    mask = umask(0177);
    l = evconnlistener_new_bind(
        base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 128,
        (struct sockaddr *)(void *)&at, sizeof(at));
    (void)umask(mask);
    if (l == NULL || evhttp_bind_listener(http, l) == NULL)
        return cli_report_os(ctx, errno, "%s: cannot listen", path);
    return SFI_OK;
}

sfi_status
listen_start(sfi_ctx *ctx, struct event_base *base, struct evhttp *http,
             const struct settings *s, char url[STATION_PATH_MAX])
{
    struct evhttp_bound_socket *bound;
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);

    if (s->socket != NULL) {
        (void)snprintf(url, STATION_PATH_MAX, "%s",
                       s->origin_count > 0 ? s->origins[0]
                                           : "http://localhost");
        return listen_socket(ctx, base, http, s->socket);
    }
    errno = 0;
    bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", s->port);
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
