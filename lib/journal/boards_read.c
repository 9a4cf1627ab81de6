/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A line of the boards' file changes what is known of them.  What was just
 * written is taken the same way, so the memory is what the next process will
 * read. */
#include <string.h>

#include "util/date.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "journal/boards.h"
#include "journal/json.h"

#define BOARDS_GROW 64u
#define LINE_TEXT_MAX 2048u
#define ERROR_TEXT_MAX 700u /* where and message of an error */

enum board_line {
    BOARD_LINE_TIME,
    BOARD_LINE_STEP,
    BOARD_LINE_FACT,
    BOARD_LINE_VALUE,
    BOARD_LINE_PHASE,
    BOARD_LINE_PORT,
    BOARD_LINE_SERIAL,
    BOARD_LINE_DEVICE,
    BOARD_LINE_CHIP,
    BOARD_LINE_RESULT,
    BOARD_LINE_LICENSE,
    BOARD_LINE_HSM,
    BOARD_LINE_RECEIPT,
    BOARD_LINE_NO_RECEIPT,
    BOARD_LINE_WHERE,
    BOARD_LINE_MESSAGE,
    BOARD_LINE_TEXTS
};

enum board_number {
    BOARD_LINE_NUMBER,
    BOARD_LINE_BOARD,
    BOARD_LINE_MS,
    BOARD_LINE_LEFT,
    BOARD_LINE_VERSION,
    BOARD_LINE_PRINTED,
    BOARD_LINE_NUMBERS
};

static const struct {
    const char *in, *name;
} line_texts[BOARD_LINE_TEXTS] = {
    [BOARD_LINE_TIME] = {"", "time"},
    [BOARD_LINE_STEP] = {"", "step"},
    [BOARD_LINE_FACT] = {"", "fact"},
    [BOARD_LINE_VALUE] = {"", "value"},
    [BOARD_LINE_PHASE] = {"", "phase"},
    [BOARD_LINE_PORT] = {"", "port"},
    [BOARD_LINE_SERIAL] = {"", "board_serial"},
    [BOARD_LINE_DEVICE] = {"", "device_id"},
    [BOARD_LINE_CHIP] = {"", "chip"},
    [BOARD_LINE_RESULT] = {"", "result"},
    [BOARD_LINE_LICENSE] = {"", "license"},
    [BOARD_LINE_HSM] = {"", "hsm_serial"},
    [BOARD_LINE_RECEIPT] = {"", "receipt"},
    [BOARD_LINE_NO_RECEIPT] = {"", "no_receipt"},
    [BOARD_LINE_WHERE] = {"error", "where"},
    [BOARD_LINE_MESSAGE] = {"error", "message"},
};

static const char *const line_numbers[BOARD_LINE_NUMBERS] = {
    [BOARD_LINE_NUMBER] = "line",           [BOARD_LINE_BOARD] = "board",
    [BOARD_LINE_MS] = "milliseconds",       [BOARD_LINE_LEFT] = "hsm_remaining",
    [BOARD_LINE_VERSION] = "image_version", [BOARD_LINE_PRINTED] = "printed",
};

/* What a line says. */
struct board_words {
    char texts[BOARD_LINE_TEXTS][LINE_TEXT_MAX];
    bool has[BOARD_LINE_TEXTS];
    uint64_t numbers[BOARD_LINE_NUMBERS];
    bool counted[BOARD_LINE_NUMBERS];
    int64_t status;
    bool bad;
};

static void
words_take_value(void *user, const struct json_value *v)
{
    struct board_words *w = user;

    for (size_t i = 0; i < BOARD_LINE_TEXTS; i++) {
        if (strcmp(v->in, line_texts[i].in) != 0 ||
            strcmp(v->name, line_texts[i].name) != 0)
            continue;
        w->bad = w->bad || w->has[i] ||
                 !sfi__json_value_text(v, w->texts[i], LINE_TEXT_MAX);
        w->has[i] = true;
    }
    for (size_t i = 0; v->in[0] == '\0' && i < BOARD_LINE_NUMBERS; i++) {
        if (strcmp(v->name, line_numbers[i]) != 0)
            continue;
        w->bad = w->bad || w->counted[i] ||
                 !sfi__json_value_number(v, &w->numbers[i]);
        w->counted[i] = true;
    }
    if (strcmp(v->in, "error") == 0 && strcmp(v->name, "status") == 0) {
        struct json_value digits = {.raw = v->raw + 1, .len = v->len - 1};
        uint64_t n;

        w->bad = w->bad || v->raw[0] != '-' ||
                 !sfi__json_value_number(&digits, &n) || n > 999;
        w->status = w->bad ? 0 : -(int64_t)n;
    }
}

static bool
words_read(struct board_words *w, const char *line, size_t len)
{
    sfi__zero(w, sizeof(*w));
    return sfi__json_read(line, len, words_take_value, w) && !w->bad &&
           w->has[BOARD_LINE_TIME] && w->has[BOARD_LINE_STEP] &&
           w->counted[BOARD_LINE_NUMBER];
}

