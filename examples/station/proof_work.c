/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A verification, on a thread of its own: every audit log, together if they are
 * several, then what is in them, then the production records. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "station/proof.h"

#define DAY UINT64_C(86400)
#define TELL_MS 100u
#define RECORDS_A_LOOK 4096u /* between two looks at the clock */

/* ---- what is told meanwhile ---- */

bool
proof_work_goes_on(struct proof_work *w, uint64_t done, uint64_t total)
{
    uint64_t now = cli_now_ms();

    if (now - w->told_ms >= TELL_MS) {
        w->told_ms = now;
        tell("proof/state",
             json_pack("{s:i, s:s, s:s, s:I, s:I}", "number", (int)w->number,
                       "state", "running", "step", w->step, "done",
                       (json_int_t)done, "total", (json_int_t)total));
    }
    return !w->cancelled;
}

static void
work_on_progress(void *user, const sfi_progress *p)
{
    (void)proof_work_goes_on(user, p->done, p->total);
}

/* The longest path that the text has at this place. */
static const struct proof_file *
work_find_path(const struct proof_work *w, const char *at)
{
    const struct proof_file *found = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < w->files.count; i++) {
        const char *path = w->files.all[i].path;
        size_t len = strlen(path);

        if (len > longest && strncmp(at, path, len) == 0) {
            longest = len;
            found = &w->files.all[i];
        }
    }
    return found;
}

void
proof_work_names(const struct proof_work *w, const char *text, char *out,
                 size_t cap)
{
    size_t len = 0;

    while (*text != '\0' && len + 1 < cap) {
        const struct proof_file *f = work_find_path(w, text);
        int n;

        if (f == NULL) {
            out[len++] = *text++;
            continue;
        }
        n = snprintf(out + len, cap - len, "%s", f->name);
        len = len + (size_t)n < cap ? len + (size_t)n : cap - 1;
        text += strlen(f->path);
    }
    out[len] = '\0';
}

static void
work_on_log(void *user, int level, const char *line)
{
    struct proof_work *w = user;
    char text[1024];

    (void)level;
    if (w->warning_count++ >= PROOF_WARNINGS_MAX)
        return;
    proof_work_names(w, line, text, sizeof(text));
    w->warnings[w->warning_count - 1] = strdup(text);
}

/* ---- verify ---- */

/* The earlier log belongs to one of them. */
static bool
work_is_earlier(struct proof_work *w, const struct proof_log *log)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_reader *reader = NULL;
    bool good =
        w->before != NULL &&
        sfi_audit_reader_open(w->ctx, w->before->path, &reader) == SFI_OK &&
        sfi_audit_reader_get_head(reader, &head) == SFI_OK;

    sfi_audit_reader_free(reader);
    return good && (w->log_count == 1 || memcmp(head.serial, log->head.serial,
                                                sizeof(head.serial)) == 0);
}

static sfi_status
work_read_head(struct proof_work *w, struct proof_log *log)
{
    sfi_audit_reader *reader = NULL;
    sfi_status st = sfi_audit_reader_open(w->ctx, log->file->path, &reader);

    log->head.struct_size = sizeof(log->head);
    if (st == SFI_OK)
        st = sfi_audit_reader_get_head(reader, &log->head);
    sfi_audit_reader_free(reader);
    return st;
}

static sfi_status
work_verify(struct proof_work *w)
{
    const char *paths[PROOF_FILES_MAX];
    bool continues = w->before == NULL;
    sfi_status st = SFI_OK;

    w->step = "verify";
    for (size_t i = 0; st == SFI_OK && i < w->log_count; i++) {
        struct proof_log *log = &w->logs[i];

        paths[i] = log->file->path;
        log->sum.struct_size = sizeof(log->sum);
        st = work_read_head(w, log);
        if (st != SFI_OK)
            return st;
        log->continues = work_is_earlier(w, log);
        continues = continues || log->continues;
        st = sfi_audit_verify(
            w->ctx, paths[i], w->key_secret, sizeof(w->key_secret),
            log->continues ? w->before->path : NULL, &log->sum);
    }
    if (st == SFI_OK && !continues)
        st = cli_report(w->ctx, SFI_ERR_MISMATCH,
                        "%.200s: is of none of the HSMs whose audit logs are "
                        "here",
                        w->before->path);
    w->total.struct_size = sizeof(w->total);
    if (st == SFI_OK && w->log_count > 1)
        st = sfi_audit_verify_all(w->ctx, paths, w->log_count, w->key_secret,
                                  sizeof(w->key_secret), &w->total);
    return st;
}

