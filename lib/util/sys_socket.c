/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sockets of this process alone; macOS has no SOCK_CLOEXEC. */
#define _GNU_SOURCE /* accept4() */
#include "util/sys_socket.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef SOCK_CLOEXEC
#define OWN_CLOEXEC SOCK_CLOEXEC
#define accept_own(listener) accept4((listener), NULL, NULL, OWN_CLOEXEC)
#else
#define OWN_CLOEXEC 0
#define accept_own(listener) accept((listener), NULL, NULL)
#endif

/* Where it was made so, this changes nothing. */
static int
socket_own(int fd)
{
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

int
sfi__sys_socket(int family, int type, int protocol)
{
    return socket_own(socket(family, type | OWN_CLOEXEC, protocol));
}

int
sfi__sys_socket_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | OWN_CLOEXEC, 0, ends) != 0)
        return -1;
    if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        return 0;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return -1;
}

int
sfi__sys_accept(int listener)
{
    return socket_own(accept_own(listener));
}

int
sfi__sys_never_wait(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}
