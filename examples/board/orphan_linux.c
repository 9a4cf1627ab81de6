/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* See orphan.h.  Linux sends the signal when the thread that started this
 * process ends, too: the link tells if the process did. */
#define _POSIX_C_SOURCE 200809L
#include "orphan.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static int link_fd;

static void
on_parent_gone(int number)
{
    struct pollfd p = {.fd = link_fd, .events = POLLIN};

    (void)number;
    if (poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0)
        _exit(0);
}

void
orphan_ends(int in)
{
    struct sigaction action = {.sa_handler = on_parent_gone,
                               .sa_flags = SA_RESTART};

    link_fd = in;
    (void)sigaction(SIGUSR1, &action, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGUSR1);
}
