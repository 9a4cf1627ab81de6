/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A firmware: its HSM, its thread, and what waits for it. */
#ifndef SERVED_WRITER_H
#define SERVED_WRITER_H

#include "served/served.h"

/* Stations show the last end of the chain that they were told: those are
 * looked up here, not in the HSM. */
#define RING_MAX 4096u

struct ring_entry {
    uint64_t sequence;
    uint8_t head[32];
};

struct firmware {
    struct config_firmware conf;
    pthread_t thread;
    bool runs;
    struct cli_pin pin;
    char pin_path[300];
    atomic_int state; /* enum writer_state */
    atomic_bool live_only;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct job *queue, **queue_end;
    size_t queued;
    bool stop;
    struct writer_facts facts;
    char why[400];

    /* the thread's alone */
    sfi_ctx *ctx;
    sfi_hsm *hsm;
    bool served, refused;
    unsigned probes;
    sfi_audit_head head;
    /* the farthest end of the chain that was seen */
    uint64_t seen;
    uint8_t seen_head[32];
    bool went_back; /* and the HSM does not have it any more */
    struct ring_entry ring[RING_MAX];
    size_t ring_at;
};

const char *writer_count_name(uint32_t count);

/* step.c: do jobs of one kind, so that each has its answer.  The status is that
 * of the HSM, when it failed as a whole. */
sfi_status step_do(struct firmware *f, struct job **jobs, size_t count);
/* The HSM must not have gone back from what was seen, unless its owner has
 * stated the loss: SFI_ERR_HSM_ROLLBACK. */
sfi_status step_check_seen(struct firmware *f);
/* Read the end of the chain, for answers. */
sfi_status step_read_head(struct firmware *f);
void ring_clear(struct firmware *f);
void ring_put(struct firmware *f, uint64_t sequence, const uint8_t head[32]);

#endif
