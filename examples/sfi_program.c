/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: the order of all that it does. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "line/serial_at.h"
#include "sfi_program.h"

#define WORDS_MAX (1 + CLI_KEYS_MAX + CLI_VALUES_MAX)
#define PORT_MAX 1200u /* longer than the library takes */

/* ---- the command line ---- */

/* The port, with the other words of the option, as the URI of a link. */
static void
station_name_link(struct station *s, const struct program *p,
                  const struct cli_use *use, const char *port)
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
    if (sfi_transport_name_of_port(ctx, words, count, s->uri, URI_MAX) !=
        SFI_OK)
        cli_usage(&p->cli, "%s", sfi_error_message(sfi_ctx_error(ctx)));
    sfi_ctx_free(ctx);
}

void
program_add_station(struct program *p, const struct cli_use *use,
                    const char *port)
{
    struct station *s = &p->stations[p->station_count];

    station_name_link(s, p, use, port);
    s->port = port;
    s->many = use->id == OPT_GANG;
    p->station_count++;
}

static void
program_read_ports(struct program *p)
{
    const struct cli_use *gang = cli_next(&p->cli, OPT_GANG, NULL);
    const struct cli_use *use =
        gang != NULL ? gang : cli_next(&p->cli, OPT_CONNECT, NULL);

    if (use == NULL)
        return;
    p->chip = cli_chip(&p->cli, cli_key(&p->cli, use, "chip"));
    p->stations = calloc(STATIONS_MAX, sizeof(*p->stations));
    if (p->stations == NULL)
        cli_nomem(p->cli.spec->program);
    if (gang != NULL)
        program_read_gang(p, gang);
    else
        program_add_station(p, use, cli_key(&p->cli, use, "port"));
}

/* What the text file cannot say. */
static void
check_fill(const struct cli *c, const struct cli_use *use)
{
    uint64_t bits = cli_key_number(c, use, "dataWidth", 8);

    if (cli_key_number(c, use, "size", 0) * 8 % bits != 0)
        cli_usage(c,
                  "size=%s is not a size from 1 byte to 64 MiB in whole "
                  "values",
                  cli_key(c, use, "size"));
    if (cli_key_number(c, use, "pattern", 0) >> bits != 0)
        cli_usage(c, "pattern=%s is not a value of %" PRIu64 " bits",
                  cli_key(c, use, "pattern"), bits);
}

static void
program_check(struct program *p)
{
    const struct cli *c = &p->cli;
    const struct cli_use *use = NULL;
    bool on_hsm = cli_has_any(c, OPT_HSM_INFO, OPT_HSM_LICENSE);
    bool on_chip = cli_has_any(c, OPT_SFI, OPT_HALT);

    program_read_ports(p);
    serial_read_options(p);
    while ((use = cli_next(c, OPT_FILL, use)) != NULL)
        check_fill(c, use);
    use = cli_next(c, OPT_SFI, NULL);
    p->live = cli_key_number(c, use, "protocol", 0) == 1;
    cli_log_set((int)cli_value_number(c, OPT_VERBOSITY, SFI_LOG_WARNING),
                cli_has(c, OPT_LOG));
    p->timeout_ms = (uint32_t)cli_value_number(c, OPT_TIMEOUT, 0);
    p->plain = !cli_has(c, OPT_SFI) &&
               (cli_has(c, OPT_ERASE) || cli_has_any(c, OPT_WRITE, OPT_HALT));
    if (cli_has(c, OPT_PLAN) && p->line == NULL)
        cli_usage(c, "--plan needs --job");
    if (on_chip && p->station_count == 0)
        cli_usage(c, "-c port=PORT is missing");
    p->look = !on_chip && !on_hsm && p->station_count > 0;
    if (!on_chip && !on_hsm && !p->look && !cli_has(c, OPT_LIST))
        cli_usage(c, "nothing to do");
}

/* ---- what a signal cancels ---- */

static struct program *volatile running;

static void
program_on_signal(int signum)
{
    (void)signum;
    running->stop = 1;
    sfi_license_batch_cancel(running->batch); /* each may be NULL */
    sfi_ctx_cancel(running->ctx, 1);          /* what asks a licence server */
    for (size_t i = 0; i < running->station_count; i++) {
        struct station *s = &running->stations[i];

        s->stop = true;
        sfi_ctx_cancel(s->ctx, 1);
        sfi_installer_cancel(s->in);
    }
}

void
program_catch_signals(struct program *p)
{
    running = p;
    cli_handle_signals(program_on_signal);
}

/* ---- the work ---- */

