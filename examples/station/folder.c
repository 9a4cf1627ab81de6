/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk "files": what is in a folder, for the page's dialog. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "station/station.h"

#define LOOKED_MAX 20000u /* files of a folder; the rest is only counted */
#define LISTED_MAX 500u   /* rows that a page gets */

struct entry {
    char *name;
    bool is_folder;
    json_int_t size, changed;
};

struct listing {
    struct entry *entries;
    size_t count, unnamed, more;
};

static void
folder_free(struct listing *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->entries[i].name);
    free(l->entries);
}

static bool
folder_add(struct listing *l, const char *name, const struct stat *info)
{
    if (l->count == LOOKED_MAX) {
        l->more++;
        return true;
    }
    l->entries[l->count] = (struct entry){
        .name = strdup(name),
        .is_folder = S_ISDIR(info->st_mode),
        .size = (json_int_t)info->st_size,
        .changed = (json_int_t)info->st_mtime,
    };
    if (l->entries[l->count].name == NULL)
        return false;
    l->count++;
    return true;
}

/* Folders first, then the newest. */
static int
folder_compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->is_folder != y->is_folder)
        return x->is_folder ? -1 : 1;
    if (x->changed != y->changed && !x->is_folder)
        return x->changed > y->changed ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* `kinds`: [".hex", ...]; an empty list: any. */
static bool
folder_is_kind(const char *name, const json_t *kinds)
{
    size_t len = strlen(name), index;
    const json_t *kind;

    if (json_array_size(kinds) == 0)
        return true;
    json_array_foreach(kinds, index, kind)
    {
        const char *text = json_string_value(kind);
        size_t size = text != NULL ? strlen(text) : 0;

        if (size > 0 && size < len && strcasecmp(name + len - size, text) == 0)
            return true;
    }
    return false;
}

static bool
folder_has(const char *name, const char *part)
{
    size_t len = strlen(part);

    for (; *name != '\0' && len > 0; name++) {
        if (strncasecmp(name, part, len) == 0)
            return true;
    }
    return len == 0;
}

/* A row, if this is a file that the page may have.  False: no memory. */
static bool
folder_look(struct listing *l, const struct settings *s, const char *folder,
            const char *name, const struct ask *a)
{
    const json_t *kinds = json_object_get(a->json, "kinds");
    char path[STATION_PATH_MAX], real[STATION_PATH_MAX];
    struct reply ignored = {0};
    struct stat info;
    json_t *text;
    bool is_inside;

    if (name[0] == '.' || !folder_has(name, ask_text(a, "find")))
        return true;
    text = json_string(name);
    json_decref(text);
    if (text == NULL || !file_is_plain(name) ||
        snprintf(path, sizeof(path), "%s/%s", folder, name) >=
            (int)sizeof(path)) {
        l->unnamed++;
        return true;
    }
    is_inside = file_path(s, path, FILE_FOLDER, "", real, &ignored) ||
                file_path(s, path, FILE_READ, "", real, &ignored);
    free(ignored.body);
    if (!is_inside || stat(real, &info) != 0 ||
        (!S_ISDIR(info.st_mode) && !folder_is_kind(name, kinds)))
        return true;
    return folder_add(l, name, &info);
}

static bool
folder_read(struct listing *l, const struct settings *s, const char *folder,
            const struct ask *a, struct reply *r)
{
    char real[STATION_PATH_MAX];
    const struct dirent *found;
    bool has_memory;
    DIR *dir;

    if (!file_path(s, folder, FILE_FOLDER, "folder", real, r))
        return false;
    dir = opendir(real);
    if (dir == NULL) {
        reply_refuse(r, SFI_ERR_OS, "folder", "%s: %s", folder,
                     strerror(errno));
        return false;
    }
    l->entries = calloc(LOOKED_MAX, sizeof(*l->entries));
    has_memory = l->entries != NULL;
    while (has_memory && (found = readdir(dir)) != NULL)
        has_memory = folder_look(l, s, folder, found->d_name, a);
    (void)closedir(dir);
    if (!has_memory)
        reply_refuse(r, SFI_ERR_NOMEM, "folder", "no memory");
    return has_memory;
}

static json_t *
folder_row(const char *folder, const struct entry *e)
{
    return json_pack(
        "{s:s, s:o, s:b, s:I, s:I}", "name", e->name, "path",
        json_sprintf("%s%s%s", folder, folder[0] != '\0' ? "/" : "", e->name),
        "folder", e->is_folder, "size", e->size, "changed", e->changed);
}

/* The folders of the command line. */
static void
folder_list_all(const struct settings *s, struct reply *r)
{
    json_t *rows = json_array();
    char name[STATION_PATH_MAX];

    for (size_t i = 0; i < s->folder_count; i++) {
        const struct entry e = {.name = name, .is_folder = true};

        file_folder_name(s, i, name);
        (void)json_array_append_new(rows, folder_row("", &e));
    }
    reply_json(r, json_pack("{s:s, s:o, s:i, s:i}", "folder", "", "entries",
                            rows, "more", 0, "unnamed", 0));
}

/* {"folder": "" or "files/sub", "kinds": [".hex"], "find": a part of a name} */
static void
folder_list(struct desk *d, const struct ask *a, struct reply *r)
{
    const char *folder = ask_text(a, "folder");
    struct listing l = {0};
    json_t *rows;

    if (folder[0] == '\0') {
        folder_list_all(d->settings, r);
        return;
    }
    if (folder_read(&l, d->settings, folder, a, r)) {
        if (l.count > 0)
            qsort(l.entries, l.count, sizeof(*l.entries), folder_compare);
        rows = json_array();
        for (size_t i = 0; i < l.count && i < LISTED_MAX; i++)
            (void)json_array_append_new(rows,
                                        folder_row(folder, &l.entries[i]));
        if (l.count > LISTED_MAX)
            l.more += l.count - LISTED_MAX;
        reply_json(r, json_pack("{s:s, s:o, s:I, s:I}", "folder", folder,
                                "entries", rows, "more", (json_int_t)l.more,
                                "unnamed", (json_int_t)l.unnamed));
    }
    folder_free(&l);
}

static const struct route folder_routes[] = {
    {"files/list", ROUTE_LOOK, folder_list},
    {0},
};

const struct desk_class files_desk = {"files", folder_routes, NULL, NULL, NULL};
