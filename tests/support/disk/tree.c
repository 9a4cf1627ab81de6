/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A made /sys, /dev and /proc below a temporary folder. */
#define _XOPEN_SOURCE 700
#include <disk/tree.h>

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define PATH_SIZE 1024

char tree_root[256];

void
tree_setup(void)
{
    test_mkdir(tree_root, sizeof(tree_root));
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

void
tree_teardown(void)
{
    ck_assert_int_eq(nftw(tree_root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static const char *
place(const char *name)
{
    static char path[PATH_SIZE];
    char *p;

    ck_assert_int_lt(snprintf(path, sizeof(path), "%s/%s", tree_root, name),
                     PATH_SIZE);
    p = path + strlen(tree_root) + 1;
    while ((p = strchr(p, '/')) != NULL) {
        *p = '\0';
        (void)mkdir(path, 0755);
        *p++ = '/';
    }
    return path;
}

void
tree_file(const char *name, const char *text)
{
    FILE *f = fopen(place(name), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

void
tree_link(const char *name, const char *to)
{
    ck_assert_int_eq(symlink(to, place(name)), 0);
}
