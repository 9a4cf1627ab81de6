/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The file of a station's fence; doc/format.md, "Fence". */
/* flock() is not in POSIX. */
#define _DEFAULT_SOURCE
#include "hsm/server/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "crypto/hash.h"

#define FENCE_HEAD "libsfi fence 1\n"
#define FENCE_END "end "
/* serial, sequence, head, remaining, restored */
#define FENCE_LINE_MAX 192u
#define FENCE_FILE_MAX (FENCE_ENTRIES_MAX * FENCE_LINE_MAX + 256u)
#define FENCE_MODE 0600u
/* Others keep it locked for one write to the disk. */
#define FENCE_NAPS 1000u
#define FENCE_NAP_US 10000u

bool
sfi__fence_is_serial(const char *text)
{
    return strlen(text) == FENCE_SERIAL_LEN &&
           strspn(text, "0123456789abcdef") == FENCE_SERIAL_LEN;
}

const struct fence_entry *
sfi__fence_find(const struct fence *f, const char *serial)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->entries[i].serial, serial) == 0)
            return &f->entries[i];
    }
    return NULL;
}

/* ---- the file ---- */

static sfi_status
fence_fail_damaged(sfi_ctx *ctx, const char *path)
{
    (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                    "the station's fence is damaged, so nobody could tell "
                    "whether the server went back: take the file from a "
                    "backup, or move it away and tell the server's operator, "
                    "who compares the audit with the installs of this station");
    return sfi__where(ctx, "%s", path);
}

static void
fence_format_line(char out[FENCE_LINE_MAX], const struct fence_entry *e)
{
    char head[2 * SFI_AUDIT_HASH_LEN + 1];

    sfi__hex_encode(head, e->head, sizeof(e->head));
    sfi__text_format(out, FENCE_LINE_MAX, "%s %llu %s %llu %llu\n", e->serial,
                     (unsigned long long)e->sequence, head,
                     (unsigned long long)e->remaining,
                     (unsigned long long)e->restored);
}

static sfi_status
fence_format(sfi_ctx *ctx, const struct fence *f, struct buf *out)
{
    uint8_t hash[SFI_SHA256_LEN];
    char line[FENCE_LINE_MAX];
    char digits[2 * SFI_SHA256_LEN + 1];
    bool fits = sfi__buf_append(out, FENCE_HEAD, strlen(FENCE_HEAD));
    sfi_status st;

    for (size_t i = 0; fits && i < f->count; i++) {
        fence_format_line(line, &f->entries[i]);
        fits = sfi__buf_append(out, line, strlen(line));
    }
    if (!fits)
        return sfi__nomem(ctx);
    st = sfi__sha256(ctx, out->data, out->len, hash);
    if (st != SFI_OK)
        return st;
    sfi__hex_encode(digits, hash, sizeof(hash));
    sfi__text_format(line, sizeof(line), FENCE_END "%s\n", digits);
    return sfi__buf_append(out, line, strlen(line)) ? SFI_OK : sfi__nomem(ctx);
}

/* The word up to `end`; NULL: there is none. */
static char *
fence_word(char **at, char end)
{
    char *word = *at;
    char *stop = strchr(word, end);

    if (stop == NULL)
        return NULL;
    *stop = '\0';
    *at = stop + 1;
    return word;
}

static bool
fence_parse_line(char *line, struct fence_entry *e)
{
    char *serial = fence_word(&line, ' ');
    char *sequence = serial != NULL ? fence_word(&line, ' ') : NULL;
    char *head = sequence != NULL ? fence_word(&line, ' ') : NULL;
    char *remaining = head != NULL ? fence_word(&line, ' ') : NULL;

    if (remaining == NULL || !sfi__fence_is_serial(serial) ||
        strlen(head) != 2 * sizeof(e->head) ||
        !sfi__hex_decode(e->head, sizeof(e->head), head))
        return false;
    memcpy(e->serial, serial, sizeof(e->serial));
    return sfi__text_to_u64(sequence, UINT64_MAX, &e->sequence) &&
           sfi__text_to_u64(remaining, UINT64_MAX, &e->remaining) &&
           sfi__text_to_u64(line, UINT64_MAX, &e->restored);
}

