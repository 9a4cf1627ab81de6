/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: the order of all that it does. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <string.h>

#include "sfi_program.h"
#include "sfi_program_record.h"

#define WORDS_MAX (1 + CLI_KEYS_MAX + CLI_VALUES_MAX)
#define PORT_MAX 1200u /* longer than the library takes */

/* ---- the command line ---- */

void
program_port(const struct program *p, const struct cli_use *use,
             const char *port, char uri[URI_MAX])
{
    const char *const *keys = p->cli.spec->options[use->id].keys;
    const char *words[WORDS_MAX];
    char first[PORT_MAX];
    size_t count = 0;
    sfi_ctx *ctx = cli_context(&p->cli);

    if (port != NULL) {
        (void)snprintf(first, sizeof(first), "port=%s", port);
        words[count++] = first;
    }
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (use->key_value[i] != NULL && strcmp(keys[i], "port") != 0 &&
            strcmp(keys[i], "chip") != 0)
            words[count++] = use->key_value[i] - strlen(keys[i]) - 1;
    }
    for (unsigned i = 0; use->id == OPT_CONNECT && i < use->count; i++)
        words[count++] = use->value[i];
    if (sfi_transport_name_of_port(ctx, words, count, uri, URI_MAX) != SFI_OK)
        cli_usage(&p->cli, "%s", sfi_error_message(sfi_ctx_error(ctx)));
    sfi_ctx_free(ctx);
}

void
program_read_port(struct program *p, struct station *s)
{
    const struct cli_use *gang = cli_next(&p->cli, OPT_GANG, NULL);
    const struct cli_use *use =
        gang != NULL ? gang : cli_next(&p->cli, OPT_CONNECT, NULL);

    if (use == NULL)
        return;
    p->chip = cli_chip(&p->cli, cli_key(&p->cli, use, "chip"));
    if (gang != NULL) {
        program_check_gang(p);
        return;
    }
    s->port = cli_key(&p->cli, use, "port");
    program_port(p, use, s->port, s->uri);
}

/* In a folder of licences each is checked when it is saved. */
static uint32_t
output_kind(const struct cli_use *use)
{
    switch (use->id) {
    case OPT_GET_CERTIFICATE:
        return SFI_FILE_CERTIFICATE;
    case OPT_CHIP_LICENSE:
        return SFI_FILE_LICENSE;
    case OPT_HSM_LICENSE:
        return cli_is_folder(use->value[0]) ? 0 : SFI_FILE_LICENSE;
    case OPT_READ:
        return station_read_kind(use);
    case OPT_CAPTURE:
        return SFI_FILE_TRACE;
    default:
        return 0;
    }
}

/* The names of all outputs, before a chip or an HSM changes. */
static sfi_status
check_outputs(struct program *p)
{
    const struct cli_use *use = NULL;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && (use = cli_next_use(&p->cli, use)) != NULL) {
        uint32_t kind = output_kind(use);

        if (kind != 0)
            st = cli_check_output(p->ctx, use->value[use->count - 1], kind,
                                  cli_has(&p->cli, OPT_FORCE));
    }
    return st;
}

/* ---- the work ---- */

static int
work_on_chip(struct station *s, sfi_status *st)
{
    struct program *p = s->p;
    int status = 0;

    *st = station_open(s);
    if (*st == SFI_OK && (cli_has(&p->cli, OPT_GET_CERTIFICATE) ||
                          cli_has(&p->cli, OPT_CHIP_LICENSE)))
        status = program_save_certificate(s, st);
    if (*st != SFI_OK || status != 0)
        return status;
    if (cli_has(&p->cli, OPT_SFI))
        return program_install(s, st);
    if (p->plain || p->look)
        *st = station_run(s);
    return 0;
}

/* With --record: a line for success or failure, before it is shown. */
static int
run_chip_actions(struct station *s, sfi_status *st)
{
    const char *path = cli_value(&s->p->cli, OPT_RECORD);
    struct record record = {NULL, NULL};
    int status = 0;

    *st = station_load_files(s);
    if (*st == SFI_OK)
        status = record_open(&s->p->cli, path, &record);
    if (*st != SFI_OK || status != 0) {
        record_close(&record);
        return status;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &s->started);
    status = work_on_chip(s, st);
    s->st = *st;
    s->seconds = program_seconds_since(&s->started);
    station_end_job(s);
    if (s->in != NULL && s->st == SFI_OK)
        program_report_install(s);
    if (s->p->json)
        station_write_job(s, &s->p->out);
    if (record.journal != NULL && status == 0) {
        record_station(&record, s);
        if (s->p->json)
            json_bool(&s->p->out, "recorded", s->unrecorded == SFI_OK);
    }
    record_close(&record);
    return s->unrecorded != SFI_OK ? record_fail(s) : status;
}

static int
run_all_actions(struct program *p, struct station *s)
{
    sfi_status st = check_outputs(p);
    int status = 0;

    if (st == SFI_OK && cli_has(&p->cli, OPT_LIST))
        st = program_list(p);
    for (size_t id = OPT_HSM_INFO; st == SFI_OK && id < OPT_HSM_LICENSE; id++) {
        if (cli_has(&p->cli, id))
            st = program_ask_hsm(p, id);
    }
    if (st == SFI_OK && cli_has(&p->cli, OPT_HSM_LICENSE))
        status = program_get_license(p, &st);
    if (status == 0 && st == SFI_OK && s->uri[0] != '\0')
        status = run_chip_actions(s, &st);
    if (status == 0 && st == SFI_OK && cli_has(&p->cli, OPT_GANG))
        status = program_gang(p, &st);
    cli_progress_end(&p->progress);
    cli_progress_end(&s->progress);
    if (st != SFI_OK)
        status = cli_fail(&p->cli, p->ctx, st);
    /* The port's options come from the command line. */
    if (st == SFI_ERR_ARGUMENT && s->tp == NULL)
        status = CLI_EXIT_USAGE;
    if (p->json)
        station_write_done(s, &p->out);
    return status;
}

static int
open_log(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_LOG);
    sfi_status st = path != NULL ? cli_log_open(&p->cli, p->ctx, path) : SFI_OK;

    return st == SFI_OK ? 0 : cli_fail(&p->cli, p->ctx, st);
}

int
main(int argc, char **argv)
{
    struct program p = {.ctx = NULL};
    struct station s = {.uri = ""};
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&p.cli, &sfi_program_spec, argc, argv);
    program_check(&p, &s);
    /* An install continues when the reader of stdout is gone. */
    (void)signal(SIGPIPE, SIG_IGN);
    p.json = cli_has(&p.cli, OPT_JSON);
    cli_progress_init(&p.progress, p.json ? NULL : stdout);
    p.progress.quiet = cli_has(&p.cli, OPT_QUIET);
    if (p.json)
        cli_json_begin(&p.out);
    p.ctx = cli_context(&p.cli);
    station_begin(&s, &p, p.ctx);
    status = open_log(&p);
    if (status == 0)
        status = run_all_actions(&p, &s);
    station_end(&s);
    sfi_hsm_free(p.hsm);
    sfi_ctx_free(p.ctx);
    status = cli_finish(&p.cli, cli_log_close(&p.cli, status));
    cli_free(&p.cli);
    return status;
}
