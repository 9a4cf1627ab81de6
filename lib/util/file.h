/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes files.  Functions that return int return 0, an errno, or
 * FD_LOCKED (fd.h). */
#ifndef SFI_UTIL_FILE_H
#define SFI_UTIL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* Append the file's content to `out`; EFBIG when it is longer than `limit`
 * bytes. */
int sfi__file_read(const char *path, size_t limit, struct buf *out);

/* A file that is read piece by piece. */
struct file_in {
    int fd;
    uint64_t size; /* when opened; 0 for a file that is not regular */
};

int sfi__file_open(struct file_in *f, const char *path);
/* Fill `out`; `got` is less than `cap` only at the end of the file. */
int sfi__file_fill(struct file_in *f, void *out, size_t cap, size_t *got);
void sfi__file_close(struct file_in *f);

/* A file that gets its name only when it is complete: written to a temporary
 * file in the same folder, synced, then renamed.  A pipe or a device is written
 * in place.  The file has `mode` without what umask takes away, and without
 * what a file that it replaces does not have. */
struct file_out {
    const struct alloc *alloc; /* of its names */
    int fd;
    bool in_place;
    char *temp; /* NULL when in place */
    char *path;
};

int sfi__file_begin(struct file_out *f, const struct alloc *alloc,
                    const char *path, unsigned mode);
/* Create under the final name at once, without fsync: survives a crash of the
 * program, not of the machine.  A new file all the same: who has the old one
 * open reads nothing of it. */
int sfi__file_create(struct file_out *f, const struct alloc *alloc,
                     const char *path, unsigned mode);
int sfi__file_write(struct file_out *f, const void *data, size_t len);
/* End with exactly one of these two; a failed commit leaves no temporary
 * file. */
int sfi__file_commit(struct file_out *f);
/* A commit in steps, for many files: put each down, sync the file system with
 * all of them, give each its name, and sync the folder. */
int sfi__file_put_down(struct file_out *f);
int sfi__file_sync_system(const char *folder);
int sfi__file_name(struct file_out *f);
void sfi__file_abort(struct file_out *f);

/* Make a new name, or a removal, durable: sync the folder that `path` is in. */
int sfi__file_sync_folder(const char *path);

/* Do two files have the same content? */
int sfi__file_compare(const char *one, const char *two, bool *same);

/* Does anything have this name?  Also true for a dangling symbolic link. */
bool sfi__file_is_there(const char *path);
/* Is it a device, a pipe or a folder? */
bool sfi__file_is_special(const char *path);
bool sfi__file_is_link(const char *path);
/* 0 when `path` is a folder; ENOTDIR when it is something else. */
int sfi__file_is_folder(const char *path);
/* Make a folder and sync it to disk; an existing folder is fine. */
int sfi__file_make_folder(const char *path, unsigned mode);

#endif
