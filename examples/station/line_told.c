/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What sfi-program tells becomes sockets, boards and a state (doc/json.md). */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "station/line.h"

static const char *const state_words[LINE_STATES] = {
    "none", "idle", "begins", "ready", "works", "stops", "foreign"};

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

void
line_set_state(struct line *l, enum line_state state)
{
    l->state = state;
    l->state_is_new = true;
}

void
line_set_socket(struct line *l, size_t index, json_t *value)
{
    struct line_socket *s = &l->sockets[index];

    if (value == NULL)
        return;
    (void)json_object_set_new(value, "port", json_string(s->port));
    json_decref(s->value);
    s->value = value;
    s->is_new = true;
}

static struct line_socket *
socket_of(struct line *l, const char *port)
{
    for (size_t i = 0; i < l->socket_count; i++) {
        if (strcmp(l->sockets[i].port, port) == 0)
            return &l->sockets[i];
    }
    return NULL;
}

static void
socket_put(struct line_socket *s, const char *key, json_t *value)
{
    (void)json_object_set_new(s->value, key, value);
    s->is_new = true;
}

/* ---- events ---- */

static void
take_progress(struct line_socket *s, const json_t *event)
{
    static const char *const keys[] = {"phase", "done", "total", "eta_ms"};

    socket_put(s, "state", json_string("works"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        json_t *value = json_object_get(event, keys[i]);

        if (value != NULL)
            socket_put(s, keys[i], json_incref(value));
        else
            (void)json_object_del(s->value, keys[i]);
    }
}

/* The error of an event, with what to do. */
static json_t *
failure_of(const json_t *event)
{
    const json_t *error = json_object_get(event, "error");

    if (error == NULL)
        return NULL;
    return failure_json(
        (sfi_status)json_integer_value(json_object_get(error, "status")),
        text_of(error, "where"), text_of(error, "message"));
}

static json_t *
row_of(const json_t *event)
{
    static const char *const keys[] = {"device_id",     "port",
                                       "license",       "board_serial",
                                       "hsm_remaining", "milliseconds"};
    bool failed = json_object_get(event, "error") != NULL;
    json_t *row =
        json_pack("{s:I, s:I, s:s, s:b, s:s, s:s, s:i}", "board",
                  json_integer_value(json_object_get(event, "board")), "time",
                  (json_int_t)time(NULL), "state", failed ? "failed" : "done",
                  "receipt", json_object_get(event, "receipt") != NULL,
                  "result", text_of(event, "result"), "error",
                  text_of(json_object_get(event, "error"), "message"), "status",
                  (int)json_integer_value(json_object_get(
                      json_object_get(event, "error"), "status")));

    for (size_t i = 0; row != NULL && i < sizeof(keys) / sizeof(*keys); i++) {
        json_t *value = json_object_get(event, keys[i]);

        if (value != NULL)
            (void)json_object_set(row, keys[i], value);
    }
    return row;
}

/* A board has ended, well or not. */
static void
take_end(struct line *l, size_t index, const json_t *event)
{
    static const char *const keys[] = {"board",        "device_id",
                                       "board_serial", "license",
                                       "milliseconds", "hsm_remaining"};
    json_t *failure = failure_of(event);
    json_t *value =
        json_pack("{s:s, s:s}", "state", failure != NULL ? "failed" : "done",
                  "result", text_of(event, "result"));

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        json_t *member = json_object_get(event, keys[i]);

        if (member != NULL)
            (void)json_object_set(value, keys[i], member);
    }
    if (failure != NULL)
        (void)json_object_set_new(value, "error", failure);
    line_set_socket(l, index, value);
    if (json_object_get(event, "board") != NULL)
        line_set_board(l, json_integer_value(json_object_get(event, "board")),
                       row_of(event));
    else if (failure != NULL)
        line_add_stray(l, row_of(event));
    line_audit_add(l, text_of(event, "device_id"), text_of(event, "receipt"));
}

/* Why the process ended. */
static void
take_result(struct line *l, const json_t *event)
{
    json_t *failure = failure_of(json_object_get(event, "report"));

    json_decref(l->failure);
    l->failure = failure;
    l->state_is_new = true;
}

void
line_take_event(struct line *l, const json_t *event)
{
    const char *kind = text_of(event, "event");
    struct line_socket *s = socket_of(l, text_of(event, "port"));

    if (strcmp(kind, "progress") == 0 && s != NULL)
        take_progress(s, event);
    else if (strcmp(kind, "state") == 0 && s != NULL &&
             strcmp(text_of(event, "phase"), "end") == 0)
        take_end(l, (size_t)(s - l->sockets), event);
    else if (strcmp(kind, "state") == 0 && s != NULL)
        socket_put(s, "phase", json_string(text_of(event, "phase")));
    else if (strcmp(kind, "result") == 0)
        take_result(l, event);
    else if (strcmp(kind, "warning") == 0) {
        (void)snprintf(l->message, sizeof(l->message), "%s",
                       text_of(event, "message"));
        l->state_is_new = true;
    }
}

/* A line of --ate: it waits for the next boards, or has ended. */
void
line_take_answer(struct line *l, const char *text)
{
    const char *end = strstr(text, " end by=");

    if (strncmp(text, "#OK ready", 9) == 0 && l->state != LINE_STOPS) {
        line_set_state(l, LINE_READY);
        l->audit.is_due = true;
    } else if (end != NULL) {
        (void)snprintf(l->ended, sizeof(l->ended), "%.*s",
                       (int)strcspn(end + 8, " \n"), end + 8);
        l->state_is_new = true;
    }
}

/* ---- for the page ---- */

static json_t *
state_json(const struct line *l, const struct settings *s)
{
    char name[STATION_PATH_MAX] = "";
    const char *base = strrchr(l->path, '/');
    json_t *value;

    if (l->path[0] != '\0')
        (void)file_name(s, l->path, name);
    value = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I}", "state", state_words[l->state], "job",
        name, "name", base != NULL ? base + 1 : "", "message", l->message,
        "ended", l->ended, "sockets", (json_int_t)l->socket_count);
    if (l->plan != NULL)
        (void)json_object_set(value, "plan", l->plan);
    if (l->failure != NULL)
        (void)json_object_set(value, "error", l->failure);
    return value;
}

void
line_tell(struct line *l, const struct settings *s)
{
    char key[40];

    for (size_t i = 0; i < l->socket_count; i++) {
        if (!l->sockets[i].is_new)
            continue;
        (void)snprintf(key, sizeof(key), "line/socket/%zu", i + 1);
        tell(key, json_incref(l->sockets[i].value));
        l->sockets[i].is_new = false;
    }
    if (l->sum_is_new) {
        tell("line/sum", line_sum(l));
        tell("line/rows", json_incref(l->rows));
        l->sum_is_new = false;
    }
    if (l->state_is_new)
        tell("line/job", state_json(l, s));
    l->state_is_new = false;
}
