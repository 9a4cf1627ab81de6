/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Which HSMs there are: those of the command line, vaults in the folders, and
 * cards in readers, as they come and go. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/hsm_words.h"
#include "station/hsm.h"

#define DEPTH_MAX 3u      /* of the folders that are searched */
#define ENTRIES_MAX 4096u /* of one search */
#define READERS_MS 500L

static bool
find_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- the command line ---- */

static enum place_kind
find_kind(const char *name)
{
    if (find_begins(name, "server:"))
        return PLACE_SERVER;
    if (!find_begins(name, "vault:"))
        return PLACE_CARD;
    if (strstr(name, "?token=") != NULL || strstr(name, "&token=") != NULL)
        return PLACE_TOKEN;
    return find_begins(name, "vault:postgres") ? PLACE_DATABASE : PLACE_VAULT;
}

void
hsm_find_named(struct hsm *h)
{
    for (size_t i = 0; i < h->settings->hsm_count; i++) {
        const char *name = h->settings->hsms[i];
        struct place *p =
            hsm_add(h, find_kind(name), name, cli_hsm_shown(name));

        if (p == NULL)
            return;
        p->named = true;
        if (p->kind == PLACE_VAULT &&
            realpath(name + strlen("vault:"), p->path) == NULL)
            (void)snprintf(p->path, sizeof(p->path), "%.4000s",
                           name + strlen("vault:"));
        if (p->kind != PLACE_CARD)
            hsm_look(p);
    }
}

/* ---- vaults ---- */

/* Nothing opens the file: to close it would drop the locks of an HSM. */
static bool
find_changed(struct place *p)
{
    char path[STATION_PATH_MAX + 8];
    bool changed = false;

    for (size_t i = 0; i < 2; i++) {
        struct stat info = {0};

        (void)snprintf(path, sizeof(path), "%s%s", p->path,
                       i == 1 ? "-wal" : "");
        (void)stat(path, &info);
        changed = changed || info.st_size != p->sizes[i] ||
                  info.st_mtim.tv_sec != p->changed[i].tv_sec ||
                  info.st_mtim.tv_nsec != p->changed[i].tv_nsec;
        p->sizes[i] = info.st_size;
        p->changed[i] = info.st_mtim;
    }
    return changed;
}

void
hsm_find_changes(struct hsm *h)
{
    for (size_t i = 0; i < h->count; i++) {
        struct place *p = h->places[i];

        if (!p->there || p->path[0] == '\0' || p->is_new)
            continue;
        if (!p->named && access(p->path, F_OK) != 0)
            hsm_hide(p);
        else if (find_changed(p))
            hsm_look(p);
    }
}

static bool
find_is_vault(const char *name)
{
    size_t len = strlen(name);
    json_t *text = json_string(name); /* NULL: not UTF-8 */
    bool good = text != NULL && len > 6 &&
                strcmp(name + len - 6, ".vault") == 0 &&
                strchr(name, '?') == NULL && file_is_plain(name);

    json_decref(text);
    return good;
}

static void
find_vault(struct hsm *h, const char *path)
{
    char shown[STATION_PATH_MAX], name[PLACE_NAME_MAX],
        shown_name[PLACE_NAME_MAX];
    struct place *p;

    for (size_t i = 0; i < h->count; i++) {
        if (h->places[i]->there && strcmp(h->places[i]->path, path) == 0)
            return;
    }
    if (!file_name(h->settings, path, shown))
        return;
    (void)snprintf(name, sizeof(name), "vault:%s", path);
    (void)snprintf(shown_name, sizeof(shown_name), "vault:%s", shown);
    p = hsm_add(h, PLACE_VAULT, name, shown_name);
    if (p == NULL)
        return;
    (void)snprintf(p->path, sizeof(p->path), "%s", path);
    (void)find_changed(p);
    hsm_look(p);
}

