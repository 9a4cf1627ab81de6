/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --job: the rounds of an order, from the journal to the report. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ate.h"
#include "line/line.h"
#include "sfi_program_gang.h"

/* ---- begin and end ---- */

void
program_read_job(struct program *p, int argc, char **argv)
{
    struct line *l = calloc(1, sizeof(*l));
    const char *file = cli_value(&p->cli, OPT_JOB);
    char **words;
    int count = 0;

    if (l == NULL)
        cli_nomem(p->cli.spec->program);
    l->p = p;
    l->file = file;
    l->listener = l->in.fd = l->handler.fd = l->label_fd = -1;
    (void)pthread_mutex_init(&l->lock, NULL);
    line_read_file(l, file);
    words = calloc((size_t)argc + l->word_count + 1, sizeof(*words));
    if (words == NULL)
        cli_nomem(p->cli.spec->program);
    for (int i = 0; i < argc; i++) {
        if (argv[i] != file && !(i + 1 < argc && argv[i + 1] == file))
            words[count++] = argv[i];
    }
    for (size_t i = 0; i < l->word_count; i++)
        words[count++] = l->words[i];
    p->line = l;
    p->job_words = words;
    cli_free(&p->cli);
    cli_parse(&p->cli, &sfi_program_spec, count, words);
}

void
program_end_job(struct program *p)
{
    struct line *l = p->line;

    if (l == NULL)
        return;
    line_socket_close(l);
    sfi_boards_free(l->boards);
    sfi_ctx_free(l->ctx);
    line_free_file(l);
    (void)pthread_mutex_destroy(&l->lock);
    free(l->ports);
    free(l->rows);
    free(l->zpl);
    free(l);
    p->line = NULL;
}

/* Another HSM may have got the name; one behind a store may not be there. */
static sfi_status
line_check_hsm(struct line *l)
{
    struct program *p = l->p;
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st;

    if (p->hsm == NULL || p->hsm_is_late)
        return SFI_OK;
    st = sfi_hsm_get_info(p->hsm, &info);
    if (st != SFI_OK)
        return st;
    st = sfi_boards_check_fact(l->boards, "the HSM's serial number",
                               info.serial);
    return st == SFI_OK ? SFI_OK : program_take_error(p, l->ctx, st);
}

/* Everything that can be wrong is, before a board is touched. */
static sfi_status
line_open(struct line *l)
{
    struct program *p = l->p;
    sfi_status st = line_open_journal(l);

    if (st == SFI_OK && cli_has(&p->cli, OPT_SFI))
        st = program_log_in_to_install(p);
    if (st == SFI_OK)
        st = line_check_hsm(l);
    if (st == SFI_OK)
        st = program_open_record(p);
    if (st == SFI_OK)
        st = line_label_open(l);
    if (st == SFI_OK && l->next == LINE_NEXT_SOCKET)
        st = line_socket_open(l);
    if (st == SFI_OK)
        st = line_settle(l);
    if (st == SFI_OK)
        st = line_csv_rebuild(l);
    for (uint64_t i = 1; st == SFI_OK && i <= sfi_boards_count(l->boards); i++)
        st = line_label_print(l, i);
    if (l->next == LINE_NEXT_ENTER)
        l->in.fd = STDIN_FILENO;
    return st;
}

/* ---- a round ---- */

/* Is the board at a fixed port done? */
static bool
port_is_done(struct line *l, const char *port)
{
    sfi_board b;

    return l->next == LINE_NEXT_NONE &&
           line_get(l, sfi_boards_find(l->boards, SFI_BOARD_PORT, port), &b) &&
           b.state == SFI_BOARD_DONE;
}

/* The stations of this round, of the ports that have work. */
static void
round_make(struct line *l)
{
    struct program *p = l->p;
    uint64_t left =
        l->wanted != 0 ? l->wanted - line_count(l, SFI_BOARD_DONE) : UINT64_MAX;

    p->station_count = 0;
    memset(p->stations, 0, l->port_count * sizeof(*p->stations));
    for (size_t i = 0; i < l->port_count && p->station_count < left; i++) {
        struct station *s = &p->stations[p->station_count];

        if (l->leave_out[i] || port_is_done(l, l->ports[i].port))
            continue;
        s->port = l->ports[i].port;
        memcpy(s->uri, l->ports[i].uri, sizeof(s->uri));
        s->many = true;
        s->serial = l->serials[i];
        p->station_count++;
    }
}

