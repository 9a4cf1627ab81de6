/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of sfi-program --gang share. */
#ifndef SFI_PROGRAM_GANG_H
#define SFI_PROGRAM_GANG_H

#include <pthread.h>

#include "sfi_program_record.h"

#define GANG_MAX 256u /* a thread each; more than any bench has sockets */

struct gang;

struct chip {
    struct station s;
    struct gang *gang;
    pthread_t thread;
    char *shown; /* what the station shows */
    size_t shown_len;
    atomic_bool ended; /* the result is there */
    /* Only for the watcher: what it has printed. */
    unsigned quarters;
    bool told;
};

struct gang {
    struct program *p;
    struct chip *chips;
    size_t count;
    char *ports; /* storage of the chips' port names */
    struct record record;
    pthread_mutex_t lock;     /* of the screen */
    pthread_mutex_t hsm_lock; /* protects the program's context and HSM */
    pthread_mutex_t record_lock;
    struct timespec started;
    bool block; /* a line for each chip, redrawn in place */
    bool drawn;
    unsigned columns;
};

/* The log function of the chip's context: print above the block. */
void chip_log_line(void *user, int level, const char *line);

/* Decide between a block on a terminal and lines. */
void gang_find_terminal(struct gang *g);
/* Show the progress; true: all chips have ended. */
bool gang_show_progress(struct gang *g);
/* Print all results; returns the exit status. */
int gang_print_summary(struct gang *g);

#endif
