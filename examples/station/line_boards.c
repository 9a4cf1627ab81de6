/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The boards of a job: from its journal, and as they end. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "station/line.h"

#define CATEGORIES 8u /* the hundreds of a status: doc/errors.md */

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static json_int_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static json_t *
row_of_board(const sfi_board *b)
{
    static const char *const states[] = {"", "half", "done", "failed"};
    json_t *row = json_pack(
        "{s:I, s:I, s:s, s:b, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:I}", "board",
        (json_int_t)b->number, "time",
        (json_int_t)(b->ended != 0 ? b->ended : b->begun), "state",
        states[b->state & 3], "receipt", b->receipt[0] != '\0', "result",
        b->result, "error", b->error, "status", (int)b->status, "device_id",
        b->device_id, "port", b->port, "license", b->license, "board_serial",
        b->serial, "milliseconds", (json_int_t)b->milliseconds);

    if (row != NULL && b->hsm_serial[0] != '\0')
        (void)json_object_set_new(row, "hsm_remaining",
                                  json_integer((json_int_t)b->hsm_remaining));
    if (row != NULL && b->state == SFI_BOARD_BEGUN)
        (void)json_object_set_new(row, "advice",
                                  json_string(sfi_board_advice(b)));
    return row;
}

/* Takes it. */
static void
show_row(struct line *l, json_t *row)
{
    (void)json_array_append_new(l->rows, row);
    if (json_array_size(l->rows) > LINE_ROWS_MAX)
        (void)json_array_remove(l->rows, 0);
    l->sum_is_new = true;
}

void
line_set_board(struct line *l, json_int_t number, json_t *row)
{
    if (row == NULL || number < 1 || number > (json_int_t)LINE_BOARDS_MAX) {
        json_decref(row);
        return;
    }
    while ((json_int_t)json_array_size(l->boards) < number)
        (void)json_array_append_new(l->boards, json_object());
    (void)json_array_set(l->boards, (size_t)number - 1, row);
    show_row(l, row);
}

/* The journal does not have these: they are known until the program ends. */
void
line_add_stray(struct line *l, json_t *row)
{
    if (row == NULL)
        return;
    (void)json_array_append(l->strays, row);
    if (json_array_size(l->strays) > LINE_STRAYS_MAX)
        (void)json_array_remove(l->strays, 0);
    show_row(l, row);
}

static sfi_status
load_boards(struct line *l, sfi_boards *boards)
{
    sfi_board b = {.struct_size = sizeof(b)};
    sfi_status st = SFI_OK;

    for (uint64_t i = 1; st == SFI_OK && i <= sfi_boards_count(boards); i++) {
        st = sfi_boards_get(boards, i, &b);
        if (st == SFI_OK)
            line_set_board(l, (json_int_t)i, row_of_board(&b));
        if (st == SFI_OK)
            line_audit_add(l, b.device_id, b.receipt);
    }
    return st;
}

/* A journal that is not there is not begun. */
sfi_status
line_load(struct line *l, sfi_ctx *ctx)
{
    sfi_boards *boards = NULL;
    sfi_status st = SFI_OK;

    if (access(l->journal, F_OK) == 0)
        st = sfi_boards_open(ctx, l->journal, &boards);
    (void)pthread_mutex_lock(&l->lock);
    if (st == SFI_OK) {
        (void)json_array_clear(l->boards);
        json_decref(l->rows);
        l->rows = json_array();
        (void)json_array_clear(l->audit.pending);
        l->sum_is_new = true;
    }
    if (boards != NULL)
        st = load_boards(l, boards);
    (void)pthread_mutex_unlock(&l->lock);
    sfi_boards_free(boards);
    return st;
}

/* ---- today's figures ---- */

static time_t
midnight(time_t now)
{
    struct tm local;

    if (localtime_r(&now, &local) == NULL)
        return 0;
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    local.tm_isdst = -1;
    return mktime(&local);
}

struct sum {
    json_int_t good, bad, half, hour, counted, installed, receipts, done;
    json_int_t why[CATEGORIES];
};

