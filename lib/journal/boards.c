/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The boards of an order: a file of JSON lines with numbers, which one process
 * has at a time.  A line counts when it is synced; what a power cut leaves of
 * one is cut off by the next process. */
#include <errno.h>
#include <string.h>

#include <sfi/version.h>

#include "util/clock.h"
#include "util/date.h"
#include "util/fd.h"
#include "util/file.h"
#include "util/hex.h"
#include "util/json.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "core/files.h"
#include "crypto/hash.h"
#include "journal/append.h"
#include "journal/boards.h"
#include "journal/journal.h"
#include "journal/line.h"

SFI_ABI_PIN(sfi_board, no_receipt);

#define BOARDS_MODE 0644u
#define BOARDS_FILE_MAX ((size_t)256 << 20) /* a million boards */
#define BOARDS_FACT_FILE_MAX ((size_t)64 << 20)

static sfi_status
boards_add_where(const sfi_boards *b, sfi_status st)
{
    if (st != SFI_OK)
        (void)sfi__where(b->obj.ctx, "%s", b->path);
    return st;
}

static sfi_status
boards_fail_os(const sfi_boards *b, int err, const char *what)
{
    sfi_status st = err == EFBIG ? SFI_ERR_OS : sfi__os_status(err);

    return boards_add_where(b, sfi__fail_os(b->obj.ctx, st, err, "%s", what));
}

static void
boards_destroy(void *self)
{
    sfi_boards *b = self;

    if (b->fd >= 0)
        (void)sfi__fd_close(b->fd); /* this ends the lock too */
    sfi__boards_forget(b);
    sfi__ctx_dealloc(b->obj.ctx, b->path);
}

/* ---- append ---- */

/* Every line begins with these. */
static void
boards_begin_line(const sfi_boards *b, struct json_writer *l, const char *step)
{
    char time[DATE_MAX];

    sfi__json_open(l, NULL, '{');
    sfi__json_text(l, "time", sfi__date_format(time, sfi__wall_clock()));
    sfi__json_number(l, "line", b->lines + 1);
    sfi__json_text(l, "step", step);
}

static void
boards_end_line(struct json_writer *l)
{
    sfi__json_close(l, '}');
    l->failed = l->failed || !sfi__buf_append(l->out, "\n", 1);
}

/* Nothing of a line that could not be written stays. */
static sfi_status
boards_write(sfi_boards *b, const struct buf *line)
{
    int err = sfi__append_write(b->fd, line->data, line->len);

    if (err == 0)
        return SFI_OK;
    if (sfi__sys_cut(b->fd, b->size) != 0)
        b->failed = true; /* the next process cuts it off */
    return boards_fail_os(b, err, "cannot write");
}

/* Write a line, and know what it says. */
static sfi_status
boards_append(sfi_boards *b, struct json_writer *l)
{
    struct buf *line = l->out;
    sfi_status st = l->failed ? sfi__nomem(b->obj.ctx) : boards_write(b, line);

    if (st == SFI_OK) {
        b->size += line->len;
        st = sfi__boards_take_line(b, (char *)line->data, line->len - 1);
        b->failed = st != SFI_OK;
    }
    sfi__buf_free(line);
    return st;
}

static sfi_status
boards_check_usable(const sfi_boards *b)
{
    if (!b->failed)
        return SFI_OK;
    return boards_add_where(
        b, sfi__fail(b->obj.ctx, SFI_ERR_STATE,
                     "a write failed before: open the file again"));
}

/* ---- open ---- */

/* A fragment at the end is of a power cut; a line behind one that is wrong says
 * that the file was altered. */
static sfi_status
boards_cut_fragment(sfi_boards *b, const char *text, size_t len)
{
    const char *at = text, *end;
    int err;

    while ((end = memchr(at, '\n', len - (size_t)(at - text))) != NULL) {
        if (sfi__boards_is_line(at, (size_t)(end - at))) {
            (void)sfi__where(b->obj.ctx, "%llu",
                             (unsigned long long)b->lines + 1);
            return boards_add_where(b, SFI_ERR_FORMAT);
        }
        at = end + 1;
    }
    sfi__clear_error(b->obj.ctx);
    sfi__log(b->obj.ctx, SFI_LOG_WARNING,
             "%s: the last line is not whole, as after a power cut: it was "
             "never reported, and is removed",
             b->path);
    err = sfi__sys_cut(b->fd, b->size);
    if (err == 0)
        err = sfi__sys_sync(b->fd);
    return err == 0 ? SFI_OK : boards_fail_os(b, err, "cannot write");
}

