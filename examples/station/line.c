/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Line": a job, its process, its sockets. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "station/line.h"

/* ---- choose a job ---- */

/* With the lock. */
static void
line_drop(struct line *l)
{
    char key[40];

    for (size_t i = 0; i < l->socket_count; i++) {
        (void)snprintf(key, sizeof(key), "line/socket/%zu", i + 1);
        tell(key, NULL);
        free(l->sockets[i].port);
        json_decref(l->sockets[i].value);
        l->sockets[i] = (struct line_socket){.port = NULL};
    }
    l->socket_count = 0;
    (void)json_array_clear(l->strays);
    json_decref(l->plan);
    json_decref(l->failure);
    l->plan = l->failure = NULL;
    line_audit_clear(l);
    l->message[0] = l->ended[0] = l->path[0] = '\0';
}

/* With the lock; takes the plan. */
static void
line_take(struct line *l, const char *path, json_t *plan)
{
    const char *journal = json_string_value(json_object_get(plan, "journal"));
    json_t *port;
    size_t i;

    line_drop(l);
    l->plan = plan;
    (void)snprintf(l->path, sizeof(l->path), "%s", path);
    (void)snprintf(l->folder, sizeof(l->folder), "%.*s",
                   (int)(strrchr(path, '/') - path), path);
    (void)snprintf(l->journal, sizeof(l->journal), "%.*s%s%s",
                   journal[0] == '/' ? 0 : (int)strlen(l->folder), l->folder,
                   journal[0] == '/' ? "" : "/", journal);
    json_array_foreach(json_object_get(plan, "ports"), i, port)
    {
        if (i == LINE_SOCKETS_MAX)
            break;
        l->sockets[i].port = strdup(json_string_value(port));
        l->socket_count++;
        line_set_socket(l, i, json_pack("{s:s}", "state", "empty"));
    }
}

/* What the journal has; FOREIGN as long as another process has it. */
static void
line_look(struct desk *d)
{
    struct line *l = d->data;
    sfi_status st = line_load(l, d->ctx);

    (void)pthread_mutex_lock(&l->lock);
    if (st == SFI_ERR_ACCESS) {
        line_set_state(l, LINE_FOREIGN);
    } else {
        line_set_state(l, LINE_IDLE);
        l->audit.is_due = true;
        if (st != SFI_OK) {
            const sfi_error *e = sfi_ctx_error(d->ctx);

            json_decref(l->failure);
            l->failure =
                failure_json(st, sfi_error_where(e), sfi_error_message(e));
        }
    }
    line_tell(l, d->settings);
    (void)pthread_mutex_unlock(&l->lock);
}

static bool
line_open(struct desk *d, const char *path, struct reply *r)
{
    struct line *l = d->data;
    json_t *plan = line_plan(d, path, r);
    const char *next = json_string_value(json_object_get(plan, "next"));
    size_t ports = json_array_size(json_object_get(plan, "ports"));

    if (plan == NULL)
        return false;
    if (next == NULL || strcmp(next, "enter") != 0 ||
        ports > LINE_SOCKETS_MAX) {
        reply_refuse(r, SFI_ERR_RANGE, "job",
                     ports > LINE_SOCKETS_MAX
                         ? "a job of more than 64 ports"
                         : "the job has next = %s, expected next = enter: then "
                           "this page says when a round begins",
                     next != NULL ? next : "");
        json_decref(plan);
        return false;
    }
    (void)pthread_mutex_lock(&l->lock);
    line_take(l, path, plan);
    (void)pthread_mutex_unlock(&l->lock);
    line_look(d);
    return true;
}

static bool
line_is_free(struct line *l, struct reply *r)
{
    if (l->pid == 0)
        return true;
    reply_refuse(r, SFI_ERR_STATE, "",
                 "the job runs: end it before another one begins");
    return false;
}

static void
line_choose(struct desk *d, const struct ask *a, struct reply *r)
{
    char path[STATION_PATH_MAX];

    if (line_is_free(d->data, r) &&
        file_path(d->settings, ask_text(a, "job"), FILE_READ, "job", path, r) &&
        line_open(d, path, r))
        reply_json(r, json_object());
}

static void
line_ask_plan(struct desk *d, const struct ask *a, struct reply *r)
{
    char path[STATION_PATH_MAX];
    json_t *plan;

    if (!file_path(d->settings, ask_text(a, "job"), FILE_READ, "job", path, r))
        return;
    plan = line_plan(d, path, r);
    if (plan != NULL)
        reply_json(r, plan);
}

/* ---- the process ---- */

