/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-station with desks for tests of what stands in front of all desks: a
 * route of each kind, one that is slow, and one that tells without end. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "station/station.h"

static void
kit_sleep(json_int_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000),
                         .tv_nsec = (long)(ms % 1000) * 1000000};

    while (nanosleep(&t, &t) != 0)
        ;
}

static void
kit_look(struct desk *d, const struct ask *a, struct reply *r)
{
    (void)d;
    kit_sleep(ask_number(a, "sleep_ms", 0));
    reply_json(r, json_pack("{s:b, s:b}", "operates", a->operates, "held",
                            shift_has("kit")));
}

static void
kit_hold(struct desk *d, const struct ask *a, struct reply *r)
{
    (void)d;
    shift_hold("kit", ask_text(a, "pin"));
    reply_json(r, json_pack("{s:b}", "held", shift_has("kit")));
}

static void
kit_upload(struct desk *d, const struct ask *a, struct reply *r)
{
    (void)d;
    reply_json(r,
               json_pack("{s:i, s:s?}", "size", (int)a->len, "name", a->name));
}

static void
kit_path(struct desk *d, const struct ask *a, struct reply *r)
{
    char path[STATION_PATH_MAX];

    if (file_path(d->settings, ask_text(a, "name"),
                  ask_bool(a, "write") ? FILE_WRITE : FILE_READ, "name", path,
                  r))
        reply_json(r, json_pack("{s:s}", "path", path));
}

/* `sockets` keys for `ms`, each with `rate` changes a second; 0: as fast as
 * this thread can. */
static void
kit_tell(struct desk *d, const struct ask *a, struct reply *r)
{
    json_int_t sockets = ask_number(a, "sockets", 1), changes = 0;
    json_int_t rate = ask_number(a, "rate", 0);
    uint64_t end = cli_now_ms() + (uint64_t)ask_number(a, "ms", 0);
    char key[32];

    (void)d;
    while (cli_now_ms() < end) {
        for (json_int_t i = 0; i < sockets; i++) {
            (void)snprintf(key, sizeof(key), "line/socket/%d", (int)i);
            tell(key, json_pack("{s:s, s:I, s:I, s:s}", "state", "installing",
                                "done", changes++, "total", (json_int_t)1000000,
                                "device", "0123456789abcdef01234567"));
        }
        if (rate > 0)
            kit_sleep(1000 / rate);
    }
    reply_json(r, json_pack("{s:I}", "changes", changes));
}

static const struct route kit_routes[] = {
    {"kit/look", ROUTE_LOOK, kit_look},
    {"kit/path", ROUTE_LOOK, kit_path},
    {"kit/hold", ROUTE_CHANGE, kit_hold},
    {"kit/upload", ROUTE_UPLOAD, kit_upload},
    {NULL, ROUTE_LOOK, NULL},
};
static const struct route tell_routes[] = {
    {"kit/tell", ROUTE_CHANGE, kit_tell},
    {NULL, ROUTE_LOOK, NULL},
};
static const struct route no_routes[] = {{NULL, ROUTE_LOOK, NULL}};

const struct desk_class image_desk = {.name = "kit", .routes = kit_routes};
const struct desk_class hsm_desk = {.name = "none", .routes = no_routes};
const struct desk_class line_desk = {.name = "tell", .routes = tell_routes};
const struct desk_class proof_desk = {.name = "none", .routes = no_routes};
