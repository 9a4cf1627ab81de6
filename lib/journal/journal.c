/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A file that many programs append lines to: each line is on the disk entirely
 * or not there.  The lock is of the open file, so threads keep each other out
 * as processes do; a power cut inside a line leaves a fragment, and the next
 * line begins behind it. */
#include <sfi/journal.h>

#include <errno.h>
#include <string.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "core/obj.h"
#include "journal/append.h"
#include "journal/journal.h"
#include "journal/line.h"

SFI_ABI_PIN(sfi_journal_job, no_receipt);

#define JOURNAL_MODE 0644u
#define JOURNAL_PIECE 4096u
/* Others hold the lock for as long as a disk syncs. */
#define LOCK_NAP_US 1000u
#define LOCK_NAPS 10000u
/* How often the file may be replaced while it is opened. */
#define JOURNAL_TRIES 10u

struct sfi_journal {
    struct obj obj;
    char *path;
    int fd;
    uint64_t size; /* while it is locked */
};

static sfi_status
journal_add_where(const sfi_journal *j, sfi_status st)
{
    (void)sfi__where(j->obj.ctx, "%s", j->path);
    return st;
}

/* A limit of the system is for who looks after that, not for a file's author.
 */
static sfi_status
journal_os_status(int err)
{
    return err == EFBIG ? SFI_ERR_OS : sfi__os_status(err);
}

static sfi_status
journal_fail_os(const sfi_journal *j, int err, const char *what)
{
    return journal_add_where(
        j, sfi__fail_os(j->obj.ctx, journal_os_status(err), err, "%s", what));
}

static void
journal_close(sfi_journal *j)
{
    if (j->fd >= 0)
        (void)sfi__fd_close(j->fd); /* this ends the lock too */
    j->fd = -1;
}

static void
journal_destroy(void *self)
{
    sfi_journal *j = self;

    journal_close(j);
    sfi__ctx_dealloc(j->obj.ctx, j->path);
}

/* ---- is it a journal ---- */

/* Where the line begins that ends at `end`. */
static int
journal_find_begin(const sfi_journal *j, uint64_t end, uint64_t *begin)
{
    char piece[JOURNAL_PIECE];

    *begin = end;
    while (*begin > 0) {
        size_t len = *begin < sizeof(piece) ? (size_t)*begin : sizeof(piece);
        int err = sfi__sys_read_at(j->fd, piece, len, *begin - len);

        if (err != 0)
            return err;
        while (len > 0 && piece[len - 1] != '\n') {
            len--;
            (*begin)--;
        }
        if (len > 0)
            return 0;
    }
    return 0;
}

/* Does the line begin as one of a journal, or as a part of that? */
static int
journal_judge_line(const sfi_journal *j, uint64_t begin, uint64_t end,
                   bool *good)
{
    char text[sizeof(JOURNAL_BEGIN)];
    size_t len = sizeof(JOURNAL_BEGIN) - 1;
    int err;

    if (end - begin < len)
        len = (size_t)(end - begin);
    err = sfi__sys_read_at(j->fd, text, len, begin);
    *good = err == 0 && sfi__equal(text, JOURNAL_BEGIN, len);
    return err;
}

/* An empty file, or one whose last whole line is a journal's; a fragment may
 * follow. */
static int
journal_judge(const sfi_journal *j, bool *good)
{
    uint64_t begin, end = j->size;
    int err = journal_find_begin(j, end, &begin);

    *good = true;
    if (err == 0 && begin < end)
        err = journal_judge_line(j, begin, end, good);
    if (err != 0 || !*good || begin == 0)
        return err;
    end = begin - 1;
    err = journal_find_begin(j, end, &begin);
    *good = begin < end;
    if (err == 0 && *good)
        err = journal_judge_line(j, begin, end, good);
    return err;
}

static sfi_status
journal_check(sfi_journal *j)
{
    sfi_ctx *ctx = j->obj.ctx;
    struct sys_stat st;
    bool good;
    int err = sfi__sys_fstat(j->fd, &st);

    if (err == 0 && !st.is_file)
        return journal_add_where(
            j, sfi__fail(ctx, SFI_ERR_OS,
                         "not a regular file, so it cannot hold records"));
    j->size = st.size;
    if (err == 0)
        err = journal_judge(j, &good);
    if (err != 0)
        return journal_fail_os(j, err, "cannot read");
    if (good)
        return SFI_OK;
    return journal_add_where(
        j, sfi__fail(ctx, SFI_ERR_FORMAT,
                     "its last line is not a record of a job: choose another "
                     "name"));
}

/* ---- open and lock ---- */

static sfi_status
journal_open(sfi_journal *j)
{
    sfi_status st = sfi__file_guard_check(j->obj.ctx, j->path);
    int err;

    if (st != SFI_OK)
        return st;
    err = sfi__fd_open(j->path,
                       SYS_READ_WRITE | SYS_CREATE | SYS_APPEND | SYS_NO_WAIT,
                       JOURNAL_MODE, &j->fd);
    if (err != 0)
        return journal_fail_os(j, err, "cannot write");
    st = journal_check(j);
    if (st != SFI_OK)
        return st;
    err = sfi__file_sync_folder(j->path);
    return err == 0 ? SFI_OK : journal_fail_os(j, err, "cannot write");
}

