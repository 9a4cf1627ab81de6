/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of sfi-program --job share: one order of boards, in rounds of
 * a board at each port.
 *
 * Its journal (sfi/boards.h) is written before each step, so the same command
 * goes on after a kill or a power cut. */
#ifndef EXAMPLES_LINE_LINE_H
#define EXAMPLES_LINE_LINE_H

#include <signal.h>
#include <time.h>

#include "sfi_program.h"

#define LINE_WORDS_MAX                                                         \
    512u                     /* of the command line that a job file stands for \
                              */
#define LINE_INPUT_MAX 512u  /* a line of a scanner or a handler */
#define LINE_REFUSED_MAX 16u /* lines in a row, from one handler */
#define LINE_LINGER_MS 200

/* Numbers of "#ERR nnn" that are no library's status; doc/errors.md. */
enum line_number {
    LINE_ERR_DONE = 801,    /* the board is done already */
    LINE_ERR_ROW = 802,     /* so many failures in a row */
    LINE_ERR_SHIFT = 803,   /* the shift has ended */
    LINE_ERR_INPUT = 804,   /* a line is not understood */
    LINE_ERR_SERIAL = 805,  /* a serial number is missing or not usable */
    LINE_ERR_HALF = 806,    /* a board is half done */
    LINE_ERR_OTHER = 807,   /* the board has another serial number */
    LINE_ERR_REPLACED = 808 /* another handler has connected */
};

enum line_next {
    LINE_NEXT_NONE, /* one board at each port, and no more */
    LINE_NEXT_ENTER,
    LINE_NEXT_SOCKET
};

enum line_serial { LINE_SERIAL_NONE, LINE_SERIAL_SCAN, LINE_SERIAL_COUNTER };

/* Why the loop ended. */
enum line_end {
    LINE_GOES_ON,
    LINE_END_COUNT,
    LINE_END_PORTS, /* each was worked on once */
    LINE_END_INPUT,
    LINE_END_SHIFT,
    LINE_END_ROW,
    LINE_END_HSM,
    LINE_END_SIGNAL,
    LINE_END_JOURNAL
};

/* A place that lines come from, without a NUL inside. */
struct line_input {
    int fd; /* -1: none */
    char text[LINE_INPUT_MAX];
    size_t len;
    bool skip;  /* the rest of a line that is too long */
    bool ended; /* no more comes */
    unsigned refused;
};

struct line {
    struct program *p;
    const char *file;
    /* What it says. */
    char *words[LINE_WORDS_MAX]; /* the same as a command line */
    size_t word_count;
    char *journal;
    char *socket;
    char *csv;
    char *label, *label_output;
    char *facts[LINE_WORDS_MAX]; /* "name\0value" */
    size_t fact_count;
    char *files[STATIONS_MAX]; /* whose content is a fact */
    size_t file_count;
    const char *image; /* one of them; NULL: none */
    enum line_next next;
    enum line_serial serial;
    uint64_t first_serial;
    uint64_t wanted; /* 0: no limit */
    uint64_t row_max;
    time_t shift_end; /* 0: none */
    /* While it runs. */
    pthread_mutex_t lock; /* of the boards, for all threads */
    sfi_ctx *ctx;         /* of the boards */
    sfi_boards *boards;
    bool broken; /* the journal cannot be written */
    bool has_tag;
    uint8_t tag[16]; /* of the image's header */
    struct station *ports;
    size_t port_count;
    const char *serials[STATIONS_MAX]; /* by port, of the next round; NULL */
    bool leave_out[STATIONS_MAX];
    char scanned[LINE_INPUT_MAX];
    uint64_t done, failed; /* of this run */
    uint64_t row;          /* failures since the last success */
    sfi_status last;       /* of the last failure */
    enum line_end end;
    struct line_input in, handler;
    int listener;
    int csv_fd;
    bool *rows; /* of boards that the report has */
    size_t row_cap;
    char *zpl; /* the template */
    int label_fd;
};

/* ---- the job's file: job_file.c ---- */

/* Read it, or exit: what is wrong in it is a usage error. */
void line_read_file(struct line *l, const char *path);
/* A value of the command line that the file stands for. */
void line_add_word(struct line *l, const char *fmt, ...) CLI_PRINTF(2, 3);
void line_free_file(struct line *l);

/* Read a small file whole, up to `cap` bytes. */
sfi_status line_read(sfi_ctx *ctx, const char *path, void *out, size_t cap,
                     size_t *len);

/* ---- a board, in the thread of its station: board.c ---- */

sfi_status line_open_journal(struct line *l);
/* How many are done. */
uint64_t line_count(struct line *l, uint32_t state);
bool line_get(struct line *l, uint64_t number, sfi_board *out);
/* The boards that are half done are named; without a name they have failed. */
sfi_status line_settle(struct line *l);

/* ---- the next one: next.c, socket.c ---- */

/* Wait until the next round is to begin, with the serials of its boards. */
enum line_end line_wait(struct line *l);
/* Read what is there; true: a whole line is in `out`. */
bool line_input_take(struct line *l, struct line_input *in, char *out);
sfi_status line_socket_open(struct line *l);
void line_socket_close(struct line *l);
void line_socket_accept(struct line *l);
/* To the handler: one that does not read, or has gone, misses it and stops
 * nothing. */
void line_socket_send(struct line *l, const char *text, size_t len);

/* ---- answers to handlers: answer.c ---- */

void line_say_ready(struct line *l);
void line_say_board(struct line *l, const struct station *s);
void line_say_half(struct line *l, const sfi_board *b);
void line_say_error(struct line *l, unsigned number, const char *fmt, ...)
    CLI_PRINTF(3, 4);
void line_say_end(struct line *l);
const char *line_end_word(enum line_end end);

/* ---- the report and the labels: csv.c, label.c ---- */

/* All boards again, under a new file that takes the name at once. */
sfi_status line_csv_rebuild(struct line *l);
/* A row more, or all again when it has one. */
sfi_status line_csv_add(struct line *l, uint64_t number);
sfi_status line_label_open(struct line *l);
/* The labels that are missing, of boards that are done. */
sfi_status line_label_print(struct line *l, uint64_t number);
/* The template with a board's values; NULL after an error in the program's
 * context.  The caller frees it. */
char *line_label_text(struct line *l, const sfi_board *b);

#endif
