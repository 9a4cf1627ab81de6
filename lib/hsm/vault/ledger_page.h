/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a vault's SQLite file contains, and a check of its pages before SQLite
 * interprets them.  sqlite.org/fileformat2.html */
#ifndef SFI_HSM_VAULT_LEDGER_PAGE_H
#define SFI_HSM_VAULT_LEDGER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_APPLICATION_ID 0x53464956 /* "SFIV" */
#define LEDGER_SCHEMA_VERSION 1

/* A row of sqlite_schema; `sql` NULL: SQLite makes the index of its own. */
struct ledger_entry {
    const char *type, *name, *table, *sql;
};

#define LEDGER_ENTRIES 4u
extern const struct ledger_entry sfi__ledger_schema[LEDGER_ENTRIES];

/* What is wrong with the files of a vault. */
enum ledger_fault {
    LEDGER_SOUND,
    LEDGER_OTHER_ID,      /* `found`: the application id */
    LEDGER_OTHER_VERSION, /* `found`: the user version */
    LEDGER_OTHER_FORMAT,  /* the page size or the text encoding */
    LEDGER_OTHER_SCHEMA,  /* `found`: the first entry that differs, from 1 */
    LEDGER_LONG_ROW,      /* a row or a key that needs more than its page */
    LEDGER_JOURNAL,       /* a rollback journal lies beside the file */
    LEDGER_LINK,          /* the log or its index is no plain file */
    LEDGER_OTHER_FILE,    /* SQLite wants a file of another name */
    LEDGER_DISTURBED /* it has a log, so looking at the file is not enough */
};

struct ledger_finding {
    enum ledger_fault fault;
    uint32_t found;
};

/* Is this the first page of a database?  Of no other page SQLite reads a
 * schema. */
bool sfi__ledger_is_first_page(const uint8_t *page, size_t len);
/* A schema that is not exactly the one above is refused before SQLite parses
 * it: a small schema can ask for any amount of memory and time. */
struct ledger_finding sfi__ledger_check_first_page(const uint8_t *page,
                                                   size_t len);
/* Rows and keys of a vault fit into their pages; SQLite allocates as much as a
 * longer one claims to have. */
struct ledger_finding sfi__ledger_check_page(const uint8_t *page, size_t len);

#endif
