/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stations and their limits.  What they used is known for as long as the server
 * runs: the last limit is the quota of the HSM, which nobody can pass. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "served/served.h"
#include "served/writer.h"

#define STATIONS_MAX 16384u
#define BUCKETS 1024u
#define DAY_S 86400u

struct station {
    struct station *next;
    char name[STATION_NAME_MAX + 1];
    const struct config_station *limits; /* NULL: none is for it */
    uint32_t connections;
    /* Requests that it may make at once: a minute's, which come back with time.
     */
    double tokens;
    uint64_t tokens_us;
    uint64_t day;
    uint32_t devices; /* that were new today */
    uint32_t open;    /* that may turn out to be new */
};

static struct {
    struct station *buckets[BUCKETS];
    size_t count;
    const struct config *config;
} stations;

static size_t
station_bucket(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % BUCKETS;
}

static const struct config_station *
station_find_limits(const char *name)
{
    const struct config_station *all = NULL;

    for (size_t i = 0; i < stations.config->station_count; i++) {
        const struct config_station *s = &stations.config->stations[i];

        if (strcmp(s->name, name) == 0)
            return s;
        if (strcmp(s->name, "*") == 0)
            all = s;
    }
    return all;
}

struct station *
station_of(const char *name)
{
    struct station **at = &stations.buckets[station_bucket(name)];
    struct station *s = *at;

    while (s != NULL && strcmp(s->name, name) != 0)
        s = s->next;
    if (s != NULL)
        return s;
    if (stations.count == STATIONS_MAX)
        return NULL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    (void)snprintf(s->name, sizeof(s->name), "%s", name);
    s->limits = station_find_limits(name);
    s->tokens = s->limits != NULL ? s->limits->requests_per_minute : 0;
    s->tokens_us = told_now_us();
    s->next = *at;
    *at = s;
    stations.count++;
    return s;
}

const char *
station_name(const struct station *s)
{
    return s != NULL ? s->name : "";
}

void
stations_configure(const struct config *config)
{
    stations.config = config;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct station *s = stations.buckets[i]; s != NULL; s = s->next)
            s->limits = station_find_limits(s->name);
    }
}

void
stations_free(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct station *s;

        while ((s = stations.buckets[i]) != NULL) {
            stations.buckets[i] = s->next;
            free(s);
        }
    }
}

bool
station_connect(struct station *s)
{
    s->connections++;
    return s->limits == NULL || s->connections <= s->limits->connections;
}

void
station_disconnect(struct station *s)
{
    s->connections--;
}

bool
station_may_lease(const struct station *s)
{
    return s->limits->lease;
}

bool
station_may_have(const struct station *s, const struct firmware *f)
{
    return (s->limits->firmwares & firmware_bit(f)) != 0;
}

enum station_verdict
station_request(struct station *s, unsigned *retry_s)
{
    uint64_t now = told_now_us();
    double a_minute;

    if (s->limits == NULL)
        return STATION_UNKNOWN;
    a_minute = s->limits->requests_per_minute;
    s->tokens += (double)(now - s->tokens_us) * a_minute / 60e6;
    s->tokens_us = now;
    if (s->tokens > a_minute)
        s->tokens = a_minute;
    if (s->tokens < 1) {
        *retry_s = (unsigned)((1 - s->tokens) * 60 / a_minute) + 1;
        return STATION_TOO_MANY_REQUESTS;
    }
    s->tokens -= 1;
    return STATION_MAY;
}

enum station_verdict
station_device(struct station *s, unsigned *retry_s)
{
    uint64_t now = (uint64_t)time(NULL);

    if (s->day != now / DAY_S) {
        s->day = now / DAY_S;
        s->devices = 0;
    }
    if (s->devices >= s->limits->devices_per_day) {
        *retry_s = (unsigned)(DAY_S - now % DAY_S);
        return STATION_TOO_MANY_DEVICES;
    }
    if (s->devices + s->open >= s->limits->devices_per_day) {
        *retry_s = 1; /* those that are open may be known ones */
        return STATION_TOO_MANY_DEVICES;
    }
    s->open++;
    return STATION_MAY;
}

void
station_device_done(struct station *s, uint32_t count)
{
    s->open--;
    if (count == SFI_COUNT_NEW || count == SFI_COUNT_UNKNOWN)
        s->devices++;
}