static sfi_status
journal_lock(sfi_journal *j)
{
    for (unsigned i = 0; i < LOCK_NAPS; i++) {
        int err = sfi__sys_lock(j->fd, SYS_LOCK);

        if (err == 0)
            return SFI_OK;
        if (err != EAGAIN)
            return journal_fail_os(j, err, "cannot lock");
        sfi__clock_nap_us(LOCK_NAP_US);
    }
    return journal_add_where(j, sfi__fail(j->obj.ctx, SFI_ERR_TIMEOUT,
                                          "another program keeps it locked"));
}

/* Is what is open still the file of the name?  Also learns its size. */
static bool
journal_is_current(sfi_journal *j)
{
    struct sys_stat named, opened;

    if (j->fd < 0 || sfi__sys_fstat(j->fd, &opened) != 0 ||
        sfi__sys_stat(j->path, &named) != 0)
        return false;
    j->size = opened.size;
    return named.device == opened.device && named.inode == opened.inode;
}

/* The file of the name, locked: a program that keeps logs in order may have
 * renamed the one that was open. */
static sfi_status
journal_take(sfi_journal *j)
{
    for (unsigned i = 0; i < JOURNAL_TRIES; i++) {
        sfi_status st = j->fd < 0 ? journal_open(j) : SFI_OK;

        if (st == SFI_OK)
            st = journal_lock(j);
        if (st == SFI_OK && journal_is_current(j))
            return SFI_OK;
        journal_close(j);
        if (st != SFI_OK)
            return st;
    }
    return journal_add_where(j,
                             sfi__fail(j->obj.ctx, SFI_ERR_OS,
                                       "the file is replaced again and again"));
}

sfi_status
sfi_journal_open(sfi_ctx *ctx, const char *path, sfi_journal **out)
{
    sfi_journal *j;
    sfi_status st = SFI_OK;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    j = sfi__obj_new(ctx, OBJ_JOURNAL, sizeof(*j), journal_destroy);
    if (j == NULL)
        return SFI_ERR_NOMEM;
    j->fd = -1;
    j->path = sfi__ctx_alloc(ctx, strlen(path) + 1);
    if (j->path != NULL)
        memcpy(j->path, path, strlen(path) + 1);
    st = j->path != NULL ? journal_open(j) : SFI_ERR_NOMEM;
    if (st != SFI_OK)
        sfi__obj_unref(j);
    else
        *out = j;
    return st;
}

/* ---- add ---- */

/* A power cut inside a line leaves no line end: the fragment gets one. */
static sfi_status
journal_append(sfi_journal *j, const struct buf *line)
{
    const uint8_t *data = line->data;
    size_t len = line->len;
    char last = '\n';
    int err = 0;

    if (j->size > 0)
        err = sfi__sys_read_at(j->fd, &last, 1, j->size - 1);
    if (last == '\n') { /* the line has one in front */
        data++;
        len--;
    }
    if (err == 0)
        err = sfi__append_write(j->fd, data, len);
    if (err == 0)
        return SFI_OK;
    (void)journal_fail_os(j, err, "cannot write");
    if (sfi__sys_cut(j->fd, j->size) != 0)
        sfi__log(j->obj.ctx, SFI_LOG_WARNING,
                 "%s: a part of a line stays: the next one follows it",
                 j->path);
    return journal_os_status(err);
}

static sfi_status
journal_add(sfi_journal *j, const sfi_journal_job *job, const sfi_error *error)
{
    struct buf line;
    sfi_status st;

    sfi__buf_init(&line, &j->obj.ctx->alloc, false);
    st = sfi__buf_append(&line, "\n", 1)
             ? sfi__journal_line(j->obj.ctx, job, error, &line)
             : sfi__nomem(j->obj.ctx);
    if (st == SFI_OK)
        st = journal_take(j);
    if (st == SFI_OK) {
        st = journal_append(j, &line);
        sfi__sys_unlock(j->fd);
    }
    sfi__buf_free(&line);
    return st;
}

void
sfi__journal_keep_error(const sfi_journal_job *job, sfi_error *kept)
{
    if (job != NULL && job->struct_size >= sfi_journal_job_pinned &&
        job->error != NULL)
        *kept = *job->error;
}

sfi_status
sfi__journal_job_in(const void *self, sfi_journal_job *ours,
                    const sfi_journal_job *theirs)
{
    return SFI_ABI_IN(self, sfi_journal_job, ours, theirs);
}

sfi_status
sfi_journal_add(sfi_journal *journal, const sfi_journal_job *job)
{
    struct sfi_error error = {.status = SFI_OK};
    sfi_journal_job ours;
    sfi_status st;

    sfi__journal_keep_error(job, &error);
    SFI_ENTER(journal, JOURNAL);
    SFI_ARG(journal, job != NULL);
    st = sfi__journal_job_in(journal, &ours, job);
    if (st != SFI_OK)
        return st;
    return journal_add(journal, &ours, ours.error != NULL ? &error : NULL);
}

sfi_status
sfi__journal_job_out(const void *self, sfi_journal_job *theirs,
                     const sfi_journal_job *ours)
{
    return SFI_ABI_OUT(self, sfi_journal_job, theirs, ours);
}

void
sfi_journal_free(sfi_journal *journal)
{
    sfi__obj_free(journal, OBJ_JOURNAL);
}
