/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-served: a licence server.  One thread runs the event loop: TLS, HTTP,
 * JSON, limits.  Each firmware has a thread with a context and an HSM of its
 * own, which gathers what waits into one step; an answer leaves when the HSM
 * has stored it. */
#ifndef SERVED_SERVED_H
#define SERVED_SERVED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/sfi.h>

#include "cli/cli.h"
#include "served/config.h"

struct conn;
struct evhttp_request;
struct station;

/* ---- jobs: from the event loop to a writer, and back ---- */

enum job_kind {
    JOB_LICENSE,
    JOB_CHECK,
    JOB_INFO,
    JOB_AUDIT,
    JOB_LEASE,
    JOB_RETURN
};

#define DEVICE_ID_MAX 72u /* of libsfi: 64 hexadecimal digits */

struct job {
    struct job *next;
    enum job_kind kind;
    struct firmware *firmware;
    struct evhttp_request *request; /* the event loop's */
    struct station *station;        /* likewise */
    uint64_t began_us;

    /* what is asked */
    uint8_t cert[SFI_CERTIFICATE_LEN];
    uint8_t image[SFI_IMAGE_HEADER_LEN];
    uint8_t known_head[32];
    uint8_t lease_request[SFI_LEASE_REQUEST_LEN];
    uint8_t lease_end[SFI_LEASE_END_LEN];
    uint64_t lease_count, lease_seconds;
    uint64_t known; /* sequence */
    sfi_hsm_known restored;
    uint64_t from;
    uint32_t session;
    bool is_live, has_image, has_known;

    /* the answer */
    unsigned http;
    sfi_status st;
    uint32_t count; /* SFI_COUNT_* */
    bool again;
    char device[DEVICE_ID_MAX];
    char *body;            /* JSON, malloc() */
    struct json_t *answer; /* while it is made: the writer's */
};

/* The answer to a job that failed with a status of the library, or of ours. */
void job_fail(struct job *j, unsigned http, sfi_status st, const char *message);
void job_free(struct job *j);

/* ---- writers: writer.c ---- */

enum writer_state {
    WRITER_STARTING,
    WRITER_STANDBY, /* another server serves */
    WRITER_AWAY,    /* the HSM cannot be reached */
    WRITER_SERVING,
    WRITER_ROLLED_BACK, /* to an older copy: its owner must act */
    WRITER_ENDED
};

/* What is told of a firmware at /metrics. */
struct writer_facts {
    enum writer_state state;
    uint64_t remaining, maximum, low_water, sequence;
    uint64_t steps, step_jobs; /* of licences */
    uint64_t steps_by_size[8]; /* 1, 2, 4, ... 64, more */
    uint64_t queued;
};

struct firmware *firmware_find(const char *name);
size_t firmware_count(void);
struct firmware *firmware_at(size_t i);
const char *firmware_name(const struct firmware *f);
uint32_t firmware_bit(const struct firmware *f);
/* Any thread. */
enum writer_state firmware_state(struct firmware *f);
/* As clients are told. */
const char *firmware_state_text(enum writer_state state);
/* Why it is in this state. */
void firmware_why(struct firmware *f, char *out, size_t size);
bool firmware_is_live_only(struct firmware *f);
void firmware_facts(struct firmware *f, struct writer_facts *out);
/* The event loop's: false: it does not serve. */
bool firmware_ask(struct firmware *f, struct job *j);
/* How many clients may be waiting; a writer waits for no more. */
void writers_set_clients(size_t count);

/* Read the PINs and start a thread for each firmware. */
sfi_status writers_start(const struct cli *c, sfi_ctx *ctx,
                         const struct config *config);
/* Readable when jobs are done, or a writer has ended for good. */
int writers_fd(void);
struct job *writers_take_done(void);
/* Why the program must end; NULL: it need not. */
const char *writers_fatal(sfi_status *st);
/* Ends all threads, after what was asked. */
void writers_stop(void);