static bool
status_is_of_hsm(sfi_status st)
{
    return st == SFI_ERR_HSM_COUNTER || st == SFI_ERR_HSM_STATE ||
           st == SFI_ERR_HSM_PIN;
}

/* The result of a board, for everybody who wants to know. */
static void
round_tell(struct line *l, struct station *s)
{
    struct program *p = l->p;

    json_open_object(&p->out, NULL);
    if (s->board != 0)
        json_number(&p->out, "board", s->board);
    station_write_result(s, &p->out);
    json_close(&p->out);
    line_say_board(l, s);
    if (s->unrecorded != SFI_OK)
        station_fail_record(s);
    if (s->st == SFI_OK) {
        l->done++;
        l->row = 0;
        return;
    }
    l->failed++;
    l->row++;
    l->last = s->st;
    cli_warn(p->cli.spec->program, "%s: %s", s->port,
             sfi_error_message(s->job.error));
    if (status_is_of_hsm(s->st))
        l->end = LINE_END_HSM;
}

static sfi_status
round_run(struct line *l)
{
    struct program *p = l->p;
    sfi_status st;

    round_make(l);
    st = gang_prepare(p);
    if (st == SFI_OK)
        gang_work(p);
    for (size_t i = 0; st == SFI_OK && i < p->station_count; i++)
        round_tell(l, &p->stations[i]);
    for (size_t i = 0; st == SFI_OK && i < p->station_count; i++) {
        uint64_t board = p->stations[i].board;

        if (board == 0)
            continue;
        st = line_csv_add(l, board);
        if (st == SFI_OK)
            st = line_label_print(l, board);
    }
    cli_handle_signals(SIG_DFL); /* before the stations end */
    for (size_t i = 0; i < p->station_count; i++)
        station_end(&p->stations[i]);
    p->station_count = 0;
    program_catch_signals(p);
    return st;
}

/* ---- the loop ---- */

static enum line_end
line_judge(struct line *l)
{
    if (l->end != LINE_GOES_ON)
        return l->end;
    if (l->broken)
        return LINE_END_JOURNAL;
    if (l->p->stop)
        return LINE_END_SIGNAL;
    if (l->wanted != 0 && line_count(l, SFI_BOARD_DONE) >= l->wanted)
        return LINE_END_COUNT;
    if (l->row_max != 0 && l->row >= l->row_max)
        return LINE_END_ROW;
    return l->shift_end != 0 && time(NULL) >= l->shift_end ? LINE_END_SHIFT
                                                           : LINE_GOES_ON;
}

static sfi_status
line_loop(struct line *l)
{
    sfi_status st = SFI_OK;

    for (l->end = line_judge(l); st == SFI_OK && l->end == LINE_GOES_ON;) {
        if (l->next != LINE_NEXT_NONE)
            l->end = line_wait(l);
        if (l->end == LINE_GOES_ON)
            st = round_run(l);
        if (st == SFI_OK && l->end == LINE_GOES_ON)
            l->end = line_judge(l);
        if (l->end == LINE_GOES_ON && l->next == LINE_NEXT_NONE)
            l->end = LINE_END_PORTS;
    }
    return st;
}

/* ---- the end ---- */

static void
line_write_half_done(struct line *l)
{
    struct json *j = &l->p->out;
    sfi_board b;

    json_open_array(j, "half_done");
    for (uint64_t i = 1; i <= sfi_boards_count(l->boards); i++) {
        if (!line_get(l, i, &b) || b.state != SFI_BOARD_BEGUN)
            continue;
        json_open_object(j, NULL);
        json_number(j, "board", b.number);
        json_text(j, "port", b.port);
        if (b.serial[0] != '\0')
            json_text(j, "board_serial", b.serial);
        if (b.device_id[0] != '\0')
            json_text(j, "device_id", b.device_id);
        json_text(j, "phase", sfi_phase_name(b.phase));
        json_text(j, "remedy", sfi_board_advice(&b));
        json_close(j);
    }
    json_close(j);
}

/* Has every board that is wanted been made? */
static bool
line_is_complete(struct line *l)
{
    if (l->wanted != 0)
        return line_count(l, SFI_BOARD_DONE) >= l->wanted;
    if (l->next != LINE_NEXT_NONE)
        return l->end == LINE_END_INPUT || l->end == LINE_END_SHIFT;
    for (size_t i = 0; i < l->port_count; i++) {
        if (!port_is_done(l, l->ports[i].port))
            return false;
    }
    return true;
}

