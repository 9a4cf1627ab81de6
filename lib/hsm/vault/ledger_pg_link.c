/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Connections to PostgreSQL, and pipelines of statements with a deadline. */
#define _GNU_SOURCE /* dup3() */
#include "hsm/vault/ledger_pg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"

/* Longer than the server's own limits, which have a better reason to tell:
 * ledger_pg_open.c. */
#define ANSWER_MS 25000
/* Of libpq's parameters; a user's own come first. */
#define PARAMETERS_MAX 64u

/* ---- connect ---- */

/* A machine that went away is noticed within about the time that a lock may
 * take.  With several hosts only the one that writes is of use. */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"connect_timeout", "10"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "3"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
    {"client_encoding", "UTF8"},
    {"fallback_application_name", "libsfi"},
};

struct parameters {
    const char *keywords[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    size_t count;
    bool many; /* hosts */
};

static void
link_add_parameter(struct parameters *out, const char *keyword,
                   const char *value)
{
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->keywords[i], keyword) == 0)
            return;
    }
    if (out->count + 1 < PARAMETERS_MAX) {
        out->keywords[out->count] = keyword;
        out->values[out->count++] = value;
    }
}

static void
link_collect_parameters(const PQconninfoOption *o, struct parameters *out)
{
    sfi__zero(out, sizeof(*out));
    for (; o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        link_add_parameter(out, o->keyword, o->val);
        if (strcmp(o->keyword, "host") == 0 ||
            strcmp(o->keyword, "hostaddr") == 0)
            out->many |= strchr(o->val, ',') != NULL;
    }
    for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
        link_add_parameter(out, defaults[i].keyword, defaults[i].value);
    if (out->many)
        link_add_parameter(out, "target_session_attrs", "read-write");
}

/* libpq's own words about a URI repeat it, passwords and all. */
static sfi_status
link_parse(struct pg *p, PQconninfoOption **out)
{
    char *why = NULL;

    *out = PQconninfoParse(p->conninfo_secret, &why);
    if (why != NULL)
        sfi__wipe(why, strlen(why));
    PQfreemem(why);
    if (*out != NULL)
        return SFI_OK;
    return sfi__fail(
        p->base.ctx, SFI_ERR_FORMAT,
        "libpq does not understand the URI: expected "
        "postgresql://[USER@][HOST][:PORT][/DATABASE]"
        "[?PARAMETER=VALUE&...] with libpq's parameters and vault");
}

/* Notices are for a terminal.  A warning may say that a commit was not
 * replicated. */
static void
link_notice(void *user, const PGresult *r)
{
    struct pg *p = user;
    const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity != NULL && strcmp(severity, "WARNING") == 0)
        p->warned = true;
}

static sfi_status
link_use(struct pg *p, PGconn *conn)
{
    p->conn = conn;
    p->backend = PQbackendPID(conn);
    p->sent = 0;
    p->synced = false;
    (void)PQsetNoticeReceiver(conn, link_notice, p);
    if (PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1)
        return SFI_OK;
    return sfi__pg_fail(p, NULL);
}

/* A server that was about to start at the first try says at the second what it
 * has against us. */
static PGconn *
link_try(const struct parameters *with, PGPing *ping)
{
    PGconn *conn = PQconnectdbParams(with->keywords, with->values, 0);

    *ping = PQPING_OK;
    if (conn == NULL || PQstatus(conn) == CONNECTION_OK ||
        PQconnectionNeedsPassword(conn))
        return conn;
    *ping = PQpingParams(with->keywords, with->values, 0);
    if (*ping == PQPING_OK) {
        PQfinish(conn);
        conn = PQconnectdbParams(with->keywords, with->values, 0);
    }
    return conn;
}

sfi_status
sfi__pg_connect_server(struct pg *p)
{
    PQconninfoOption *options;
    struct parameters with;
    PGPing ping;
    PGconn *conn;
    sfi_status st = link_parse(p, &options);

    if (st != SFI_OK)
        return st;
    link_collect_parameters(options, &with);
    conn = link_try(&with, &ping);
    if (conn == NULL)
        st = sfi__nomem(p->base.ctx);
    else if (PQstatus(conn) == CONNECTION_OK)
        st = link_use(p, conn);
    else
        st = sfi__pg_fail_connect(p, conn, ping);
    if (p->conn == NULL)
        PQfinish(conn);
    PQconninfoFree(options);
    return st;
}

void
sfi__pg_disconnect(struct pg *p)
{
    if (p->conn != NULL && ((p->begun && p->writes) || p->holds))
        p->lost_backend = p->backend;
    PQfinish(p->conn);
    p->conn = NULL;
    p->begun = false;
}

/* PQfinish() says goodbye to the server: here to nobody. */
void
sfi__pg_forget(struct pg *p)
{
    int fd = p->conn != NULL ? PQsocket(p->conn) : -1;
    int nobody;

    if (fd >= 0 && sfi__fd_open("/dev/null", SYS_READ_WRITE, 0, &nobody) == 0) {
        if (dup3(nobody, fd, O_CLOEXEC) >= 0)
            PQfinish(p->conn);
        (void)sfi__fd_close(nobody);
    }
    p->conn = NULL;
}

/* ---- send ---- */

static sfi_status
link_sent(struct pg *p, int ok)
{
    if (ok != 1)
        return sfi__pg_fail(p, NULL);
    p->sent++;
    return SFI_OK;
}

static sfi_status
link_fail_closed(struct pg *p)
{
    return sfi__fail(p->base.ctx, SFI_ERR_IO,
                     "there is no connection to the database: try again");
}