/* ---- what came of requests: told.c ---- */

enum told_path {
    PATH_LICENSE,
    PATH_CHECK,
    PATH_INFO,
    PATH_AUDIT,
    PATH_LEASE,
    PATH_RETURN,
    PATH_HEALTH,
    PATH_METRICS,
    PATH_OTHER,
    PATHS
};

struct told {
    enum told_path path;
    const char *station, *firmware, *device;
    unsigned http;
    sfi_status st;
    bool again;
    uint64_t began_us;
};

uint64_t told_now_us(void);
void told_request(const struct told *t);
/* One line of the log that is no request; `name` NULL: no more than the
 * event. */
void told_event(const char *event, const char *name, const char *value);
/* The same from a TLS handshake that failed; few lines a second. */
void told_refused_tls(const char *who, const char *why);
void told_flush(void);
/* The text of /metrics; free(). */
char *told_metrics(size_t connections, bool leads);

/* ---- stations: stations.c ---- */

/* Why a request is not served. */
enum station_verdict {
    STATION_MAY,
    STATION_UNKNOWN, /* no section for it */
    STATION_NO_FIRMWARE,
    STATION_TOO_MANY_REQUESTS,
    STATION_TOO_MANY_DEVICES
};

/* NULL: no memory, or too many stations. */
struct station *station_of(const char *name);
const char *station_name(const struct station *s);
/* The limits of the configuration, again for all after SIGHUP. */
void stations_configure(const struct config *config);
bool station_connect(struct station *s); /* false: too many connections */
void station_disconnect(struct station *s);
/* One more request; `retry_s`: for Retry-After. */
enum station_verdict station_request(struct station *s, unsigned *retry_s);
bool station_may_lease(const struct station *s);
bool station_may_have(const struct station *s, const struct firmware *f);
/* A device that may be new, and what became of it. */
enum station_verdict station_device(struct station *s, unsigned *retry_s);
void station_device_done(struct station *s, uint32_t count);
void stations_free(void);

/* ---- TLS: tls.c ---- */

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

/* From the files of the configuration; an error is in `ctx`. */
sfi_status tls_load(sfi_ctx *ctx, const struct config *config, SSL_CTX **out);
void tls_free(SSL_CTX *tls);
#define STATION_NAME_MAX 64u
/* The station's name in its certificate; false: it has none that is allowed. */
bool tls_station(const SSL *ssl, char out[STATION_NAME_MAX + 1]);
/* A name that may stand in a certificate, a file's name, and a log. */
bool tls_name_is_good(const char *name);

/* ---- HTTP: http.c ---- */

sfi_status http_start(sfi_ctx *ctx, const struct config *config, SSL_CTX *tls);
/* The event loop, until a signal or a writer ends it. */
sfi_status http_run(sfi_ctx *ctx, const char *path, struct config *config);
/* A line for the service manager, if there is one. */
void notify_systemd(const char *line);
/* One answer; `body` is JSON, which is freed. */
void http_answer(struct evhttp_request *req, unsigned code, char *body,
                 unsigned retry_s, bool close);
bool http_is_draining(void);
size_t http_connections(void);

/* ---- requests: api.c ---- */

/* A whole request, whose connection is that of this station. */
void api_request(struct evhttp_request *req, struct station *s);
/* The same at the listener for metrics. */
void api_plain_request(struct evhttp_request *req);
void api_answer(struct job *j);
/* An error as JSON; free(). */
char *api_error_text(sfi_status st, const char *message, uint32_t count);
char *api_hex(char *out, const uint8_t *data, size_t len);

/* ---- a CA of its own: ca.c ---- */

sfi_status ca_new(const struct cli *c, sfi_ctx *ctx, const char *folder);
sfi_status ca_issue(const struct cli *c, sfi_ctx *ctx, const char *folder,
                    const char *name, bool is_server);
sfi_status ca_revoke(const struct cli *c, sfi_ctx *ctx, const char *folder,
                     const char *name);

#endif
