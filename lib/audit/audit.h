/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Logs as files: text, one record a line; doc/format.md, "Log". */
#ifndef SFI_AUDIT_AUDIT_H
#define SFI_AUDIT_AUDIT_H

#include <sfi/hsm.h>
#include <sfi/audit.h>

#include "util/file.h"
#include "util/text.h"

/* A record's line is the longest; this is somewhat more. */
#define AUDIT_LINE_MAX 480u
#define AUDIT_MAGIC "SFI-LOG 1"

/* Flags that a log can have. */
#define AUDIT_FLAGS SFI_HSM_LIVE_ONLY

/* Kinds as text, by number; NULL: none such. */
const char *sfi__audit_kind(uint32_t kind);
/* What a firmware id can be: 1 to 63 printable ASCII characters; and a product
 * id: 8 of them, without blanks. */
bool sfi__audit_is_firmware(const char *text);
bool sfi__audit_is_product(const char *text);

/* ---- writing ---- */

/* Gives record `sequence`; has said why before an error. */
typedef sfi_status (*audit_record_fn)(void *user, uint64_t sequence,
                                      sfi_audit_record *out);

/* The whole log that `head` is the end of: all of it or nothing.  What needs no
 * key is checked on the way.  Errors of the file name it; all others name no
 * place. */
sfi_status sfi__audit_write(sfi_ctx *ctx, const char *path,
                            const sfi_audit_head *head, audit_record_fn record,
                            void *user);

/* ---- reading ---- */

struct audit_in {
    sfi_ctx *ctx;
    const char *path;
    struct file_in file;
    uint64_t line; /* at work, from 1 */
    char text[AUDIT_LINE_MAX + 1];
    size_t at, len; /* in `data` */
    bool last;      /* nothing follows `data` */
    char data[8192];
};

/* Each failure names the file, and the line if there is one. */
sfi_status sfi__audit_open(struct audit_in *in, sfi_ctx *ctx, const char *path);
void sfi__audit_close(struct audit_in *in);
/* What stands before the records; `out` is zero before. */
sfi_status sfi__audit_read_head(struct audit_in *in, sfi_audit_head *out);
/* The next record; or the end, which fills in the rest of the head, and behind
 * which nothing is. */
sfi_status sfi__audit_read_next(struct audit_in *in, sfi_audit_record *out,
                                sfi_audit_head *head, bool *end);
sfi_status sfi__audit_fail(struct audit_in *in, sfi_status st, const char *fmt,
                           ...) SFI_PRINTF(3, 4);

/* ---- devices ---- */

/* A slot of 16 bytes for each, and as many free ones: half a gigabyte. */
#define AUDIT_DEVICES_MAX ((size_t)1 << 24)
#define AUDIT_DEVICE_LEN 16u

/* Which devices a log has counted.  Half a SHA-256 stands for a device: no two
 * that differ will ever have the same. */
struct audit_devices {
    sfi_ctx *ctx;
    uint8_t (*slots)[AUDIT_DEVICE_LEN]; /* zeros: free */
    size_t size;                        /* a power of two, or 0 */
    size_t used;
    bool zeros; /* the device that looks like a free slot */
};

void sfi__audit_devices_init(struct audit_devices *d, sfi_ctx *ctx);
void sfi__audit_devices_free(struct audit_devices *d);
bool sfi__audit_devices_have(const struct audit_devices *d,
                             const uint8_t *device);
/* SFI_ERR_LIMIT: too many. */
sfi_status sfi__audit_devices_add(struct audit_devices *d,
                                  const uint8_t *device);

#endif
