/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What came of requests: a line of JSON on stdout for each, and the numbers of
 * /metrics.  Neither has key material: no licence, no certificate, no PIN. */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "served/served.h"

/* Upper bounds of the histogram, in microseconds. */
static const uint64_t bounds_us[] = {500,    1000,    2500,    5000,
                                     10000,  25000,   50000,   100000,
                                     250000, 1000000, 10000000};
enum { BOUNDS = sizeof(bounds_us) / sizeof(*bounds_us) };

static const char *const path_names[PATHS] = {
    [PATH_LICENSE] = "/v1/license", [PATH_CHECK] = "/v1/check",
    [PATH_INFO] = "/v1/info",       [PATH_AUDIT] = "/v1/audit",
    [PATH_LEASE] = "/v1/lease",     [PATH_RETURN] = "/v1/return",
    [PATH_HEALTH] = "/healthz",     [PATH_METRICS] = "/metrics",
    [PATH_OTHER] = "other",
};

/* HTTP codes that are counted on their own; the last is for others. */
static const unsigned codes[] = {200, 400, 403, 404, 405, 408, 409,
                                 413, 429, 431, 500, 503, 0};
enum { CODES = sizeof(codes) / sizeof(*codes) };

/* What is refused in a second in which many are. */
#define TLS_LINES_MAX 10u

static struct {
    uint64_t requests[PATHS][CODES];
    uint64_t by_time[BOUNDS + 1]; /* of licences that were given */
    uint64_t time_us;
    uint64_t refused_tls;
    uint64_t second, lines;
} counts; /* the event loop's */

uint64_t
told_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
told_put_time(struct json *j)
{
    struct timespec now;
    struct tm parts;
    char text[40];
    size_t len;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text + len, sizeof(text) - len, ".%03ldZ",
                   now.tv_nsec / 1000000);
    json_text(j, "time", text);
}

/* One line; threads do not mix theirs. */
static void
told_begin(struct json *j)
{
    flockfile(stdout);
    json_init_line(j, stdout);
    json_open_object(j, NULL);
    told_put_time(j);
}

static void
told_end(struct json *j)
{
    json_close(j); /* with the end of the line */
    funlockfile(stdout);
}

void
told_event(const char *event, const char *name, const char *value)
{
    struct json j;

    told_begin(&j);
    json_text(&j, "event", event);
    if (name != NULL)
        json_text(&j, "of", name);
    if (value != NULL)
        json_text(&j, "text", value);
    told_end(&j);
}

void
told_flush(void)
{
    (void)fflush(stdout);
}

void
told_refused_tls(const char *who, const char *why)
{
    uint64_t second = told_now_us() / 1000000;

    counts.refused_tls++;
    if (second != counts.second) {
        counts.second = second;
        counts.lines = 0;
    }
    if (counts.lines++ >= TLS_LINES_MAX)
        return;
    told_event("refused TLS", who, why);
    told_flush();
}

static void
told_count(const struct told *t, uint64_t us)
{
    size_t code = 0, bound = 0;

    while (code < CODES - 1 && codes[code] != t->http)
        code++;
    counts.requests[t->path][code]++;
    if (t->path != PATH_LICENSE || t->http != 200)
        return;
    while (bound < BOUNDS && us > bounds_us[bound])
        bound++;
    counts.by_time[bound]++;
    counts.time_us += us;
}

void
told_request(const struct told *t)
{
    uint64_t us = told_now_us() - t->began_us;
    struct json j;

    told_count(t, us);
    if (t->path == PATH_HEALTH || t->path == PATH_METRICS)
        return;
    told_begin(&j);
    json_text(&j, "path", path_names[t->path]);
    json_text(&j, "station", t->station);
    json_text(&j, "firmware", t->firmware);
    if (t->device != NULL && t->device[0] != '\0')
        json_text(&j, "device_id", t->device);
    json_number(&j, "http", t->http);
    if (t->st != SFI_OK)
        json_text(&j, "status", sfi_status_name(t->st));
    if (t->path == PATH_LICENSE && t->http == 200)
        json_bool(&j, "again", t->again);
    json_number(&j, "ms", us / 1000);
    told_end(&j);
}

/* ---- /metrics ---- */

