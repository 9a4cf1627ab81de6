/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: one chip, its link, and the table of what can be done to it. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "line/serial_at.h"
#include "sfi_program.h"

/* By option; NULL: no action. */
static sfi_status (*const actions[OPT_COUNT])(struct station *,
                                              const struct cli_use *) = {
    [OPT_ERASE] = station_erase,       [OPT_WRITE] = station_write,
    [OPT_READ] = station_read,         [OPT_R8] = station_show_memory,
    [OPT_R16] = station_show_memory,   [OPT_R32] = station_show_memory,
    [OPT_W8] = station_write_values,   [OPT_W16] = station_write_values,
    [OPT_W32] = station_write_values,  [OPT_FILL] = station_write_values,
    [OPT_BLANK] = station_check_blank, [OPT_CHECKSUM] = station_checksum,
    [OPT_OB] = station_option_bytes,   [OPT_RDU] = station_control,
    [OPT_GO] = station_control,        [OPT_RST] = station_control,
    [OPT_HARD_RST] = station_control,  [OPT_HALT] = station_control,
};

/* ---- begin and end ---- */

void
station_begin(struct station *s, struct program *p, sfi_ctx *ctx)
{
    s->p = p;
    s->ctx = ctx;
    s->firmware = calloc(p->cli.use_count + 1, sizeof(sfi_firmware *));
    s->notes = open_memstream(&s->notes_text, &s->notes_len);
    s->shows = s->many ? open_memstream(&s->shown_text, &s->shown_len)
                       : p->progress.out;
    if (s->firmware == NULL || s->notes == NULL ||
        (s->many && s->shows == NULL))
        cli_nomem(p->cli.spec->program);
    cli_progress_init(&s->progress, s->many ? NULL : p->progress.out);
    s->progress.quiet = p->progress.quiet;
    if (s->many)
        s->progress.port = s->port;
    else
        cli_log_waits(&s->progress);
    json_init(&s->note, s->notes);
    json_open_object(&s->note, NULL);
    if (s->serial == NULL)
        s->serial = cli_value(&p->cli, OPT_BOARD);
}

void
station_end(struct station *s)
{
    if (s->p == NULL)
        return; /* an earlier one failed */
    for (size_t i = 0; i < s->p->cli.use_count; i++)
        sfi_firmware_free(s->firmware[i]);
    free(s->firmware);
    free(s->fields);
    sfi_installer_free(s->in);
    sfi_target_free(s->target);
    sfi_transport_free(s->tp);
    (void)fclose(s->notes);
    free(s->notes_text);
    if (!s->many)
        return;
    (void)fclose(s->shows);
    free(s->shown_text);
    sfi_ctx_free(s->ctx);
}

sfi_status
station_load_files(struct station *s)
{
    const struct cli *c = &s->p->cli;
    const struct cli_use *use = NULL;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && (use = cli_next(c, OPT_WRITE, use)) != NULL) {
        const sfi_firmware_options how = {
            .struct_size = sizeof(how),
            .flags = cli_lenient_flags(c, OPT_NO_END_RECORD),
        };

        st = cli_firmware_load(c, s->ctx, use, &how,
                               &s->firmware[use - c->uses]);
        if (s->note.depth == 1)
            json_open_array(&s->note, "files");
        json_text(&s->note, NULL, use->value[0]);
    }
    if (s->note.depth > 1)
        json_close(&s->note);
    return st == SFI_OK ? serial_check_files(s) : st;
}

static void
station_watch_erase(struct station *s, const sfi_progress *p)
{
    uint64_t sectors = p->total / sfi_chip_sector_size(s->part);

    if (p->done == 0 && !s->all)
        cli_progress_step(&s->progress, "Erasing %" PRIu64 " sector%s ...",
                          sectors, sectors == 1 ? "" : "s");
    if (p->done == 0)
        cli_progress_expect(&s->progress, "Erasing",
                            sectors * sfi_chip_erase_ms(s->part));
    if (p->done != p->total)
        return;
    cli_progress_done(&s->progress);
    if (!s->all)
        station_did(s, "sectors_erased", sectors);
}

