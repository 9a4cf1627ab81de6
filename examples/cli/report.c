/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What machines get of a program (doc/json.md): one JSON object on stdout for
 * --json, lines for handlers there for --ate, and for --progress=ndjson a line
 * for each event, whose last is the result. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ate.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/report.h"

#define SCHEMA 1u
#define LINE_MAX_BYTES 4096

static struct {
    const char *program;
    bool json;
    bool ate, ate_told; /* is a line there already */
    FILE *events;       /* NULL: none */
    bool on_stderr;
    FILE *out;                /* for the object or lines; NULL: stdout */
    struct json *object, own; /* NULL: not begun */
    FILE *text;               /* where it is written, as long as it grows */
    char *content;
    size_t len;
} report;

/* ---- what the command line asks for ---- */

static bool
word_is(const char *word, const char *name)
{
    return word[0] == '-' && strcmp(word + 1 + (word[1] == '-'), name) == 0;
}

static FILE *
events_open(uint64_t fd)
{
    if (fd > INT_MAX || fd == STDIN_FILENO || fd == STDOUT_FILENO ||
        fcntl((int)fd, F_GETFL) < 0)
        return NULL;
    if (fd == STDERR_FILENO)
        return stderr;
    (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC); /* not for what we start */
    return fdopen((int)fd, "w");
}

/* The words are read before they are parsed, so that a mistake in any of them
 * is told as they ask. */
void
report_begin(const char *program, int argc, char **argv)
{
    bool wanted = false;
    uint64_t fd = STDERR_FILENO;

    report.program = program;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        report.json = report.json || word_is(argv[i], "json");
        report.ate = report.ate || word_is(argv[i], "ate");
        wanted = wanted || word_is(argv[i], "progress=ndjson") ||
                 (word_is(argv[i], "progress") && i + 1 < argc &&
                  strcmp(argv[i + 1], "ndjson") == 0);
        if (wanted && strncmp(argv[i], "fd=", 3) == 0)
            (void)cli_number(argv[i] + 3, UINT64_MAX, &fd);
    }
    if (wanted && report.events == NULL)
        report.events = events_open(fd);
    report.on_stderr = report.events == stderr;
    if (report.events != NULL) /* who reads may go before the work is done */
        (void)signal(SIGPIPE, SIG_IGN);
}

/* The object is alone on stdout: other text that a program prints there goes
 * to stderr, or nowhere if that has events. */
static int
text_move_aside(void)
{
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int text = report.on_stderr ? open("/dev/null", O_WRONLY | O_CLOEXEC)
                                : STDERR_FILENO;

    report.out = out >= 0 ? fdopen(out, "w") : NULL;
    if (report.out == NULL || text < 0 || dup2(text, STDOUT_FILENO) < 0)
        return -1;
    if (text != STDERR_FILENO)
        (void)close(text);
    return 0;
}

void
report_check(const struct cli *c)
{
    const struct cli_spec *spec = c->spec;
    size_t id = 0;
    const struct cli_use *use;
    const char *fd;
    uint64_t n;

    while (id < spec->option_count &&
           strcmp(spec->options[id].name, "progress") != 0)
        id++;
    use = cli_next(c, id, NULL);
    report.ate = report.ate && !report.json;
    if ((report.json || report.ate) && report.out == NULL &&
        text_move_aside() != 0)
        cli_nomem(spec->program);
    if (use == NULL)
        return;
    fd = cli_key(c, use, "fd");
    if (fd != NULL && (!cli_number(fd, INT_MAX, &n) || report.events == NULL))
        cli_usage(c, "fd=%s is not an open file descriptor from 2 on", fd);
}

bool
cli_wants_json(void)
{
    return report.json;
}

/* ---- lines for handlers ---- */

bool
cli_wants_ate(void)
{
    return report.ate;
}

/* Whole lines at once; who reads them may be gone. */
void
report_ate(const char *line)
{
    FILE *out = report.out != NULL ? report.out : stdout;

    if (!report.ate)
        return;
    report.ate_told = true;
    (void)fputs(line, out);
    (void)fflush(out);
}

/* The end of a program that has told nothing else. */
static void
report_end_ate(void)
{
    struct cli_ate a;
    char failure[CLI_ATE_MAX] = "";
    sfi_status st = cli_first_failure(failure, sizeof(failure));

    if (!report.ate || report.ate_told)
        return;
    cli_ate_begin(&a, st);
    cli_ate_text(&a, failure);
    cli_ate_end(&a);
}

