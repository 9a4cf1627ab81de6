/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-station: its command line, its start and its end. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sfi_station_table.h"
#include "station/local.h"

#define IDLE_DEFAULT_S 900u
#define IDLE_MAX_S 86400u

/* ---- the command line ---- */

static sfi_status
main_read_folders(const struct cli *c, sfi_ctx *ctx, struct settings *s)
{
    for (size_t i = 0; i < c->operand_count; i++) {
        struct stat info;
        char *real = realpath(c->operands[i], NULL);

        if (i == STATION_FOLDERS_MAX)
            cli_usage(c, "at most %u folders", STATION_FOLDERS_MAX);
        if (real == NULL)
            return cli_report_os(ctx, errno, "%s", c->operands[i]);
        s->folders[s->folder_count++] = real;
        if (stat(real, &info) != 0 || !S_ISDIR(info.st_mode))
            return cli_report(ctx, SFI_ERR_ACCESS, "%s: not a folder",
                              c->operands[i]);
    }
    return SFI_OK;
}

/* sfi-program is beside this program, or where the shell finds it. */
static void
main_find_program(struct settings *s, const char *self)
{
    const char *slash = strrchr(self, '/');

    if (slash == NULL)
        (void)snprintf(s->program, sizeof(s->program), "sfi-program");
    else
        (void)snprintf(s->program, sizeof(s->program), "%.*s/sfi-program",
                       (int)(slash - self), self);
}

/* "15", "15min" or "30s". */
static unsigned
main_read_idle(const struct cli *c)
{
    const char *text = cli_value(c, OPT_IDLE);
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    unsigned long n;

    if (text == NULL)
        return IDLE_DEFAULT_S;
    n = digits < 6 ? strtoul(text, NULL, 10) : 0;
    if (strcmp(text + digits, "s") != 0)
        n *= 60;
    if (digits == 0 || n == 0 || n > IDLE_MAX_S ||
        (text[digits] != '\0' && strcmp(text + digits, "min") != 0 &&
         strcmp(text + digits, "s") != 0))
        cli_usage(c,
                  "--idle %s: minutes from 1 to 1440 expected, or seconds "
                  "with s behind them",
                  text);
    return (unsigned)n;
}

static sfi_status
main_read(const struct cli *c, sfi_ctx *ctx, const char *self,
          struct settings *s)
{
    for (const struct cli_use *u = cli_next(c, OPT_HSM, NULL); u != NULL;
         u = cli_next(c, OPT_HSM, u)) {
        if (s->hsm_count == STATION_HSMS_MAX)
            cli_usage(c, "at most %u HSMs", STATION_HSMS_MAX);
        s->hsms[s->hsm_count++] = u->value[0];
    }
    for (const struct cli_use *u = cli_next(c, OPT_ORIGIN, NULL); u != NULL;
         u = cli_next(c, OPT_ORIGIN, u)) {
        if (s->origin_count == STATION_FOLDERS_MAX)
            cli_usage(c, "at most %u origins", STATION_FOLDERS_MAX);
        if (strncmp(u->value[0], "https://", 8) != 0 &&
            strncmp(u->value[0], "http://", 7) != 0)
            cli_usage(c, "--origin %s: https://NAME expected", u->value[0]);
        s->origins[s->origin_count++] = u->value[0];
    }
    s->port = (uint16_t)cli_value_number(c, OPT_PORT, 0);
    s->socket = cli_value(c, OPT_SOCKET);
    s->idle_s = main_read_idle(c);
    s->opens = cli_has(c, OPT_OPEN);
    main_find_program(s, self);
    return main_read_folders(c, ctx, s);
}

static sfi_status
main_serve(sfi_ctx *ctx, const struct settings *s, const char *url)
{
    char link_secret[STATION_PATH_MAX + 64];

    (void)snprintf(link_secret, sizeof(link_secret), "%s/#%s", url,
                   sessions_token(true));
    cli_print("operator: %s\nviewers:  %s/#%s\n", link_secret, url,
              sessions_token(false));
    (void)fflush(stdout);
    if (s->opens)
        open_link(link_secret);
    cli_wipe(link_secret, sizeof(link_secret));
    return http_run(ctx);
}

static sfi_status
main_run(sfi_ctx *ctx, const struct settings *s)
{
    char url[STATION_PATH_MAX];
    sfi_status st = sessions_start(ctx);

    if (st == SFI_OK)
        st = http_start(ctx, s, url);
    if (st == SFI_OK && desks_start(s) != SFI_OK)
        st = cli_report(ctx, SFI_ERR_NOMEM, "no thread");
    if (st == SFI_OK)
        st = main_serve(ctx, s, url);
    desks_stop();
    http_stop();
    open_done();
    shift_lock();
    sessions_stop();
    return st;
}

int
main(int argc, char **argv)
{
    struct settings s = {0};
    struct cli c;
    sfi_ctx *ctx;
    sfi_status st;

    cli_begin(&c, &sfi_station_spec, argc, argv);
    memory_start();
    ctx = cli_context(&c);
    st = main_read(&c, ctx, argv[0], &s);
    if (st == SFI_OK)
        st = main_run(ctx, &s);
    for (size_t i = 0; i < s.folder_count; i++)
        free((void *)(uintptr_t)s.folders[i]);
    return cli_finish(&c, ctx, st == SFI_OK ? 0 : cli_fail(&c, ctx, st));
}