/* Why it is not complete. */
static sfi_status
line_fail(struct line *l)
{
    sfi_ctx *ctx = l->p->ctx;
    uint64_t done = line_count(l, SFI_BOARD_DONE);
    uint64_t wanted = l->wanted != 0 ? l->wanted : l->port_count;

    if (line_is_complete(l))
        return SFI_OK;
    if (l->end == LINE_END_JOURNAL)
        return cli_report(ctx, SFI_ERR_OS,
                          "%.250s: the journal cannot be written, so no board "
                          "is begun",
                          l->journal);
    if (l->end == LINE_END_SIGNAL)
        return cli_report(ctx, SFI_ERR_CANCELLED,
                          "stopped by a signal: the same command goes on");
    if (l->end == LINE_END_ROW)
        return cli_report(ctx, l->last,
                          "%" PRIu64 " boards in a row failed: look at the "
                          "station, then start the job again",
                          l->row);
    if (l->end == LINE_END_SHIFT || l->end == LINE_END_INPUT)
        return SFI_OK;
    return cli_report(ctx, l->last != SFI_OK ? l->last : SFI_ERR_STATE,
                      "%" PRIu64 " of %" PRIu64 " boards are done: the same "
                      "command goes on with the others",
                      done, wanted);
}

static void
line_sum_up(struct line *l)
{
    struct program *p = l->p;
    uint64_t done = line_count(l, SFI_BOARD_DONE);

    json_close(&p->out);
    line_write_half_done(l);
    json_number(&p->out, "succeeded", l->done);
    json_number(&p->out, "failed", l->failed);
    json_number(&p->out, "boards_done", done);
    if (l->wanted != 0)
        json_number(&p->out, "boards_wanted", l->wanted);
    json_text(&p->out, "ended_by", line_end_word(l->end));
    cli_progress_step(&p->progress,
                      "%" PRIu64 " boards now: %" PRIu64 " done, %" PRIu64
                      " failed; in the whole job %" PRIu64 " are done",
                      l->done + l->failed, l->done, l->failed, done);
    line_say_end(l);
}

/* What the file orders, without a look at anything else. */
static sfi_status
line_plan(struct line *l)
{
    static const char *const nexts[] = {"none", "enter", "socket"};
    static const char *const serials[] = {"none", "scan", "counter"};
    struct program *p = l->p;
    struct json *j = &p->out;
    const struct cli_use *sfi = cli_next(&p->cli, OPT_SFI, NULL);
    const char *slot = cli_key(&p->cli, sfi, "slot");

    json_text(j, "journal", l->journal);
    json_text(j, "next", nexts[l->next]);
    json_text(j, "board_serials", serials[l->serial]);
    if (l->wanted != 0)
        json_number(j, "boards_wanted", l->wanted);
    json_text(j, "image", l->image);
    json_text(j, "slot", slot);
    json_text(j, "labels", l->label_output);
    json_bool(j, "make_secure", cli_has(&p->cli, OPT_YES));
    json_bool(j, "pin_file", cli_has(&p->cli, OPT_PIN_FILE));
    json_open_array(j, "ports");
    for (size_t i = 0; i < p->station_count; i++)
        json_text(j, NULL, p->stations[i].port);
    json_close(j);
    cli_print("A job for %zu ports, next = %s, serial = %s\n", p->station_count,
              nexts[l->next], serials[l->serial]);
    return SFI_OK;
}

sfi_status
program_job(struct program *p)
{
    struct line *l = p->line;
    sfi_status st;

    if (cli_has(&p->cli, OPT_PLAN))
        return line_plan(l);
    l->ports = p->stations;
    l->port_count = p->station_count;
    p->stations = calloc(l->port_count, sizeof(*p->stations));
    p->station_count = 0;
    if (p->stations == NULL)
        cli_nomem(p->cli.spec->program);
    program_catch_signals(p);
    st = line_open(l);
    if (st != SFI_OK)
        return st;
    json_open_array(&p->out, "boards");
    st = line_loop(l);
    if (st == SFI_OK)
        line_sum_up(l);
    cli_handle_signals(SIG_DFL);
    return st == SFI_OK ? line_fail(l) : st;
}
