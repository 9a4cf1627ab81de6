/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Error messages, hints and exit status of the programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/cause.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/report.h"

#define MESSAGE_MAX 4096
#define SHOWN_TEXTS 4

const char *
cli_visible(const char *text)
{
    static char shown[SHOWN_TEXTS][MESSAGE_MAX];
    static size_t next;
    char *out = shown[next++ % SHOWN_TEXTS];

    sfi_text_escape(text, out, MESSAGE_MAX);
    return out;
}

/* The first failure, for JSON. */
static struct {
    sfi_status status;
    char where[512];
    char message[512];
    int os_code;
    int32_t peer_code;
} first;

static void
note_failure(sfi_status st, const char *where, const char *message,
             const sfi_error *err)
{
    first.status = st;
    (void)snprintf(first.where, sizeof(first.where), "%.511s", where);
    (void)snprintf(first.message, sizeof(first.message), "%.511s", message);
    first.os_code = err != NULL ? sfi_error_os_code(err) : 0;
    first.peer_code = err != NULL ? sfi_error_peer_code(err) : 0;
}

void
cli_json_failure(struct json *j)
{
    if (first.status != SFI_OK)
        json_error_parts(
            j, &(struct json_error_parts){.status = first.status,
                                          .where = first.where,
                                          .message = first.message,
                                          .os_code = first.os_code,
                                          .peer_code = first.peer_code});
}

sfi_status
cli_first_failure(char *out, size_t size)
{
    (void)snprintf(out, size, "%s%s%s", first.where,
                   first.where[0] != '\0' ? ": " : "", first.message);
    return first.status;
}

/* With events on stderr the first failure is told by the result. */
static void
print_message(const char *program, const char *message, bool is_first)
{
    char shown[MESSAGE_MAX];

    sfi_text_escape(message, shown, sizeof(shown));
    cli_log_line(message);
    if (!is_first)
        report_warning(message);
    if (report_has_stderr())
        return;
    progress_make_room();
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", program, shown);
}

static _Noreturn void
print_usage_and_exit(const char *program, const char *fmt, va_list args)
{
    char message[MESSAGE_MAX];

    (void)vsnprintf(message, sizeof(message), fmt, args);
    note_failure(SFI_ERR_ARGUMENT, "", message, NULL);
    print_message(program, message, true);
    cli_hint("%s --help", program);
    (void)report_end(CLI_EXIT_USAGE);
    exit(CLI_EXIT_USAGE);
}

void
cli_usage_of(const char *program, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_usage_and_exit(program, fmt, args);
}

void
cli_usage(const struct cli *c, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_usage_and_exit(c->spec->program, fmt, args);
}

void
cli_nomem(const char *program)
{
    int status = cli_exit_status(SFI_ERR_NOMEM);

    note_failure(SFI_ERR_NOMEM, "", "out of memory", NULL);
    print_message(program, "out of memory", true);
    (void)report_end(status);
    exit(status);
}

char *
cli_text(const struct cli *c, const char *fmt, ...)
{
    va_list args, again;
    char *text;
    int len;

    va_start(args, fmt);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    text = len >= 0 ? malloc((size_t)len + 1) : NULL;
    if (text == NULL)
        cli_nomem(c->spec->program);
    (void)vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

int
cli_exit_status(sfi_status st)
{
    return st < 0 ? -st / 100 : 0;
}

/* Statuses whose message is often not enough, and for some a better remedy than
 * the library's: an option of the programs. */
static const struct {
    sfi_status status;
    const char *hint;
} hints[] = {
    {SFI_ERR_UNSUPPORTED, NULL},
    {SFI_ERR_CHIP_RULE, NULL},
    {SFI_ERR_AUTH, NULL},
    {SFI_ERR_CERTIFICATE, NULL},
    {SFI_ERR_TIMEOUT, NULL},
    {SFI_ERR_NO_DEVICE, NULL},
    {SFI_ERR_ACCESS, NULL},
    {SFI_ERR_NACK, NULL},
    {SFI_ERR_PROTECTED,
     "-ob displ shows write protection, -rdu removes readout "
     "protection"},
    {SFI_ERR_HSM_COUNTER, NULL},
    {SFI_ERR_HSM_STATE, "sfi-hsm -i HSM -info shows its state"},
    {SFI_ERR_HSM_PIN, NULL},
    {SFI_ERR_HSM_ROLLBACK, NULL},
    {SFI_ERR_INTERNAL, NULL},
};

static void
print_status_hint(sfi_status st)
{
    for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
        if (hints[i].status == st)
            cli_hint("%s", hints[i].hint != NULL ? hints[i].hint
                                                 : sfi_status_hint(st));
    }
}

/* The last error that this thread of the program found itself: its message says
 * where. */
