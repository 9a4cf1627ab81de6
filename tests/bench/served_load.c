/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Many stations that ask a licence server at once.
 *   served_load URL FIRMWARE CA STATIONS NAMES DEVICES FIRST COUNT ROUNDS
 *
 * STATIONS/NAME.crt and .key are one station's, NAMES of them ("%04d" of 0 to
 * NAMES - 1 after "load-").  DEVICES is bench_devices' file, of which COUNT are
 * asked for from FIRST.  A station asks on one connection that it keeps, one
 * device after the other; what gets no answer, or 429 or 503, is asked again
 * with the same words.
 *
 * Prints one line of JSON for each round.  Ends with 1 when a device got no
 * licence, or another one than in the round before. */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <jansson.h>

#include <sfi/certificate.h>

#define PATIENCE_S 120.0 /* for one device, through any number of kills */
#define HEX_MAX 1024u

/* What is known of a device. */
struct device {
    char *license; /* of the first answer, in hex */
    double took;   /* seconds, from the first question to the answer */
};

static struct {
    const char *url, *firmware, *ca, *stations;
    unsigned names;
    uint8_t *certs;
    size_t first, count;
    struct device *devices;
    atomic_size_t next;
    atomic_ulong fresh, again, refused, changed, busy, cut;
    atomic_ullong lowest; /* what the server said was left */
} load;

struct answer {
    char data[4096];
    size_t len;
};

static double
wall(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
rest(double seconds)
{
    const struct timespec t = {.tv_nsec = (long)(seconds * 1e9)};

    (void)nanosleep(&t, NULL);
}

static size_t
receive(char *data, size_t size, size_t n, void *user)
{
    struct answer *a = user;

    if (n * size >= sizeof(a->data) - a->len)
        return 0;
    memcpy(a->data + a->len, data, n * size);
    a->len += n * size;
    return n * size;
}

static void
question(size_t i, char *out, size_t room)
{
    const uint8_t *cert = load.certs + (load.first + i) * SFI_CERTIFICATE_LEN;
    char hex[2 * SFI_CERTIFICATE_LEN + 1];

    for (size_t k = 0; k < SFI_CERTIFICATE_LEN; k++)
        (void)snprintf(hex + 2 * k, 3, "%02x", cert[k]);
    (void)snprintf(out, room,
                   "{\"firmware\":\"%s\",\"certificate\":\"%s\","
                   "\"kind\":\"static\"}",
                   load.firmware, hex);
}

/* The same device gets the same licence. */
static void
keep_license(size_t i, const char *license)
{
    struct device *d = &load.devices[i];

    if (d->license == NULL)
        d->license = strdup(license);
    else if (strcmp(d->license, license) != 0)
        load.changed++;
}

static void
keep_lowest(unsigned long long left)
{
    unsigned long long now = load.lowest;

    while (left < now &&
           !atomic_compare_exchange_weak(&load.lowest, &now, left))
        continue;
}

/* Whether the device is done. */
static bool
judge(size_t i, long code, const struct answer *a)
{
    json_t *j = json_loadb(a->data, a->len, 0, NULL);
    const char *license = json_string_value(json_object_get(j, "license"));
    bool done = true;

    if (code == 200 && license != NULL) {
        if (json_is_true(json_object_get(j, "again")))
            load.again++;
        else
            load.fresh++;
        keep_license(i, license);
        keep_lowest((unsigned long long)json_integer_value(
            json_object_get(j, "remaining")));
    } else if (code == 429 || code == 503) {
        load.busy++;
        done = false;
    } else {
        if (load.refused++ < 3)
            (void)fprintf(stderr, "served_load: device %zu: %ld %.*s\n", i,
                          code, (int)a->len, a->data);
    }
    json_decref(j);
    return done;
}

static void
ask(CURL *c, size_t i)
{
    char body[HEX_MAX];
    double began = wall();
    bool done = false;

    question(i, body, sizeof(body));
    while (!done) {
        struct answer a = {.len = 0};
        long code = 0;

        (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &a);
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
        if (curl_easy_perform(c) == CURLE_OK) {
            (void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
            done = judge(i, code, &a);
        } else {
            load.cut++;
        }
        if (!done && wall() - began > PATIENCE_S) {
            load.refused++;
            return;
        }
        if (!done)
            rest(0.05);
    }
    load.devices[i].took = wall() - began;
}

static CURL *
connection(unsigned station)
{
    char cert[1100], key[1100], url[600];
    CURL *c = curl_easy_init();

    if (c == NULL)
        exit(EXIT_FAILURE);
    (void)snprintf(cert, sizeof(cert), "%s/load-%04u.crt", load.stations,
                   station);
    (void)snprintf(key, sizeof(key), "%s/load-%04u.key", load.stations,
                   station);
    (void)snprintf(url, sizeof(url), "%s/v1/license", load.url);
    (void)curl_easy_setopt(c, CURLOPT_URL, url);
    (void)curl_easy_setopt(c, CURLOPT_CAINFO, load.ca);
    (void)curl_easy_setopt(c, CURLOPT_SSLCERT, cert);
    (void)curl_easy_setopt(c, CURLOPT_SSLKEY, key);
    (void)curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_3);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 20000L);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    return c;
}