static sfi_status
boards_take_text(sfi_boards *b, const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - text) - at : 0;
        sfi_status st = end != NULL ? sfi__boards_take_line(b, text + at, n)
                                    : SFI_ERR_FORMAT;

        if (st == SFI_ERR_NOMEM)
            return sfi__nomem(b->obj.ctx);
        if (st != SFI_OK)
            return boards_cut_fragment(b, text + at, len - at);
        at += n + 1;
        b->size = at;
    }
    return SFI_OK;
}

/* Does it begin as a first line does, or as a part of one? */
static bool
boards_is_ours(const char *text, size_t len)
{
    static const char begin[] = "{\"time\"", mark[] = "\"step\": \"boards\"";
    const char *end = memchr(text, '\n', len);
    size_t n = end != NULL ? (size_t)(end - text) : len;

    if (n < sizeof(begin) - 1 || end == NULL)
        return end == NULL && n < 200 && /* a power cut in the first line */
               sfi__equal(text, begin,
                          n < sizeof(begin) - 1 ? n : sizeof(begin) - 1);
    for (size_t i = 0; i + sizeof(mark) - 1 <= n; i++) {
        if (sfi__equal(text + i, mark, sizeof(mark) - 1))
            return true;
    }
    return false;
}

static sfi_status
boards_read(sfi_boards *b, size_t len)
{
    struct buf text;
    int err;
    sfi_status st = SFI_OK;

    sfi__buf_init(&text, &b->obj.ctx->alloc, false);
    if (!sfi__buf_fill(&text, 0, len)) {
        sfi__buf_free(&text);
        return sfi__nomem(b->obj.ctx);
    }
    err = sfi__sys_read_at(b->fd, text.data, len, 0);
    if (err != 0)
        st = boards_fail_os(b, err, "cannot read");
    else if (len > 0 && !boards_is_ours((char *)text.data, len))
        st = boards_add_where(b, sfi__fail(b->obj.ctx, SFI_ERR_FORMAT,
                                           "this is no journal of a job: "
                                           "choose another name"));
    else
        st = boards_take_text(b, (char *)text.data, len);
    sfi__buf_free(&text);
    return st;
}

static sfi_status
boards_write_first_line(sfi_boards *b)
{
    struct buf line;
    struct json_writer l = {.out = &line};
    sfi_status st;
    int err;

    sfi__buf_init(&line, &b->obj.ctx->alloc, false);
    boards_begin_line(b, &l, "boards");
    sfi__json_text(&l, "libsfi", sfi_version_str());
    boards_end_line(&l);
    st = boards_append(b, &l);
    err = st == SFI_OK ? sfi__file_sync_folder(b->path) : 0;
    return err == 0 ? st : boards_fail_os(b, err, "cannot write");
}

/* One process has it: a lock of the open file, which ends with the process. */
static sfi_status
boards_lock(sfi_boards *b)
{
    sfi_ctx *ctx = b->obj.ctx;
    struct sys_stat opened, named;
    int err = sfi__sys_lock(b->fd, SYS_LOCK);

    if (err == EAGAIN)
        return boards_add_where(
            b, sfi__fail(ctx, SFI_ERR_ACCESS,
                         "another process works on this job: wait until it "
                         "ends, or end it"));
    if (err != 0)
        return boards_fail_os(b, err, "cannot lock");
    err = sfi__sys_fstat(b->fd, &opened);
    if (err == 0)
        err = sfi__sys_stat(b->path, &named);
    if (err != 0)
        return boards_fail_os(b, err, "cannot read");
    if (opened.device != named.device || opened.inode != named.inode)
        return boards_add_where(b, sfi__fail(ctx, SFI_ERR_OS,
                                             "the file was replaced while it "
                                             "was opened: try again"));
    if (!opened.is_file)
        return boards_add_where(b, sfi__fail(ctx, SFI_ERR_OS,
                                             "not a regular file, so it "
                                             "cannot hold a journal"));
    if (opened.size > BOARDS_FILE_MAX)
        return boards_add_where(b, sfi__fail(ctx, SFI_ERR_LIMIT,
                                             "a file of more than %zu bytes",
                                             BOARDS_FILE_MAX));
    return boards_read(b, (size_t)opened.size);
}