static _Thread_local struct {
    char message[MESSAGE_MAX / 2];
    int os_code;
} own;

static bool
error_is_own(const sfi_error *err)
{
    return sfi_error_where(err)[0] == '\0' &&
           strcmp(sfi_error_message(err), own.message) == 0;
}

/* Some messages of a status already say what to do: no hint then. */
static bool
hint_fits_error(sfi_status st, const sfi_error *err)
{
    int os = sfi_error_os_code(err);

    if (strncmp(sfi_error_where(err), "server:", 7) == 0)
        return false;
    if (error_is_own(err))
        os = own.os_code;
    if (st == SFI_ERR_UNSUPPORTED) /* not: this chip or link cannot do it */
        return strstr(sfi_error_message(err), "built without") != NULL;
    if (st == SFI_ERR_ACCESS)
        return os == EACCES || os == EPERM || os == EROFS;
    return st != SFI_ERR_NO_DEVICE || os != 0;
}

int
cli_fail_at(const struct cli *c, const sfi_ctx *ctx, sfi_status st,
            const char *path)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *where = sfi_error_where(err);
    const char *message = sfi_error_message(err);
    char place[MESSAGE_MAX / 2];
    char line[MESSAGE_MAX];
    bool is_first = first.status == SFI_OK;

    if (sfi_error_status(err) != st || message[0] == '\0')
        message = sfi_status_str(st);
    if (error_is_own(err))
        path = "";
    (void)snprintf(place, sizeof(place), "%s%s%s", path,
                   path[0] != '\0' && where[0] != '\0' ? ": " : "", where);
    if (is_first)
        note_failure(st, place, message, err);
    (void)snprintf(line, sizeof(line), "%s%s%.2000s", place,
                   place[0] != '\0' ? ": " : "", message);
    print_message(c->spec->program, line, is_first);
    if (hint_fits_error(st, err))
        print_status_hint(st);
    if (st == SFI_ERR_DEVICE && sfi_error_peer_code(err) == SFI_CAUSE_INSTALLED)
        cli_hint("-e all erases the install");
    return cli_exit_status(st);
}

int
cli_fail(const struct cli *c, const sfi_ctx *ctx, sfi_status st)
{
    return cli_fail_at(c, ctx, st, "");
}

int
cli_fail_text(const struct cli *c, sfi_status st, const char *fmt, ...)
{
    bool is_first = first.status == SFI_OK;
    char message[MESSAGE_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (is_first)
        note_failure(st, "", message, NULL);
    print_message(c->spec->program, message, is_first);
    print_status_hint(st);
    return cli_exit_status(st);
}

void
cli_print(const char *fmt, ...)
{
    va_list args;

    if (cli_wants_json())
        return;
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
}

sfi_status
cli_report(sfi_ctx *ctx, sfi_status st, const char *fmt, ...)
{
    char message[MESSAGE_MAX / 2];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    sfi_ctx_report(ctx, st, 0, message);
    own.os_code = 0;
    (void)snprintf(own.message, sizeof(own.message), "%s",
                   sfi_error_message(sfi_ctx_error(ctx)));
    return st;
}

sfi_status
cli_report_os(sfi_ctx *ctx, int os_code, const char *fmt, ...)
{
    sfi_status st = SFI_ERR_OS;
    char what[MESSAGE_MAX / 4];
    va_list args;

    if (os_code == EACCES || os_code == EPERM || os_code == EROFS)
        st = SFI_ERR_ACCESS;
    if (os_code == ENOMEM)
        st = SFI_ERR_NOMEM;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    (void)cli_report(ctx, st, "%s: %s", what, strerror(os_code));
    own.os_code = os_code;
    return st;
}

sfi_status
cli_write(void *file, const uint8_t *data, size_t len)
{
    (void)fwrite(data, 1, len, file);
    return SFI_OK;
}

int
cli_finish(struct cli *c, sfi_ctx *ctx, int status)
{
    bool good;

    sfi_ctx_free(ctx);
    status = cli_log_close(c, status);
    good = report_end(status);
    if ((!good || fflush(stdout) != 0 || ferror(stdout)) && status == 0)
        status = cli_fail_text(c, SFI_ERR_OS, "cannot write the output");
    cli_free(c);
    return status;
}

sfi_ctx *
cli_context(const struct cli *c)
{
    sfi_ctx_options opts = {
        .struct_size = sizeof(opts),
        .log_level = cli_log_level(),
        .log = cli_log_to_stderr,
        .log_user = (void *)c->spec,
    };
    sfi_ctx *ctx;

    if (sfi_ctx_new(&opts, &ctx) != SFI_OK)
        cli_nomem(c->spec->program);
    return ctx;
}