/* A connection is made before the clock starts, as the peer's are. */
static void *
greet(void *user)
{
    struct answer a = {.len = 0};
    char url[600];
    CURL *c = user;

    (void)snprintf(url, sizeof(url), "%s/healthz", load.url);
    (void)curl_easy_setopt(c, CURLOPT_URL, url);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &a);
    (void)curl_easy_perform(c);
    (void)snprintf(url, sizeof(url), "%s/v1/license", load.url);
    (void)curl_easy_setopt(c, CURLOPT_URL, url);
    return NULL;
}

static void *
station(void *user)
{
    CURL *c = user;
    size_t i;

    while ((i = load.next++) < load.count)
        ask(c, i);
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void
report(unsigned round, double seconds)
{
    double *took = calloc(load.count, sizeof(*took));

    for (size_t i = 0; i < load.count; i++)
        took[i] = load.devices[i].took;
    qsort(took, load.count, sizeof(*took), compare);
    (void)printf("{\"round\": %u, \"devices\": %zu, \"stations\": %u, "
                 "\"seconds\": %.3f, \"per_second\": %.0f, \"new\": %lu, "
                 "\"again\": %lu, \"refused\": %lu, \"changed\": %lu, "
                 "\"busy\": %lu, \"cut\": %lu, \"lowest\": %llu, "
                 "\"p50_ms\": %.1f, \"p99_ms\": %.1f, \"max_ms\": %.1f}\n",
                 round, load.count, load.names, seconds,
                 (double)load.count / seconds, load.fresh, load.again,
                 load.refused, load.changed, load.busy, load.cut, load.lowest,
                 took[load.count / 2] * 1e3, took[load.count * 99 / 100] * 1e3,
                 took[load.count - 1] * 1e3);
    (void)fflush(stdout);
    free(took);
}

static void
in_threads(void *(*work)(void *), CURL **connections, pthread_t *threads)
{
    for (unsigned k = 0; k < load.names; k++) {
        if (pthread_create(&threads[k], NULL, work, connections[k]) != 0)
            exit(EXIT_FAILURE);
    }
    for (unsigned k = 0; k < load.names; k++)
        (void)pthread_join(threads[k], NULL);
}

static void
run(unsigned round, CURL **connections, pthread_t *threads)
{
    double began = wall();

    load.next = 0;
    load.fresh = load.again = load.busy = load.cut = 0;
    in_threads(station, connections, threads);
    report(round, wall() - began);
}

static void
read_devices(const char *path)
{
    size_t len = (load.first + load.count) * SFI_CERTIFICATE_LEN;
    FILE *f = fopen(path, "rb");

    load.certs = malloc(len);
    if (f == NULL || load.certs == NULL ||
        fread(load.certs, 1, len, f) != len) {
        (void)fprintf(stderr, "served_load: too few devices in %s\n", path);
        exit(EXIT_FAILURE);
    }
    (void)fclose(f);
}

int
main(int argc, char **argv)
{
    CURL **connections;
    pthread_t *threads;
    unsigned rounds;

    if (argc != 10)
        return 64;
    load.url = argv[1];
    load.firmware = argv[2];
    load.ca = argv[3];
    load.stations = argv[4];
    load.names = (unsigned)strtoul(argv[5], NULL, 10);
    load.first = strtoul(argv[7], NULL, 10);
    load.count = strtoul(argv[8], NULL, 10);
    rounds = (unsigned)strtoul(argv[9], NULL, 10);
    load.lowest = ~0ull;
    if (load.names == 0 || load.count == 0)
        return 64;
    read_devices(argv[6]);
    load.devices = calloc(load.count, sizeof(*load.devices));
    connections = calloc(load.names, sizeof(CURL *));
    threads = calloc(load.names, sizeof(*threads));
    if (load.devices == NULL || connections == NULL || threads == NULL ||
        curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return EXIT_FAILURE;
    for (unsigned k = 0; k < load.names; k++)
        connections[k] = connection(k);
    in_threads(greet, connections, threads);
    for (unsigned round = 1; round <= rounds; round++)
        run(round, connections, threads);
    for (unsigned k = 0; k < load.names; k++)
        curl_easy_cleanup(connections[k]);
    curl_global_cleanup();
    for (size_t i = 0; i < load.count; i++)
        free(load.devices[i].license);
    free(load.devices);
    free(load.certs);
    free(connections);
    free(threads);
    return load.refused == 0 && load.changed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