/* ---- what is in the logs ---- */

/* The day's row; NULL: there are too many. */
static struct proof_day *
work_day(struct proof_work *w, uint64_t day)
{
    size_t low = 0, high = w->day_count;

    if (high > 0 && w->days[high - 1].day == day)
        return &w->days[high - 1];
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (w->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < w->day_count && w->days[low].day == day)
        return &w->days[low];
    if (w->day_count == PROOF_DAYS_MAX)
        return NULL;
    memmove(&w->days[low + 1], &w->days[low],
            (w->day_count - low) * sizeof(w->days[0]));
    w->day_count++;
    w->days[low] = (struct proof_day){.day = day};
    return &w->days[low];
}

static void
work_event(struct proof_events *e, size_t log, const sfi_audit_record *r)
{
    e->count++;
    if (e->kept == PROOF_EVENTS_MAX)
        return;
    e->rows[e->kept++] = (struct proof_event){.log = log,
                                              .sequence = r->sequence,
                                              .time = r->time,
                                              .amount = r->amount,
                                              .detail = r->detail,
                                              .remaining = r->remaining};
}

static void
work_return(struct proof_events *e, size_t log, const sfi_audit_record *r)
{
    for (size_t i = 0; i < e->kept; i++) {
        struct proof_event *lease = &e->rows[i];

        if (lease->log == log && lease->sequence == r->detail) {
            lease->returned = r->amount;
            lease->is_back = true;
        }
    }
}

static void
work_take(struct proof_work *w, size_t log, const sfi_audit_record *r)
{
    struct proof_day *day;

    switch (r->kind) {
    case SFI_AUDIT_COUNTED:
    case SFI_AUDIT_AGAIN:
        day = work_day(w, r->time / DAY);
        if (day != NULL && r->kind == SFI_AUDIT_COUNTED)
            day->devices++;
        else if (day != NULL)
            day->again++;
        else if (r->kind == SFI_AUDIT_COUNTED)
            w->other_days++;
        break;
    case SFI_AUDIT_LEASE:
        work_event(&w->leases, log, r);
        break;
    case SFI_AUDIT_RETURN:
        work_return(&w->leases, log, r);
        break;
    case SFI_AUDIT_RESTORED:
        work_event(&w->restores, log, r);
        break;
    default:
        break;
    }
}

static sfi_status
work_read(struct proof_work *w, size_t at)
{
    struct proof_log *log = &w->logs[at];
    sfi_audit_record r = {.struct_size = sizeof(r)};
    sfi_audit_reader *reader = NULL;
    int more = 1;
    sfi_status st = sfi_audit_reader_open(w->ctx, log->file->path, &reader);

    while (st == SFI_OK && more != 0) {
        st = sfi_audit_reader_next(reader, &r, &more);
        if (st == SFI_OK && more != 0)
            work_take(w, at, &r);
        if (r.sequence % RECORDS_A_LOOK == 0 &&
            !proof_work_goes_on(w, r.sequence, log->sum.records))
            st = SFI_ERR_CANCELLED;
    }
    if (st == SFI_OK)
        st = sfi_audit_reader_get_head(reader, &log->head);
    sfi_audit_reader_free(reader);
    return st;
}

/* ---- the thread ---- */

static sfi_status
work_steps(struct proof_work *w)
{
    const char *paths[PROOF_FILES_MAX];
    bool has_records = false;
    sfi_status st = work_verify(w);

    w->step = "read";
    for (size_t i = 0; st == SFI_OK && i < w->log_count; i++) {
        paths[i] = w->logs[i].file->path;
        st = work_read(w, i);
    }
    for (size_t i = 0; i < w->files.count; i++)
        has_records = has_records || w->files.all[i].use == PROOF_RECORDS;
    w->step = "compare";
    if (st == SFI_OK && has_records)
        st = proof_records_compare(w, paths, w->log_count);
    return st;
}

static void *
work_run(void *arg)
{
    struct proof_work *w = arg;
    const sfi_error *e;
    json_t *state;

    w->st = work_steps(w);
    cli_wipe(w->key_secret, sizeof(w->key_secret));
    if (w->cancelled)
        w->st = SFI_ERR_CANCELLED;
    e = sfi_ctx_error(w->ctx);
    if (w->st != SFI_OK) {
        char where[sizeof(w->where)];

        (void)snprintf(where, sizeof(where), "%s",
                       w->where[0] != '\0' ? w->where : sfi_error_where(e));
        proof_work_names(w, where, w->where, sizeof(w->where));
        proof_work_names(w, sfi_error_message(e), w->message,
                         sizeof(w->message));
    }
    w->ended_s = (uint64_t)time(NULL);
    state = proof_state_json(w);
    w->ended = true; /* before a page can ask for the result */
    tell("proof/state", state);
    return NULL;
}

