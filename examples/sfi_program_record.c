/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: a chip's result, and its line in the journal of --record. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

/* The journal is one for all chips. */
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

/* It has a context of its own, which no chip's error is in. */
sfi_status
program_open_record(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_RECORD);
    sfi_ctx *ctx;
    sfi_status st;

    if (path == NULL)
        return SFI_OK;
    ctx = cli_context(&p->cli);
    st = sfi_journal_open(ctx, path, &p->record);
    if (st != SFI_OK)
        st = program_take_error(p, ctx, st);
    sfi_ctx_free(ctx);
    return st;
}

/* With what was done to an open chip. */
static void
record_add(struct station *s)
{
    sfi_journal *record = s->p->record;
    char *done = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&done, &len);
    struct json j;

    if (f == NULL)
        cli_nomem(s->p->cli.spec->program);
    json_init_line(&j, f);
    json_object(&j, NULL);
    station_write_done(s, &j);
    json_close(&j);
    if (fclose(f) != 0 || done == NULL)
        cli_nomem(s->p->cli.spec->program);
    done[strcspn(done, "\n")] = '\0';
    s->job.more = done;
    (void)pthread_mutex_lock(&record_lock);
    s->unrecorded = sfi_journal_add(record, &s->job);
    if (s->unrecorded != SFI_OK)
        (void)snprintf(s->why_not, sizeof(s->why_not), "%s",
                       sfi_error_message(sfi_ctx_error(sfi_ctx_of(record))));
    (void)pthread_mutex_unlock(&record_lock);
    s->job.more = NULL;
    free(done);
}

/* What the installer knows, or the station when it has none. */
void
station_conclude(struct station *s)
{
    const struct program *p = s->p;
    sfi_journal_job job = {.struct_size = sizeof(job)};

    if (s->in == NULL || sfi_installer_get_job(s->in, &job) != SFI_OK)
        job.chip = s->seen == NULL ? sfi_chip_name(s->part) : NULL;
    job.port = s->port;
    job.result = s->st == SFI_ERR_CANCELLED ? "cancelled"
                 : s->st != SFI_OK          ? "failed"
                 : s->in != NULL            ? "installed"
                                            : "done";
    job.board_serial = cli_value(&p->cli, OPT_BOARD);
    job.milliseconds = cli_now_ms() - s->started_ms;
    job.image = cli_value(&p->cli, OPT_SFI);
    job.protocol = job.image == NULL ? NULL : p->live ? "live" : "static";
    if (s->st != SFI_OK && sfi_ctx_error(s->ctx) == NULL)
        sfi_ctx_report(s->ctx, s->st, 0, sfi_status_str(s->st));
    job.error = s->st != SFI_OK ? sfi_ctx_error(s->ctx) : NULL;
    s->job = job;
    if (p->record != NULL)
        record_add(s);
}

void
station_fail_record(const struct station *s)
{
    if (s->unrecorded != SFI_OK)
        s->p->failed =
            cli_fail_text(&s->p->cli, s->unrecorded,
                          "%s: cannot write the record of %s (%s): %s",
                          cli_value(&s->p->cli, OPT_RECORD), s->port,
                          s->job.result, s->why_not);
}
