/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The files that a count is proven with: of the folders that were allowed, or
 * dropped on the page.  Those have no name in any folder, so that nothing of
 * them stays, however the program ends; a key among them is in memory alone. */
#define _GNU_SOURCE /* mkostemp() */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "station/proof.h"

static const char *const proof_uses[] = {"",    "log",   "before",
                                         "key", "image", "records"};

static void
proof_file_free(struct proof_file *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    free(f->name);
    free(f->path);
    cli_wipe(f, sizeof(*f));
}

static struct proof_file *
proof_find(struct proof_files *f, unsigned id, struct reply *r)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->all[i].id == id)
            return &f->all[i];
    }
    reply_refuse(r, SFI_ERR_STATE, "file", "this file was removed");
    return NULL;
}

static struct proof_file *
proof_add(struct proof_files *f, const char *name, struct reply *r)
{
    struct proof_file *file;

    if (f->count == PROOF_FILES_MAX) {
        reply_refuse(r, SFI_ERR_LIMIT, "file",
                     "more than %u files: remove some first", PROOF_FILES_MAX);
        return NULL;
    }
    file = &f->all[f->count];
    *file =
        (struct proof_file){.id = ++f->last_id, .fd = -1, .name = strdup(name)};
    if (file->name == NULL) {
        reply_refuse(r, SFI_ERR_NOMEM, "file", "no memory");
        return NULL;
    }
    f->count++;
    return file;
}

static void
proof_drop_at(struct proof_files *f, size_t at)
{
    proof_file_free(&f->all[at]);
    f->count--;
    memmove(&f->all[at], &f->all[at + 1], (f->count - at) * sizeof(f->all[0]));
    cli_wipe(&f->all[f->count], sizeof(f->all[0]));
}

bool
proof_remove(struct proof_files *f, unsigned id, struct reply *r)
{
    struct proof_file *file = proof_find(f, id, r);

    if (file == NULL)
        return false;
    proof_drop_at(f, (size_t)(file - f->all));
    return true;
}

void
proof_clear(struct proof_files *f)
{
    while (f->count > 0)
        proof_drop_at(f, f->count - 1);
}

void
proof_forget_keys(struct proof_files *f)
{
    for (size_t i = f->count; i > 0; i--) {
        if (f->all[i - 1].use == PROOF_KEY && f->all[i - 1].path == NULL)
            proof_drop_at(f, i - 1);
    }
}

/* ---- what a file is ---- */

/* There is one key, one image and one earlier log: the last one. */
static void
proof_set_use(struct proof_files *f, struct proof_file *file,
              enum proof_use use)
{
    unsigned id = file->id;

    file->use = use;
    for (size_t i = f->count; i > 0; i--) {
        struct proof_file *other = &f->all[i - 1];

        if (other->id == id || other->use != use)
            continue;
        if (use == PROOF_KEY || use == PROOF_IMAGE)
            proof_drop_at(f, i - 1);
        else if (use == PROOF_BEFORE)
            other->use = PROOF_LOG;
    }
}

static bool
proof_serial(sfi_ctx *ctx, const struct proof_file *file, uint8_t serial[16])
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_reader *reader = NULL;
    bool good = sfi_audit_reader_open(ctx, file->path, &reader) == SFI_OK &&
                sfi_audit_reader_get_head(reader, &head) == SFI_OK;

    sfi_audit_reader_free(reader);
    memcpy(serial, head.serial, sizeof(head.serial));
    return good;
}

/* Of two logs of one HSM the shorter one is the earlier one. */
static void
proof_set_log(sfi_ctx *ctx, struct proof_files *f, struct proof_file *file)
{
    uint8_t serial[16], other_serial[16];

    proof_set_use(f, file, PROOF_LOG);
    if (!proof_serial(ctx, file, serial))
        return; /* its verification will say why */
    for (size_t i = 0; i < f->count; i++) {
        struct proof_file *other = &f->all[i];

        if (other == file || other->use != PROOF_LOG ||
            !proof_serial(ctx, other, other_serial) ||
            memcmp(serial, other_serial, sizeof(serial)) != 0)
            continue;
        proof_set_use(f, file->size < other->size ? file : other, PROOF_BEFORE);
        return;
    }
}

static bool
proof_is_csv(const char *name)
{
    size_t len = strlen(name);

    return len >= 4 && strcasecmp(name + len - 4, ".csv") == 0;
}

static bool
proof_recognise(struct desk *d, struct proof_files *f, struct proof_file *file,
                struct reply *r)
{
    uint32_t kind = SFI_FILE_OTHER;
    sfi_status st = sfi_ctx_file_kind(d->ctx, file->path, &kind);

    if (st != SFI_OK) {
        reply_failure(r, d->ctx, st);
        return false;
    }
    if (kind == SFI_FILE_KEY && file->size == SFI_AUDIT_KEY_LEN) {
        proof_set_use(f, file, PROOF_KEY);
        return true;
    }
    if (kind == SFI_FILE_IMAGE) {
        proof_set_use(f, file, PROOF_IMAGE);
        return true;
    }
    if (kind == SFI_FILE_AUDIT)
        proof_set_log(d->ctx, f, file);
    else if (kind == SFI_FILE_RECEIPT || kind == SFI_FILE_JSON ||
             proof_is_csv(file->name))
        file->use = PROOF_RECORDS;
    if (file->use != PROOF_NONE)
        return true;
    reply_refuse(r, SFI_ERR_FORMAT, "file",
                 "%s: found %s, expected an audit log, its key of %u bytes, a "
                 "receipt, a record of sfi-program or a CSV report",
                 file->name, sfi_file_kind_name(kind), SFI_AUDIT_KEY_LEN);
    return false;
}

