/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a program does before anything else: its descriptors and its memory. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"

void
cli_start(void)
{
    /* The wrong way round, so that what is printed there fails, and the exit
     * status tells that the output is lost. */
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        if (open("/dev/null", modes[fd]) != fd)
            _exit(cli_exit_status(SFI_ERR_OS)); /* there is nowhere to say so */
    }
}

void
cli_hide_memory(void)
{
    static const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none); /* to lower a limit cannot fail */
    cli_refuse_debuggers();
}

void
cli_begin(struct cli *c, const struct cli_spec *spec, int argc, char **argv)
{
    cli_start();
    cli_hide_memory();
    cli_parse(c, spec, argc, argv);
}
