/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* fork(), and a pipe on which the parent waits for one byte. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chips/background.h"

static int shell = -1; /* the caller waits at its other end */

/* The caller's process: it does nothing but end as the other one begins. */
static void
background_wait(int fd, pid_t child)
{
    char byte;
    ssize_t got;
    int status = 0;

    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1)
        _exit(0);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status)
                            : cli_exit_status(SFI_ERR_OS));
}

void
background_begin(const struct cli *c)
{
    int ends[2] = {-1, -1};
    pid_t child = pipe(ends) == 0 ? fork() : -1;

    if (child < 0) {
        exit(cli_fail_text(c, SFI_ERR_OS, "cannot go into the background: %s",
                           strerror(errno)));
    }
    if (child > 0) {
        (void)close(ends[1]);
        background_wait(ends[0], child);
    }
    (void)close(ends[0]);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC); /* a board's emulator */
    (void)setsid();
    shell = ends[1];
}

static int
background_hide_errors(void)
{
    int hidden = shell >= 0 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
    int none = hidden >= 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

    if (none >= 0) {
        (void)dup2(none, STDERR_FILENO);
        (void)close(none);
    }
    return hidden;
}

static void
background_show_errors(int hidden)
{
    if (hidden < 0)
        return;
    (void)dup2(hidden, STDERR_FILENO);
    (void)close(hidden);
}

sfi_status
background_open(sfi_ctx *ctx, const char *state, const char *program,
                sfi_sim **out)
{
    int hidden = background_hide_errors();
    sfi_status st = chips_open(ctx, state, program, out);

    background_show_errors(hidden);
    return st;
}

void
background_leave(void)
{
    int none;

    if (shell < 0)
        return;
    none = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; none >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(none, fd);
    if (none > STDERR_FILENO)
        (void)close(none);
    if (write(shell, "", 1) != 1)
        _exit(cli_exit_status(SFI_ERR_OS)); /* who waited is gone */
    (void)close(shell);
}
