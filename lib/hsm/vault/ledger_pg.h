/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The ledger in PostgreSQL; doc/format.md, "Vault in PostgreSQL".
 *
 * Statements go to the server in pipelines: several are sent, then their
 * results are taken in the same order.  A find is answered from what begin()
 * and prefetch() asked for, and records are sent at the end of the transaction.
 */
#ifndef SFI_HSM_VAULT_LEDGER_PG_H
#define SFI_HSM_VAULT_LEDGER_PG_H

#include <sys/types.h>

#include <libpq-fe.h>

#include "hsm/vault/ledger.h"

#define PG_LAYOUT_VERSION 1
#define PG_NAME_MAX 63u
/* The numbers of our advisory locks in a database: a class, and the vault's id;
 * 0: its tables. */
#define PG_LOCK_WRITE 0x53464957u /* "SFIW" */
#define PG_LOCK_HOLD 0x53464948u  /* "SFIH" */

/* Statements that are prepared once in a connection. */
enum pg_query {
    PG_READ_HEAD,
    PG_WRITE_COUNTS,
    PG_WRITE_TRIES,
    PG_WRITE_SEAL,
    PG_BY_TAIL, /* the last record and those after it */
    PG_BY_SEQUENCE,
    PG_BY_SESSION,
    PG_BY_COUNT,
    PG_BY_SEQUENCES, /* of arrays */
    PG_BY_SESSIONS,
    PG_BY_COUNTS,
    PG_APPEND, /* of arrays */
    PG_QUERIES
};

/* What a key leads to. */
struct pg_known {
    enum ledger_by by;
    bool found;
    uint32_t session;
    uint64_t sequence;
    uint8_t device[SFI_SHA256_LEN];
    struct ledger_record record; /* if found */
};

/* Grows; the elements have one size. */
struct pg_list {
    void *items;
    size_t count, cap;
};

struct pg {
    struct ledger base;
    pid_t pid;             /* of the process that opened it */
    char *conninfo_secret; /* the URI for libpq; may have a password */
    char name[PG_NAME_MAX + 1];
    int32_t id;       /* of the vault's row */
    PGconn *conn;     /* NULL: not connected */
    bool warned;      /* the server sent a warning */
    size_t sent;      /* statements whose results were not taken */
    bool synced;      /* the pipeline has its end */
    int backend;      /* the server's process of this connection */
    int32_t locked;   /* the vault's id in our lock; 0: the tables */
    int lost_backend; /* the server's process of a connection that broke in a
                         transaction; 0: none */
    bool holds;

    /* of the transaction */
    bool begun, writes;
    struct ledger_head head;
    unsigned changed;        /* bits of enum ledger_part */
    struct pg_list known;    /* struct pg_known */
    size_t hint;             /* the one that is probably asked for next */
    struct pg_list appended; /* struct ledger_record */
};

/* Binds one value after the other, in binary. */
#define PG_VALUES_MAX 32u
struct pg_values {
    const char *data[PG_VALUES_MAX];
    int len[PG_VALUES_MAX];
    int binary[PG_VALUES_MAX];
    uint8_t numbers[PG_VALUES_MAX][8];
    uint8_t serial[LEDGER_SERIAL_MAX];
    int count;
};

/* ---- ledger_pg_name.c ---- */

/* Take our parameter `vault` out of a URI; what is left is for libpq. */
sfi_status sfi__pg_parse_name(sfi_ctx *ctx, const char *uri, char *left,
                              size_t cap, char name[PG_NAME_MAX + 1]);

/* ---- ledger_pg_link.c: connections and pipelines ---- */

sfi_status sfi__pg_connect_server(struct pg *p);
void sfi__pg_disconnect(struct pg *p);
/* In the child of a fork: everything belongs to the parent. */
void sfi__pg_forget(struct pg *p);

/* Each adds one statement to the pipeline. */
sfi_status sfi__pg_send_text(struct pg *p, const char *sql,
                             const struct pg_values *v);
sfi_status sfi__pg_send_prepare(struct pg *p, enum pg_query q, const char *sql);
sfi_status sfi__pg_send(struct pg *p, enum pg_query q,
                        const struct pg_values *v);
/* The result of the next statement; NULL after a failure, which is recorded.
 * The caller clears it. */
sfi_status sfi__pg_take(struct pg *p, PGresult **out);
/* The same where no result is wanted. */
sfi_status sfi__pg_take_done(struct pg *p);
/* Throw away what was not taken; returns `st`, which is the work's. */
sfi_status sfi__pg_finish(struct pg *p, sfi_status st);
/* One statement alone. */
sfi_status sfi__pg_run(struct pg *p, const char *sql, const struct pg_values *v,
                       PGresult **out);

/* ---- ledger_pg_error.c ---- */

/* Record what `r` reports, or the connection if NULL; a connection that is of
 * no use any more is closed. */