bool
sfi__boards_is_line(const char *line, size_t len)
{
    struct board_words w;

    return words_read(&w, line, len);
}

/* ---- what it changes ---- */

static bool
board_set_text(sfi_boards *b, struct board *board, enum board_text which,
               const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = NULL;

    if (size > 1) {
        copy = sfi__ctx_alloc(b->obj.ctx, size);
        if (copy == NULL)
            return false;
        memcpy(copy, text, size);
    }
    sfi__ctx_dealloc(b->obj.ctx, board->texts[which]);
    board->texts[which] = copy;
    return true;
}

/* The text of a line, if it has one. */
static bool
board_take_text(sfi_boards *b, struct board *board, enum board_text which,
                const struct board_words *w, enum board_line from)
{
    return !w->has[from] || board_set_text(b, board, which, w->texts[from]);
}

static struct board *
boards_add_one(sfi_boards *b)
{
    if (b->count == b->cap) {
        size_t cap = b->cap + BOARDS_GROW + b->cap / 2;
        struct board *more = sfi__ctx_alloc(b->obj.ctx, cap * sizeof(*more));

        if (more == NULL)
            return NULL;
        if (b->count > 0)
            memcpy(more, b->boards, b->count * sizeof(*more));
        sfi__ctx_dealloc(b->obj.ctx, b->boards);
        b->boards = more;
        b->cap = cap;
    }
    sfi__zero(&b->boards[b->count], sizeof(*b->boards));
    b->count++;
    b->boards[b->count - 1].now.number = b->count;
    return &b->boards[b->count - 1];
}

static sfi_status
boards_take_begin(sfi_boards *b, const struct board_words *w, uint64_t seconds)
{
    uint64_t number = w->numbers[BOARD_LINE_BOARD];
    struct board *board;

    if (number == 0 || number > (uint64_t)b->count + 1)
        return SFI_ERR_FORMAT;
    if (number <= b->count)
        board = &b->boards[number - 1];
    else
        board = boards_add_one(b);
    if (board == NULL)
        return SFI_ERR_NOMEM;
    if (board->now.state == SFI_BOARD_DONE)
        return SFI_ERR_FORMAT;
    board->now.state = SFI_BOARD_BEGUN;
    if (board->now.phase == 0)
        board->now.phase = SFI_PHASE_CONNECT;
    board->now.attempts++;
    board->now.begun = seconds;
    board->now.ended = 0;
    board->now.status = 0;
    return board_take_text(b, board, BOARD_TEXT_PORT, w, BOARD_LINE_PORT) &&
                   board_take_text(b, board, BOARD_TEXT_SERIAL, w,
                                   BOARD_LINE_SERIAL) &&
                   board_set_text(b, board, BOARD_TEXT_RESULT, "") &&
                   board_set_text(b, board, BOARD_TEXT_ERROR, "")
               ? SFI_OK
               : SFI_ERR_NOMEM;
}

static uint32_t
phase_by_name(const char *name)
{
    for (uint32_t phase = SFI_PHASE_CONNECT; phase <= SFI_PHASE_RECORDS;
         phase++) {
        if (strcmp(sfi_phase_name(phase), name) == 0)
            return phase;
    }
    return 0;
}

static sfi_status
board_take_phase(sfi_boards *b, struct board *board,
                 const struct board_words *w)
{
    uint32_t phase = phase_by_name(w->texts[BOARD_LINE_PHASE]);

    if (phase == 0)
        return SFI_ERR_FORMAT;
    if (phase > board->now.phase)
        board->now.phase = phase;
    return board_take_text(b, board, BOARD_TEXT_DEVICE, w, BOARD_LINE_DEVICE)
               ? SFI_OK
               : SFI_ERR_NOMEM;
}

/* What the last line of a board tells of it. */
static bool
board_take_texts(sfi_boards *b, struct board *board,
                 const struct board_words *w)
{
    static const struct {
        enum board_text to;
        enum board_line from;
    } pairs[] = {
        {BOARD_TEXT_DEVICE, BOARD_LINE_DEVICE},
        {BOARD_TEXT_CHIP, BOARD_LINE_CHIP},
        {BOARD_TEXT_RESULT, BOARD_LINE_RESULT},
        {BOARD_TEXT_LICENSE, BOARD_LINE_LICENSE},
        {BOARD_TEXT_HSM, BOARD_LINE_HSM},
        {BOARD_TEXT_RECEIPT, BOARD_LINE_RECEIPT},
        {BOARD_TEXT_NO_RECEIPT, BOARD_LINE_NO_RECEIPT},
    };
    bool good = true;

    for (size_t i = 0; good && i < sizeof(pairs) / sizeof(*pairs); i++)
        good = board_take_text(b, board, pairs[i].to, w, pairs[i].from);
    return good;
}