sfi_status
program_take_error(struct program *p, const sfi_ctx *from, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(from);
    const char *where = sfi_error_where(err);

    return cli_report(p->ctx, st, "%.250s%s%s", where,
                      where[0] != '\0' ? ": " : "", sfi_error_message(err));
}

void
program_fail(struct program *p, const sfi_ctx *ctx, sfi_status st,
             const char *path)
{
    int status = cli_fail_at(&p->cli, ctx, st, path);

    if (p->failed == 0)
        p->failed = status;
}

static sfi_status
work_on_chip(struct station *s)
{
    const struct program *p = s->p;
    const char *capture = cli_value(&p->cli, OPT_CAPTURE);
    sfi_status st = sfi_transport_open(s->ctx, s->uri, &s->tp);

    if (st == SFI_OK && capture != NULL)
        st = sfi_transport_capture(s->tp, capture);
    if (st == SFI_OK && (cli_has(&p->cli, OPT_GET_CERTIFICATE) ||
                         cli_has(&p->cli, OPT_CHIP_LICENSE)))
        st = station_save_certificate(s);
    if (st == SFI_OK && p->line != NULL)
        st = station_begin_board(s);
    if (st == SFI_OK)
        st = serial_take(s);
    if (st == SFI_OK && cli_has(&p->cli, OPT_SFI))
        st = s->is_complete ? station_end_install(s) : station_install(s);
    if (st == SFI_OK && (p->plain || p->look))
        st = station_run(s);
    return st;
}

void
station_work(struct station *s)
{
    s->started_ms = cli_now_ms();
    if (s->st == SFI_OK) /* it has a thread, if it needs one */
        s->st = work_on_chip(s);
    cli_progress_end(&s->progress);
    station_conclude(s);
}

static sfi_status
run_chip(struct program *p)
{
    struct station *s = p->stations;
    sfi_status st;

    station_begin(s, p, p->ctx);
    st = station_load_files(s);
    if (st == SFI_OK)
        st = program_open_record(p);
    if (st != SFI_OK)
        return st;
    station_work(s);
    if (s->in != NULL && s->st == SFI_OK)
        program_report_install(s);
    station_write_result(s, &p->out);
    station_write_ate(s);
    station_fail_record(s);
    return s->st;
}

static sfi_status
run_all_actions(struct program *p)
{
    const char *log = cli_value(&p->cli, OPT_LOG);
    sfi_status st = log != NULL ? cli_log_open(&p->cli, p->ctx, log) : SFI_OK;

    if (st == SFI_OK)
        st = cli_check_outputs(&p->cli, p->ctx);
    if (st == SFI_OK && cli_has(&p->cli, OPT_LIST))
        st = program_list(p);
    for (size_t id = OPT_HSM_INFO; st == SFI_OK && id < OPT_HSM_LICENSE; id++) {
        if (cli_has(&p->cli, id))
            st = program_ask_hsm(p, id);
    }
    if (st == SFI_OK && cli_has(&p->cli, OPT_HSM_LICENSE))
        st = program_get_license(p);
    if (st == SFI_OK && p->line != NULL)
        st = program_job(p);
    else if (st == SFI_OK && p->failed == 0 && p->station_count > 0)
        st = p->stations->many ? program_gang(p) : run_chip(p);
    cli_progress_end(&p->progress);
    return st;
}

int
main(int argc, char **argv)
{
    struct program p = {.ctx = NULL};
    sfi_status st;
    int status;

    cli_begin(&p.cli, &sfi_program_spec, argc, argv);
    if (cli_has(&p.cli, OPT_JOB))
        program_read_job(&p, argc, argv);
    program_check(&p);
    /* An install continues when the reader of stdout is gone. */
    (void)signal(SIGPIPE, SIG_IGN);
    p.json = cli_has(&p.cli, OPT_JSON);
    cli_progress_init(&p.progress, p.json ? NULL : stdout);
    p.progress.quiet = cli_has(&p.cli, OPT_QUIET);
    cli_json_begin(&p.out);
    p.ctx = cli_context(&p.cli);
    st = run_all_actions(&p);
    status = st != SFI_OK ? cli_fail(&p.cli, p.ctx, st) : p.failed;
    /* The port's options come from the command line. */
    if (st == SFI_ERR_ARGUMENT &&
        (p.station_count == 0 || p.stations->tp == NULL))
        status = CLI_EXIT_USAGE;
    for (size_t i = 0; i < p.station_count; i++)
        station_end(&p.stations[i]);
    free(p.stations);
    free(p.ports);
    program_end_job(&p);
    sfi_journal_free(p.record);
    sfi_hsm_free(p.hsm);
    status = cli_finish(&p.cli, p.ctx, status);
    free(p.job_words);
    return status;
}
