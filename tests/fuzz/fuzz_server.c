/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A TCP server for targets whose host connects to one. */
#define _POSIX_C_SOURCE 200809L
#include "fuzz_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

void
fuzz_server_listen(struct fuzz_server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof(a);

    if (s->listener >= 0)
        return;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    FUZZ_HOLDS(s->listener >= 0 &&
               bind(s->listener, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
               listen(s->listener, 8) == 0 &&
               getsockname(s->listener, (struct sockaddr *)&a, &len) == 0 &&
               fcntl(s->listener, F_SETFL, O_NONBLOCK) == 0);
    s->port = ntohs(a.sin_port);
}

bool
fuzz_server_accept(struct fuzz_server *s)
{
    if (s->client < 0) {
        s->client = accept(s->listener, NULL, NULL);
        if (s->client >= 0)
            (void)fcntl(s->client, F_SETFL, O_NONBLOCK);
    }
    return s->client >= 0;
}

void
fuzz_server_hang_up(struct fuzz_server *s)
{
    const struct linger at_once = {.l_onoff = 1};

    if (s->client < 0)
        return;
    (void)setsockopt(s->client, SOL_SOCKET, SO_LINGER, &at_once,
                     sizeof(at_once));
    (void)close(s->client);
    s->client = -1;
}