static sfi_status
boards_open(sfi_boards *b)
{
    sfi_status st = sfi__file_guard_check(b->obj.ctx, b->path);
    int err;

    if (st != SFI_OK)
        return st;
    err = sfi__fd_open(b->path,
                       SYS_READ_WRITE | SYS_CREATE | SYS_APPEND | SYS_NO_WAIT,
                       BOARDS_MODE, &b->fd);
    if (err != 0)
        return boards_fail_os(b, err, "cannot write");
    st = boards_lock(b);
    if (st == SFI_OK && b->lines == 0)
        st = boards_write_first_line(b);
    return st;
}

sfi_status
sfi_boards_open(sfi_ctx *ctx, const char *path, sfi_boards **out)
{
    sfi_boards *b;
    sfi_status st = SFI_ERR_NOMEM;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    b = sfi__obj_new(ctx, OBJ_BOARDS, sizeof(*b), boards_destroy);
    if (b == NULL)
        return SFI_ERR_NOMEM;
    b->fd = -1;
    b->path = sfi__ctx_alloc(ctx, strlen(path) + 1);
    if (b->path != NULL) {
        memcpy(b->path, path, strlen(path) + 1);
        st = boards_open(b);
    }
    if (st != SFI_OK)
        sfi__obj_unref(b);
    else
        *out = b;
    return st;
}

/* ---- facts ---- */

static sfi_status
boards_check_fact(sfi_boards *b, const char *name, const char *value)
{
    const struct fact *f = sfi__boards_fact(b, name);
    struct buf line;
    struct json_writer l = {.out = &line};
    sfi_status st = boards_check_usable(b);

    if (st != SFI_OK)
        return st;
    if (f != NULL && strcmp(f->value, value) == 0)
        return SFI_OK;
    if (f != NULL)
        return boards_add_where(
            b, sfi__fail(b->obj.ctx, SFI_ERR_RANGE,
                         "the job began with %s = %.90s, and now it is %.90s: "
                         "go on with the old one, or begin another journal",
                         name, f->value, value));
    sfi__buf_init(&line, &b->obj.ctx->alloc, false);
    boards_begin_line(b, &l, "fact");
    sfi__json_text(&l, "fact", name);
    sfi__json_text(&l, "value", value);
    boards_end_line(&l);
    return boards_append(b, &l);
}

sfi_status
sfi_boards_check_fact(sfi_boards *boards, const char *name, const char *value)
{
    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, name != NULL && strlen(name) < BOARD_NAME_MAX);
    SFI_ARG(boards, value != NULL && strlen(value) < BOARD_VALUE_MAX);
    return boards_check_fact(boards, name, value);
}

sfi_status
sfi_boards_check_file(sfi_boards *boards, const char *name, const char *path)
{
    uint8_t hash[SFI_SHA256_LEN];
    char hex[2 * SFI_SHA256_LEN + 1];
    struct buf content;
    sfi_status st;

    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, name != NULL && strlen(name) < BOARD_NAME_MAX);
    SFI_ARG(boards, path != NULL);
    st =
        sfi__load(boards->obj.ctx, path, BOARDS_FACT_FILE_MAX, false, &content);
    if (st == SFI_OK)
        st = sfi__sha256(boards->obj.ctx, content.data, content.len, hash);
    sfi__buf_free(&content);
    if (st != SFI_OK)
        return st;
    sfi__hex_encode(hex, hash, sizeof(hash));
    return boards_check_fact(boards, name, hex);
}

/* ---- boards ---- */

static bool
boards_has(const sfi_boards *b, uint64_t number)
{
    return number >= 1 && number <= b->count;
}