/* The progress of all work with the open chip; a signal ends it here. */
static void
station_watch(void *user, const sfi_progress *p)
{
    struct station *s = user;

    if (s->stop)
        sfi_target_cancel(s->target, 1);
    if (p->phase == SFI_PHASE_ERASE)
        station_watch_erase(s, p);
    else
        cli_progress_show(&s->progress, p);
}

sfi_status
station_connect(struct station *s)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    char version[48] = "";
    sfi_status st;

    if (s->target != NULL)
        return SFI_OK;
    st = sfi_target_connect(s->ctx, s->p->chip, s->tp, s->p->timeout_ms,
                            &s->target);
    if (st == SFI_OK)
        st = sfi_target_set_progress(s->target, station_watch, s);
    if (st == SFI_OK && s->part != NULL)
        return SFI_OK; /* shown already */
    if (st == SFI_OK)
        st = sfi_target_get_info(s->target, &info);
    if (st != SFI_OK)
        return st;
    s->part = sfi_target_chip(s->target);
    s->flash_size =
        info.flash_size != 0 ? info.flash_size : sfi_chip_flash_size(s->part);
    if (info.bootloader_version != 0) /* 0 over a debug port */
        (void)snprintf(version, sizeof(version),
                       "BootLoader version: %" PRIu32 ".%" PRIu32 ", ",
                       info.bootloader_version >> 4,
                       info.bootloader_version & 0xf);
    cli_progress_step(&s->progress, "Chip ID: 0x%" PRIx32 ", %s%s",
                      info.device_id, version, info.secure ? "secure" : "open");
    return SFI_OK;
}

/* ---- the actions ---- */

sfi_status
station_run(struct station *s)
{
    const struct cli_use *use = NULL;
    sfi_status st = station_connect(s);

    if (s->p->look)
        return station_look(s, st);
    if (st == SFI_OK)
        st = station_enter(s, SFI_PHASE_WRITE);
    while (st == SFI_OK && (use = cli_next_use(&s->p->cli, use)) != NULL) {
        if (actions[use->id] == NULL)
            continue;
        if (s->stop)
            return cli_report(s->ctx, SFI_ERR_CANCELLED,
                              "stopped by a signal between two steps");
        st = station_connect(s);
        if (st == SFI_OK)
            st = actions[use->id](s, use);
    }
    return st;
}

sfi_status
station_confirm(struct station *s, const char *unstated, const char *question,
                const char *declined)
{
    if (cli_has(&s->p->cli, OPT_YES))
        return SFI_OK;
    if (s->many || s->p->json)
        return cli_report(s->ctx, SFI_ERR_CANCELLED,
                          "%s: state --yes with --%s", unstated,
                          s->many ? "gang" : "json");
    cli_progress_end(&s->progress);
    if (cli_confirm(&s->p->cli, question, "--yes"))
        return SFI_OK;
    return cli_report(s->ctx, SFI_ERR_CANCELLED, "%s", declined);
}

void
station_show(struct station *s, const char *fmt, ...)
{
    va_list args;

    cli_progress_end(&s->progress);
    if (s->p->json)
        return;
    va_start(args, fmt);
    (void)vfprintf(s->shows, fmt, args);
    va_end(args);
    (void)fputc('\n', s->shows);
}

/* ---- what was done ---- */

struct json *
station_result(struct station *s, const struct cli_use *use)
{
    struct json *j = &s->note;

    if (j->depth == 1)
        json_open_array(j, "results");
    json_open_object(j, NULL);
    json_text(j, "option", use->spelling + strspn(use->spelling, "-"));
    return j;
}

void
station_did(struct station *s, const char *key, uint64_t amount)
{
    struct station_done *d = s->done;

    while (d->key != NULL && strcmp(d->key, key) != 0)
        d++;
    d->key = key;
    d->amount = amount == DONE ? DONE : d->amount + amount;
}

static void
write_option_bytes(const sfi_option_field *f, struct json *j)
{
    if (f == NULL)
        return;
    json_open_array(j, "option_fields");
    for (; f->name != NULL; f++) {
        json_open_object(j, NULL);
        json_text(j, "name", f->name);
        json_number(j, "value", f->value);
        json_close(j);
    }
    json_close(j);
}