static void
find_in(struct hsm *h, const char *folder, unsigned depth, unsigned *left)
{
    DIR *dir = opendir(folder);
    char path[STATION_PATH_MAX];

    for (struct dirent *e = dir != NULL ? readdir(dir) : NULL;
         e != NULL && *left > 0; e = readdir(dir)) {
        struct stat info;

        (*left)--;
        if (e->d_name[0] == '.' || strchr(folder, '?') != NULL ||
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >=
                (int)sizeof(path) ||
            lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX)
            find_in(h, path, depth + 1, left);
        else if (S_ISREG(info.st_mode) && find_is_vault(e->d_name))
            find_vault(h, path);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

void
hsm_find_vaults(struct hsm *h)
{
    unsigned left = ENTRIES_MAX;

    for (size_t i = 0; i < h->settings->folder_count; i++)
        find_in(h, h->settings->folders[i], 1, &left);
}

/* ---- readers ---- */

struct readers {
    struct hsm *hsm;
    json_t *list;
    char names[READERS_MAX][128];
    bool cards[READERS_MAX];
    size_t count;
};

/* Whether --hsm means this reader. */
static bool
reader_is_meant(const struct place *p, const sfi_hsm_slot *slot)
{
    const char *want = find_begins(p->name, "pcsc:") ? p->name + 5 : p->name;
    size_t len = strcspn(want, "?");
    char number[16], text[128];

    (void)snprintf(number, sizeof(number), "%u", (unsigned)slot->number);
    (void)snprintf(text, sizeof(text), "%.*s", (int)len, want);
    return len > 0 && len < sizeof(text) &&
           (strcmp(text, number) == 0 || strstr(slot->name, text) != NULL);
}

static struct place *
reader_place(struct hsm *h, const sfi_hsm_slot *slot)
{
    char name[PLACE_NAME_MAX];

    for (size_t i = 0; i < h->count; i++) {
        struct place *p = h->places[i];

        if (p->named && p->kind == PLACE_CARD && reader_is_meant(p, slot))
            return p;
    }
    if (strchr(slot->name, '?') != NULL)
        (void)snprintf(name, sizeof(name), "pcsc:%u", (unsigned)slot->number);
    else
        (void)snprintf(name, sizeof(name), "pcsc:%s", slot->name);
    return slot->present != 0 ? hsm_add(h, PLACE_CARD, name, name)
                              : hsm_place(h, name);
}

/* With the lock. */
static void
reader_changed(struct place *p, const char *reader, bool card)
{
    if (p->card == card && p->there)
        return;
    (void)snprintf(p->reader, sizeof(p->reader), "%s", reader);
    p->card = card;
    if (card) {
        hsm_look(p);
        return;
    }
    hsm_forget(p);
    memset(&p->seen, 0, sizeof(p->seen));
    if (p->named)
        hsm_tell(p);
    else
        hsm_hide(p);
}

static void
reader_on_slot(void *user, const sfi_hsm_slot *slot)
{
    struct readers *r = user;
    struct place *p = reader_place(r->hsm, slot);
    json_t *name = json_string(slot->name);

    if (p != NULL)
        reader_changed(p, slot->name, slot->present != 0);
    if (r->count < READERS_MAX)
        (void)snprintf(r->names[r->count++], sizeof(r->names[0]), "%s",
                       slot->name);
    (void)json_array_append_new(
        r->list, json_pack("{s:i, s:o, s:b}", "number", (int)slot->number,
                           "name", name != NULL ? name : json_string("?"),
                           "card", slot->present != 0));
}

/* Cards of readers that are not connected any more. */
static void
readers_left(struct readers *r)
{
    for (size_t i = 0; i < r->hsm->count; i++) {
        struct place *p = r->hsm->places[i];
        bool there = false;

        for (size_t k = 0; k < r->count; k++)
            there = there || strcmp(r->names[k], p->reader) == 0;
        if (p->kind == PLACE_CARD && p->card && !there)
            reader_changed(p, "", false);
    }
}

struct slots {
    sfi_hsm_slot all[READERS_MAX];
    size_t count;
};

static void
slot_keep(void *user, const sfi_hsm_slot *slot)
{
    struct slots *s = user;

    if (s->count < READERS_MAX)
        s->all[s->count++] = *slot;
}

static sfi_status
readers_look(struct hsm *h)
{
    struct readers r = {.hsm = h, .list = json_array()};
    struct slots s = {.count = 0};
    json_t *error = NULL;
    sfi_status st = sfi_hsm_list(h->reader_ctx, slot_keep, &s);

    if (st != SFI_OK)
        error = failure_json(st, "",
                             sfi_error_message(sfi_ctx_error(h->reader_ctx)));
    if (st == SFI_ERR_NO_DEVICE) /* the status's hint is about a chip's port */
        (void)json_object_set_new(
            error, "hint",
            json_string("Install and start pcscd: systemctl start "
                        "pcscd.socket. Vaults and servers need none."));
    (void)pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < s.count; i++)
        reader_on_slot(&r, &s.all[i]);
    readers_left(&r);
    (void)pthread_mutex_unlock(&h->lock);
    tell("hsm/readers", json_pack("{s:o, s:o}", "list", r.list, "error",
                                  error != NULL ? error : json_null()));
    return st;
}

void *
hsm_watch_readers(void *hsm)
{
    struct hsm *h = hsm;
    bool ends = false;

    while (!ends) {
        struct timespec until;
        sfi_status st = readers_look(h);

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += READERS_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_mutex_lock(&h->lock);
        while (!h->ends &&
               (st == SFI_ERR_UNSUPPORTED ||
                pthread_cond_timedwait(&h->asked, &h->lock, &until) == 0))
            if (st == SFI_ERR_UNSUPPORTED)
                (void)pthread_cond_wait(&h->asked, &h->lock);
        ends = h->ends;
        (void)pthread_mutex_unlock(&h->lock);
    }
    return NULL;
}