static sfi_status
boards_check_state(const sfi_boards *b, uint64_t number, uint32_t state,
                   const char *word)
{
    sfi_status st = boards_check_usable(b);

    if (st != SFI_OK || b->boards[number - 1].now.state == state)
        return st;
    return boards_add_where(b, sfi__fail(b->obj.ctx, SFI_ERR_STATE,
                                         "board %llu %s",
                                         (unsigned long long)number, word));
}

/* A line of a board. */
static void
boards_begin_board_line(const sfi_boards *b, struct buf *line,
                        struct json_writer *l, const char *step,
                        uint64_t number)
{
    sfi__buf_init(line, &b->obj.ctx->alloc, false);
    boards_begin_line(b, l, step);
    sfi__json_number(l, "board", number);
}

sfi_status
sfi_boards_begin(sfi_boards *boards, uint64_t number, const char *port,
                 const char *serial, uint64_t *out)
{
    struct buf line;
    struct json_writer l = {.out = &line};
    sfi_status st;

    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, number == 0 || boards_has(boards, number));
    SFI_ARG(boards, port == NULL || strlen(port) < BOARD_VALUE_MAX);
    SFI_ARG(boards, serial == NULL || strlen(serial) < BOARD_SERIAL_MAX);
    st = boards_check_usable(boards);
    if (st != SFI_OK)
        return st;
    if (number != 0 && boards->boards[number - 1].now.state == SFI_BOARD_DONE)
        return boards_check_state(boards, number, SFI_BOARD_BEGUN,
                                  "is done already");
    if (number == 0)
        number = boards->count + 1;
    boards_begin_board_line(boards, &line, &l, "begin", number);
    if (port != NULL)
        sfi__json_text(&l, "port", port);
    if (serial != NULL)
        sfi__json_text(&l, "board_serial", serial);
    boards_end_line(&l);
    st = boards_append(boards, &l);
    if (st == SFI_OK && out != NULL)
        *out = number;
    return st;
}

sfi_status
sfi_boards_enter(sfi_boards *boards, uint64_t number, uint32_t phase,
                 const char *device_id)
{
    struct buf line;
    struct json_writer l = {.out = &line};
    sfi_status st;

    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, boards_has(boards, number));
    SFI_ARG(boards, phase >= SFI_PHASE_CONNECT && phase <= SFI_PHASE_RECORDS);
    SFI_ARG(boards, device_id == NULL || strlen(device_id) < BOARD_SERIAL_MAX);
    st = boards_check_state(boards, number, SFI_BOARD_BEGUN, "has not begun");
    if (st != SFI_OK)
        return st;
    boards_begin_board_line(boards, &line, &l, "enter", number);
    sfi__json_text(&l, "phase", sfi_phase_name(phase));
    if (device_id != NULL)
        sfi__json_text(&l, "device_id", device_id);
    boards_end_line(&l);
    return boards_append(boards, &l);
}

/* A record of the job, with the members of a board's line. */
static sfi_status
boards_end(sfi_boards *b, uint64_t number, sfi_journal_job *job,
           const sfi_error *error)
{
    char more[96];
    struct buf line;
    struct json_writer l = {.out = &line};
    sfi_status st;

    sfi__text_format(more, sizeof(more),
                     "{\"line\": %llu, \"step\": \"end\", \"board\": %llu}",
                     (unsigned long long)b->lines + 1,
                     (unsigned long long)number);
    job->more = more;
    sfi__buf_init(&line, &b->obj.ctx->alloc, false);
    st = sfi__journal_line(b->obj.ctx, job, error, &line);
    if (st == SFI_OK)
        return boards_append(b, &l);
    sfi__buf_free(&line);
    return st;
}

sfi_status
sfi_boards_end(sfi_boards *boards, uint64_t number, const sfi_journal_job *job)
{
    struct sfi_error error = {.status = SFI_OK};
    sfi_journal_job ours;
    sfi_status st;

    sfi__journal_keep_error(job, &error);
    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, boards_has(boards, number));
    SFI_ARG(boards, job != NULL);
    st = sfi__journal_job_in(boards, &ours, job);
    if (st == SFI_OK)
        st = boards_check_state(boards, number, SFI_BOARD_BEGUN,
                                "has not begun");
    if (st != SFI_OK)
        return st;
    return boards_end(boards, number, &ours,
                      ours.error != NULL ? &error : NULL);
}

