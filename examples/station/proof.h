/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Proof": which files there are (proof_files.c), one
 * verification at a time on a thread of its own (proof_work.c), what production
 * records say (proof_records.c), and the result as JSON (proof_json.c). */
#ifndef STATION_PROOF_H
#define STATION_PROOF_H

#include <pthread.h>
#include <stdatomic.h>

#include "station/station.h"

#define PROOF_FILES_MAX 64u
#define PROOF_DROPPED_MAX (UINT64_C(512) << 20) /* of all files together */
#define PROOF_DAYS_MAX 4096u
#define PROOF_EVENTS_MAX 500u      /* leases, and restores */
#define PROOF_WARNINGS_MAX 50u     /* the rest is counted */
#define PROOF_ROWS_MAX 100000u     /* differences that are kept */
#define PROOF_ROWS_SHOWN 200u      /* of these, on the page */
#define PROOF_FINGERPRINT_SIZE 17u /* 8 bytes in hexadecimal */

/* ---- the files ---- */

enum proof_use {
    PROOF_NONE,   /* not complete yet */
    PROOF_LOG,    /* an audit log */
    PROOF_BEFORE, /* an earlier one */
    PROOF_KEY,
    PROOF_IMAGE, /* receipts of others are refused */
    PROOF_RECORDS
};

struct proof_file {
    unsigned id;
    enum proof_use use;
    char *name; /* as people know it: foreign text */
    char *path; /* NULL: a key that was dropped */
    int fd;     /* of one that was dropped: it has no name; or -1 */
    uint64_t size, have;
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
};

struct proof_files {
    struct proof_file all[PROOF_FILES_MAX];
    size_t count;
    unsigned last_id;
};

/* Each returns false after reply_refuse(). */
bool proof_choose(struct desk *d, struct proof_files *f, const char *name,
                  struct reply *r);
bool proof_drop(struct proof_files *f, const char *name, uint64_t size,
                struct reply *r);
bool proof_append(struct desk *d, struct proof_files *f, const struct ask *a,
                  struct reply *r);
bool proof_use(struct proof_files *f, unsigned id, const char *use,
               struct reply *r);
bool proof_remove(struct proof_files *f, unsigned id, struct reply *r);
void proof_clear(struct proof_files *f);
/* The keys that were dropped, of which the memory has the only copy. */
void proof_forget_keys(struct proof_files *f);
void proof_tell_files(const struct proof_files *f);

/* ---- a verification ---- */

struct proof_log {
    const struct proof_file *file;
    sfi_audit_head head;
    sfi_audit_summary sum;
    bool continues; /* the earlier log */
};

struct proof_day {
    uint64_t day; /* since 1970-01-01, UTC */
    uint64_t devices, again;
};

/* A lease, or a statement that records were lost. */
struct proof_event {
    size_t log;
    uint64_t sequence, time, amount, detail, remaining;
    uint64_t returned; /* of a lease */
    bool is_back;
};

struct proof_events {
    struct proof_event rows[PROOF_EVENTS_MAX];
    size_t kept;
    uint64_t count;
};

enum proof_difference {
    PROOF_UNPROVEN, /* counted, and recorded as installed; no receipt */
    PROOF_FAILED,   /* counted, and recorded as failed */
    PROOF_MISSING,  /* counted, and in no record */
    PROOF_EXTRA,    /* recorded as installed, and not counted */
    PROOF_DIFFERENCES
};

struct proof_row {
    enum proof_difference kind;
    char device_id[68];
};

/* A chip of a production record. */
struct proof_device {
    uint8_t hash[32]; /* as its device id has it */
    bool installed, counted;
};

struct proof_records {
    size_t files;
    struct proof_device *devices; /* sorted by hash when all are read */
    size_t count, cap;
    uint64_t damaged; /* lines that are none */
    sfi_reconciliation_sum sum;
    uint64_t recorded; /* counted, and recorded as installed */
    uint64_t differences[PROOF_DIFFERENCES];
    struct proof_row *rows;
    size_t row_count;
};

struct proof_work {
    pthread_t thread;
    bool runs;         /* the thread must be joined */
    atomic_bool ended; /* what is below is the desk's again */
    atomic_bool cancelled;
    unsigned number;
    sfi_ctx *ctx;
    struct proof_files files; /* lent by the desk, which changes nothing */
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    char fingerprint[PROOF_FINGERPRINT_SIZE]; /* of the key: SHA-256 */
    uint64_t told_ms;
    const char *step;

    sfi_status st;
    char where[512], message[1024];
    uint64_t ended_s;
    struct proof_log logs[PROOF_FILES_MAX];
    size_t log_count;
    const struct proof_file *before, *image;
    sfi_audit_total total; /* of several logs */
    struct proof_day days[PROOF_DAYS_MAX];
    size_t day_count;
    uint64_t other_days; /* devices of more days than that */
    struct proof_events leases, restores;
    char *warnings[PROOF_WARNINGS_MAX];
    uint64_t warning_count;
    struct proof_records records;
};

/* Begin; false after reply_refuse(). */
bool proof_work_start(struct desk *d, const struct proof_files *f,
                      struct proof_work *w, struct reply *r);
void proof_work_cancel(struct proof_work *w);
/* Wait for its thread, and release what it has. */
void proof_work_end(struct proof_work *w);
/* True: go on; tells how far this step is. */
bool proof_work_goes_on(struct proof_work *w, uint64_t done, uint64_t total);
/* A text with the paths of files replaced by their names. */
void proof_work_names(const struct proof_work *w, const char *text, char *out,
                      size_t cap);

/* proof_records.c: read all files of records, and compare. */
sfi_status proof_records_compare(struct proof_work *w,
                                 const char *const *audits, size_t count);

/* proof_json.c */
const char *proof_difference_name(enum proof_difference d);
json_t *proof_state_json(const struct proof_work *w);
json_t *proof_result_json(const struct proof_work *w);
void proof_reply_csv(const struct proof_work *w, struct reply *r);

#endif
