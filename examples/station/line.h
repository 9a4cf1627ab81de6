/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of the screen "Line" share.
 *
 * The boards are made by sfi-program --job, a process of its own: it tells
 * events through a pipe, and a line into another one begins the next round.
 * When sfi-station ends, or is killed, that pipe ends: the boards at work are
 * finished, their journal is settled, and the process ends. */
#ifndef STATION_LINE_H
#define STATION_LINE_H

#include <pthread.h>

#include "station/station.h"

#define LINE_SOCKETS_MAX 64u
#define LINE_ROWS_MAX 50u    /* that the page shows; the totals are beside */
#define LINE_TEXT_MAX 16384u /* a line of the process */
#define LINE_BOARDS_MAX 1000000u
#define LINE_STRAYS_MAX 10000u

enum line_state {
    LINE_NONE,    /* no job is chosen */
    LINE_IDLE,    /* a job, and no process */
    LINE_BEGINS,  /* the process looks at journal and HSM */
    LINE_READY,   /* it waits for the next boards */
    LINE_WORKS,   /* a round */
    LINE_STOPS,   /* the operator said so */
    LINE_FOREIGN, /* another process has the journal */
    LINE_STATES
};

struct line_socket {
    char *port;
    json_t *value; /* as the page has it */
    bool is_new;   /* it was not told yet */
};

/* What was found out about the count; with the lock. */
struct line_audit {
    json_t *counted;   /* devices of the HSM's audit, by device id */
    json_t *proven;    /* devices with a genuine receipt */
    json_t *pending;   /* receipts that were not verified yet */
    uint64_t sequence; /* of the last record that was read */
    uint8_t serial[16], ca[64];
    bool is_due, is_read;
    char message[1024]; /* why it could not be read */
};

struct line {
    pthread_mutex_t lock;          /* of all below: the reader has a thread */
    char path[STATION_PATH_MAX];   /* of the job; "": none */
    char folder[STATION_PATH_MAX]; /* where it is */
    char journal[STATION_PATH_MAX];
    json_t *plan;
    struct line_socket sockets[LINE_SOCKETS_MAX];
    size_t socket_count;
    json_t *boards; /* a row for each, by number */
    json_t *rows;   /* the last ones */
    json_t *strays; /* that failed before they had a number: no chip answered */
    struct line_audit audit;
    enum line_state state;
    char message[1024]; /* the last warning */
    char ended[16];     /* "count", "hsm" ...: doc/job.md; "": not by itself */
    json_t *failure;    /* why the process ended; NULL */
    bool sum_is_new, state_is_new;
    pid_t pid; /* 0: there is none */
    int in, out, events;
    pthread_t reader;
    bool has_reader, has_ended;
    bool is_over; /* sfi-station ends: nothing is told any more */
};

/* ---- line_child.c ---- */

/* Start sfi-program with these words; the descriptors become its first ones,
 * `pin` the next; -1: none. */
sfi_status line_spawn(const char *program, char *const words[], int in, int out,
                      int events, int pin, pid_t *pid);
/* What `sfi-program --job PATH --plan` says; NULL after reply_refuse(). */
json_t *line_plan(struct desk *d, const char *path, struct reply *r);
/* The process, and the thread that reads what it tells. */
bool line_start(struct desk *d, const struct cli_pin *pin, struct reply *r);
/* After the thread has ended. */
void line_collect(struct line *l);

/* ---- line_told.c: what the process tells ---- */

/* With the lock. */
void line_take_event(struct line *l, const json_t *event);
void line_take_answer(struct line *l, const char *text);
void line_set_state(struct line *l, enum line_state state);
void line_set_socket(struct line *l, size_t index, json_t *value);
/* Tell what is new. */
void line_tell(struct line *l, const struct settings *s);

/* ---- line_boards.c ---- */

/* Read the journal, if there is one.  Without the lock. */
sfi_status line_load(struct line *l, sfi_ctx *ctx);
void line_set_board(struct line *l, json_int_t number, json_t *row);
void line_add_stray(struct line *l, json_t *row);
json_t *line_sum(const struct line *l);
void line_csv(struct desk *d, const struct ask *a, struct reply *r);

/* ---- line_pin.c ---- */

/* `*has`: the job needs one, and the shift has it; false: after
 * reply_refuse(). */
bool line_get_pin(struct desk *d, const struct ask *a, struct cli_pin *pin,
                  bool *has, struct reply *r);

/* The HSM by a name that does not depend on the job's folder. */
void line_hsm(const struct line *l, const char *slot,
              char out[STATION_PATH_MAX]);

/* ---- line_audit.c ---- */

/* With the lock: at another job; a device's receipt is to be verified. */
void line_audit_clear(struct line *l);
void line_audit_free(struct line *l);
void line_audit_add(struct line *l, const char *device_id, const char *receipt);
/* If there is something new, find out for a moment.  Without the lock. */
void line_audit_part(struct desk *d);

/* ---- line_round.c ---- */

void line_next(struct desk *d, const struct ask *a, struct reply *r);

/* ---- line_labels.c ---- */

void line_labels(struct desk *d, const struct ask *a, struct reply *r);

/* ---- line_make.c ---- */

/* The ports of this machine, as sfi-program -l has them. */
void line_ports(struct desk *d, const struct ask *a, struct reply *r);

void line_check(struct desk *d, const struct ask *a, struct reply *r);
void line_make(struct desk *d, const struct ask *a, struct reply *r);

#endif