sfi_status
sfi_boards_label(sfi_boards *boards, uint64_t number, int printed)
{
    struct buf line;
    struct json_writer l = {.out = &line};
    sfi_status st;

    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, boards_has(boards, number));
    st = boards_check_state(boards, number, SFI_BOARD_DONE, "is not done");
    if (st != SFI_OK)
        return st;
    boards_begin_board_line(boards, &line, &l, "label", number);
    sfi__json_number(&l, "printed", printed != 0);
    boards_end_line(&l);
    return boards_append(boards, &l);
}

/* ---- look ---- */

uint64_t
sfi_boards_count(const sfi_boards *boards)
{
    return sfi__is(boards, OBJ_BOARDS) ? boards->count : 0;
}

static const char *
board_text(const struct board *board, enum board_text which)
{
    return board->texts[which] != NULL ? board->texts[which] : "";
}

sfi_status
sfi_boards_get(sfi_boards *boards, uint64_t number, sfi_board *out)
{
    const struct board *board;
    sfi_board ours;

    SFI_ENTER(boards, BOARDS);
    SFI_ARG(boards, boards_has(boards, number));
    SFI_ARG(boards, out != NULL);
    board = &boards->boards[number - 1];
    ours = board->now;
    ours.struct_size = sizeof(ours);
    ours.port = board_text(board, BOARD_TEXT_PORT);
    ours.serial = board_text(board, BOARD_TEXT_SERIAL);
    ours.device_id = board_text(board, BOARD_TEXT_DEVICE);
    ours.chip = board_text(board, BOARD_TEXT_CHIP);
    ours.result = board_text(board, BOARD_TEXT_RESULT);
    ours.license = board_text(board, BOARD_TEXT_LICENSE);
    ours.hsm_serial = board_text(board, BOARD_TEXT_HSM);
    ours.error = board_text(board, BOARD_TEXT_ERROR);
    ours.receipt = board_text(board, BOARD_TEXT_RECEIPT);
    ours.no_receipt = board_text(board, BOARD_TEXT_NO_RECEIPT);
    return SFI_ABI_OUT(boards, sfi_board, out, &ours);
}

uint64_t
sfi_boards_find(const sfi_boards *boards, uint32_t key, const char *text)
{
    static const enum board_text texts[] = {
        [SFI_BOARD_PORT] = BOARD_TEXT_PORT,
        [SFI_BOARD_SERIAL] = BOARD_TEXT_SERIAL,
        [SFI_BOARD_DEVICE] = BOARD_TEXT_DEVICE,
    };
    uint64_t i = sfi_boards_count(boards);

    if (text == NULL || text[0] == '\0' || key < SFI_BOARD_PORT ||
        key > SFI_BOARD_DEVICE)
        return 0;
    while (i > 0 &&
           strcmp(board_text(&boards->boards[i - 1], texts[key]), text) != 0)
        i--;
    return i;
}

const char *
sfi_board_advice(const sfi_board *board)
{
    if (board == NULL || board->struct_size < sfi_board_pinned ||
        board->state == SFI_BOARD_DONE)
        return "";
    switch (board->phase) {
    case SFI_PHASE_CONNECT:
        return "put it in again: nothing was changed and nothing counted";
    case SFI_PHASE_SECURE:
    case SFI_PHASE_CERTIFICATE:
        return "put it in again: its chip may be secure now, and nothing was "
               "counted";
    case SFI_PHASE_LICENSE:
        return "put it in again: it may be counted, and is not counted twice";
    case SFI_PHASE_AREAS:
        return "put it in again: it is counted, holds no firmware, and is not "
               "counted twice";
    case SFI_PHASE_CONFIRM:
    case SFI_PHASE_DONE:
        return "put it in again: it is counted and may be complete, which is "
               "found out, and it is not counted twice";
    default:
        return "put it in again: what it holds is not complete";
    }
}

void
sfi_boards_free(sfi_boards *boards)
{
    sfi__obj_free(boards, OBJ_BOARDS);
}