static void
sum_add(struct sum *s, const struct line_audit *a, const json_t *row,
        time_t now, time_t today)
{
    const char *state = text_of(row, "state");
    const char *device = text_of(row, "device_id");
    json_int_t at = number_of(row, "time");
    json_int_t category = -number_of(row, "status") / 100;

    if (strcmp(state, "half") == 0)
        s->half++;
    s->counted += json_object_get(a->counted, device) != NULL;
    if (strcmp(state, "done") == 0) {
        s->done++;
        s->installed += strcmp(text_of(row, "result"), "installed") == 0;
        s->receipts += json_object_get(a->proven, device) != NULL;
        s->good += at >= today;
        s->hour += at > now - 3600;
    }
    if (strcmp(state, "failed") == 0 && at >= today) {
        s->bad++;
        if (category > 0 && category < (json_int_t)CATEGORIES)
            s->why[category]++;
    }
}

json_t *
line_sum(const struct line *l)
{
    struct sum s = {0};
    time_t now = time(NULL), today = midnight(now);
    json_t *why = json_array(), *half = json_array(), *row, *sum;
    size_t i;

    json_array_foreach(l->boards, i, row)
    {
        sum_add(&s, &l->audit, row, now, today);
        if (strcmp(text_of(row, "state"), "half") == 0 &&
            json_array_size(half) < LINE_ROWS_MAX)
            (void)json_array_append(half, row);
    }
    json_array_foreach(l->strays, i, row)
        sum_add(&s, &l->audit, row, now, today);
    for (i = 0; i < CATEGORIES; i++)
        (void)json_array_append_new(why, json_integer(s.why[i]));
    sum =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "good",
                  s.good, "bad", s.bad, "half", s.half, "hour", s.hour,
                  "counted", s.counted, "installed", s.installed, "receipts",
                  s.receipts, "done", s.done, "why", why, "half_done", half);
    if (sum != NULL) {
        (void)json_object_set_new(sum, "audit_read",
                                  json_boolean(l->audit.is_read));
        (void)json_object_set_new(
            sum, "audit_all",
            json_integer((json_int_t)json_object_size(l->audit.counted)));
        (void)json_object_set_new(sum, "audit_looks",
                                  json_boolean(l->audit.is_due));
        (void)json_object_set_new(sum, "audit_error",
                                  json_string(l->audit.message));
    }
    return sum;
}

/* ---- CSV ---- */

static void
csv_row(FILE *out, const json_t *row)
{
    static const char *const texts[] = {"board_serial", "device_id", "port",
                                        "state",        "result",    "error",
                                        "license"};
    time_t at = (time_t)number_of(row, "time");
    struct tm utc;
    char text[32] = "";

    if (json_object_size(row) == 0)
        return;
    if (gmtime_r(&at, &utc) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    (void)fprintf(out, "%s,%lld,", text, (long long)number_of(row, "board"));
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        cli_csv_cell(out, text_of(row, texts[i]), ",");
    (void)fprintf(out, "%lld,%s\r\n", (long long)number_of(row, "milliseconds"),
                  json_is_true(json_object_get(row, "receipt")) ? "yes" : "no");
}

void
line_csv(struct desk *d, const struct ask *a, struct reply *r)
{
    struct line *l = d->data;
    char *text = NULL;
    size_t len = 0, i;
    FILE *out = open_memstream(&text, &len);
    json_t *row;

    (void)a;
    if (out == NULL) {
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory");
        return;
    }
    (void)fputs("time,board,serial,device_id,port,state,result,error,license,"
                "milliseconds,receipt\r\n",
                out);
    (void)pthread_mutex_lock(&l->lock);
    json_array_foreach(l->boards, i, row) csv_row(out, row);
    (void)pthread_mutex_unlock(&l->lock);
    (void)fclose(out);
    reply_bytes(r, "text/csv", text, len);
    (void)snprintf(r->name, sizeof(r->name), "boards.csv");
    free(text);
}