sfi_status sfi__pg_fail(struct pg *p, const PGresult *r);
sfi_status sfi__pg_fail_connect(struct pg *p, PGconn *conn, PGPing ping);
bool sfi__pg_is_state(const PGresult *r, const char *sqlstate);

/* ---- ledger_pg_rows.c ---- */

/* Types of columns: src/include/catalog/pg_type.dat of PostgreSQL. */
#define PG_TYPE_BYTEA 17u
#define PG_TYPE_INT8 20u
#define PG_TYPE_TEXT 25u

/* PG_SERIAL: the serial number of an audit head, or that and the terms of a
 * lease. */
enum pg_type { PG_U32, PG_U64, PG_BYTES, PG_TEXT, PG_SERIAL };

struct pg_column {
    const char *name;
    enum pg_type type;
    size_t at;
    uint64_t max; /* of a number; of bytes the length, of a text the longest */
    size_t min;   /* of a text the shortest */
};

#define PG_RECORD_COLUMNS 10u
extern const struct pg_column sfi__pg_record_columns[PG_RECORD_COLUMNS];

/* The record in a row of a result. */
sfi_status sfi__pg_read_record(struct pg *p, const PGresult *r, int row,
                               struct ledger_record *out);
void sfi__pg_value_u64(struct pg_values *v, uint64_t n);
void sfi__pg_value_u32(struct pg_values *v, uint32_t n);
void sfi__pg_value_bytes(struct pg_values *v, const void *data, size_t len);
/* A number in a result that the server computed. */
sfi_status sfi__pg_result_u64(struct pg *p, const PGresult *r, int column,
                              uint64_t max, uint64_t *out);

sfi_status sfi__pg_prepare(struct pg *p);
sfi_status sfi__pg_make_tables(struct pg *p);
sfi_status sfi__pg_send_vault(struct pg *p, const struct ledger_head *h);
sfi_status sfi__pg_take_head(struct pg *p, struct ledger_head *out);
sfi_status sfi__pg_send_find(struct pg *p, const struct ledger_key *key);
sfi_status sfi__pg_take_record(struct pg *p, struct ledger_record *out,
                               bool *found);
/* Up to two records. */
sfi_status sfi__pg_take_records(struct pg *p, struct ledger_record out[2],
                                size_t *count);
sfi_status sfi__pg_send_head(struct pg *p, enum ledger_part part,
                             const struct ledger_head *h);
sfi_status sfi__pg_take_change(struct pg *p, size_t count);

/* ---- ledger_pg_many.c ---- */

/* Keys of one kind, no two alike; what they lead to is known then. */
sfi_status sfi__pg_send_find_many(struct pg *p, enum ledger_by by,
                                  const struct ledger_key *keys, size_t count);
sfi_status sfi__pg_take_find_many(struct pg *p, const struct ledger_key *keys,
                                  size_t count);
sfi_status sfi__pg_send_append(struct pg *p,
                               const struct ledger_record *records,
                               size_t count);

/* ---- ledger_pg_known.c: what this transaction knows ---- */

void sfi__pg_known_clear(struct pg *p);
void sfi__pg_known_free(struct pg *p);
/* `r`: NULL if there is no such record. */
sfi_status sfi__pg_known_add(struct pg *p, const struct ledger_key *key,
                             const struct ledger_record *r);
const struct pg_known *sfi__pg_known_find(struct pg *p,
                                          const struct ledger_key *key);
bool sfi__pg_is_record_of(const struct ledger_record *r,
                          const struct ledger_key *key);
/* The record that this transaction appended; NULL: none. */
const struct ledger_record *sfi__pg_appended_find(const struct pg *p,
                                                  const struct ledger_key *key);
sfi_status sfi__pg_appended_add(struct pg *p, const struct ledger_record *r);

/* ---- ledger_pg_open.c: a session with a vault ---- */

/* A connection that knows the vault.  `exists`: false if the database has no
 * such vault, then it is not connected. */
sfi_status sfi__pg_connect(struct pg *p, bool *exists);
/* A vault that was there is not there. */
sfi_status sfi__pg_fail_gone(struct pg *p);
/* The same as sfi__pg_connect() after a fault that passes: tries for some
 * seconds. */
sfi_status sfi__pg_connect_again(struct pg *p);
/* COMMIT.  `doubt`: the connection was lost, so nobody knows the outcome. */
sfi_status sfi__pg_commit(struct pg *p, bool *doubt);
/* The lock that says that this is the one server. */
sfi_status sfi__pg_try_hold(struct pg *p, bool *held);
sfi_status sfi__pg_new(sfi_ctx *ctx, const char *uri, struct pg **out);
void sfi__pg_free(struct pg *p);
sfi_status sfi__pg_create(sfi_ctx *ctx, const char *path,
                          const struct ledger_head *head);

#endif