/* The end of what was done. */
static void
station_end_notes(struct station *s)
{
    struct json *j = &s->note;

    if (j->depth > 1)
        json_close(j); /* the results */
    for (const struct station_done *d = s->done; d->key != NULL; d++) {
        if (d->amount == DONE)
            json_bool(j, d->key, true);
        else
            json_number(j, d->key, d->amount);
    }
    write_option_bytes(s->fields, j);
    json_close(j);
    if (fflush(s->notes) != 0)
        cli_nomem(s->p->cli.spec->program);
}

/* ---- the result, and its line in the journal of --record ---- */

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

/* The journal is one for all chips. */
static void
station_record(struct station *s)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    sfi_journal *record = s->p->record;

    if (record == NULL)
        return;
    (void)pthread_mutex_lock(&lock);
    s->unrecorded = sfi_journal_add(record, &s->job);
    if (s->unrecorded != SFI_OK)
        (void)snprintf(s->why_not, sizeof(s->why_not), "%s",
                       sfi_error_message(sfi_ctx_error(sfi_ctx_of(record))));
    (void)pthread_mutex_unlock(&lock);
}

/* What the installer knows, or the station when it has none. */
void
station_conclude(struct station *s)
{
    const struct program *p = s->p;
    sfi_journal_job job = {.struct_size = sizeof(job)};

    if (s->in == NULL || sfi_installer_get_job(s->in, &job) != SFI_OK)
        job.chip = p->look && s->st == SFI_OK ? NULL : sfi_chip_name(s->part);
    job.port = s->port;
    if (job.device_id == NULL && s->device_id[0] != '\0')
        job.device_id = s->device_id;
    job.result = s->st == SFI_ERR_CANCELLED ? "cancelled"
                 : s->st != SFI_OK          ? "failed"
                 : s->in != NULL            ? "installed"
                                            : "done";
    job.board_serial = s->serial;
    job.milliseconds = cli_now_ms() - s->started_ms;
    job.image = cli_value(&p->cli, OPT_SFI);
    job.protocol = job.image == NULL ? NULL : p->live ? "live" : "static";
    if (s->st != SFI_OK && sfi_ctx_error(s->ctx) == NULL)
        sfi_ctx_report(s->ctx, s->st, 0, sfi_status_str(s->st));
    job.error = s->st != SFI_OK ? sfi_ctx_error(s->ctx) : NULL;
    if (s->is_complete && job.receipt == NULL && job.no_receipt == NULL)
        job.no_receipt = "an interrupted attempt installed it";
    if (s->in != NULL)
        station_keep_receipt(s);
    station_end_notes(s);
    job.more = s->notes_text;
    s->job = job;
    station_record(s);
    if (p->line != NULL)
        station_end_board(s);
}

void
station_write_result(struct station *s, struct json *j)
{
    const sfi_journal_job *job = &s->job;

    json_text(j, "port", s->port);
    json_text(j, "result", job->result);
    if (job->chip != NULL && job->chip[0] != '\0')
        json_text(j, "chip", job->chip);
    json_text(j, "device_id", job->device_id);
    json_text(j, "board_serial", s->serial);
    json_number(j, "milliseconds", job->milliseconds);
    if (job->hsm_serial != NULL) {
        json_number(j, "hsm_remaining", job->hsm_remaining);
        json_bool(j, "hsm_low_water", job->hsm_remaining <= job->hsm_low_water);
    }
    station_write_receipt(s, j);
    (void)json_members(j, (const uint8_t *)s->notes_text, s->notes_len);
    if (s->p->record != NULL)
        json_bool(j, "recorded", s->unrecorded == SFI_OK);
    json_error(j, s->ctx, s->st);
}

void
station_fail_record(const struct station *s)
{
    station_fail_receipt(s);
    if (s->unrecorded != SFI_OK)
        s->p->failed =
            cli_fail_text(&s->p->cli, s->unrecorded,
                          "%s: cannot write the record of %s (%s): %s",
                          cli_value(&s->p->cli, OPT_RECORD), s->port,
                          s->job.result, s->why_not);
}
