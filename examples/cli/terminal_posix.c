/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The terminal of a POSIX system, and its signals. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/system.h"

#define LOOK_MS 100

/* Signals of other processes while the terminal is without echo: it is put
 * right first, and then they do what they would have done. */
static const int guarded_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP,
                                      SIGTSTP};
#define GUARDED_SIGNALS (sizeof(guarded_signals) / sizeof(*guarded_signals))

static volatile sig_atomic_t noted_signal;

struct terminal {
    int fd;
    struct termios shown;
    struct sigaction old[GUARDED_SIGNALS];
};

struct terminal *
terminal_open(void)
{
    static struct terminal the_one;

    the_one.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    return the_one.fd >= 0 ? &the_one : NULL;
}

void
terminal_close(struct terminal *t)
{
    (void)close(t->fd);
}

void
terminal_print(const struct terminal *t, const char *text)
{
    size_t len = strlen(text);

    if (write(t->fd, text, len) != (ssize_t)len)
        return; /* if the terminal went away, the next read fails */
}

static void
terminal_note_signal(int signum)
{
    noted_signal = signum;
}

void
terminal_guard(struct terminal *t)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = terminal_note_signal;
    noted_signal = 0;
    for (size_t i = 0; i < GUARDED_SIGNALS; i++) {
        (void)sigaction(guarded_signals[i], NULL, &t->old[i]);
        if (t->old[i].sa_handler != SIG_IGN)
            (void)sigaction(guarded_signals[i], &action, NULL);
    }
}

void
terminal_unguard(struct terminal *t)
{
    for (size_t i = 0; i < GUARDED_SIGNALS; i++)
        (void)sigaction(guarded_signals[i], &t->old[i], NULL);
    if (noted_signal != 0)
        (void)raise(noted_signal);
}

sfi_status
terminal_hide(struct terminal *t)
{
    struct termios unseen;

    if (tcgetattr(t->fd, &t->shown) != 0)
        return SFI_ERR_OS;
    unseen = t->shown;
    unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    unseen.c_cc[VMIN] = 1;
    unseen.c_cc[VTIME] = 0;
    (void)tcsetattr(t->fd, TCSAFLUSH, &unseen);
    return SFI_OK;
}

void
terminal_show(struct terminal *t)
{
    (void)tcsetattr(t->fd, TCSAFLUSH, &t->shown);
}

/* A signal that comes just before poll() is seen a moment later. */
bool
terminal_read_hidden(struct terminal *t, char *byte_secret)
{
    struct pollfd keys = {.fd = t->fd, .events = POLLIN};
    int ready = 0;

    while (ready == 0 && noted_signal == 0) {
        ready = poll(&keys, 1, LOOK_MS);
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    return noted_signal == 0 && ready == 1 && read(t->fd, byte_secret, 1) == 1;
}

bool
terminal_read_line(struct terminal *t, char *line, size_t size)
{
    size_t len = 0;
    char byte = 0;

    while (byte != '\n') {
        ssize_t got = read(t->fd, &byte, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got != 1)
            return false;
        if (len + 1 < size)
            line[len++] = byte;
    }
    line[len > 0 && line[len - 1] == '\n' ? len - 1 : len] = '\0';
    return true;
}

/* ---- signals ---- */

void
cli_handle_signals(void (*handler)(int signum))
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        (void)sigaction(signals[i], &action, NULL);
}
