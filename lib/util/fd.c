/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Descriptors of files by path, and the list of files that have locks. */
#define _POSIX_C_SOURCE 200809L /* getpid() */
#include "util/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/sys.h"

#define NAMES_MAX 4 /* a file and its companions */

struct file_id {
    bool there;
    uint64_t device, inode;
};

struct locked_file {
    struct locked_file *next;
    pid_t pid;         /* locks belong to a process */
    struct file_id id; /* of the file itself, whatever its name is by now */
    size_t count;
    char *names[NAMES_MAX];            /* absolute; the file's own first */
    struct file_id settled[NAMES_MAX]; /* what had these names */
    bool is_settled;
};

/* A regular file that sfi__fd_open() has open. */
struct open_file {
    struct open_file *next;
    pid_t pid;
    struct file_id id;
    int fd;
};

/* The only state of libsfi that contexts share: POSIX locks are shared by the
 * whole process too. */
static struct locked_file *locked_files;
static struct open_file *open_files;

/* ---- which file it is ---- */

static struct file_id
file_id_of_stat(const struct sys_stat *st)
{
    return (struct file_id){
        .there = true, .device = st->device, .inode = st->inode};
}

static struct file_id
file_id_of_path(const char *path)
{
    struct sys_stat st;

    return sfi__sys_stat(path, &st) == 0 ? file_id_of_stat(&st)
                                         : (struct file_id){0};
}

static bool
file_id_equal(const struct file_id *a, const struct file_id *b)
{
    return a->there == b->there &&
           (!a->there || (a->device == b->device && a->inode == b->inode));
}

/* One of its files: a companion is looked up by name, since it may be created
 * at any moment. */
static bool
locked_file_includes(const struct locked_file *f, const struct file_id *id)
{
    if (file_id_equal(&f->id, id))
        return true;
    for (size_t i = 1; i < f->count; i++) {
        struct file_id now = file_id_of_path(f->names[i]);

        if (file_id_equal(&now, id) || file_id_equal(&f->settled[i], id))
            return true;
    }
    return false;
}

/* Call with the mutex. */
static bool
fd_is_of_locked_file(const struct file_id *id)
{
    pid_t pid = getpid();

    for (const struct locked_file *f = locked_files; f != NULL; f = f->next) {
        if (f->pid == pid && id->there && locked_file_includes(f, id))
            return true;
    }
    return false;
}

bool
sfi__locked_file_has(const char *path)
{
    struct file_id id = file_id_of_path(path);
    bool has;

    sfi__sys_mutex_lock();
    has = fd_is_of_locked_file(&id);
    sfi__sys_mutex_unlock();
    return has;
}

/* ---- descriptors ---- */

/* 0: it is open, and listed when it is a regular file.  Otherwise it is closed,
 * except a locked file, which another process put in place of the one that was
 * looked at: to close that would do the damage, so it stays open. */
static int
fd_list_open_file(int fd, struct open_file *o)
{
    struct sys_stat st;
    int err = sfi__sys_fstat(fd, &st);

    if (err != 0) {
        (void)sfi__sys_close(fd);
        return err;
    }
    if (!st.is_file) {
        free(o);
        return 0;
    }
    *o = (struct open_file){.next = open_files,
                            .pid = getpid(),
                            .id = file_id_of_stat(&st),
                            .fd = fd};
    if (fd_is_of_locked_file(&o->id))
        return FD_LOCKED;
    open_files = o;
    return 0;
}

int
sfi__fd_open(const char *path, unsigned flags, unsigned mode, int *fd)
{
    struct open_file *o;
    int got;
    int err;

    *fd = -1;
    if (sfi__locked_file_has(path))
        return FD_LOCKED;
    o = malloc(sizeof(*o));
    if (o == NULL)
        return ENOMEM;
    err = sfi__sys_open(path, flags, mode, &got);
    if (err != 0) {
        free(o);
        return err;
    }
    sfi__sys_mutex_lock();
    err = fd_list_open_file(got, o);
    sfi__sys_mutex_unlock();
    if (err != 0)
        free(o);
    else
        *fd = got;
    return err;
}