static sfi_status
board_take_end(sfi_boards *b, struct board *board, const struct board_words *w,
               uint64_t seconds)
{
    char error[ERROR_TEXT_MAX];
    const char *where = w->texts[BOARD_LINE_WHERE];

    sfi__text_format(error, sizeof(error), "%.255s%s%.383s", where,
                     where[0] != '\0' ? ": " : "",
                     w->texts[BOARD_LINE_MESSAGE]);
    board->now.state = w->status != 0 ? SFI_BOARD_FAILED : SFI_BOARD_DONE;
    board->now.status = (int32_t)w->status;
    board->now.ended = seconds;
    board->now.milliseconds = w->numbers[BOARD_LINE_MS];
    board->now.hsm_remaining = w->numbers[BOARD_LINE_LEFT];
    board->now.image_version = (uint32_t)w->numbers[BOARD_LINE_VERSION];
    return board_take_texts(b, board, w) &&
                   board_set_text(b, board, BOARD_TEXT_ERROR,
                                  w->status != 0 ? error : "")
               ? SFI_OK
               : SFI_ERR_NOMEM;
}

const struct fact *
sfi__boards_fact(const sfi_boards *b, const char *name)
{
    const struct fact *f = b->facts;

    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static sfi_status
boards_take_fact(sfi_boards *b, const struct board_words *w)
{
    size_t size = strlen(w->texts[BOARD_LINE_VALUE]) + 1;
    struct fact *f;

    if (sfi__boards_fact(b, w->texts[BOARD_LINE_FACT]) != NULL)
        return SFI_ERR_FORMAT;
    f = sfi__ctx_alloc(b->obj.ctx, sizeof(*f));
    if (f == NULL)
        return SFI_ERR_NOMEM;
    f->value = sfi__ctx_alloc(b->obj.ctx, size);
    if (f->value == NULL) {
        sfi__ctx_dealloc(b->obj.ctx, f);
        return SFI_ERR_NOMEM;
    }
    memcpy(f->value, w->texts[BOARD_LINE_VALUE], size);
    (void)sfi__text_copy(f->name, sizeof(f->name), w->texts[BOARD_LINE_FACT]);
    f->next = b->facts;
    b->facts = f;
    return SFI_OK;
}

static sfi_status
boards_take_step(sfi_boards *b, const struct board_words *w, uint64_t seconds)
{
    const char *step = w->texts[BOARD_LINE_STEP];
    uint64_t number = w->numbers[BOARD_LINE_BOARD];
    struct board *board;

    if (b->lines == 0 || strcmp(step, "boards") == 0)
        return b->lines == 0 && strcmp(step, "boards") == 0 ? SFI_OK
                                                            : SFI_ERR_FORMAT;
    if (strcmp(step, "fact") == 0)
        return boards_take_fact(b, w);
    if (strcmp(step, "begin") == 0)
        return boards_take_begin(b, w, seconds);
    if (number == 0 || number > b->count)
        return SFI_ERR_FORMAT;
    board = &b->boards[number - 1];
    if (strcmp(step, "label") == 0 && board->now.state == SFI_BOARD_DONE) {
        board->now.label = w->numbers[BOARD_LINE_PRINTED] != 0 ? 2 : 1;
        return SFI_OK;
    }
    if (board->now.state != SFI_BOARD_BEGUN)
        return SFI_ERR_FORMAT;
    if (strcmp(step, "enter") == 0)
        return board_take_phase(b, board, w);
    if (strcmp(step, "end") == 0)
        return board_take_end(b, board, w, seconds);
    return SFI_ERR_FORMAT;
}

sfi_status
sfi__boards_take_line(sfi_boards *b, const char *line, size_t len)
{
    struct board_words *w = sfi__ctx_alloc(b->obj.ctx, sizeof(*w));
    uint64_t seconds = 0;
    sfi_status st = SFI_ERR_FORMAT;

    if (w == NULL)
        return SFI_ERR_NOMEM;
    if (words_read(w, line, len) &&
        sfi__date_parse(w->texts[BOARD_LINE_TIME], &seconds) &&
        w->numbers[BOARD_LINE_NUMBER] == b->lines + 1)
        st = boards_take_step(b, w, seconds);
    sfi__ctx_dealloc(b->obj.ctx, w);
    if (st == SFI_OK)
        b->lines++;
    if (st == SFI_ERR_FORMAT)
        (void)sfi__fail(b->obj.ctx, st,
                        "the line does not continue the ones before it: the "
                        "file was altered, or is no journal of a job");
    return st;
}

void
sfi__boards_forget(sfi_boards *b)
{
    sfi_ctx *ctx = b->obj.ctx;

    for (size_t i = 0; i < b->count; i++) {
        for (size_t k = 0; k < BOARD_TEXTS; k++)
            sfi__ctx_dealloc(ctx, b->boards[i].texts[k]);
    }
    sfi__ctx_dealloc(ctx, b->boards);
    while (b->facts != NULL) {
        struct fact *f = b->facts;

        b->facts = f->next;
        sfi__ctx_dealloc(ctx, f->value);
        sfi__ctx_dealloc(ctx, f);
    }
}
