/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the programs say while they work: on stderr as far as -vb wants it, and
 * all of it in the file of -log. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

/* The first line of a log, which tells it from other files. */
#define POWER_CYCLE_MS 30000u /* the library waits at least so long */
#define LOG_TITLE "# log of libsfi\n"

/* One for the process: the log functions of many contexts write into it. */
static struct {
    struct cli_progress *waits;
    int verbosity; /* SFI_LOG_*: what stderr gets */
    bool to_file;
    FILE *file;
} log_to = {.verbosity = SFI_LOG_WARNING};

void
cli_log_set(int verbosity, bool to_file)
{
    log_to.verbosity = verbosity;
    log_to.to_file = to_file;
}

uint32_t
cli_log_level(void)
{
    return (uint32_t)(log_to.to_file ? SFI_LOG_DEBUG : log_to.verbosity);
}

/* A new file gets the title; another one must have it. */
static bool
log_has_title(int fd, bool *is_new)
{
    char title[sizeof(LOG_TITLE)] = "";
    ssize_t len = pread(fd, title, sizeof(LOG_TITLE) - 1, 0);

    *is_new = len == 0;
    return len == 0 || strcmp(title, LOG_TITLE) == 0;
}

sfi_status
cli_log_open(const struct cli *c, sfi_ctx *ctx, const char *path)
{
    struct stat info = {.st_size = 0};
    bool is_new = false;
    int fd;
    sfi_status st = cli_open(
        ctx, path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK, 0644, &fd);

    if (st != SFI_OK)
        return st;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        !log_has_title(fd, &is_new)) {
        (void)close(fd);
        return cli_report(ctx, SFI_ERR_FORMAT,
                          "%.250s: not a log of this option: choose another "
                          "name",
                          path);
    }
    log_to.file = fdopen(fd, "a");
    if (log_to.file == NULL)
        cli_nomem(c->spec->program);
    if (is_new)
        (void)fputs(LOG_TITLE, log_to.file);
    return SFI_OK;
}

void
cli_log_waits(struct cli_progress *p)
{
    log_to.waits = p;
}

void
cli_log_line(const char *line)
{
    char shown[1024];
    char when[32] = "";
    struct timespec now = {0};
    struct tm utc;

    if (log_to.file == NULL)
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc) != NULL)
        (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
    sfi_text_escape(line, shown, sizeof(shown));
    (void)fprintf(log_to.file, "%s.%03ldZ %s\n", when, now.tv_nsec / 1000000,
                  shown);
    (void)fflush(log_to.file);
}

void
cli_log_to_stderr(void *user, int level, const char *line)
{
    const struct cli_spec *spec = user;

    cli_log_line(line);
    if (level > log_to.verbosity)
        return;
    cli_warn(spec->program, "%s%s", level == SFI_LOG_WARNING ? "warning: " : "",
             line);
    if (level == SFI_LOG_WARNING && log_to.waits != NULL &&
        strstr(line, "power-cycle the chip now") != NULL)
        cli_progress_expect(log_to.waits, "Waiting for the power cycle",
                            POWER_CYCLE_MS);
}

int
cli_log_close(const struct cli *c, int status)
{
    int err = 0;

    if (log_to.file == NULL)
        return status;
    if (ferror(log_to.file) != 0)
        err = EIO;
    if (fclose(log_to.file) != 0)
        err = errno;
    log_to.file = NULL;
    return err != 0 && status == 0
               ? cli_fail_text(c, SFI_ERR_OS, "cannot write the log: %s",
                               strerror(err))
               : status;
}
