/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The Unix socket of a job, for a handler: one at a time, and the newest is it,
 * so that one that hangs does not keep its successor out. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "line/line.h"

#define SOCKET_QUEUE 4
#define SOCKET_UMASK 0177

/* A socket that nobody serves is left of a process that was killed. */
static sfi_status
socket_remove_old(struct line *l, const struct sockaddr_un *at, int fd)
{
    struct stat st;

    if (lstat(l->socket, &st) != 0)
        return SFI_OK;
    if (!S_ISSOCK(st.st_mode))
        return cli_report(l->p->ctx, SFI_ERR_ACCESS,
                          "%.250s: this is no socket: choose another name",
                          l->socket);
    if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
        errno != ECONNREFUSED)
        return cli_report(l->p->ctx, SFI_ERR_ACCESS,
                          "%.250s: another program serves this socket",
                          l->socket);
    if (unlink(l->socket) != 0)
        return cli_report_os(l->p->ctx, errno, "%.250s: cannot remove",
                             l->socket);
    return SFI_OK;
}

static int
socket_new(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static sfi_status
socket_bind(struct line *l, const struct sockaddr_un *at)
{
    mode_t mask = umask(SOCKET_UMASK);
    int err = bind(l->listener, (const struct sockaddr *)at, sizeof(*at)) == 0
                  ? 0
                  : errno;

    (void)umask(mask);
    if (err == 0 && listen(l->listener, SOCKET_QUEUE) != 0)
        err = errno;
    return err == 0 ? SFI_OK
                    : cli_report_os(l->p->ctx, err, "%.250s: cannot listen",
                                    l->socket);
}

sfi_status
line_socket_open(struct line *l)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int probe;
    sfi_status st;

    if (strlen(l->socket) >= sizeof(at.sun_path))
        return cli_report(l->p->ctx, SFI_ERR_LIMIT,
                          "%.250s: the name of a socket has at most %zu bytes",
                          l->socket, sizeof(at.sun_path) - 1);
    memcpy(at.sun_path, l->socket, strlen(l->socket));
    probe = socket_new();
    l->listener = socket_new();
    if (probe < 0 || l->listener < 0)
        st = cli_report_os(l->p->ctx, errno, "cannot make a socket");
    else
        st = socket_remove_old(l, &at, probe);
    if (probe >= 0)
        (void)close(probe);
    if (st == SFI_OK)
        st = socket_bind(l, &at);
    if (st != SFI_OK && l->listener >= 0) {
        (void)close(l->listener);
        l->listener = -1; /* its name is not ours */
    }
    return st;
}

void
line_socket_close(struct line *l)
{
    if (l->handler.fd >= 0)
        (void)close(l->handler.fd);
    if (l->listener < 0)
        return;
    (void)close(l->listener);
    (void)unlink(l->socket);
    l->listener = -1;
    l->handler.fd = -1;
}

void
line_socket_accept(struct line *l)
{
    int fd = accept(l->listener, NULL, NULL);

    if (fd < 0)
        return;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    if (l->handler.fd >= 0) {
        line_say_error(l, LINE_ERR_REPLACED, "another handler has connected");
        (void)close(l->handler.fd);
    }
    l->handler = (struct line_input){.fd = fd};
    line_say_ready(l);
}

void
line_socket_send(struct line *l, const char *text, size_t len)
{
    if (l->handler.fd >= 0)
        (void)send(l->handler.fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
