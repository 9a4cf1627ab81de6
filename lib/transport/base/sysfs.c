/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names and files below /sys, and locks in /proc/locks. */
#define _POSIX_C_SOURCE 200809L
#include "transport/base/sysfs.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/file.h"
#include "util/text.h"

#define LINE_SIZE 256u
#define LOCK_WORD_MAX 64
#define LOCKS_MAX ((size_t)1 << 20)

/* ---- names ---- */

static bool
sysfs_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* By value where both have a number, else by character; names that differ only
 * in leading zeros are not equal. */
static int
sysfs_compare_names(const char *a, const char *b)
{
    const char *x = a, *y = b;

    while (*x != '\0' && *y != '\0') {
        if (sysfs_is_digit(*x) && sysfs_is_digit(*y)) {
            size_t nx, ny;
            int order;

            x += strspn(x, "0");
            y += strspn(y, "0");
            nx = strspn(x, "0123456789");
            ny = strspn(y, "0123456789");
            order = nx != ny ? (nx < ny ? -1 : 1) : strncmp(x, y, nx);
            if (order != 0)
                return order;
            x += nx;
            y += ny;
        } else if (*x != *y) {
            break;
        } else {
            x++;
            y++;
        }
    }
    if (*x != *y)
        return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
    return strcmp(a, b);
}

bool
sfi__sysfs_next(const char *folder, char name[SYSFS_NAME_MAX])
{
    char best[SYSFS_NAME_MAX] = "";
    const struct dirent *e;
    DIR *d = opendir(folder);

    if (d == NULL)
        return false;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.' || sysfs_compare_names(e->d_name, name) <= 0)
            continue;
        if (best[0] == '\0' || sysfs_compare_names(e->d_name, best) < 0)
            (void)sfi__text_copy(best, sizeof(best), e->d_name);
    }
    (void)closedir(d);
    (void)sfi__text_copy(name, SYSFS_NAME_MAX, best);
    return best[0] != '\0';
}

/* ---- files ---- */

bool
sfi__sysfs_read(const char *path, char *out, size_t cap)
{
    char line[LINE_SIZE];
    struct file_in f;
    size_t len = 0;
    bool ok;

    if (sfi__file_open(&f, path) != 0)
        return false;
    ok = sfi__file_fill(&f, line, sizeof(line) - 1, &len) == 0;
    sfi__file_close(&f);
    line[len] = '\0';
    line[strcspn(line, "\n")] = '\0';
    sfi__text_visible(out, cap, line);
    return ok && line[0] != '\0';
}

bool
sfi__sysfs_link(const char *path, char name[SYSFS_NAME_MAX])
{
    char where[SYSFS_PATH_MAX];
    ssize_t len = readlink(path, where, sizeof(where) - 1);
    const char *last;

    if (len < 0)
        return false;
    where[len] = '\0';
    last = strrchr(where, '/');
    return sfi__text_copy(name, SYSFS_NAME_MAX,
                          last != NULL ? last + 1 : where);
}

/* "1: FLOCK  ADVISORY  WRITE 641 00:05:93 0 EOF"; "1: -> FLOCK" is a process
 * that waits for the lock. */
static bool
sysfs_is_lock_of(const char *line, const char *device)
{
    size_t len = strlen(device);
    const char *at = strstr(line, device);

    return strstr(line, " FLOCK ") != NULL && strstr(line, "->") == NULL &&
           at != NULL && at > line && at[-1] == ' ' && at[len] == ' ';
}

bool
sfi__sysfs_is_locked(const char *locks, const char *path)
{
    char device[LOCK_WORD_MAX];
    struct buf text;
    struct stat st;
    bool found = false;

    if (stat(path, &st) != 0)
        return false;
    sfi__buf_init(&text, &sfi__alloc_default, false);
    if (sfi__file_read(locks, LOCKS_MAX, &text) != 0 ||
        !sfi__buf_append(&text, "", 1)) {
        sfi__buf_free(&text);
        return false;
    }
    sfi__text_format(device, sizeof(device), "%02x:%02x:%llu", major(st.st_dev),
                     minor(st.st_dev), (unsigned long long)st.st_ino);
    for (char *line = (char *)text.data, *end; !found && line != NULL;
         line = end) {
        end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        found = sysfs_is_lock_of(line, device);
    }
    sfi__buf_free(&text);
    return found;
}
