/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A POSIX system: descriptors, memory, the window, threads, files. */
#define _DEFAULT_SOURCE /* TIOCGWINSZ */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/system.h"

/* ---- the process ---- */

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

/* ---- the window ---- */

bool
system_is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

bool
system_get_window(FILE *out, struct system_window *w)
{
    struct winsize size;

    if (!system_is_terminal(out) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0)
        return false;
    w->columns = size.ws_col;
    w->rows = size.ws_row;
    return true;
}

bool
system_can_redraw(void)
{
    const char *term = getenv("TERM");

    return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

/* The variable that decides which characters the terminal has. */
bool
system_has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = getenv(names[i]);
        const char *dot;

        if (value == NULL || value[0] == '\0')
            continue;
        dot = strchr(value, '.');
        return dot != NULL && (strncasecmp(dot, ".utf-8", 6) == 0 ||
                               strncasecmp(dot, ".utf8", 5) == 0);
    }
    return false;
}

/* ---- threads ---- */

int
system_start_thread(pthread_t *out, void *(*run)(void *user), void *user)
{
    sigset_t all, before;
    int err;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(out, NULL, run, user);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

/* ---- files ---- */

void
system_warn_of_mode(const struct cli *c, const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (st.st_mode & S_IROTH) != 0)
        cli_warn(c->spec->program,
                 "warning: %s: every user can read this PIN (mode %04o): chmod "
                 "600",
                 path, (unsigned)st.st_mode & 0777);
}

bool
cli_is_same_file(const char *a, const char *b)
{
    struct stat s, t;

    return stat(a, &s) == 0 && stat(b, &t) == 0 && S_ISREG(s.st_mode) &&
           s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}
