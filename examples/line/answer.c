/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a job tells handlers: lines of --ate, on stdout and to the handler on
 * the socket. */
#include <stdarg.h>
#include <string.h>

#include "cli/ate.h"
#include "line/line.h"

static void
answer_send(struct line *l, struct cli_ate *a)
{
    cli_ate_end(a);
    if (l != NULL)
        line_socket_send(l, a->text, a->len);
}

/* The members of every board's line. */
static void
answer_board(struct cli_ate *a, uint64_t number, const char *port,
             const char *serial, const char *device_id)
{
    if (number != 0)
        cli_ate_number(a, "board", number);
    cli_ate_value(a, "port", port);
    cli_ate_value(a, "serial", serial);
    cli_ate_value(a, "device", device_id);
}

static void
answer_station(struct line *l, const struct station *s)
{
    struct cli_ate a;
    char text[800];

    cli_ate_begin(&a, s->ate != 0 ? s->ate : s->st);
    answer_board(&a, s->board, s->port, s->serial, s->job.device_id);
    cli_ate_value(&a, "result", s->job.result);
    cli_ate_number(&a, "ms", s->job.milliseconds);
    if (s->job.hsm_serial != NULL && s->job.license != NULL)
        cli_ate_number(&a, "left", s->job.hsm_remaining);
    if (s->st != SFI_OK) {
        const char *where = sfi_error_where(s->job.error);

        (void)snprintf(text, sizeof(text), "%.255s%s%.383s", where,
                       where[0] != '\0' ? ": " : "",
                       sfi_error_message(s->job.error));
        cli_ate_text(&a, text);
    }
    answer_send(l, &a);
}

void
station_write_ate(const struct station *s)
{
    answer_station(s->p->line, s);
}

void
line_say_board(struct line *l, const struct station *s)
{
    answer_station(l, s);
}

void
line_say_half(struct line *l, const sfi_board *b)
{
    struct cli_ate a;

    cli_ate_begin(&a, LINE_ERR_HALF);
    answer_board(&a, b->number, b->port, b->serial, b->device_id);
    cli_ate_value(&a, "phase", sfi_phase_name(b->phase));
    cli_ate_text(&a, sfi_board_advice(b));
    answer_send(l, &a);
    cli_warn(l->p->cli.spec->program,
             "board %llu is half done (at %s, %s%s%s%s%s): %s",
             (unsigned long long)b->number, b->port, sfi_phase_name(b->phase),
             b->serial[0] != '\0' ? ", serial number " : "", b->serial,
             b->device_id[0] != '\0' ? ", device " : "", b->device_id,
             sfi_board_advice(b));
}

void
line_say_error(struct line *l, unsigned number, const char *fmt, ...)
{
    struct cli_ate a;
    char text[CLI_ATE_MAX / 2];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    cli_ate_begin(&a, (long)number);
    cli_ate_text(&a, text);
    answer_send(l, &a);
    cli_warn(l->p->cli.spec->program, "%s", text);
}

/* How far the job is. */
static void
answer_counts(struct line *l, struct cli_ate *a)
{
    cli_ate_number(a, "done", line_count(l, SFI_BOARD_DONE));
    cli_ate_number(a, "failed", line_count(l, SFI_BOARD_FAILED));
    cli_ate_number(a, "half", line_count(l, SFI_BOARD_BEGUN));
    if (l->wanted != 0)
        cli_ate_number(a, "of", l->wanted);
}

void
line_say_ready(struct line *l)
{
    struct cli_ate a;

    cli_ate_begin(&a, 0);
    cli_ate_text(&a, "ready");
    answer_counts(l, &a);
    answer_send(l, &a);
}

const char *
line_end_word(enum line_end end)
{
    static const char *const words[] = {
        [LINE_GOES_ON] = "",
        [LINE_END_COUNT] = "count",
        [LINE_END_PORTS] = "ports",
        [LINE_END_INPUT] = "input",
        [LINE_END_SHIFT] = "shift",
        [LINE_END_ROW] = "failures",
        [LINE_END_HSM] = "hsm",
        [LINE_END_SIGNAL] = "signal",
        [LINE_END_JOURNAL] = "journal",
    };

    return words[end];
}

void
line_say_end(struct line *l)
{
    struct cli_ate a;
    long number = l->end == LINE_END_ROW     ? LINE_ERR_ROW
                  : l->end == LINE_END_SHIFT ? LINE_ERR_SHIFT
                  : l->end == LINE_END_HSM || l->end == LINE_END_JOURNAL
                      ? (long)l->last
                  : l->end == LINE_END_SIGNAL ? (long)SFI_ERR_CANCELLED
                                              : 0;

    cli_ate_begin(&a, number);
    cli_ate_text(&a, "end");
    cli_ate_value(&a, "by", line_end_word(l->end));
    answer_counts(l, &a);
    answer_send(l, &a);
}
