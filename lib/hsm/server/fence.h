/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A station's fence: how far it has seen the audit of each HSM at servers, in a
 * file that all its processes share.  An HSM that goes back from there is an
 * old copy (doc/format.md, "Fence"). */
#ifndef SFI_HSM_SERVER_FENCE_H
#define SFI_HSM_SERVER_FENCE_H

#include <stdbool.h>

#include <sfi/audit.h>

#define FENCE_SERIAL_LEN 32u /* hex digits */
#define FENCE_ENTRIES_MAX 256u

/* The end of an HSM's audit, as an answer tells it. */
struct fence_entry {
    char serial[FENCE_SERIAL_LEN + 1];
    uint64_t sequence;
    uint64_t remaining;
    uint64_t restored; /* the last record "restored" that moved it; 0: none */
    uint8_t head[SFI_AUDIT_HASH_LEN];
};

/* Lower case, the form of entries. */
bool sfi__fence_is_serial(const char *text);

struct fence {
    struct fence_entry entries[FENCE_ENTRIES_MAX];
    size_t count;
};

/* What the station has seen by now.  A file that is not there is empty; a
 * damaged one fails. */
sfi_status sfi__fence_read(sfi_ctx *ctx, const char *path, struct fence *out);
/* Can it be written at all? */
sfi_status sfi__fence_check_place(sfi_ctx *ctx, const char *path);
/* NULL: nothing. */
const struct fence_entry *sfi__fence_find(const struct fence *f,
                                          const char *serial);

/* An answer. */
struct fence_seen {
    struct fence_entry end;
    uint64_t lost; /* with end.restored: the last record that was lost */
};

/* May this answer come to a station that knew so much when it asked?  NULL:
 * nothing. */
sfi_status sfi__fence_check(sfi_ctx *ctx, const struct fence_entry *known,
                            const struct fence_seen *seen);
/* Keep what answers tell, durably; they were checked. */
sfi_status sfi__fence_advance(sfi_ctx *ctx, const char *path,
                              const struct fence_seen *seen);

#endif
