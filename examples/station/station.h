/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-station: a page for people, over the public API.
 *
 *   browser -> http.c (one thread, libevent) -> session.c (who asks)
 *           -> a desk's thread -> its handler -> http.c -> browser
 *   any thread -> told.c (the state that the page shows) -> http.c -> browsers
 *
 * Each screen has a desk: a thread with a context of its own, so that a slow
 * card of one screen never stops another one.  A handler gets a request that
 * was checked and makes an answer; what it shows without being asked it tells.
 */
#ifndef STATION_STATION_H
#define STATION_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <sfi/sfi.h>

#include "cli/cli.h"

#define STATION_FOLDERS_MAX 16u
#define STATION_HSMS_MAX 16u
#define STATION_PATH_MAX 4096u
#define STATION_JSON_MAX 65536u        /* the body of a request */
#define STATION_UPLOAD_MAX (16u << 20) /* a file that is dropped */

/* What the command line says. */
struct settings {
    const char *folders[STATION_FOLDERS_MAX]; /* that files are chosen from */
    size_t folder_count;
    const char *hsms[STATION_HSMS_MAX]; /* by their names, as slot= has them */
    size_t hsm_count;
    const char
        *origins[STATION_FOLDERS_MAX]; /* of a proxy: https://line7.lan */
    size_t origin_count;
    uint16_t port;      /* 0: the system chooses one */
    const char *socket; /* NULL: a port of 127.0.0.1 */
    unsigned idle_s;    /* without an operator, before the PINs are wiped */
    bool opens;         /* a browser, with the page */
    char program[STATION_PATH_MAX]; /* sfi-program, that works on the line */
};

/* ---- requests and answers ---- */

/* A request whose method, Host, Origin and session were checked. */
struct ask {
    const char *path;   /* of its route: "image/inspect" */
    const json_t *json; /* the object that was posted; NULL: a GET, an upload */
    const uint8_t *body; /* of an upload */
    size_t len;
    const char
        *name;     /* the file's name at the browser, foreign text; or NULL */
    bool operates; /* the session is the operator's */
};

struct reply {
    unsigned code;    /* 200, or that of a refusal */
    const char *type; /* of the body */
    char name[64];    /* not "": it is to be saved under this name */
    char *body;       /* from malloc() */
    size_t len;
};

/* {} of `value`, which is taken; NULL: no memory. */
void reply_json(struct reply *r, json_t *value);
/* A copy of these bytes. */
void reply_bytes(struct reply *r, const char *type, const void *data,
                 size_t len);
/* The library's last failure, as the programs print it with --json: status,
 * name, where, message; and the hint. */
void reply_failure(struct reply *r, const sfi_ctx *ctx, sfi_status st);
/* A failure that the program found; `where` is the field that it is about, or
 * "". */
void reply_refuse(struct reply *r, sfi_status st, const char *where,
                  const char *fmt, ...) CLI_PRINTF(4, 5);
/* The same object that both put into "error", for the told state. */
json_t *failure_json(sfi_status st, const char *where, const char *message);

/* Members of a request.  A text that is absent is ""; numbers are `absent`. */
const char *ask_text(const struct ask *a, const char *name);
json_int_t ask_number(const struct ask *a, const char *name, json_int_t absent);
bool ask_bool(const struct ask *a, const char *name);

/* ---- desks ---- */

struct desk;

enum route_kind {
    ROUTE_LOOK,   /* GET or POST; changes nothing; viewers may */
    ROUTE_CHANGE, /* POST, by the operator */
    ROUTE_UPLOAD  /* POST with a file in its body; changes nothing that lasts */
};

struct route {
    const char *path; /* behind /api/ */
    enum route_kind kind;
    void (*run)(struct desk *d, const struct ask *a, struct reply *r);
};

/* A screen's part of the program.  All functions run on the desk's thread. */
struct desk_class {
    const char *name;
    const struct route *routes; /* ends with a row without a path */
    /* Before the first request; d->data is its own.  NULL: nothing to do. */
    sfi_status (*start)(struct desk *d);
    /* About four times a second, between requests. */
    void (*tick)(struct desk *d);
    void (*stop)(struct desk *d);
};

struct desk {
    const struct desk_class *class;
    const struct settings *settings;
    sfi_ctx *ctx;
    void *data;
};

extern const struct desk_class image_desk, hsm_desk, line_desk, proof_desk,
    files_desk;

/* ---- what the page shows ---- */

/* Tell all pages that `key` is now `value`, which is taken; NULL: it is gone.
 * Any thread.  A page gets the last value of each key that it has not seen, at
 * most ten times a second, also after its connection was lost.  A key is
 * "screen/thing", as "line/socket/3", and never from a foreign text.  A list
 * that grows without end must not have a key a row. */
void tell(const char *key, json_t *value);

/* ---- files ---- */

enum file_use { FILE_READ, FILE_WRITE, FILE_FOLDER };

/* The real path of "FOLDER/name" as the page has it, where FOLDER is the last
 * part of one of settings->folders (a number is added to the second of one
 * name): inside of this folder, whatever links there are.  FILE_WRITE: it need
 * not exist.  Otherwise false, after reply_refuse() with `where`. */
bool file_path(const struct settings *s, const char *name, enum file_use use,
               const char *where, char out[STATION_PATH_MAX], struct reply *r);
/* The name that the page has for a path of an allowed folder; false: of none.
 */
bool file_name(const struct settings *s, const char *path,
               char out[STATION_PATH_MAX]);
/* What the page calls a folder: its last part, with a number when that is
 * taken. */
void file_folder_name(const struct settings *s, size_t index, char out[256]);
/* No control characters, no way up. */
bool file_is_plain(const char *name);

/* ---- the shift: the operator's PINs ---- */

/* Hold a PIN for the HSM with this serial number until the shift is locked:
 * whatever else is found by the HSM's name later does not get it. */
void shift_hold(const char *serial, const char *pin_secret);
/* A copy, which the caller wipes; false: there is none. */
bool shift_pin(const char *serial, struct cli_pin *pin);
bool shift_has(const char *serial);
/* Wipe one. */
void shift_drop(const char *serial);
/* Wipe all: by the operator, after idle time, or when another one takes over.
 */
void shift_lock(void);
/* The operator did something. */
void shift_touch(void);
/* Lock if nobody did for so long. */
void shift_tick(unsigned idle_s);

#endif
