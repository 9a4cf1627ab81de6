/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A firmware: its HSM, its thread, and what waits for it. */
#ifndef SERVED_WRITER_H
#define SERVED_WRITER_H

#include "served/served.h"

/* Stations show the last end of the chain that they were told: those are
 * looked up here, not in the HSM. */
#define RING_MAX 4096u

/* Licences of one step. */
#define GATHER_MAX 64u
/* So many that wait are enough for a second step at the same time. */
#define SECOND_MIN 16u

struct ring_entry {
    uint64_t sequence;
    uint8_t head[32];
};

/* The first one opens, holds and watches the HSM.  A second one, at a database,
 * only gives licences: while one waits for the commit, the other computes. */
struct writer {
    struct firmware *f;
    pthread_t thread;
    bool runs;
    /* the thread's alone */
    sfi_ctx *ctx;
    sfi_hsm *hsm;
    sfi_audit_head head;
    bool went_back; /* the HSM does not have what was seen any more */
};

struct firmware {
    struct config_firmware conf;
    struct writer writer, second;
    struct cli_pin pin;
    char pin_path[300];
    atomic_int state; /* enum writer_state */
    atomic_bool live_only;

    pthread_mutex_t lock;      /* of what follows */
    pthread_cond_t more, much; /* jobs wait; many do */
    struct job *queue, **queue_end;
    size_t queued;
    bool stop;
    bool alarm; /* the second writer has met trouble: the first one looks */
    struct writer_facts facts;
    char why[400];
    /* the farthest end of the chain that was seen */
    struct ring_entry seen;
    struct ring_entry ring[RING_MAX];

    /* the first writer's alone */
    bool served, refused;
    unsigned probes;
};

const char *writer_count_name(uint32_t count);

/* With the lock held: how many licences wait at the front, at most GATHER_MAX;
 * and take so many jobs. */
size_t firmware_front(const struct firmware *f);
void firmware_take(struct firmware *f, struct job **jobs, size_t count);
/* To the event loop, which answers. */
void jobs_give_back(struct job **jobs, size_t count);
void writer_note_step(struct firmware *f, size_t count);
void writer_close(struct writer *w);
/* The error of the last call, in one line. */
const char *writer_why(const struct writer *w, char *out, size_t size);
/* second.c: a thread of `struct writer`. */
void *second_main(void *arg);

/* step.c: do jobs of one kind, so that each has its answer.  The status is that
 * of the HSM, when it failed as a whole. */
sfi_status step_do(struct writer *w, struct job **jobs, size_t count);
/* The HSM must not have gone back from what was seen, unless its owner has
 * stated the loss: SFI_ERR_HSM_ROLLBACK. */
sfi_status step_check_seen(struct writer *w);
/* Read the end of the chain, for answers. */
sfi_status step_read_head(struct writer *w);
void ring_clear(struct firmware *f);

#endif
