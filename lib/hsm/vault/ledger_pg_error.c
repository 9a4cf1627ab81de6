/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the database reports, as a status and a message with a remedy. */
#include "hsm/vault/ledger_pg.h"

#include <errno.h>
#include <string.h>

#include "core/err.h"

#define REASON_MAX 200

/* How long the server lets a statement wait: ledger_pg_open.c. */
#define LOCK_S 10

/* The first line of what the server or libpq says. */
static const char *
pg_reason(char out[REASON_MAX], const char *text)
{
    char line[4 * REASON_MAX];

    sfi__text_format(line, sizeof(line), "%s", text != NULL ? text : "");
    line[strcspn(line, "\n")] = '\0';
    sfi__text_visible(out, REASON_MAX,
                      line[0] != '\0' ? line : "no reason was given");
    return out;
}

bool
sfi__pg_is_state(const PGresult *r, const char *sqlstate)
{
    const char *found = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    return found != NULL && strncmp(found, sqlstate, strlen(sqlstate)) == 0;
}

/* The connection cannot be used again. */
static bool
pg_is_lost(const struct pg *p, const PGresult *r)
{
    const char *severity =
        r != NULL ? PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;

    if (severity != NULL)
        return strcmp(severity, "ERROR") != 0;
    return r == NULL || PQstatus(p->conn) != CONNECTION_OK;
}

static sfi_status
pg_fail_lost(struct pg *p, const PGresult *r)
{
    const char *text =
        r != NULL ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    char reason[REASON_MAX];

    (void)pg_reason(reason, text != NULL ? text : PQerrorMessage(p->conn));
    sfi__pg_disconnect(p);
    return sfi__fail(p->base.ctx, SFI_ERR_IO,
                     "the connection to the database was lost: %s; try again",
                     reason);
}

static sfi_status
pg_fail_access(sfi_ctx *ctx, const PGresult *r, const char *reason)
{
    if (sfi__pg_is_state(r, "25006"))
        return sfi__fail_os(ctx, SFI_ERR_ACCESS, EROFS,
                            "the database is read-only (a standby, or "
                            "default_transaction_read_only): name the server "
                            "that writes");
    return sfi__fail_os(ctx, SFI_ERR_ACCESS, EACCES,
                        "the database refused the role: %s; grant it what "
                        "doc/format.md lists",
                        reason);
}

static sfi_status
pg_fail_resources(sfi_ctx *ctx, const PGresult *r, const char *reason)
{
    int code = sfi__pg_is_state(r, "53200") ? ENOMEM
               : sfi__pg_is_state(r, "53")  ? EAGAIN
                                            : EIO;

    if (sfi__pg_is_state(r, "53100"))
        return sfi__fail_os(ctx, SFI_ERR_OS, ENOSPC,
                            "the disk of the database is full: make room "
                            "there");
    return sfi__fail_os(ctx, SFI_ERR_OS, code,
                        "the database cannot be read or written: %s", reason);
}

static sfi_status
pg_fail_damaged(sfi_ctx *ctx, const PGresult *r, const char *reason)
{
    static const char *const missing[] = {"42P01", "42703", "42883", "42804"};

    for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
        if (sfi__pg_is_state(r, missing[i]))
            return sfi__fail(ctx, SFI_ERR_HSM,
                             "the vault is damaged: its tables are not those "
                             "that libsfi makes: %s",
                             reason);
    }
    if (sfi__pg_is_state(r, "23"))
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the vault is damaged: a row contradicts its tables: "
                         "%s",
                         reason);
    return sfi__fail(ctx, SFI_ERR_HSM, "the database failed: %s (SQLSTATE %s)",
                     reason, PQresultErrorField(r, PG_DIAG_SQLSTATE));
}

static sfi_status
pg_fail_busy(sfi_ctx *ctx, const PGresult *r, const char *reason)
{
    if (sfi__pg_is_state(r, "55P03"))
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "another process has locked the vault for %d s",
                         LOCK_S);
    return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                     "the database gave up: %s; try again", reason);
}

sfi_status
sfi__pg_fail(struct pg *p, const PGresult *r)
{
    static const struct {
        const char *states; /* the beginnings of SQLSTATEs */
        sfi_status (*fail)(sfi_ctx *ctx, const PGresult *r, const char *reason);
    } classes[] = {
        {"55P03", pg_fail_busy},   {"57014", pg_fail_busy},
        {"40", pg_fail_busy},      {"25006", pg_fail_access},
        {"42501", pg_fail_access}, {"28", pg_fail_access},
        {"53", pg_fail_resources}, {"58", pg_fail_resources},
    };
    char reason[REASON_MAX];

    if (pg_is_lost(p, r))
        return pg_fail_lost(p, r);
    if (PQresultErrorField(r, PG_DIAG_SQLSTATE) == NULL)
        return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                         "the database's answer is not the expected one: %s",
                         PQresStatus(PQresultStatus(r)));
    (void)pg_reason(reason, PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        if (sfi__pg_is_state(r, classes[i].states))
            return classes[i].fail(p->base.ctx, r, reason);
    }
    return pg_fail_damaged(p->base.ctx, r, reason);
}

/* libpq keeps no SQLSTATE of a login that was refused, but a second try tells
 * whether a server is there. */
sfi_status
sfi__pg_fail_connect(struct pg *p, PGconn *conn, PGPing ping)
{
    char reason[REASON_MAX];

    (void)pg_reason(reason, PQerrorMessage(conn));
    if (PQconnectionNeedsPassword(conn))
        return sfi__fail_os(p->base.ctx, SFI_ERR_ACCESS, EACCES,
                            "the database requires a password: keep it in a "
                            "file that libpq reads (passfile=, or ~/.pgpass "
                            "with mode 0600)");
    if (ping == PQPING_OK)
        return sfi__fail_os(p->base.ctx, SFI_ERR_ACCESS, EACCES,
                            "the database refused the connection: %s", reason);
    return sfi__fail(p->base.ctx, SFI_ERR_NO_DEVICE,
                     ping == PQPING_REJECT
                         ? "the database accepts no connections yet: %s; try "
                           "again"
                         : "no database answers: %s; is it running, and is "
                           "the host's name right",
                     reason);
}
