/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The audit log as a text file, one record per line; chapter
 * "Audit log" of doc/format.md. */
#ifndef SFI_AUDIT_AUDIT_H
#define SFI_AUDIT_AUDIT_H

#include <sfi/hsm.h>
#include <sfi/audit.h>

#include "util/file.h"
#include "util/text.h"
#include "core/abi.h"

SFI_ABI_PIN(sfi_audit_head, lease_record);
SFI_ABI_PIN(sfi_audit_record, detail);

/* Somewhat longer than a record, which is the longest line. */
#define AUDIT_LINE_MAX 480u
#define AUDIT_MAGIC "SFI-LOG 1"
#define AUDIT_MAGIC_LEASED "SFI-LOG 2" /* of a leased vault: its terms too */

/* Flags that an audit log can have. */
#define AUDIT_FLAGS SFI_HSM_LIVE_ONLY

/* The text of a kind of record; NULL: no such kind. */
const char *sfi__audit_kind(uint32_t kind);
/* A valid firmware id has 1 to 63 printable ASCII characters; a valid product
 * id has 8, without blanks. */
bool sfi__audit_is_firmware(const char *text);
bool sfi__audit_is_product(const char *text);

/* ---- writing ---- */

/* Fills in record `sequence`; records the error on failure. */
typedef sfi_status (*audit_record_fn)(void *user, uint64_t sequence,
                                      sfi_audit_record *out);

/* Write the whole audit log that ends with `head`, or no file at all.
 * Everything that can be checked without the key is checked.  Errors of the
 * file have its path as place; other errors have no place.  NULL `path`: only
 * check. */
sfi_status sfi__audit_write(sfi_ctx *ctx, const char *path,
                            const sfi_audit_head *head, audit_record_fn record,
                            void *user);
/* The same, piece by piece, to a function. */
sfi_status sfi__audit_write_to(sfi_ctx *ctx, sfi_write_fn write, void *to,
                               const sfi_audit_head *head,
                               audit_record_fn record, void *user);

/* ---- reading ---- */

/* A file, or what is in memory: then `path` is NULL. */
struct audit_source {
    const char *path;
    const uint8_t *data;
    size_t len;
};

struct audit_in {
    sfi_ctx *ctx;
    struct audit_source from; /* of `data`, what was not read yet */
    sfi_status failed;        /* the first failure; sticky */
    struct file_in file;
    uint64_t taken;    /* bytes */
    uint64_t line;     /* the current one, from 1 */
    uint32_t restored; /* records of this kind so far */
    char text[AUDIT_LINE_MAX + 1];
    size_t at, len; /* in `data` */
    bool last;      /* `data` holds the end of the file */
    char data[8192];
};

/* The place of each failure is the file, and the line if one is current. */
sfi_status sfi__audit_open(struct audit_in *in, sfi_ctx *ctx,
                           const struct audit_source *from);
void sfi__audit_close(struct audit_in *in);
/* Read the lines before the records; `out` must be zero. */
sfi_status sfi__audit_read_head(struct audit_in *in, sfi_audit_head *out);
/* Read the next record, or the end, which fills in the rest of the head and
 * must be the last line. */
sfi_status sfi__audit_read_next(struct audit_in *in, sfi_audit_record *out,
                                sfi_audit_head *head, bool *end);
/* Name the place in the context's error. */
sfi_status sfi__audit_where(struct audit_in *in);
/* Fail at the current line; after an earlier failure that one stays. */
sfi_status sfi__audit_fail(struct audit_in *in, sfi_status st, const char *fmt,
                           ...) SFI_PRINTF(3, 4);

/* sfi_audit_verify(); without a key, all but the MACs.  Head and summary are
 * filled in as far as the file could be read. */
sfi_status sfi__audit_prove(sfi_ctx *ctx, const char *path,
                            const uint8_t *key_secret, const char *before,
                            sfi_audit_head *head, sfi_audit_summary *sum);

/* ---- leases ---- */

#define AUDIT_LEASES_MAX ((size_t)1 << 20)

struct audit_lease {
    uint64_t sequence; /* of its record */
    uint64_t amount;
    uint64_t expires;
    uint64_t returned; /* how many came back */
    bool closed;       /* it has a return record */
    bool has_log;      /* a log of its vault was seen */
    uint8_t request[32];
    uint8_t record[32]; /* hash of its record */
};

struct audit_leases {
    sfi_ctx *ctx;
    struct audit_lease *list; /* by sequence */
    size_t size, used;
    uint64_t restored; /* sequence of the last restored record, or 0 */
};

void sfi__audit_leases_init(struct audit_leases *l, sfi_ctx *ctx);
void sfi__audit_leases_free(struct audit_leases *l);
/* Of a lease's record.  Fails with SFI_ERR_LIMIT above AUDIT_LEASES_MAX. */
sfi_status sfi__audit_leases_add(struct audit_leases *l,
                                 const sfi_audit_record *r);
/* NULL: the record of this sequence is no lease. */
struct audit_lease *sfi__audit_leases_find(const struct audit_leases *l,
                                           uint64_t sequence);

/* The same for a log that may name leases, which the caller frees, also after
 * a failure. */
sfi_status sfi__audit_prove_leases(sfi_ctx *ctx, const char *path,
                                   const uint8_t *key_secret,
                                   sfi_audit_head *head, sfi_audit_summary *sum,
                                   struct audit_leases *leases);

/* ---- devices ---- */

/* Each needs a slot of 16 bytes and a free slot: half a gigabyte. */
#define AUDIT_DEVICES_MAX ((size_t)1 << 24)
#define AUDIT_DEVICE_LEN 16u

/* The set of devices that an audit log has counted.  Half a SHA-256 represents
 * a device: 128 bits without collisions in practice. */
struct audit_devices {
    sfi_ctx *ctx;
    uint8_t (*slots)[AUDIT_DEVICE_LEN]; /* zeros: free */
    size_t size;                        /* a power of two, or 0 */
    size_t used;
    bool zeros; /* the device whose hash is that of a free slot is in the set */
};

void sfi__audit_devices_init(struct audit_devices *d, sfi_ctx *ctx);
void sfi__audit_devices_free(struct audit_devices *d);
bool sfi__audit_devices_have(const struct audit_devices *d,
                             const uint8_t *device);
/* Fails with SFI_ERR_LIMIT above AUDIT_DEVICES_MAX devices. */
sfi_status sfi__audit_devices_add(struct audit_devices *d,
                                  const uint8_t *device);

#endif