bool
proof_use(struct proof_files *f, unsigned id, const char *use, struct reply *r)
{
    struct proof_file *file = proof_find(f, id, r);
    enum proof_use wanted =
        strcmp(use, "before") == 0 ? PROOF_BEFORE : PROOF_LOG;

    if (file == NULL)
        return false;
    if ((file->use != PROOF_LOG && file->use != PROOF_BEFORE) ||
        strcmp(use, proof_uses[wanted]) != 0) {
        reply_refuse(r, SFI_ERR_RANGE, "use",
                     "only an audit log may be of another use: \"log\" or "
                     "\"before\"");
        return false;
    }
    proof_set_use(f, file, wanted);
    return true;
}

/* ---- of a folder ---- */

bool
proof_choose(struct desk *d, struct proof_files *f, const char *name,
             struct reply *r)
{
    char path[STATION_PATH_MAX];
    struct proof_file *file;
    struct stat info;
    bool good;

    if (!file_path(d->settings, name, FILE_READ, "file", path, r))
        return false;
    file = proof_add(f, name, r);
    if (file == NULL)
        return false;
    file->path = strdup(path);
    good = file->path != NULL && stat(path, &info) == 0;
    file->size = good ? (uint64_t)info.st_size : 0;
    file->have = file->size;
    if (!good)
        reply_refuse(r, SFI_ERR_OS, "file", "%s: %s", name, strerror(errno));
    else
        good = proof_recognise(d, f, file, r);
    if (!good)
        proof_drop_at(f, f->count - 1);
    return good;
}

/* ---- dropped ---- */

static bool
proof_make(struct proof_file *file, struct reply *r)
{
    const char *folder = getenv("TMPDIR");
    char path[STATION_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%.4000s/sfi-station-XXXXXX",
                   folder != NULL && folder[0] == '/' ? folder : "/tmp");
    file->fd = mkostemp(path, O_CLOEXEC);
    if (file->fd < 0) {
        reply_refuse(r, SFI_ERR_OS, "file", "%s: %s", path, strerror(errno));
        return false;
    }
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "/dev/fd/%d", file->fd);
    file->path = strdup(path);
    return file->path != NULL;
}

bool
proof_drop(struct proof_files *f, const char *name, uint64_t size,
           struct reply *r)
{
    uint64_t total = size;
    struct proof_file *file;

    for (size_t i = 0; i < f->count; i++)
        total += f->all[i].fd >= 0 ? f->all[i].size : 0;
    if (size == 0 || size > PROOF_DROPPED_MAX || total > PROOF_DROPPED_MAX) {
        reply_refuse(r, SFI_ERR_LIMIT, "file",
                     "%" PRIu64 " bytes; files of 1 to %" PRIu64
                     " bytes can be dropped, together: put the file into a "
                     "folder of sfi-station and choose it there",
                     size, PROOF_DROPPED_MAX);
        return false;
    }
    file = proof_add(f, name, r);
    if (file == NULL)
        return false;
    file->size = size;
    if (size == SFI_AUDIT_KEY_LEN || proof_make(file, r)) {
        reply_json(r, json_pack("{s:i}", "id", (int)file->id));
        return true;
    }
    proof_drop_at(f, f->count - 1);
    return false;
}

static bool
proof_write(const struct proof_file *file, const uint8_t *data, size_t len,
            struct reply *r)
{
    uint64_t at = file->have;

    while (len > 0) {
        ssize_t n = pwrite(file->fd, data, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            reply_refuse(r, SFI_ERR_OS, "file", "%s: %s", file->name,
                         strerror(errno));
            return false;
        }
        data += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

/* The next piece; its "name" is the number of its file. */
bool
proof_append(struct desk *d, struct proof_files *f, const struct ask *a,
             struct reply *r)
{
    unsigned id = a->name != NULL ? (unsigned)strtoul(a->name, NULL, 10) : 0;
    struct proof_file *file = proof_find(f, id, r);

    if (file == NULL)
        return false;
    if (a->len > file->size - file->have) {
        reply_refuse(r, SFI_ERR_LIMIT, "file",
                     "%s: more than the %" PRIu64 " bytes that it was said to "
                     "have",
                     file->name, file->size);
        return false;
    }
    if (file->path == NULL)
        memcpy(file->key_secret + file->have, a->body, a->len);
    else if (!proof_write(file, a->body, a->len, r))
        return false;
    file->have += a->len;
    if (file->have < file->size)
        return true;
    if (file->path == NULL) {
        proof_set_use(f, file, PROOF_KEY);
        return true;
    }
    if (proof_recognise(d, f, file, r))
        return true;
    proof_drop_at(f, (size_t)(file - f->all));
    return false;
}

void
proof_tell_files(const struct proof_files *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->count; i++) {
        const struct proof_file *file = &f->all[i];

        (void)json_array_append_new(
            list,
            json_pack("{s:i, s:s, s:s, s:I, s:I}", "id", (int)file->id, "name",
                      file->name, "use", proof_uses[file->use], "size",
                      (json_int_t)file->size, "have", (json_int_t)file->have));
    }
    tell("proof/files", list);
}