/* ---- begin and end ---- */

static bool
work_copy(struct proof_work *w, const struct proof_files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct proof_file *from = &f->all[i];
        struct proof_file *file = &w->files.all[w->files.count++];

        file->use = from->use;
        file->name = strdup(from->name);
        file->path = strdup(from->path != NULL ? from->path : "");
        if (file->name == NULL || file->path == NULL)
            return false;
        if (file->use == PROOF_LOG)
            w->logs[w->log_count++].file = file;
        else if (file->use == PROOF_BEFORE)
            w->before = file;
        else if (file->use == PROOF_IMAGE)
            w->image = file;
    }
    return true;
}

/* What the folders hold may have changed since a file was chosen. */
static bool
work_check(struct desk *d, const struct proof_files *f, struct reply *r)
{
    size_t uses[PROOF_RECORDS + 1] = {0};
    char path[STATION_PATH_MAX];

    for (size_t i = 0; i < f->count; i++) {
        const struct proof_file *file = &f->all[i];

        uses[file->use]++;
        if (file->fd < 0 && file->path != NULL &&
            !file_path(d->settings, file->name, FILE_READ, "file", path, r))
            return false;
    }
    if (uses[PROOF_NONE] > 0)
        reply_refuse(r, SFI_ERR_STATE, "file",
                     "a file is not complete yet: wait, or remove it");
    else if (uses[PROOF_LOG] == 0)
        reply_refuse(r, SFI_ERR_STATE, "file",
                     "found no audit log, expected the one to verify");
    else if (uses[PROOF_KEY] == 0)
        reply_refuse(r, SFI_ERR_STATE, "file",
                     "found no key, expected the audit key of the HSM: a file "
                     "of %u bytes",
                     SFI_AUDIT_KEY_LEN);
    else
        return true;
    return false;
}

static sfi_status
work_key(struct desk *d, const struct proof_files *f, struct proof_work *w)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < f->count; i++) {
        const struct proof_file *file = &f->all[i];

        if (file->use != PROOF_KEY)
            continue;
        if (file->path == NULL)
            memcpy(w->key_secret, file->key_secret, sizeof(w->key_secret));
        else
            st = sfi_audit_key_load(d->ctx, file->path, w->key_secret);
    }
    if (st == SFI_OK && EVP_Digest(w->key_secret, sizeof(w->key_secret), hash,
                                   NULL, EVP_sha256(), NULL) != 1)
        st = cli_report(d->ctx, SFI_ERR_CRYPTO, "no SHA-256");
    for (size_t i = 0; i < PROOF_FINGERPRINT_SIZE - 1; i++)
        w->fingerprint[i] = digits[hash[i / 2] >> 4 * (1 - i % 2) & 15];
    return st;
}

bool
proof_work_start(struct desk *d, const struct proof_files *f,
                 struct proof_work *w, struct reply *r)
{
    sfi_ctx_options options = {.struct_size = sizeof(options),
                               .log_level = SFI_LOG_WARNING,
                               .log = work_on_log,
                               .log_user = w};
    sfi_status st;

    if (!work_check(d, f, r))
        return false;
    st = work_key(d, f, w);
    if (st != SFI_OK) {
        reply_failure(r, d->ctx, st);
        return false;
    }
    w->step = "verify";
    if (work_copy(w, f) && sfi_ctx_new(&options, &w->ctx) == SFI_OK) {
        sfi_ctx_set_progress(w->ctx, work_on_progress, w);
        (void)proof_work_goes_on(w, 0, 0);
        w->runs = pthread_create(&w->thread, NULL, work_run, w) == 0;
    }
    if (!w->runs)
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory for a verification");
    return w->runs;
}

void
proof_work_cancel(struct proof_work *w)
{
    w->cancelled = true;
    sfi_ctx_cancel(w->ctx, 1);
}

void
proof_work_end(struct proof_work *w)
{
    if (w->runs)
        (void)pthread_join(w->thread, NULL);
    sfi_ctx_free(w->ctx);
    for (size_t i = 0; i < w->files.count; i++) {
        free(w->files.all[i].name);
        free(w->files.all[i].path);
    }
    for (size_t i = 0; i < PROOF_WARNINGS_MAX; i++)
        free(w->warnings[i]);
    free(w->records.devices);
    free(w->records.rows);
    cli_wipe(w, sizeof(*w));
}
