/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The report of a job: CSV (RFC 4180), a row a board.  It is made again from
 * the journal, so that a crash neither loses nor doubles a row. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line/line.h"

#define CSV_MODE 0644u
#define CSV_PATH_MAX 4352

/* Each report begins with these: an older one has no more. */
#define CSV_COLUMNS                                                        \
    "time,board,serial,device_id,port,chip,firmware,version,result,error," \
    "license,count,license_file,milliseconds,attempts"

static const char csv_head[] = CSV_COLUMNS ",receipt,no_receipt\r\n";

static void
csv_number(FILE *out, uint64_t value, const char *end)
{
    (void)fprintf(out, "%" PRIu64 "%s", value, end);
}

static void
csv_time(FILE *out, uint64_t seconds)
{
    time_t at = (time_t)seconds;
    struct tm utc;
    char text[32] = "";

    if (gmtime_r(&at, &utc) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    cli_csv_cell(out, text, ",");
}

/* Where the chip's licence is kept, if there is a store. */
static void
csv_license_file(const struct line *l, FILE *out, const sfi_board *b)
{
    const struct cli *c = &l->p->cli;
    const struct cli_use *use = cli_next(c, OPT_SFI, NULL);
    const char *store = cli_key(c, use, "store");
    char path[CSV_PATH_MAX] = "";

    if (store == NULL && use != NULL && use->count > 1)
        store = use->value[1];
    if (store != NULL && b->license[0] != '\0' && b->device_id[0] != '\0')
        (void)snprintf(path, sizeof(path), "%.4096s/%.80s.lic", store,
                       b->device_id);
    cli_csv_cell(out, path, ",");
}

static void
csv_row(const struct line *l, FILE *out, const sfi_board *b)
{
    bool counted = b->hsm_serial[0] != '\0' && b->license[0] != '\0';

    csv_time(out, b->ended != 0 ? b->ended : b->begun);
    csv_number(out, b->number, ",");
    cli_csv_cell(out, b->serial, ",");
    cli_csv_cell(out, b->device_id, ",");
    cli_csv_cell(out, b->port, ",");
    cli_csv_cell(out, b->chip, ",");
    cli_csv_cell(out, l->file_count > 0 ? l->files[0] : "", ",");
    if (b->image_version != 0)
        csv_number(out, b->image_version, ",");
    else
        cli_csv_cell(out, "", ",");
    cli_csv_cell(out, b->state == SFI_BOARD_BEGUN ? "half done" : b->result,
                 ",");
    cli_csv_cell(out, b->error, ",");
    cli_csv_cell(out, b->license, ",");
    if (counted)
        csv_number(out, b->hsm_remaining, ",");
    else
        cli_csv_cell(out, "", ",");
    csv_license_file(l, out, b);
    csv_number(out, b->milliseconds, ",");
    csv_number(out, b->attempts, ",");
    cli_csv_cell(out, b->receipt, ",");
    cli_csv_cell(out, b->no_receipt, "\r\n");
}

static void
csv_mark(struct line *l, uint64_t number)
{
    if (number > l->row_cap) {
        size_t cap = (size_t)number * 2 + 64;
        bool *rows = calloc(cap, sizeof(*rows));

        if (rows == NULL)
            cli_nomem(l->p->cli.spec->program);
        if (l->row_cap > 0)
            memcpy(rows, l->rows, l->row_cap * sizeof(*rows));
        free(l->rows);
        l->rows = rows;
        l->row_cap = cap;
    }
    l->rows[number - 1] = true;
}

/* A file of another kind is not replaced. */
static sfi_status
csv_check_old(struct line *l)
{
    char head[sizeof(CSV_COLUMNS)] = "";
    size_t len;
    sfi_status st;

    if (access(l->csv, F_OK) != 0 && errno == ENOENT)
        return SFI_OK;
    st = line_read(l->p->ctx, l->csv, head, sizeof(CSV_COLUMNS) - 1, &len);
    if (st != SFI_OK)
        return st;
    if (len == 0 || strcmp(head, CSV_COLUMNS) == 0)
        return SFI_OK;
    return cli_report(l->p->ctx, SFI_ERR_ACCESS,
                      "%.250s: this is no report of a job: choose another name",
                      l->csv);
}

static sfi_status
csv_finish(struct line *l, FILE *out, const char *path)
{
    bool good = fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
    int err = errno;

    if (fclose(out) == 0 && good)
        return SFI_OK;
    return cli_report_os(l->p->ctx, err, "%.250s: cannot write", path);
}

sfi_status
line_csv_rebuild(struct line *l)
{
    char temp[CSV_PATH_MAX];
    FILE *out;
    int fd;
    sfi_board b;
    sfi_status st = l->csv != NULL ? csv_check_old(l) : SFI_OK;

    if (st != SFI_OK || l->csv == NULL)
        return st;
    (void)snprintf(temp, sizeof(temp), "%.4096s.new", l->csv);
    (void)unlink(temp);
    st = cli_open(l->p->ctx, temp, O_WRONLY | O_CREAT | O_EXCL, CSV_MODE, &fd);
    if (st != SFI_OK)
        return st;
    out = fdopen(fd, "w");
    if (out == NULL)
        cli_nomem(l->p->cli.spec->program);
    (void)fputs(csv_head, out);
    for (uint64_t i = 1; i <= sfi_boards_count(l->boards); i++) {
        if (!line_get(l, i, &b))
            continue;
        csv_row(l, out, &b);
        csv_mark(l, i);
    }
    st = csv_finish(l, out, temp);
    if (st == SFI_OK && rename(temp, l->csv) != 0)
        st = cli_report_os(l->p->ctx, errno, "%.250s: cannot write", l->csv);
    if (st != SFI_OK)
        (void)unlink(temp);
    return st;
}

sfi_status
line_csv_add(struct line *l, uint64_t number)
{
    sfi_board b;
    FILE *out;
    int fd;
    sfi_status st;

    if (l->csv == NULL || !line_get(l, number, &b))
        return SFI_OK;
    if (number <= l->row_cap && l->rows[number - 1])
        return line_csv_rebuild(l);
    st = cli_open(l->p->ctx, l->csv, O_WRONLY | O_APPEND, CSV_MODE, &fd);
    if (st != SFI_OK)
        return line_csv_rebuild(l); /* somebody took it away */
    out = fdopen(fd, "a");
    if (out == NULL)
        cli_nomem(l->p->cli.spec->program);
    csv_row(l, out, &b);
    csv_mark(l, number);
    return csv_finish(l, out, l->csv);
}
