/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --record: a line in the journal for each chip. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "sfi_program_record.h"

sfi_status
record_open(const struct program *p, struct record *r)
{
    const char *path = cli_value(&p->cli, OPT_RECORD);
    sfi_status st;

    if (path == NULL)
        return SFI_OK;
    r->ctx = cli_context(&p->cli);
    st = sfi_journal_open(r->ctx, path, &r->journal);
    if (st == SFI_OK)
        return SFI_OK;
    return cli_report(p->ctx, st, "%.250s: %s",
                      sfi_error_where(sfi_ctx_error(r->ctx)),
                      sfi_error_message(sfi_ctx_error(r->ctx)));
}

void
record_close(struct record *r)
{
    sfi_journal_free(r->journal);
    sfi_ctx_free(r->ctx);
}

/* What was done to an open chip, as one object. */
static char *
record_actions(struct station *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    struct json j;

    if (f == NULL)
        cli_nomem(s->p->cli.spec->program);
    json_init_line(&j, f);
    json_object(&j, NULL);
    station_write_done(s, &j);
    json_close(&j);
    if (fclose(f) != 0 || text == NULL)
        cli_nomem(s->p->cli.spec->program);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* What the installer knows, or the station when it has none. */
void
station_end_job(struct station *s)
{
    sfi_journal_job *job = &s->job;

    *job = (sfi_journal_job){.struct_size = sizeof(*job)};
    if (s->in != NULL && sfi_installer_get_job(s->in, job) != SFI_OK)
        *job = (sfi_journal_job){.struct_size = sizeof(*job)};
    if (job->chip == NULL && s->part != NULL && s->seen == NULL)
        job->chip = sfi_chip_name(s->part);
    job->port = s->port;
    job->result = station_result_word(s);
    job->board_serial = cli_value(&s->p->cli, OPT_BOARD);
    job->milliseconds = (uint64_t)(s->seconds * 1000);
    if (cli_has(&s->p->cli, OPT_SFI)) {
        job->image = cli_value(&s->p->cli, OPT_SFI);
        job->protocol = s->p->live ? "live" : "static";
    }
    if (s->st == SFI_OK)
        return;
    if (sfi_ctx_error(s->ctx) == NULL)
        sfi_ctx_report(s->ctx, s->st, 0, sfi_status_str(s->st));
    job->error = sfi_ctx_error(s->ctx);
}

void
record_station(struct record *r, struct station *s)
{
    char *actions = record_actions(s);

    s->job.more = actions;
    s->unrecorded = sfi_journal_add(r->journal, &s->job);
    if (s->unrecorded != SFI_OK)
        (void)snprintf(s->why_not, sizeof(s->why_not), "%s",
                       sfi_error_message(sfi_ctx_error(r->ctx)));
    free(actions);
}

int
record_fail(const struct station *s)
{
    return cli_fail_text(&s->p->cli, s->unrecorded,
                         "%s: cannot write the record of %s (%s): %s",
                         cli_value(&s->p->cli, OPT_RECORD), s->port,
                         station_result_word(s), s->why_not);
}