static void
metric_head(FILE *out, const char *name, const char *kind, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void
metrics_put_requests(FILE *out)
{
    uint64_t sum = 0;

    metric_head(out, "sfi_requests_total", "counter",
                "Requests by path and HTTP status.");
    for (size_t p = 0; p < PATHS; p++) {
        for (size_t c = 0; c < CODES; c++) {
            if (counts.requests[p][c] != 0)
                (void)fprintf(
                    out, "sfi_requests_total{path=\"%s\",code=\"%u\"} %llu\n",
                    path_names[p], codes[c],
                    (unsigned long long)counts.requests[p][c]);
        }
    }
    metric_head(out, "sfi_license_seconds", "histogram",
                "Time from a request for a licence to its answer.");
    for (size_t b = 0; b < BOUNDS; b++) {
        sum += counts.by_time[b];
        (void)fprintf(out, "sfi_license_seconds_bucket{le=\"%g\"} %llu\n",
                      (double)bounds_us[b] / 1e6, (unsigned long long)sum);
    }
    sum += counts.by_time[BOUNDS];
    (void)fprintf(out,
                  "sfi_license_seconds_bucket{le=\"+Inf\"} %llu\n"
                  "sfi_license_seconds_sum %.6f\n"
                  "sfi_license_seconds_count %llu\n",
                  (unsigned long long)sum, (double)counts.time_us / 1e6,
                  (unsigned long long)sum);
    metric_head(out, "sfi_tls_refused_total", "counter",
                "TLS handshakes that failed.");
    (void)fprintf(out, "sfi_tls_refused_total %llu\n",
                  (unsigned long long)counts.refused_tls);
}

static void
metrics_put_steps(FILE *out)
{
    metric_head(out, "sfi_step_size", "histogram",
                "Licences that were asked for in one step.");
    for (size_t i = 0; i < firmware_count(); i++) {
        struct firmware *f = firmware_at(i);
        struct writer_facts w;
        uint64_t sum = 0;

        firmware_facts(f, &w);
        for (size_t n = 0; n < 7; n++) {
            sum += w.steps_by_size[n];
            (void)fprintf(
                out, "sfi_step_size_bucket{firmware=\"%s\",le=\"%u\"} %llu\n",
                firmware_name(f), 1u << n, (unsigned long long)sum);
        }
        (void)fprintf(out,
                      "sfi_step_size_bucket{firmware=\"%s\",le=\"+Inf\"} %llu\n"
                      "sfi_step_size_sum{firmware=\"%s\"} %llu\n"
                      "sfi_step_size_count{firmware=\"%s\"} %llu\n",
                      firmware_name(f), (unsigned long long)w.steps,
                      firmware_name(f), (unsigned long long)w.step_jobs,
                      firmware_name(f), (unsigned long long)w.steps);
    }
}

static void
metrics_put_firmwares(FILE *out)
{
    static const struct {
        const char *name, *help;
        size_t offset;
    } gauges[] = {
        {"sfi_remaining", "Installations left.",
         offsetof(struct writer_facts, remaining)},
        {"sfi_maximum", "Installations provisioned.",
         offsetof(struct writer_facts, maximum)},
        {"sfi_low_water", "A warning is due at so many.",
         offsetof(struct writer_facts, low_water)},
        {"sfi_records", "Records in the audit.",
         offsetof(struct writer_facts, sequence)},
        {"sfi_waiting", "Requests that wait for the HSM.",
         offsetof(struct writer_facts, queued)},
    };
    struct writer_facts w;

    for (size_t g = 0; g < sizeof(gauges) / sizeof(*gauges); g++) {
        metric_head(out, gauges[g].name, "gauge", gauges[g].help);
        for (size_t i = 0; i < firmware_count(); i++) {
            const char *at = (const char *)&w + gauges[g].offset;

            firmware_facts(firmware_at(i), &w);
            (void)fprintf(
                out, "%s{firmware=\"%s\"} %llu\n", gauges[g].name,
                firmware_name(firmware_at(i)),
                (unsigned long long)*(const uint64_t *)(const void *)at);
        }
    }
    metric_head(out, "sfi_leader", "gauge", "1: this server serves it.");
    for (size_t i = 0; i < firmware_count(); i++)
        (void)fprintf(out, "sfi_leader{firmware=\"%s\"} %d\n",
                      firmware_name(firmware_at(i)),
                      firmware_state(firmware_at(i)) == WRITER_SERVING);
}

char *
told_metrics(size_t connections, bool leads)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return NULL;
    metric_head(out, "sfi_up", "gauge", "1: every firmware is served here.");
    (void)fprintf(out, "sfi_up %d\n", leads);
    metric_head(out, "sfi_connections", "gauge", "Open connections.");
    (void)fprintf(out, "sfi_connections %zu\n", connections);
    metrics_put_requests(out);
    metrics_put_steps(out);
    metrics_put_firmwares(out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
