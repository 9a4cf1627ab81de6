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

static void
print_message_args(const char *program, const char *fmt, va_list args)
{
    char message[MESSAGE_MAX];
    char shown[MESSAGE_MAX];

    (void)vsnprintf(message, sizeof(message), fmt, args);
    sfi_text_escape(message, shown, sizeof(shown));
    cli_log_line(message);
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", program, shown);
}

static _Noreturn void
print_usage_and_exit(const char *program, const char *fmt, va_list args)
{
    print_message_args(program, fmt, args);
    (void)fprintf(stderr, "  hint: %s --help\n", program);
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
    (void)fprintf(stderr, "%s: out of memory\n", program);
    exit(cli_exit_status(SFI_ERR_NOMEM));
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
    {SFI_ERR_INTERNAL, NULL},
};

static void
print_status_hint(sfi_status st)
{
    for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
        if (hints[i].status == st)
            (void)fprintf(stderr, "  hint: %s\n",
                          hints[i].hint != NULL ? hints[i].hint
                                                : sfi_status_hint(st));
    }
}

/* Some messages of a status already say what to do: no hint then. */
static bool
hint_fits_error(sfi_status st, const sfi_error *err)
{
    int os = sfi_error_os_code(err);

    if (st == SFI_ERR_UNSUPPORTED) /* not: this chip or link cannot do it */
        return strstr(sfi_error_message(err), "built without") != NULL;
    if (st == SFI_ERR_ACCESS)
        return os == EACCES || os == EPERM || os == EROFS;
    return st != SFI_ERR_NO_DEVICE || os != 0;
}

static void
print_message(const char *program, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_message_args(program, fmt, args);
    va_end(args);
}

int
cli_fail_at(const struct cli *c, const sfi_ctx *ctx, sfi_status st,
            const char *path)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *where = sfi_error_where(err);
    const char *message = sfi_error_message(err);

    if (sfi_error_status(err) != st || message[0] == '\0')
        message = sfi_status_str(st);
    print_message(c->spec->program, "%s%s%s%s%s", path,
                  path[0] != '\0' ? ": " : "", where,
                  where[0] != '\0' ? ": " : "", message);
    if (hint_fits_error(st, err))
        print_status_hint(st);
    if (st == SFI_ERR_DEVICE && sfi_error_peer_code(err) == SFI_CAUSE_INSTALLED)
        (void)fputs("  hint: -e all erases the install\n", stderr);
    return cli_exit_status(st);
}

int
cli_fail(const struct cli *c, const sfi_ctx *ctx, sfi_status st)
{
    return cli_fail_at(c, ctx, st, "");
}

/* The first failure, for JSON. */
static struct {
    sfi_status status;
    char text[512];
} first;

int
cli_fail_text(const struct cli *c, sfi_status st, const char *fmt, ...)
{
    va_list args;

    if (first.status == SFI_OK) {
        first.status = st;
        va_start(args, fmt);
        (void)vsnprintf(first.text, sizeof(first.text), fmt, args);
        va_end(args);
    }
    va_start(args, fmt);
    print_message_args(c->spec->program, fmt, args);
    va_end(args);
    print_status_hint(st);
    return cli_exit_status(st);
}

void
cli_json_failure(struct json *j)
{
    if (first.status != SFI_OK)
        json_failure(j, first.status, first.text);
}

int
cli_finish(const struct cli *c, int status)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0)
        return cli_fail_text(c, SFI_ERR_OS, "cannot write the output");
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