static bool
fence_parse_lines(char *text, struct fence *out)
{
    char *first = fence_word(&text, '\n');

    if (first == NULL || strcmp(first, "libsfi fence 1") != 0)
        return false;
    while (sfi__text_after(text, FENCE_END) == NULL) {
        char *line = fence_word(&text, '\n');

        if (line == NULL || out->count == FENCE_ENTRIES_MAX ||
            !fence_parse_line(line, &out->entries[out->count]))
            return false;
        out->count++;
    }
    return true;
}

/* Every fence has one text, so the hash at its end is checked with the rest. */
static sfi_status
fence_parse(sfi_ctx *ctx, const char *path, const struct buf *file,
            struct fence *out)
{
    char *text = sfi__ctx_alloc(ctx, file->len + 1);
    struct buf again;
    sfi_status st;
    bool sound;

    if (text == NULL)
        return SFI_ERR_NOMEM;
    if (file->len > 0)
        memcpy(text, file->data, file->len);
    sound = fence_parse_lines(text, out);
    sfi__ctx_dealloc(ctx, text);
    if (!sound)
        return fence_fail_damaged(ctx, path);
    sfi__buf_init(&again, &ctx->alloc, false);
    st = fence_format(ctx, out, &again);
    if (st == SFI_OK && (again.len != file->len ||
                         !sfi__equal(again.data, file->data, file->len)))
        st = fence_fail_damaged(ctx, path);
    sfi__buf_free(&again);
    return st;
}

sfi_status
sfi__fence_read(sfi_ctx *ctx, const char *path, struct fence *out)
{
    struct buf file;
    sfi_status st;

    out->count = 0;
    st = sfi__load(ctx, path, FENCE_FILE_MAX, false, &file);
    if (st == SFI_OK)
        st = fence_parse(ctx, path, &file, out);
    else if (ctx->error.os_code == ENOENT && !sfi__file_is_link(path))
        st = SFI_OK;
    else if (st == SFI_ERR_LIMIT)
        st = fence_fail_damaged(ctx, path);
    sfi__buf_free(&file);
    if (st == SFI_OK)
        sfi__clear_error(ctx);
    return st;
}

/* ---- one process after the other ---- */

/* A file beside it, because the fence itself is replaced. */
static sfi_status
fence_lock(sfi_ctx *ctx, const char *path, int *fd)
{
    size_t size = strlen(path) + sizeof(".lock");
    char *lock = sfi__ctx_alloc(ctx, size);
    int err;

    *fd = -1;
    if (lock == NULL)
        return SFI_ERR_NOMEM;
    sfi__text_format(lock, size, "%s.lock", path);
    err = sfi__fd_open(lock,
                       SYS_READ_WRITE | SYS_CREATE | SYS_NO_LINK | SYS_NO_WAIT,
                       FENCE_MODE, fd);
    for (unsigned i = 0; err == 0 && i < FENCE_NAPS; i++) {
        if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
            break;
        err = errno == EINTR ? 0 : errno;
        if (err != EWOULDBLOCK)
            continue;
        err = i + 1 < FENCE_NAPS ? 0 : ETIMEDOUT;
        sfi__clock_nap_us(FENCE_NAP_US);
    }
    if (err != 0) {
        (void)sfi__fail_os(
            ctx, err == ETIMEDOUT ? SFI_ERR_TIMEOUT : sfi__os_status(err), err,
            "cannot lock the station's fence");
        (void)sfi__where(ctx, "%s", lock);
        if (*fd >= 0)
            (void)sfi__fd_close(*fd);
        *fd = -1;
    }
    sfi__ctx_dealloc(ctx, lock);
    return err == 0 ? SFI_OK : ctx->error.status;
}

sfi_status
sfi__fence_check_place(sfi_ctx *ctx, const char *path)
{
    int fd;
    sfi_status st = fence_lock(ctx, path, &fd);

    if (st == SFI_OK)
        (void)sfi__fd_close(fd); /* this ends the lock too */
    return st;
}

/* ---- what may come ---- */

/* With what the operator needs for a record "restored". */
static sfi_status
fence_fail_back(sfi_ctx *ctx, const struct fence_entry *known,
                const struct fence_entry *end)
{
    char head[2 * SFI_AUDIT_HASH_LEN + 1];
    char found[64];

    sfi__hex_encode(head, known->head, sizeof(known->head));
    if (end->sequence == known->sequence)
        sfi__text_format(found, sizeof(found), "has another record %llu",
                         (unsigned long long)end->sequence);
    else
        sfi__text_format(found, sizeof(found), "ends at record %llu",
                         (unsigned long long)end->sequence);
    return sfi__fail(
        ctx, SFI_ERR_HSM_ROLLBACK,
        "the server's HSM %.8s %s, and this station has seen record %llu, head "
        "%s, with %llu left: an old copy of it runs there. Its operator starts "
        "the newest copy, or states the loss (sfi-hsm restored)",
        end->serial, found, (unsigned long long)known->sequence, head,
        (unsigned long long)known->remaining);
}

