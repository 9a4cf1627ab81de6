/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of sfi-program --gang share. */
#ifndef SFI_PROGRAM_GANG_H
#define SFI_PROGRAM_GANG_H

#include <pthread.h>

#include "sfi_program.h"

#define GANG_MAX 256u /* a thread each; more than any bench has sockets */

struct gang;

struct chip {
    struct gang *gang;
    char *port; /* as it was typed */
    char uri[URI_MAX];
    sfi_ctx *ctx;
    sfi_installer *in;
    pthread_t thread;
    /* Written by the thread, read after it has ended. */
    sfi_status st;
    int unrecorded; /* an errno: its line is not in the record */
    bool counted;   /* the HSM gave a licence */
    sfi_hsm_info hsm;
    double seconds;
    /* Protected by the gang's lock. */
    sfi_progress at;
    bool ended;
    /* Only for the watcher: what it has printed. */
    unsigned quarters;
    bool told;
};

struct gang {
    struct program *p;
    struct chip *chips;
    size_t count;
    char *ports; /* storage of the chips' port names */
    int record;  /* file descriptor, or -1 */
    pthread_mutex_t lock;
    pthread_mutex_t hsm_lock; /* protects the program's context and HSM */
    pthread_mutex_t record_lock;
    sfi_status hsm_refused; /* a failed login is not repeated */
    struct timespec started;
    bool block; /* a line for each chip, redrawn in place */
    bool drawn;
    bool quiet; /* the PIN is being typed: draw nothing */
    unsigned columns;
};

/* "installed", "failed" or "cancelled". */
const char *chip_result_word(const struct chip *chip);
/* The chip's result as members of the open JSON object. */
void chip_write_json(struct json *j, const struct chip *chip);
/* The log function of the chip's context: print above the block. */
void chip_log_line(void *user, int level, const char *line);

/* Decide between a block on a terminal and lines. */
void gang_find_terminal(struct gang *g);
/* Show the progress; true: all chips have ended. */
bool gang_show_progress(struct gang *g);
/* Print all results; returns the exit status. */
int gang_print_summary(const struct gang *g);

#endif
