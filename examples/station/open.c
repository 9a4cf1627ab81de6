/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* --open: whatever the desktop opens a page with gets the name of a file that
 * leads there, since other users see the words of a command. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "station/local.h"

#define OPEN_MS 60000u /* a browser that is started first */

extern char **environ;

static struct {
    char folder[256], file[300]; /* "": none */
    uint64_t since_ms;
    pid_t pid; /* 0: none */
} opened;

static bool
open_write(const char *link_secret)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int fd;
    bool good;

    (void)snprintf(opened.folder, sizeof(opened.folder),
                   "%.200s/sfi-station-XXXXXX",
                   runtime != NULL && runtime[0] == '/' ? runtime : "/tmp");
    if (mkdtemp(opened.folder) == NULL)
        return false;
    (void)snprintf(opened.file, sizeof(opened.file), "%s/open.html",
                   opened.folder);
    fd = open(opened.file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    good = dprintf(fd,
                   "<!doctype html><meta charset=utf-8>"
                   "<title>sfi-station</title>"
                   "<meta http-equiv=refresh content=\"0;url=%s\">"
                   "<a href=\"%s\">sfi-station</a>\n",
                   link_secret, link_secret) > 0;
    return close(fd) == 0 && good;
}

void
open_link(const char *link_secret)
{
    char *const words[] = {(char *)"xdg-open", opened.file, NULL};

    opened.since_ms = cli_now_ms();
    if (!open_write(link_secret) ||
        posix_spawnp(&opened.pid, words[0], NULL, NULL, words, environ) != 0) {
        cli_warn("sfi-station", "xdg-open is not there: please open the page");
        opened.pid = 0;
        open_done();
    }
}

void
open_done(void)
{
    if (opened.folder[0] == '\0')
        return;
    (void)unlink(opened.file);
    (void)rmdir(opened.folder);
    opened.folder[0] = '\0';
}

void
open_tick(void)
{
    if (opened.pid > 0 && waitpid(opened.pid, NULL, WNOHANG) != 0)
        opened.pid = 0;
    if (opened.folder[0] != '\0' && cli_now_ms() - opened.since_ms >= OPEN_MS)
        open_done();
}