static bool
fence_is_restored(const struct fence_entry *known,
                  const struct fence_seen *seen)
{
    return seen->end.restored != 0 && seen->end.restored <= known->sequence &&
           known->sequence <= seen->lost &&
           seen->end.restored <= seen->end.sequence;
}

sfi_status
sfi__fence_check(sfi_ctx *ctx, const struct fence_entry *known,
                 const struct fence_seen *seen)
{
    bool back;

    if (known == NULL || fence_is_restored(known, seen))
        return SFI_OK;
    back = seen->end.sequence < known->sequence ||
           (seen->end.sequence == known->sequence &&
            !sfi__equal(seen->end.head, known->head, sizeof(known->head)));
    return back ? fence_fail_back(ctx, known, &seen->end) : SFI_OK;
}

/* What the file says of this HSM now; other processes may have moved it since
 * the answer's question.  False: nothing changes. */
static bool
fence_merge(struct fence_entry *e, const struct fence_seen *seen)
{
    bool replaces =
        e->restored < seen->end.restored && fence_is_restored(e, seen);
    uint64_t restored =
        e->restored > seen->end.restored ? e->restored : seen->end.restored;

    if (!replaces && seen->end.sequence <= e->sequence)
        return false;
    *e = seen->end;
    e->restored = restored;
    return true;
}

static sfi_status
fence_write(sfi_ctx *ctx, const char *path, const struct fence *f)
{
    struct buf file;
    sfi_status st;

    sfi__buf_init(&file, &ctx->alloc, false);
    st = fence_format(ctx, f, &file);
    if (st == SFI_OK)
        st = sfi__save(ctx, path, FENCE_MODE, file.data, file.len);
    sfi__buf_free(&file);
    return st;
}

/* The entry to change, perhaps a new one; NULL, recorded: no room. */
static struct fence_entry *
fence_entry_of(sfi_ctx *ctx, const char *path, struct fence *f,
               const struct fence_entry *end)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->entries[i].serial, end->serial) == 0)
            return &f->entries[i];
    }
    if (f->count == FENCE_ENTRIES_MAX) {
        (void)sfi__fail(ctx, SFI_ERR_LIMIT,
                        "the station's fence has %u HSMs already: give this "
                        "station a file for each server (fence=)",
                        FENCE_ENTRIES_MAX);
        (void)sfi__where(ctx, "%s", path);
        return NULL;
    }
    return &f->entries[f->count];
}

static sfi_status
fence_advance_locked(sfi_ctx *ctx, const char *path, struct fence *f,
                     const struct fence_seen *seen)
{
    sfi_status st = sfi__fence_read(ctx, path, f);
    struct fence_entry *e;

    if (st != SFI_OK)
        return st;
    e = fence_entry_of(ctx, path, f, &seen->end);
    if (e == NULL)
        return SFI_ERR_LIMIT;
    if (e == &f->entries[f->count]) {
        *e = seen->end;
        f->count++;
        return fence_write(ctx, path, f);
    }
    if (e->sequence == seen->end.sequence && !fence_is_restored(e, seen) &&
        !sfi__equal(e->head, seen->end.head, sizeof(e->head)))
        return fence_fail_back(ctx, e, &seen->end);
    return fence_merge(e, seen) ? fence_write(ctx, path, f) : SFI_OK;
}

sfi_status
sfi__fence_advance(sfi_ctx *ctx, const char *path,
                   const struct fence_seen *seen)
{
    struct fence *f = sfi__ctx_alloc(ctx, sizeof(*f));
    sfi_status st;
    int fd;

    if (f == NULL)
        return SFI_ERR_NOMEM;
    st = fence_lock(ctx, path, &fd);
    if (st == SFI_OK) {
        st = fence_advance_locked(ctx, path, f, seen);
        (void)sfi__fd_close(fd); /* this ends the lock too */
    }
    sfi__ctx_dealloc(ctx, f);
    return st;
}
