/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The ledger in SQLite: its statements, the row about the vault, the records.
 */
#ifndef SFI_HSM_VAULT_LEDGER_ROWS_H
#define SFI_HSM_VAULT_LEDGER_ROWS_H

#include <sys/types.h>

#include "hsm/vault/ledger.h"
#include "hsm/vault/ledger_db.h"

enum query {
    Q_BEGIN_READ,
    Q_BEGIN_WRITE,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_READ_HEAD,
    Q_WRITE_COUNTS,
    Q_WRITE_TRIES,
    Q_WRITE_SEAL,
    Q_BY_SEQUENCE,
    Q_BY_SESSION,
    Q_BY_COUNT,
    Q_APPEND,
    Q_COUNT
};

struct file {
    struct ledger base;
    char *path;
    sqlite3 *db; /* NULL: it could not be opened for writing */
    bool looks;  /* nothing is written, and the file has no log */
    struct locked_file *locked;
    sqlite3_stmt *statements[Q_COUNT];
    bool refused; /* the last sync failed */
    int held;     /* the descriptor of the lock as a server; -1: none */
    pid_t
        pid; /* of the process that opened it: SQLite does not survive fork() */
};

static inline struct file *
sfi__rows_file(struct ledger *l)
{
    return (struct file *)l;
}

/* Record SQLite's error, and whether it disturbed the ledger. */
sfi_status sfi__rows_fail(struct file *f, int rc);
/* A statement without values and rows. */
sfi_status sfi__rows_run(struct file *f, enum query q);

/* Of struct ledger_ops, within a transaction. */
sfi_status sfi__rows_read_head(struct ledger *l, struct ledger_head *out);
sfi_status sfi__rows_write_head(struct ledger *l, enum ledger_part part,
                                const struct ledger_head *head);
sfi_status sfi__rows_find(struct ledger *l, const struct ledger_key *key,
                          struct ledger_record *out, bool *found);
sfi_status sfi__rows_append(struct ledger *l, const struct ledger_record *r);

#endif