static void
line_begin(struct desk *d, const struct ask *a, struct reply *r)
{
    struct line *l = d->data;
    const char *base = strrchr(l->path, '/');
    struct cli_pin pin_secret = {.len = 0};
    bool has_pin = false;

    if (!line_is_free(l, r))
        return;
    if (base == NULL) {
        reply_refuse(r, SFI_ERR_STATE, "job", "choose a job first");
        return;
    }
    if (json_is_true(json_object_get(l->plan, "make_secure")) &&
        strcmp(ask_text(a, "confirm"), base + 1) != 0) {
        reply_refuse(r, SFI_ERR_STATE, "confirm",
                     "this job makes chips secure for ever: type its name, %s",
                     base + 1);
        return;
    }
    if (line_get_pin(d, a, &pin_secret, &has_pin, r) &&
        line_start(d, has_pin ? &pin_secret : NULL, r))
        reply_json(r, json_object());
    cli_wipe(&pin_secret, sizeof(pin_secret));
}

/* `now`: what is at work is cancelled, and can be put in again; otherwise it is
 * finished. */
static void
line_stop(struct desk *d, const struct ask *a, struct reply *r)
{
    struct line *l = d->data;

    (void)pthread_mutex_lock(&l->lock);
    if (l->pid != 0) {
        if (ask_bool(a, "now"))
            (void)kill(-l->pid, SIGTERM);
        if (l->in >= 0)
            (void)close(l->in);
        l->in = -1;
        line_set_state(l, LINE_STOPS);
        line_tell(l, d->settings);
    }
    (void)pthread_mutex_unlock(&l->lock);
    reply_json(r, json_object());
}

/* ---- begin and end ---- */

/* The job whose journal changed last in a folder. */
static void
line_find_last(const char *folder, char out[STATION_PATH_MAX], time_t *when)
{
    static const char tail[] = ".job.journal";
    DIR *dir = opendir(folder);
    const struct dirent *e;
    char path[STATION_PATH_MAX];
    struct stat info;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        size_t len = strlen(e->d_name), end = sizeof(tail) - 1;

        if (len <= end || strcmp(e->d_name + len - end, tail) != 0 ||
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >=
                (int)sizeof(path) ||
            stat(path, &info) != 0 || info.st_mtime < *when)
            continue;
        path[strlen(path) - strlen(".journal")] = '\0';
        if (access(path, R_OK) != 0)
            continue;
        *when = info.st_mtime;
        memcpy(out, path, sizeof(path));
    }
    if (dir != NULL)
        (void)closedir(dir);
}

static sfi_status
line_desk_start(struct desk *d)
{
    struct line *l = calloc(1, sizeof(*l));
    char path[STATION_PATH_MAX] = "", real[STATION_PATH_MAX];
    struct reply ignored = {0};
    time_t when = 0;

    if (l == NULL)
        return SFI_ERR_NOMEM;
    (void)pthread_mutex_init(&l->lock, NULL);
    l->in = l->out = l->events = -1;
    l->boards = json_array();
    l->rows = json_array();
    l->strays = json_array();
    l->sum_is_new = l->state_is_new = true;
    line_audit_clear(l);
    d->data = l;
    for (size_t i = 0; i < d->settings->folder_count; i++)
        line_find_last(d->settings->folders[i], path, &when);
    if (path[0] != '\0' && realpath(path, real) != NULL)
        (void)line_open(d, real, &ignored);
    free(ignored.body);
    line_tell(l, d->settings);
    return SFI_OK;
}

static void
line_desk_tick(struct desk *d)
{
    struct line *l = d->data;
    bool ended, is_foreign;

    (void)pthread_mutex_lock(&l->lock);
    ended = l->has_reader && l->has_ended;
    is_foreign = l->state == LINE_FOREIGN;
    (void)pthread_mutex_unlock(&l->lock);
    if (ended)
        line_collect(l);
    if (ended || is_foreign)
        line_look(d);
    line_audit_part(d);
}

/* The boards at work are finished without us. */
static void
line_desk_stop(struct desk *d)
{
    struct line *l = d->data;

    if (l == NULL)
        return;
    (void)pthread_mutex_lock(&l->lock);
    l->is_over = true;
    if (l->in >= 0)
        (void)close(l->in);
    (void)pthread_mutex_unlock(&l->lock);
    if (l->has_reader) /* it waits for the pipes of a process that goes on */
        return;
    line_drop(l);
    line_audit_free(l);
    json_decref(l->boards);
    json_decref(l->rows);
    json_decref(l->strays);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

static const struct route routes[] = {
    {"line/plan", ROUTE_LOOK, line_ask_plan},
    {"line/check", ROUTE_LOOK, line_check},
    {"line/csv", ROUTE_LOOK, line_csv},
    {"line/labels", ROUTE_LOOK, line_labels},
    {"line/ports", ROUTE_LOOK, line_ports},
    {"line/make", ROUTE_CHANGE, line_make},
    {"line/choose", ROUTE_CHANGE, line_choose},
    {"line/start", ROUTE_CHANGE, line_begin},
    {"line/next", ROUTE_CHANGE, line_next},
    {"line/stop", ROUTE_CHANGE, line_stop},
    {NULL, ROUTE_LOOK, NULL},
};

const struct desk_class line_desk = {
    .name = "line",
    .routes = routes,
    .start = line_desk_start,
    .tick = line_desk_tick,
    .stop = line_desk_stop,
};