sfi_status
sfi__pg_send_text(struct pg *p, const char *sql, const struct pg_values *v)
{
    static const struct pg_values none;

    if (p->conn == NULL)
        return link_fail_closed(p);
    if (v == NULL)
        v = &none;
    return link_sent(p, PQsendQueryParams(p->conn, sql, v->count, NULL, v->data,
                                          v->len, v->binary, 1));
}

static const char *
link_statement(char name[8], enum pg_query q)
{
    sfi__text_format(name, 8, "sfi%u", (unsigned)q);
    return name;
}

sfi_status
sfi__pg_send_prepare(struct pg *p, enum pg_query q, const char *sql)
{
    char name[8];

    if (p->conn == NULL)
        return link_fail_closed(p);
    return link_sent(
        p, PQsendPrepare(p->conn, link_statement(name, q), sql, 0, NULL));
}

sfi_status
sfi__pg_send(struct pg *p, enum pg_query q, const struct pg_values *v)
{
    char name[8];

    if (p->conn == NULL)
        return link_fail_closed(p);
    return link_sent(p, PQsendQueryPrepared(p->conn, link_statement(name, q),
                                            v->count, v->data, v->len,
                                            v->binary, 1));
}

/* ---- take ---- */

static sfi_status
link_fail_silent(struct pg *p)
{
    sfi__pg_disconnect(p);
    return sfi__fail(p->base.ctx, SFI_ERR_TIMEOUT,
                     "the database has not answered for %d s: try again",
                     ANSWER_MS / 1000);
}

/* Wait until a result can be taken; what is still to be sent is sent. */
static sfi_status
link_wait(struct pg *p)
{
    struct deadline end = sfi__deadline_in(&sfi__clock_system, ANSWER_MS);

    for (;;) {
        struct pollfd fd = {.fd = PQsocket(p->conn), .events = POLLIN};
        int flushed = PQflush(p->conn);

        if (flushed < 0)
            return sfi__pg_fail(p, NULL);
        if (flushed == 0 && !PQisBusy(p->conn))
            return SFI_OK;
        if (flushed > 0)
            fd.events |= POLLOUT;
        if (sfi__deadline_passed(&end))
            return link_fail_silent(p);
        if (poll(&fd, 1, (int)sfi__deadline_left(&end)) < 0 && errno != EINTR)
            return sfi__fail_os(p->base.ctx, SFI_ERR_OS, errno,
                                "the database cannot be waited for");
        if (PQconsumeInput(p->conn) != 1)
            return sfi__pg_fail(p, NULL);
    }
}

static sfi_status
link_sync(struct pg *p)
{
    if (p->synced)
        return SFI_OK;
    if (PQpipelineSync(p->conn) != 1)
        return sfi__pg_fail(p, NULL);
    p->synced = true;
    return SFI_OK;
}

/* NULL: there is no further result of this statement. */
static sfi_status
link_next(struct pg *p, PGresult **out)
{
    sfi_status st;

    *out = NULL;
    if (p->conn == NULL)
        return link_fail_closed(p);
    st = link_sync(p);
    if (st == SFI_OK)
        st = link_wait(p);
    if (st != SFI_OK)
        return st;
    *out = PQgetResult(p->conn);
    return *out == NULL && PQstatus(p->conn) != CONNECTION_OK
               ? sfi__pg_fail(p, NULL)
               : SFI_OK;
}

static sfi_status
link_check(struct pg *p, const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK
               ? SFI_OK
               : sfi__pg_fail(p, r);
}

sfi_status
sfi__pg_take(struct pg *p, PGresult **out)
{
    PGresult *more = NULL;
    sfi_status st = link_next(p, out);

    if (st != SFI_OK)
        return st;
    p->sent--;
    st = link_check(p, *out);
    if (st == SFI_OK)
        st = link_next(p, &more);
    if (st == SFI_OK && more != NULL)
        st = sfi__pg_fail(p, more);
    PQclear(more);
    if (st != SFI_OK) {
        PQclear(*out);
        *out = NULL;
    }
    return st;
}

sfi_status
sfi__pg_take_done(struct pg *p)
{
    PGresult *r;
    sfi_status st = sfi__pg_take(p, &r);

    PQclear(r);
    return st;
}

/* Up to the pipeline's end. */
static sfi_status
link_drain(struct pg *p)
{
    bool ended = false;

    /* each statement has a result and a NULL after it, at most */
    for (size_t left = 2 * p->sent + 4; !ended && left > 0; left--) {
        PGresult *r;
        sfi_status st = link_next(p, &r);

        if (st != SFI_OK)
            return st;
        ended = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        PQclear(r);
    }
    p->sent = 0;
    p->synced = false;
    return ended ? SFI_OK : sfi__pg_fail(p, NULL);
}

sfi_status
sfi__pg_finish(struct pg *p, sfi_status st)
{
    struct sfi_error first;
    sfi_status drained = SFI_OK;

    sfi__error_keep(p->base.ctx, &first);
    if (p->conn != NULL && (p->sent > 0 || p->synced))
        drained = link_drain(p);
    if (st == SFI_OK)
        return drained;
    sfi__error_restore(p->base.ctx, &first);
    return st;
}

sfi_status
sfi__pg_run(struct pg *p, const char *sql, const struct pg_values *v,
            PGresult **out)
{
    sfi_status st = sfi__pg_send_text(p, sql, v);

    *out = NULL;
    if (st == SFI_OK)
        st = sfi__pg_take(p, out);
    st = sfi__pg_finish(p, st);
    if (st != SFI_OK) {
        PQclear(*out);
        *out = NULL;
    }
    return st;
}