/* Call with the mutex. */
static struct open_file *
fd_unlist_open_file(int fd)
{
    for (struct open_file **at = &open_files; *at != NULL; at = &(*at)->next) {
        struct open_file *o = *at;

        if (o->fd == fd && o->pid == getpid()) {
            *at = o->next;
            return o;
        }
    }
    return NULL;
}

int
sfi__fd_close(int fd)
{
    struct open_file *o;
    int err = 0;

    sfi__sys_mutex_lock();
    o = fd_unlist_open_file(fd);
    if (o != NULL)
        err = sfi__sys_close(fd); /* before others may lock the file */
    sfi__sys_mutex_unlock();
    if (o == NULL)
        err = sfi__sys_close(fd);
    free(o);
    return err;
}

/* ---- files with locks ---- */

static void
locked_file_free(struct locked_file *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->names[i]);
    free(f);
}

static int
locked_file_name_all(struct locked_file *f, const char *path,
                     const char *const *suffixes, size_t count)
{
    f->names[0] =
        sfi__sys_real_path(path); /* the process may change its folder */
    if (f->names[0] == NULL)
        return errno;
    f->count = 1;
    for (size_t i = 0; i < count && f->count < NAMES_MAX; i++) {
        size_t size = strlen(f->names[0]) + strlen(suffixes[i]) + 1;
        char *name = malloc(size);

        if (name == NULL)
            return ENOMEM;
        (void)snprintf(name, size, "%s%s", f->names[0], suffixes[i]);
        f->names[f->count++] = name;
    }
    return 0;
}

/* Call with the mutex. */
static int
locked_file_check_others(const struct locked_file *f)
{
    pid_t pid = getpid();

    for (const struct open_file *o = open_files; o != NULL; o = o->next) {
        if (o->pid == pid && locked_file_includes(f, &o->id))
            return EBUSY;
    }
    for (const struct locked_file *other = locked_files; other != NULL;
         other = other->next) {
        if (!locked_file_includes(other, &f->id))
            continue;
        if (other->pid != pid)
            return FD_FORKED;
        if (!file_id_equal(&other->id, &f->id))
            return EBUSY; /* a companion */
    }
    return 0;
}

int
sfi__locked_file_add(const char *path, const char *const *suffixes,
                     size_t count, struct locked_file **out)
{
    struct locked_file *f = calloc(1, sizeof(*f));
    int err;

    *out = NULL;
    if (f == NULL)
        return ENOMEM;
    err = locked_file_name_all(f, path, suffixes, count);
    if (err != 0) {
        locked_file_free(f);
        return err;
    }
    f->pid = getpid();
    sfi__sys_mutex_lock();
    f->id = file_id_of_path(f->names[0]);
    err = f->id.there ? locked_file_check_others(f) : ENOENT;
    if (err == 0) {
        f->next = locked_files;
        locked_files = f;
    }
    sfi__sys_mutex_unlock();
    if (err != 0)
        locked_file_free(f);
    else
        *out = f;
    return err;
}

void
sfi__locked_file_remove(struct locked_file *f)
{
    struct locked_file **at = &locked_files;

    if (f == NULL)
        return;
    sfi__sys_mutex_lock();
    while (*at != NULL && *at != f)
        at = &(*at)->next;
    if (*at != NULL)
        *at = f->next;
    sfi__sys_mutex_unlock();
    locked_file_free(f);
}

void
sfi__locked_file_settle(struct locked_file *f)
{
    sfi__sys_mutex_lock();
    f->settled[0] = f->id;
    for (size_t i = 1; i < f->count; i++)
        f->settled[i] = file_id_of_path(f->names[i]);
    f->is_settled = true;
    sfi__sys_mutex_unlock();
}

bool
sfi__locked_file_stays(const struct locked_file *f)
{
    for (size_t i = 0; f->is_settled && i < f->count && i < 2; i++) {
        struct file_id now = file_id_of_path(f->names[i]);

        if (!file_id_equal(&now, &f->settled[i]))
            return false;
    }
    return true;
}