/* ---- the object ---- */

static void
report_begin_object(struct json *j)
{
    report.text = open_memstream(&report.content, &report.len);
    json_init(j, report.text != NULL ? report.text : stdout);
    json_open_object(j, NULL);
    json_text(j, "program", report.program);
    json_text(j, "version", sfi_version_str());
    json_number(j, "schema", SCHEMA);
    report.object = j;
}

void
cli_json_begin(struct json *j)
{
    if (report.json)
        report_begin_object(j);
}

static void
report_write_event(int exit_status)
{
    struct json j;

    json_init_line(&j, report.events);
    json_open_object(&j, NULL);
    json_text(&j, "event", "result");
    json_number(&j, "exit_status", (unsigned)exit_status);
    if (report.content != NULL)
        json_value(&j, "report", report.content);
    json_close(&j);
    (void)fflush(report.events);
}

bool
report_end(int exit_status)
{
    struct json *j = report.object;
    FILE *out = report.out != NULL ? report.out : stdout;
    bool good = true;

    report_end_ate();
    good = !report.ate || !ferror(out);
    report.ate = false;
    if (!report.json && report.events == NULL)
        return good;
    if (j == NULL)
        report_begin_object(j = &report.own);
    while (j->depth > 1) /* a mistake was found in the middle */
        json_close(j);
    if (!j->has_error)
        cli_json_failure(j);
    json_close(j);
    if (report.text != NULL)
        (void)fclose(report.text);
    if (report.json && report.content != NULL)
        good = fputs(report.content, out) >= 0 && fflush(out) == 0;
    if (report.events != NULL)
        report_write_event(exit_status);
    free(report.content);
    report.content = NULL;
    report.text = NULL;
    report.object = NULL;
    report.json = false; /* once */
    report.events = NULL;
    return good;
}

/* ---- events ---- */

bool
report_has_events(void)
{
    return report.events != NULL;
}

bool
report_has_stderr(void)
{
    return report.on_stderr;
}

/* One line of an event, for which others wait; NULL: there are none. */
static bool
event_begin(struct json *j, const char *event, const char *port)
{
    if (report.events == NULL)
        return false;
    flockfile(report.events);
    json_init_line(j, report.events);
    json_open_object(j, NULL);
    json_text(j, "event", event);
    if (port != NULL)
        json_text(j, "port", port);
    return true;
}

static void
event_end(struct json *j)
{
    json_close(j);
    (void)fflush(report.events);
    funlockfile(report.events);
}

void
report_state(const char *port, const char *phase, const char *message)
{
    struct json j;

    if (!event_begin(&j, "state", port))
        return;
    if (phase != NULL)
        json_text(&j, "phase", phase);
    json_text(&j, "message", message);
    event_end(&j);
}

bool
cli_event_begin(struct json *j, const char *event)
{
    return event_begin(j, event, NULL);
}

void
cli_event_end(struct json *j)
{
    event_end(j);
}

void
report_progress(const char *port, const struct report_progress *p)
{
    struct json j;

    if (!event_begin(&j, "progress", port))
        return;
    json_text(&j, "phase", p->phase);
    json_number(&j, "done", p->done);
    json_number(&j, "total", p->total);
    json_number(&j, "rate", p->rate);
    if (p->has_eta)
        json_number(&j, "eta_ms", p->eta_ms);
    event_end(&j);
}

void
report_warning(const char *message)
{
    static const char lead[] = "warning: ";
    struct json j;

    if (!event_begin(&j, "warning", NULL))
        return;
    if (strncmp(message, lead, sizeof(lead) - 1) == 0)
        message += sizeof(lead) - 1;
    json_text(&j, "message", message);
    event_end(&j);
}

void
cli_warn(const char *program, const char *fmt, ...)
{
    char message[LINE_MAX_BYTES];
    char shown[LINE_MAX_BYTES];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    report_warning(message);
    if (report.on_stderr)
        return;
    (void)fflush(stdout);
    progress_make_room();
    sfi_text_escape(message, shown, sizeof(shown));
    (void)fprintf(stderr, "%s: %s\n", program, shown);
}

void
cli_hint(const char *fmt, ...)
{
    va_list args;

    if (report.on_stderr)
        return;
    (void)fputs("  hint: ", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}
