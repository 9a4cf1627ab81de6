/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The second writer of a vault in a database: it gives licences while the first
 * one waits for its commit, and leaves everything else to it. */
#define _POSIX_C_SOURCE 200809L
#include "served/writer.h"

/* More licences than the first writer takes at once; 0: stop. */
static size_t
second_gather(struct firmware *f, struct job *jobs[GATHER_MAX])
{
    size_t count = 0;

    (void)pthread_mutex_lock(&f->lock);
    while (!f->stop && count == 0) {
        if (firmware_state(f) == WRITER_SERVING && !f->alarm &&
            f->queued >= SECOND_MIN)
            count = firmware_front(f);
        if (count == 0)
            (void)pthread_cond_wait(&f->much, &f->lock);
    }
    firmware_take(f, jobs, count);
    (void)pthread_mutex_unlock(&f->lock);
    return count;
}

static void
second_raise_alarm(struct firmware *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->alarm = true;
    (void)pthread_cond_signal(&f->more);
    (void)pthread_mutex_unlock(&f->lock);
}

/* The PIN was accepted in the first writer.  If it is not any more, it is not
 * tried again. */
static sfi_status
second_open(struct writer *w)
{
    sfi_status st;

    if (w->hsm != NULL)
        return SFI_OK;
    st = sfi_hsm_open(w->ctx, w->f->conf.ledger, &w->hsm);
    if (st == SFI_OK)
        st = sfi_hsm_login(w->hsm, w->f->pin.pin_secret, w->f->pin.len);
    if (st != SFI_OK)
        writer_close(w);
    return st;
}

static void
second_turn_away(const struct writer *w, struct job **jobs, size_t count)
{
    char why[400];

    (void)writer_why(w, why, sizeof(why));
    for (size_t i = 0; i < count; i++)
        job_fail(jobs[i], 503, SFI_ERR_IO, why);
}

void *
second_main(void *arg)
{
    struct writer *w = arg;
    struct firmware *f = w->f;
    struct job *jobs[GATHER_MAX];
    bool refused = false;
    size_t count;

    while (!refused && (count = second_gather(f, jobs)) > 0) {
        sfi_status st = second_open(w);

        refused = st == SFI_ERR_HSM_PIN || st == SFI_ERR_HSM_STATE;
        if (st != SFI_OK) {
            second_turn_away(w, jobs, count);
        } else {
            writer_note_step(f, count);
            st = step_do(w, jobs, count);
        }
        if (st != SFI_OK) {
            writer_close(w);
            second_raise_alarm(f);
        }
        jobs_give_back(jobs, count);
    }
    writer_close(w);
    sfi_ctx_free(w->ctx);
    w->ctx = NULL;
    return NULL;
}
