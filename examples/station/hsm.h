/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of HSMs.  Each HSM is a place with a thread and a context of its
 * own, so that a slow card stops neither the page nor another HSM:
 *
 *   hsm.c (routes) -> place.work -> hsm_work.c (thread) -> place.seen -> tell()
 *   hsm_find.c (readers, vaults in folders) -> places that come and go
 */
#ifndef STATION_HSM_H
#define STATION_HSM_H

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "station/station.h"

#define PLACES_MAX 64u
#define DEVICES_MAX 8u /* the last that were counted */
#define PLACE_NAME_MAX (STATION_PATH_MAX + 16u)
#define READERS_MAX 16u

enum place_kind {
    PLACE_VAULT,
    PLACE_TOKEN,
    PLACE_DATABASE,
    PLACE_CARD,
    PLACE_SERVER
};

enum work_kind {
    WORK_NONE,
    WORK_UNLOCK,
    WORK_PROVISION,
    WORK_RETIRE,
    WORK_AUDIT,
    WORK_VERIFY
};

/* What an HSM is to be locked with; files by their real paths. */
struct hsm_form {
    char key[STATION_PATH_MAX], nonce[STATION_PATH_MAX];
    char perso[STATION_PATH_MAX];
    char audit_key[STATION_PATH_MAX]; /* "": none is kept */
    char firmware_id[SFI_FIRMWARE_ID_MAX + 1u];
    uint64_t count, low_water;
    bool live_only;
};

struct work {
    enum work_kind kind;
    struct cli_pin pin;
    char serial[40];             /* of the HSM that the person saw */
    bool last_try;               /* the person knows that it is the last one */
    char path[STATION_PATH_MAX]; /* of the audit log */
    struct hsm_form *form;       /* its own; of a provisioning */
};

/* How the last work ended. */
struct result {
    enum work_kind kind;
    unsigned number; /* of the work; 0: there was none */
    bool runs;
    sfi_status st;
    char where[64], message[1024];
};

/* What an HSM said when it was asked last. */
struct seen {
    bool any; /* it was asked */
    sfi_status st;
    char message[1024];
    time_t at;
    sfi_hsm_info info;
    bool has_head;
    sfi_audit_head head;
    sfi_audit_record devices[DEVICES_MAX];
    size_t device_count;
};

struct place {
    struct hsm *hsm;
    size_t number;
    pthread_t thread;
    sfi_ctx *ctx;
    bool runs;   /* the thread */
    bool there;  /* shown; else only kept for what returns */
    bool named;  /* by --hsm */
    bool looks;  /* is to be asked */
    bool card;   /* is in its reader */
    bool held;   /* as told last */
    bool is_new; /* a vault that is being made */
    enum place_kind kind;
    char name[PLACE_NAME_MAX];   /* as sfi_hsm_open() takes it */
    char shown[PLACE_NAME_MAX];  /* as the page has it: without passwords */
    char path[STATION_PATH_MAX]; /* of a vault's file; or "" */
    char reader[128];            /* of a card; or "" */
    char serial[40];             /* as it was known last */
    struct timespec changed[2];  /* of the file, and of its WAL */
    off_t sizes[2];
    struct seen seen;
    struct work work;
    struct result result;
};

/* Under `lock`, but for `settings`. */
struct hsm {
    const struct settings *settings;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    bool ends;
    unsigned ticks, last_work;
    struct place *places[PLACES_MAX];
    size_t count;
    pthread_t reader_thread;
    sfi_ctx *reader_ctx;
    bool reads;
};

/* ---- places: with the lock ---- */

/* NULL: there is none. */
struct place *hsm_place(struct hsm *h, const char *shown);
/* A new one, or the one of this name; NULL: too many, or no memory. */
struct place *hsm_add(struct hsm *h, enum place_kind kind, const char *name,
                      const char *shown);
void hsm_hide(struct place *p);
void hsm_tell(struct place *p);
/* Ask the HSM what it is, soon. */
void hsm_look(struct place *p);
/* The PIN of an HSM that is not there any more is wiped. */
void hsm_forget(struct place *p);

/* ---- hsm_find.c ---- */

/* Those that the command line names; with the lock. */
void hsm_find_named(struct hsm *h);
/* Vaults in the folders: come, go, change; with the lock. */
void hsm_find_vaults(struct hsm *h);
void hsm_find_changes(struct hsm *h);
/* The thread that watches the readers. */
void *hsm_watch_readers(void *hsm);

/* ---- hsm_work.c ---- */

/* The thread of a place. */
void *hsm_run(void *place);
void work_clear(struct work *w);

/* ---- hsm_form.c ---- */

/* Read what an HSM shall be locked with; each fault goes into `findings`. */
void hsm_form_read(struct desk *d, const struct ask *a, struct hsm_form *f,
                   json_t *findings, json_t *facts);
void hsm_find_fault(json_t *findings, sfi_status st, const char *where,
                    const char *message);
/* The error of a reply, which is emptied. */
void hsm_take_fault(json_t *findings, struct reply *r);
/* SHA-256 in hexadecimal. */
void hsm_fingerprint(const uint8_t *data, size_t len, char out[65]);
void hsm_hex(const uint8_t *data, size_t len, char *out);

#endif
