/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The database of tests/support/postgres.py, as its administrator sees it; and
 * a network before it that is cut in the wrong moment. */
#ifndef SFI_TESTS_DATABASE_H
#define SFI_TESTS_DATABASE_H

#include <stddef.h>

/* A new, empty database for this test; the URI of a vault in it, and for
 * messages the place, "vault:URI". */
void database_new(char *uri, size_t cap, const char *vault);
/* Run SQL in it; what the first row's first column says, in the next call
 * overwritten. */
const char *database_sql(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Terminate all connections to it but the administrator's. */
void database_cut(void);
/* Wait until no more than so many others are connected to it. */
void database_wait_for_others(long left);
void database_drop(void);

/* Kill the whole server and start it again, without waiting. */
void database_crash(void);
/* First a base backup, then go on with it; waits. */
void database_go_back(void);
/* Wait until all that was asked of the server's keeper is done. */
void database_settle(void);

/* What becomes of the next COMMIT. */
enum relay_cut {
    RELAY_PASS,
    RELAY_CUT_BEFORE, /* the connection ends before the server has it */
    RELAY_CUT_AFTER,  /* the server has done it, and the answer is lost */
    RELAY_LATE        /* the client's end is cut; the server gets it later */
};

/* The URI of the same vault through the relay, whose socket is in `dir`. */
void relay_start(const char *dir, const char *uri, char *out, size_t cap);
void relay_cut_next(enum relay_cut cut);
void relay_stop(void);

#endif
